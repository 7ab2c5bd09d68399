"""Matrices: every number in its cell while it can be read, maps side by side while they fit."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.matrices import factor_maps, full_matrix, information_map, response_matrix
from latentassay.plots.style import WIDE, figure_of
from tests.plots.looks import readable, scales_of

RNG = np.random.default_rng(0)


def names(count: int) -> list[str]:
    return [str(unit) for unit in range(count)]


@pytest.mark.parametrize("units", [1, 2, 9, 30, 64])
def test_axes_are_labelled_and_nothing_is_cut_off(units):
    matrix = RNG.uniform(size=(units, units))
    assert readable(response_matrix(matrix, names(units))).get_figwidth() <= WIDE + 0.5
    readable(full_matrix(30 * matrix, names(units)))
    for factors in (["hue"], ["a factor whose name goes on and on " * 2, "b", "c"]):
        rows = RNG.uniform(size=(len(factors), units))
        assert readable(factor_maps(factors, names(units), importance=rows, conditioned=rows)).get_figwidth() <= WIDE
        assert readable(information_map(rows, factors, names(units))).get_figwidth() <= WIDE


def test_numbers_stand_in_their_cells():
    ax = response_matrix([[0.9, 0.004], [0.3, 12.34]], ["a", "b"])
    assert {text.get_position(): text.get_text() for text in ax.texts} == {
        (0, 0): "0.90",
        (1, 0): "0",
        (0, 1): "0.30",
        (1, 1): "12.3",
    }
    assert ax.images[0].get_clim() == (0, 12.34) and scales_of(ax) == ["normalized response"]
    assert not full_matrix(np.eye(2), ["a", "b"]).texts


def test_numbers_are_left_out_of_axes_too_small_for_them():
    narrow, wide = Figure(figsize=(9, 4)).subplots(1, 2, width_ratios=[1, 9])
    assert not response_matrix(np.eye(9), names(9), ax=narrow).texts
    assert len(response_matrix(np.eye(9), names(9), ax=wide).texts) == 81


@pytest.mark.parametrize(("units", "rows"), [(4, 1), (12, 1), (24, 2), (40, 2)])
def test_two_maps_lie_beside_each_other_while_their_numbers_fit(units, rows):
    first, second = factor_maps(["a", "b"], names(units), importance=np.eye(2, units), conditioned=np.ones((2, units)))
    figure = figure_of(first)
    figure.draw_without_rendering()
    assert (first.get_position().y0 == pytest.approx(second.get_position().y0)) == (rows == 1)
    for ax in (first, second):
        assert len(ax.texts) == (2 * units if units <= 24 else 0)
        places = [tick.get_window_extent() for tick in ax.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(places))


def test_unknown_values_stay_blank():
    ax = response_matrix([[np.nan, 0.5], [0.25, np.nan]], ["a", "b"])
    assert sorted(text.get_text() for text in ax.texts) == ["0.25", "0.50"]
    readable(ax)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: response_matrix(np.ones((2, 3)), names(3)),
        lambda: response_matrix(np.ones((2, 2)), names(3)),
        lambda: full_matrix(np.ones(3), names(3)),
        lambda: full_matrix(np.ones((0, 0)), []),
        lambda: factor_maps(["a"], names(2)),
        lambda: factor_maps(["a"], names(2), importance=np.ones((2, 2))),
        lambda: factor_maps([], [], importance=np.ones((0, 0))),
        lambda: information_map(np.ones((1, 2)), ["a", "b"], names(2)),
    ],
)
def test_bad_input_is_refused(draw):
    with pytest.raises(InputError):
        draw()
