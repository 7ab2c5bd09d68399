"""Figures of many models of GEO: every line where its numbers say, every axis labelled, bad input refused."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.papers.geometry.drawing import components, likelihoods, probes, spectra

ALPHAS = np.array([0.1, 0.5, 1.0])
CURVE = (ALPHAS, -90 - ALPHAS, 0.1 * ALPHAS)

FIGURES: dict[str, Callable[[], Figure]] = {
    "spectra": lambda: spectra({"α = 1": np.array([0.02, 2, 0, 0.5]), "α = 2": np.array([1.0, 0.001])}),
    "components": lambda: components({"k = 3": (ALPHAS, np.array([3, 2, 1])), "k = 9": (ALPHAS, np.eye(3) + 4)}),
    "likelihoods": lambda: likelihoods({"k = 3": CURVE}, {"k = 3": CURVE, "k = 9": CURVE}),
    "probes": lambda: probes(np.array([1000, 20_000]), {"means": np.array([0.8, 0.9]), "both": np.full((2, 2), 0.7)}),
}


def lines(figure: Figure) -> dict[str, np.ndarray]:
    return {str(line.get_label()): np.asarray(line.get_xydata()) for line in figure.axes[0].lines}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    figure = FIGURES[name]()
    ax = figure.axes[0]
    assert ax.get_xlabel() and ax.get_ylabel()
    figure.draw_without_rendering()
    box, page = figure.get_tightbbox(), figure.bbox_inches
    assert box.x0 > -0.02 and box.y0 > -0.02
    assert box.x1 < page.width + 0.02 and box.y1 < page.height + 0.02


def test_spectra_fall_and_count_what_exceeds_the_threshold():
    figure = FIGURES["spectra"]()
    drawn = lines(figure)
    np.testing.assert_allclose(drawn["α = 1: 3 of 4"], [[1, 2], [2, 0.5], [3, 0.02], [4, 1e-6]])
    np.testing.assert_allclose(drawn["α = 2: 1 of 2"][:, 1], [1, 0.001])
    np.testing.assert_allclose(drawn["informative above 0.01"][:, 1], 0.01)
    assert figure.axes[0].get_yscale() == "log"


def test_runs_are_averaged_and_their_range_is_shaded():
    figure = FIGURES["components"]()
    np.testing.assert_allclose(lines(figure)["k = 9"][:, 1], 4 + 1 / 3)
    (band,) = figure.axes[0].collections
    corners = band.get_paths()[0].vertices
    assert (corners[:, 1].min(), corners[:, 1].max()) == (4, 5)


def test_lines_run_from_the_least_alpha_to_the_greatest():
    drawn = lines(components({"k": (np.array([1.0, 0.1, 0.5]), np.array([1, 3, 2]))}))["k"]
    np.testing.assert_allclose(drawn, [[0.1, 3], [0.5, 2], [1, 1]])


def test_likelihoods_have_a_colour_for_each_size_a_style_for_each_kind_and_bars():
    (ax,) = FIGURES["likelihoods"]().axes
    named = {line.get_label(): line for line in ax.lines}
    bound, estimate, other = (named[name] for name in ("k = 3, bound", "k = 3, estimate", "k = 9, estimate"))
    assert bound.get_color() == estimate.get_color() != other.get_color()
    assert (bound.get_linestyle(), estimate.get_linestyle()) == ("--", "-")
    assert len(ax.containers) == 3
    segments = ax.collections[0].get_segments()
    np.testing.assert_allclose([np.ptp(segment[:, 1]) for segment in segments], 0.2 * ALPHAS)


def test_probes_have_a_line_for_each_set_of_features():
    figure = FIGURES["probes"]()
    np.testing.assert_allclose(lines(figure)["means"], [[1000, 0.8], [20_000, 0.9]])
    np.testing.assert_allclose(lines(figure)["both"][:, 1], 0.7)


def test_probes_can_share_a_scale():
    figure = probes(np.array([1, 2]), {"a": np.array([0.8, 0.9])}, low=0.5)
    assert figure.axes[0].get_ylim() == (0.5, 1)


def refused() -> dict[str, Callable[[], Figure]]:
    two, three = np.ones(2), np.ones(3)
    return {
        "no spectra": lambda: spectra({}),
        "matrix of eigenvalues": lambda: spectra({"a": np.ones((2, 2))}),
        "negative variance": lambda: spectra({"a": -two}),
        "NaN": lambda: spectra({"a": np.array([np.nan])}),
        "threshold on a log scale": lambda: spectra({"a": two}, threshold=0.0),
        "counts and alphas differ": lambda: components({"k": (ALPHAS, two)}),
        "no likelihoods": lambda: likelihoods({}, {}),
        "negative widths": lambda: likelihoods({"k": (ALPHAS, three, -three)}, {}),
        "runs of bounds": lambda: likelihoods({"k": (ALPHAS, np.ones((2, 3)), three)}, {}),
        "percents": lambda: probes(two, {"means": np.array([80.0, 90.0])}),
        "steps differ": lambda: probes(three, {"means": two}),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
