"""Figures of interventional consistency: every number where it belongs, every axis labelled, bad input refused."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from latentassay import report
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.core.findings import Section
from latentassay.plots.consistency import self_consistency_bars, traversal_errors
from latentassay.plots.hybrids import double_intervention, hybridisation
from latentassay.plots.invariance import adjacency, equivariance_matrix, invariance_matrix
from latentassay.plots.style import ALERT, MAIN, MUTED, WIDE
from tests.report.test_sheets import axes_of

RNG = np.random.default_rng(3)


def names(units: int) -> list[str]:
    return [str(unit) for unit in range(units)]


def errors(units: int) -> Figure:
    return traversal_errors(np.linspace(-2, 2, 9), RNG.normal(size=(units, 4, 9)), names(units), units - 1)


def invariances(units: int, *dead: int) -> Figure:
    return invariance_matrix(RNG.uniform(-0.5, 1, (units, units)), names(units), np.isin(np.arange(units), dead))


def masks(units: int) -> np.ndarray:
    return np.triu(RNG.uniform(0, 1, (units, units)), 1)


def bars(units: int, low: float = 0.2) -> Figure:
    scores = {mode: RNG.uniform(low, 1, units) for mode in ("posterior", "hybrid", "uniform", "prior")}
    return self_consistency_bars(scores, {mode: np.full(units, 0.02) for mode in scores}, names(units), [False] * units)


def hybrids(units: int, *shape: int, rows: int = 3) -> Figure:
    base, other = RNG.uniform(size=(2, rows, *shape))
    return hybridisation(base, other, RNG.uniform(size=(rows, units, *shape)), names(units))


def doubles(units: int, *titles: str, side: int = 8) -> Figure:
    three, grids = RNG.uniform(size=(3, 1, side, 8)), RNG.uniform(size=(len(titles), units, units, 1, side, 8))
    return double_intervention(*three, dict(zip(titles, grids, strict=True)), names(units))


FIGURES: dict[str, Callable[[], Figure]] = {
    **{f"errors of {n}": lambda n=n: errors(n) for n in (1, 2, 6, 10, 32)},
    **{f"invariance of {n}": lambda n=n: invariances(n) for n in (1, 2, 6, 16, 40)},
    "invariance beside collapsed ones": lambda: invariances(9, 2, 3, 8),
    "equivariance": lambda: equivariance_matrix(RNG.uniform(size=(6, 6)), names(6)),
    **{f"adjacency of {n}": lambda n=n: adjacency(masks(n), names(n)) for n in (2, 6, 16, 32)},
    **{f"bars of {n}": lambda n=n: bars(n) for n in (1, 6, 32, 64)},
    "bars far below zero": lambda: bars(6, -30.0),
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
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width <= WIDE + 0.5 and box.x0 > -0.02 and box.y0 > -0.02
    assert box.x1 < width + 0.02 and box.y1 < height + 0.02
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


def test_every_unit_has_a_panel_with_a_line_per_sample_and_the_moved_one_is_framed():
    values, given = np.linspace(-2, 2, 5), np.arange(30.0).reshape(3, 2, 5)
    figure = traversal_errors(values, given, ["a", "b", "c"], 1)
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


def test_the_diagonal_and_collapsed_units_are_told_apart():
    matrix = np.array([[0.1, 0.9, 1.0], [-0.42, 0.2, 0.99], [1.0, 0.98, 0.97]])
    figure = invariance_matrix(matrix, ["4", "7", "9"], [False, False, True])
    other, own, idle = layers(figure)
    np.testing.assert_allclose(other, [[np.nan, 0.9, np.nan], [-0.42, np.nan, np.nan], [np.nan] * 3])
    np.testing.assert_allclose(own, np.diag([0.1, 0.2, np.nan]) + np.where(np.eye(3), 0, np.nan))
    assert np.isfinite(idle).sum() == 5 and np.isfinite([other, own, idle]).sum() == 9
    assert colour(figure.axes[0].images[0]) == to_rgba(MAIN)[:3] and colour(figure.axes[0].images[1]) != to_rgba(MAIN)
    assert shown(figure)[1, 0] == "−0.42" and shown(figure)[2, 2] == "0.97" and len(shown(figure)) == 9
    muted = [to_rgba(tick.get_color()) == to_rgba(MUTED) for tick in figure.axes[0].get_yticklabels()]
    assert muted == [False, False, True]
    assert [text.get_text() for text in figure.legends[0].get_texts()][-1] == "collapsed"
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == ("unit intervened on", "unit that responds")


def test_no_collapsed_units_no_legend_entry_and_many_units_no_numbers():
    assert len(invariances(3).legends[0].get_texts()) == 2
    assert not invariances(17).axes[0].texts and len(invariances(16).axes[0].texts) == 256


def test_unknown_invariances_stay_blank():
    matrix = np.array([[0.1, np.nan], [0.9, 0.2]])
    assert (0, 1) not in shown(invariance_matrix(matrix, ["0", "1"], [False, False]))


def test_equivariance_has_no_special_diagonal():
    matrix = RNG.uniform(size=(3, 3))
    (image,) = layers(equivariance_matrix(matrix, names(3)))
    np.testing.assert_allclose(image, matrix)


def test_masks_show_possible_edges_only_even_closed_ones():
    figure = adjacency(np.array([[0, 0.0, 1], [0, 0, 0.25], [0, 0, 0]]), names(3))
    assert shown(figure) == {(0, 1): "0.00", (0, 2): "1.00", (1, 2): "0.25"}
    stairs = figure.axes[0].lines[0].get_xydata()
    np.testing.assert_allclose(stairs, [[0.5, -0.5], [0.5, 0.5], [1.5, 0.5], [1.5, 1.5], [2.5, 1.5]])
    assert (figure.axes[0].get_ylabel(), figure.axes[0].get_xlabel()) == ("parent", "child")


def test_an_edge_where_none_should_be_is_not_hidden():
    assert shown(adjacency(np.array([[0, 0.5], [0.75, 0]]), names(2))) == {(0, 1): "0.50", (1, 0): "0.75"}


def heights(figure: Figure) -> list[float]:
    return [patch.get_height() for patch in figure.axes[0].patches]


def test_bars_beyond_the_floor_are_cut_and_their_number_is_written():
    scores = {"posterior": np.array([0.9, 0.4]), "uniform": np.array([-0.3, -14.2])}
    figure = self_consistency_bars(scores, {mode: np.full(2, 0.1) for mode in scores}, names(2), [False, True])
    assert heights(figure) == [0.9, 0.4, -0.3, -1.0]
    assert [text.get_text() for text in figure.axes[0].texts] == ["−14"]
    assert [patch.get_alpha() for patch in figure.axes[0].patches] == [0.9, 0.3, 0.9, 0.3]
    ends = [segment[:, 1] for part in figure.axes[0].collections for segment in part.get_segments()]
    np.testing.assert_allclose(ends, [[v - 0.1 * Z95, v + 0.1 * Z95] for v in (0.9, 0.4, -0.3)])
    legend = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert legend == ["posterior", "uniform", "pale: collapsed"]
    swatches = [patch.get_facecolor()[:3] for patch in figure.axes[0].get_legend().get_patches()[:2]]
    assert swatches == [figure.axes[0].patches[i].get_facecolor()[:3] for i in (0, 2)]


def picture(figure: Figure, ax: int = 0) -> np.ndarray:
    return np.asarray(figure.axes[ax].images[0].get_array())[..., 0]


def test_a_row_holds_base_alternative_a_gap_and_a_hybrid_for_each_unit():
    base, other = np.zeros((2, 1, 8, 8)), np.full((2, 1, 8, 8), 0.5)
    mixed = np.arange(6).reshape(2, 3, 1, 1, 1) / 10 * np.ones((2, 3, 1, 8, 8))
    figure = hybridisation(base, other, mixed, ["a", "b", "c"])
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
    figure = hybridisation(base, other, np.full((1, 1, 4), 3.0), ["0"])
    assert "from 0 to 3" in figure.get_supxlabel()


def test_pairs_lie_where_first_and_second_say_and_samples_are_boxed():
    grid = np.arange(9).reshape(3, 3, 1, 1, 1) / 10 * np.ones((3, 3, 1, 8, 8))
    three = np.array([0.0, 0.5, 1.0]).reshape(3, 1, 1, 1) * np.ones((3, 1, 8, 8))
    figure = double_intervention(*three, {"on N": grid, "on Z": 1 - grid}, ["a", "b", "c"])
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


def test_a_section_has_the_figures_that_it_has_arrays_for():
    two, pictures = np.eye(2), RNG.uniform(size=(2, 1, 8, 8))
    arrays = {"invariance": two, "collapsed": np.zeros(2, bool), "self_posterior": np.ones(1), "base": pictures}
    arrays |= {"self_posterior_stderr": np.ones(1), "alternative": pictures, "hybrids": pictures[:, None]}
    details = {"labels": ["3", "7"], "live": ["3"], "mixed": ["3"]}
    drawn = report.figures([Section("consistency", "", "", arrays=arrays, details=details)])
    assert set(drawn) == {"consistency.invariance", "consistency.self", "consistency.hybrids"}
    assert [tick.get_text() for tick in drawn["consistency.invariance"].axes[0].get_yticklabels()] == ["3", "7"]
    one = Section("consistency", "", "", arrays={"adjacency": np.zeros((1, 1))})
    assert report.figures([one]) == {}  # no edge is possible


def refused() -> dict[str, Callable[[], object]]:
    two = np.ones((2, 2))
    return {
        "errors without samples": lambda: traversal_errors(np.ones(3), np.ones((2, 0, 3)), ["0", "1"], 0),
        "errors of other steps": lambda: traversal_errors(np.ones(3), np.ones((2, 4, 5)), ["0", "1"], 0),
        "an unknown unit is moved": lambda: traversal_errors(np.ones(3), np.ones((2, 4, 3)), ["0", "1"], 2),
        "labels missing": lambda: invariance_matrix(two, ["0"], [False]),
        "collapsed missing": lambda: invariance_matrix(two, ["0", "1"], [False]),
        "nothing known": lambda: equivariance_matrix(two * np.nan, ["0", "1"]),
        "masks above 1": lambda: adjacency(2 * two, ["0", "1"]),
        "no modes": lambda: self_consistency_bars({}, {}, ["0"], [False]),
        "errors of other modes": lambda: self_consistency_bars({"a": np.ones(1)}, {"b": np.ones(1)}, ["0"], [False]),
        "hybrids missing": lambda: hybridisation(np.ones((2, 1, 8, 8)), np.ones((2, 1, 8, 8)), np.ones((2, 1, 8)), "a"),
        "vectors twice": lambda: double_intervention(*np.ones((3, 5)), {"N": np.ones((2, 2, 5))}, ["0", "1"]),
        "no grids": lambda: double_intervention(*np.ones((3, 1, 8, 8)), {}, ["0"]),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
