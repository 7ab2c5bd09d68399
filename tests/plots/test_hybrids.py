"""Hybrids: every picture where it belongs, every axis labelled, bad input refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.hybrids import double_intervention, hybridisation
from latentassay.plots.style import ALERT, MAIN, WIDE, figure_of
from tests.plots.looks import axes_of, inside

RNG = np.random.default_rng(3)


def names(units: int) -> list[str]:
    return [str(unit) for unit in range(units)]


def hybrids(units: int, *shape: int, rows: int = 3) -> Figure:
    base, other = RNG.uniform(size=(2, rows, *shape))
    return figure_of(hybridisation(base, other, RNG.uniform(size=(rows, units, *shape)), names(units)))


def doubles(units: int, *titles: str, side: int = 8) -> Figure:
    three, grids = RNG.uniform(size=(3, 1, side, 8)), RNG.uniform(size=(len(titles), units, units, 1, side, 8))
    return figure_of(double_intervention(*three, dict(zip(titles, grids, strict=True)), names(units)))


FIGURES: dict[str, Callable[[], Any]] = {
    "hybrids": lambda: hybrids(6, 1, 8, 8),
    "hybrids of 32 units": lambda: hybrids(32, 3, 8, 8),
    "hybrids of one unit": lambda: hybrids(1, 1, 8, 8, rows=1),
    "hybrid curves": lambda: hybrids(4, 20),
    "two by two": lambda: doubles(2, "on the noises N"),
    "six by six": lambda: doubles(6, "on the noises N", "on the causes Z"),
    "twelve by twelve": lambda: doubles(12, "on the noises N", "on the causes Z", side=16),
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    figure = inside(FIGURES[name]())
    assert figure.get_figwidth() <= WIDE + 0.5
    said = [figure.get_supxlabel(), figure.get_supylabel()]
    said += [text for ax in axes_of(figure) for text in (ax.get_xlabel(), ax.get_ylabel())]
    assert sum(map(bool, said)) >= 1
    assert all(text.get_window_extent().x1 > 0 for ax in figure.axes for text in ax.texts)


def picture(figure: Figure, ax: int = 0) -> np.ndarray:
    return np.asarray(figure.axes[ax].images[0].get_array())[..., 0]


def test_a_row_holds_base_alternative_a_gap_and_a_hybrid_for_each_unit():
    base, other = np.zeros((2, 1, 8, 8)), np.full((2, 1, 8, 8), 0.5)
    mixed = np.arange(6).reshape(2, 3, 1, 1, 1) / 10 * np.ones((2, 3, 1, 8, 8))
    figure = figure_of(hybridisation(base, other, mixed, ["a", "b", "c"]))
    tiles = picture(figure)[5::10, 5::10]
    np.testing.assert_allclose(tiles, [[0, 0.5, 0, 0.0, 0.1, 0.2], [0, 0.5, 0, 0.3, 0.4, 0.5]], atol=1e-6)
    alpha = np.asarray(figure.axes[0].images[0].get_array())[5, 5::10, 3]
    assert alpha.tolist() == [1, 1, 0, 1, 1, 1]
    ticks = {
        tick.get_text(): at
        for tick, at in zip(figure.axes[0].get_xticklabels(), figure.axes[0].get_xticks(), strict=True)
    }
    assert ticks == {"base": 0.5, "alternative": 1.5, "a": 3.5, "b": 4.5, "c": 5.5}


def test_more_than_twelve_units_go_on_below():
    figure = hybrids(14, 1, 8, 8)
    written = [[tick.get_text() for tick in ax.get_xticklabels()] for ax in figure.axes]
    assert written == [["base", "alternative", *names(12)], ["base", "alternative", "12", "13"]]


def test_curves_share_one_scale():
    base, other = np.zeros((1, 4)), np.ones((1, 4))
    figure = figure_of(hybridisation(base, other, np.full((1, 1, 4), 3.0), ["0"]))
    assert "from 0 to 3" in figure.axes[-1].texts[0].get_text()


def test_pairs_lie_where_first_and_second_say_and_samples_are_boxed():
    grid = np.arange(9).reshape(3, 3, 1, 1, 1) / 10 * np.ones((3, 3, 1, 8, 8))
    three = np.array([0.0, 0.5, 1.0]).reshape(3, 1, 1, 1) * np.ones((3, 1, 8, 8))
    figure = figure_of(double_intervention(*three, {"on N": grid, "on Z": 1 - grid}, ["a", "b", "c"]))
    np.testing.assert_allclose(picture(figure)[5::10, 5::10], np.arange(9).reshape(3, 3) / 10, atol=1e-6)
    np.testing.assert_allclose(picture(figure, 1)[5::10, 5::10], 1 - np.arange(9).reshape(3, 3) / 10, atol=1e-6)
    assert [ax.get_title("left") for ax in figure.axes[:2]] == ["on N", "on Z"]
    assert [picture(figure, ax)[5, 5] for ax in (2, 3, 4)] == [0, 0.5, 1]
    boxes = [figure.axes[ax].patches[0].get_edgecolor() for ax in (2, 3, 4)]
    assert boxes[1:] == [to_rgba(MAIN), to_rgba(ALERT)] and boxes[0] not in boxes[1:]
    diagonal = [patch.get_xy() for patch in figure.axes[0].patches]
    assert diagonal == [(0, 0), (1, 1), (2, 2)]
    first = figure.axes[0].yaxis.label
    assert "first" in first.get_text() and to_rgba(first.get_color()) == to_rgba(MAIN)


def test_many_units_stand_below_each_other():
    left, below = ([ax.get_position() for ax in doubles(n, "N", "Z").axes[:2]] for n in (6, 12))
    assert left[0].y0 == pytest.approx(left[1].y0) and left[0].x1 < left[1].x0
    assert below[0].x0 == pytest.approx(below[1].x0) and below[0].y0 > below[1].y1


def refused() -> dict[str, Callable[[], object]]:
    return {
        "hybrids missing": lambda: hybridisation(np.ones((2, 1, 8, 8)), np.ones((2, 1, 8, 8)), np.ones((2, 1, 8)), "a"),
        "vectors twice": lambda: double_intervention(*np.ones((3, 5)), {"N": np.ones((2, 2, 5))}, ["0", "1"]),
        "no grids": lambda: double_intervention(*np.ones((3, 1, 8, 8)), {}, ["0"]),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
