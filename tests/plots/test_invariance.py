"""Maps of unit by unit: every number where it belongs, every axis labelled, bad input refused."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from latentassay.core.errors import InputError
from latentassay.plots.invariance import adjacency, equivariance_matrix, invariance_matrix
from latentassay.plots.style import MAIN, MUTED, WIDE, figure_of
from tests.plots.looks import axes_of, inside

RNG = np.random.default_rng(3)


def names(units: int) -> list[str]:
    return [str(unit) for unit in range(units)]


def invariances(units: int, *dead: int) -> Figure:
    return figure_of(
        invariance_matrix(RNG.uniform(-0.5, 1, (units, units)), names(units), np.isin(np.arange(units), dead))
    )


def masks(units: int) -> np.ndarray:
    return np.triu(RNG.uniform(0, 1, (units, units)), 1)


FIGURES: dict[str, Callable[[], Any]] = {
    **{f"invariance of {n}": lambda n=n: invariances(n) for n in (1, 2, 6, 16, 40)},
    "invariance beside collapsed ones": lambda: invariances(9, 2, 3, 8),
    "equivariance": lambda: figure_of(equivariance_matrix(RNG.uniform(size=(6, 6)), names(6))),
    **{f"adjacency of {n}": lambda n=n: figure_of(adjacency(masks(n), names(n))) for n in (2, 6, 16, 32)},
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    figure = inside(FIGURES[name]())
    assert figure.get_figwidth() <= WIDE + 0.5
    said = [figure.get_supxlabel(), figure.get_supylabel()]
    said += [text for ax in axes_of(figure) for text in (ax.get_xlabel(), ax.get_ylabel())]
    assert sum(map(bool, said)) >= 1
    assert all(text.get_window_extent().x1 > 0 for ax in figure.axes for text in ax.texts)


def layers(figure: Figure) -> list[np.ndarray]:
    return [np.ma.filled(image.get_array(), np.nan) for image in figure.axes[0].images]


def colour(image: AxesImage) -> tuple[float, ...]:
    return tuple(image.get_cmap()(1.0)[:3])


def shown(figure: Figure) -> dict[tuple[int, int], str]:
    return {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in figure.axes[0].texts}


def test_the_diagonal_and_collapsed_units_are_told_apart():
    matrix = np.array([[0.1, 0.9, 1.0], [-0.42, 0.2, 0.99], [1.0, 0.98, 0.97]])
    figure = figure_of(invariance_matrix(matrix, ["4", "7", "9"], [False, False, True]))
    other, own, idle = layers(figure)
    np.testing.assert_allclose(other, [[np.nan, 0.9, np.nan], [-0.42, np.nan, np.nan], [np.nan] * 3])
    np.testing.assert_allclose(own, np.diag([0.1, 0.2, np.nan]) + np.where(np.eye(3), 0, np.nan))
    assert np.isfinite(idle).sum() == 5 and np.isfinite([other, own, idle]).sum() == 9
    assert colour(figure.axes[0].images[0]) == to_rgba(MAIN)[:3] and colour(figure.axes[0].images[1]) != to_rgba(MAIN)
    assert shown(figure)[1, 0] == "−0.42" and shown(figure)[2, 2] == "0.97" and len(shown(figure)) == 9
    muted = [to_rgba(tick.get_color()) == to_rgba(MUTED) for tick in figure.axes[0].get_yticklabels()]
    assert muted == [False, False, True]
    assert [text.get_text() for text in figure.axes[0].get_legend().get_texts()][-1] == "collapsed"
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == ("unit intervened on", "unit that responds")


def test_no_collapsed_units_no_legend_entry_and_many_units_no_numbers():
    assert len(invariances(3).axes[0].get_legend().get_texts()) == 2
    assert not invariances(17).axes[0].texts and len(invariances(16).axes[0].texts) == 256


def test_unknown_invariances_stay_blank():
    matrix = np.array([[0.1, np.nan], [0.9, 0.2]])
    assert (0, 1) not in shown(figure_of(invariance_matrix(matrix, ["0", "1"], [False, False])))


def test_equivariance_has_no_special_diagonal():
    matrix = RNG.uniform(size=(3, 3))
    (image,) = layers(figure_of(equivariance_matrix(matrix, names(3))))
    np.testing.assert_allclose(image, matrix)


def test_masks_show_possible_edges_only_even_closed_ones():
    figure = figure_of(adjacency(np.array([[0, 0.0, 1], [0, 0, 0.25], [0, 0, 0]]), names(3)))
    assert shown(figure) == {(0, 1): "0.00", (0, 2): "1.00", (1, 2): "0.25"}
    stairs = figure.axes[0].lines[0].get_xydata()
    np.testing.assert_allclose(stairs, [[0.5, -0.5], [0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [2.5, 1.5]])
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == ("parent", "child")


def test_an_edge_where_none_should_be_is_not_hidden():
    assert shown(figure_of(adjacency(np.array([[0, 0.5], [0.75, 0]]), names(2)))) == {(0, 1): "0.50", (1, 0): "0.75"}


def refused() -> dict[str, Callable[[], object]]:
    two = np.ones((2, 2))
    return {
        "labels missing": lambda: invariance_matrix(two, ["0"], [False]),
        "collapsed missing": lambda: invariance_matrix(two, ["0", "1"], [False]),
        "nothing known": lambda: equivariance_matrix(two * np.nan, ["0", "1"]),
        "masks above 1": lambda: adjacency(2 * two, ["0", "1"]),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
