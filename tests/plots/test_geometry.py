"""Figures of the geometry of latents: every line where its numbers say, every axis labelled, bad input refused."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.plots.geometry import half_plane, volume_map, ways
from latentassay.plots.style import figure_of
from tests.plots.looks import inside, scales_of

AXIS, ROWS = np.linspace(-2, 2, 5), np.linspace(-1, 1, 4)
ARC = np.linspace(np.pi, 0, 33)
PICTURES = np.linspace(0, 1, 20)[:, None, None, None] * np.ones((20, 1, 8, 8))

FIGURES: dict[str, Callable[[], Figure]] = {
    "half_plane": lambda: figure_of(
        half_plane([(np.cos(ARC), np.sin(ARC) + 0.1), (np.zeros(3), np.array([0.2, 0.4, 0.8]))])
    ),
    "ways": lambda: figure_of(ways({"means": PICTURES, "Fisher–Rao": PICTURES**2, "input space": PICTURES**3})),
    "volume_map": lambda: figure_of(volume_map(AXIS, ROWS, np.full((4, 5), 100.0), points=np.zeros((2000, 2)))),
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    ax = inside(FIGURES[name]()).axes[0]
    assert ax.get_xlabel() and ax.get_ylabel()


def test_straight_lines_are_dotted_and_share_the_ends_of_geodesics():
    (ax,) = FIGURES["half_plane"]().axes
    drawn = [line for line in ax.lines if len(line.get_xydata())]
    straight = [line.get_xydata() for line in drawn if line.get_linestyle() == ":"]
    curved = [line.get_xydata() for line in drawn if line.get_linestyle() == "-"]
    assert [len(line) for line in straight] == [2, 2] and [len(line) for line in curved] == [33, 3]
    for line, curve in zip(straight, curved, strict=True):
        np.testing.assert_allclose(line, curve[[0, -1]])
    assert ax.get_ylim()[0] == 0


def test_ways_are_thinned_with_both_ends_and_rows_are_named():
    (ax,) = FIGURES["ways"]().axes
    assert [text.get_text() for text in ax.get_yticklabels()] == ["means", "Fisher–Rao", "input space"]
    shares = [text.get_text() for text in ax.get_xticklabels()]
    assert len(shares) == 12 and (shares[0], shares[-1]) == ("0 %", "100 %")
    (picture,) = ax.images
    row = np.asarray(picture.get_array())[5, 5::10, 0]
    assert (row[0], row[-1]) == (0, 1) and len(row) == 12


def test_a_line_marks_where_a_row_turns():
    rows = {"a": np.zeros((23, 1, 4, 4)), "b": np.zeros((23, 1, 4, 4))}
    (lines,) = figure_of(ways(rows, turns={"b": 0.5})).axes[0].collections
    ((x, low), (other, high)) = lines.get_segments()[0]
    assert x == other == 6 and 1 < low < high < 2  # the middle of twelve pictures, in the second row
    with pytest.raises(InputError, match="must name rows"):
        ways(rows, turns={"c": 0.5})
    with pytest.raises(InputError, match="from 0 to 1"):
        ways(rows, turns={"a": 1.5})


def test_maps_show_the_logarithm_with_a_scale_and_leave_zeros_clear():
    values = 10.0 ** np.arange(20).reshape(4, 5)
    values[0, 0] = 0
    ax = volume_map(AXIS, ROWS, values, labels=("3", "7"))
    shown = np.ma.filled(ax.images[0].get_array(), np.nan)
    assert np.isnan(shown[0, 0])
    np.testing.assert_allclose(shown.ravel()[1:], np.arange(1, 20))
    assert scales_of(ax) == ["log₁₀ of the volume element"] and (ax.get_xlabel(), ax.get_ylabel()) == (
        "unit 3",
        "unit 7",
    )


def test_a_map_shows_at_most_600_codes_and_a_flat_map_has_a_scale():
    (ax,) = FIGURES["volume_map"]().axes
    low, high = ax.images[0].get_clim()
    assert low < 2 < high
    assert max(len(line.get_xydata()) for line in ax.lines) == 600


def refused() -> dict[str, Callable[[], Figure]]:
    two, three = np.ones(2), np.ones(3)
    return {
        "no curves": lambda: half_plane([]),
        "one point": lambda: half_plane([(np.ones(1), np.ones(1))]),
        "means and stds differ": lambda: half_plane([(two, three)]),
        "std 0": lambda: half_plane([(two, 0 * two)]),
        "vectors": lambda: ways({"means": np.ones((4, 7))}),
        "NaN in pictures": lambda: ways({"a": PICTURES * np.nan}),
        "rows differ": lambda: ways({"a": PICTURES, "b": PICTURES[:4]}),
        "map turned": lambda: volume_map(AXIS, ROWS, np.ones((5, 4))),
        "map of zeros": lambda: volume_map(AXIS, ROWS, np.zeros((4, 5))),
        "logarithms": lambda: volume_map(AXIS, ROWS, -np.ones((4, 5))),
        "points in space": lambda: volume_map(AXIS, ROWS, np.ones((4, 5)), points=np.ones((4, 3))),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
