"""Self-consistency and traversal errors: every number where it belongs, every axis labelled, bad input refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.consistency import self_consistency_bars, traversal_errors
from latentassay.plots.style import ALERT, WIDE, figure_of
from tests.plots.looks import axes_of, inside

RNG = np.random.default_rng(3)


def names(units: int) -> list[str]:
    return [str(unit) for unit in range(units)]


def errors(units: int) -> Figure:
    return figure_of(traversal_errors(np.linspace(-2, 2, 9), RNG.normal(size=(units, 4, 9)), names(units), units - 1))


def bars(units: int, low: float = 0.2) -> Figure:
    scores = {mode: RNG.uniform(low, 1, units) for mode in ("posterior", "hybrid", "uniform", "prior")}
    return figure_of(
        self_consistency_bars(scores, {mode: np.full(units, 0.02) for mode in scores}, names(units), [False] * units)
    )


FIGURES: dict[str, Callable[[], Any]] = {
    **{f"errors of {n}": lambda n=n: errors(n) for n in (1, 2, 6, 10, 32)},
    **{f"bars of {n}": lambda n=n: bars(n) for n in (1, 6, 32, 64)},
    "bars far below zero": lambda: bars(6, -30.0),
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    figure = inside(FIGURES[name]())
    assert figure.get_figwidth() <= WIDE + 0.5
    said = [figure.get_supxlabel(), figure.get_supylabel()]
    said += [text for ax in axes_of(figure) for text in (ax.get_xlabel(), ax.get_ylabel())]
    assert sum(map(bool, said)) >= 1
    assert all(text.get_window_extent().x1 > 0 for ax in figure.axes for text in ax.texts)


def test_every_unit_has_a_panel_with_a_line_per_sample_and_the_moved_one_is_framed():
    values, given = np.linspace(-2, 2, 5), np.arange(30.0).reshape(3, 2, 5)
    figure = figure_of(traversal_errors(values, given, ["a", "b", "c"], 1))
    assert [ax.get_title("left") for ax in figure.axes] == ["unit a", "unit b, moved", "unit c"]
    for ax, rows in zip(figure.axes, given, strict=True):
        (bundle,) = ax.collections
        for line, row in zip(bundle.get_segments(), rows, strict=True):
            np.testing.assert_allclose(line, np.stack([values, row], 1))
        np.testing.assert_allclose(ax.lines[1].get_ydata(), rows.mean(0))
        assert ax.get_ylim() == figure.axes[0].get_ylim()
    framed = [ax.spines["right"].get_visible() for ax in figure.axes]
    assert framed == [False, True, False]
    assert figure.axes[1].spines["left"].get_edgecolor() == to_rgba(ALERT)
    assert "unit b" in figure.get_supxlabel()


def heights(figure: Figure) -> list[float]:
    return [patch.get_height() for patch in figure.axes[0].patches]


def test_bars_beyond_the_floor_are_cut_and_their_number_is_written():
    scores = {"posterior": np.array([0.9, 0.4]), "uniform": np.array([-0.3, -14.2])}
    figure = figure_of(
        self_consistency_bars(scores, {mode: np.full(2, 0.1) for mode in scores}, names(2), [False, True])
    )
    assert heights(figure) == [0.9, 0.4, -0.3, -1.0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["−14"]
    assert [patch.get_alpha() for patch in figure.axes[0].patches] == [0.9, 0.3, 0.9, 0.3]
    ends = [segment[:, 1] for part in figure.axes[0].collections for segment in part.get_segments()]
    np.testing.assert_allclose(ends, [[v - 0.1 * Z95, v + 0.1 * Z95] for v in (0.9, 0.4, -0.3)])
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["posterior", "uniform", "pale: collapsed"]
    swatches = [patch.get_facecolor()[:3] for patch in figure.axes[0].get_legend().get_patches()[:2]]
    assert swatches == [figure.axes[0].patches[i].get_facecolor()[:3] for i in (0, 2)]


def refused() -> dict[str, Callable[[], object]]:
    return {
        "errors without samples": lambda: traversal_errors(np.ones(3), np.ones((2, 0, 3)), ["0", "1"], 0),
        "errors of other steps": lambda: traversal_errors(np.ones(3), np.ones((2, 4, 5)), ["0", "1"], 0),
        "an unknown unit is moved": lambda: traversal_errors(np.ones(3), np.ones((2, 4, 3)), ["0", "1"], 2),
        "no modes": lambda: self_consistency_bars({}, {}, ["0"], [False]),
        "errors of other modes": lambda: self_consistency_bars({"a": np.ones(1)}, {"b": np.ones(1)}, ["0"], [False]),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
