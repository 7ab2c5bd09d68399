"""Figures of many models side by side: dots, means, intervals, looks that stay; bad input refused."""

from collections.abc import Callable

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.stats import ttest_1samp

from latentassay.core.errors import InputError
from latentassay.papers.variants import by_variant
from latentassay.plots.style import WIDE

FIGURES: dict[str, Callable[[], Figure]] = {
    "variants": lambda: by_variant({"AE": {"plain": [0.5, 0.6]}, "VAE": {"plain": [0.4], "X": [0.9, 0.95]}}, "score"),
    "variants on a log axis": lambda: by_variant({"AE": {"plain": [1e-5, 3.0], "X": [2]}}, "MMD²", log=True),
}


@pytest.mark.parametrize("name", FIGURES)
def test_axes_are_labelled_and_nothing_is_cut_off(name):
    figure = FIGURES[name]()
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert width <= WIDE + 0.5 and box.x0 > -0.02 and box.y0 > -0.02
    assert box.x1 < width + 0.02 and box.y1 < height + 0.02
    assert figure.axes[0].get_ylabel()
    assert all(text.get_window_extent().x1 > 0 for ax in figure.axes for text in ax.texts)


def test_variants_stand_side_by_side_look_alike_in_every_family_and_have_students_intervals():
    runs = {"AE": {"plain": [0.5, 0.7, 0.6], "X": [0.8]}, "VAE": {"X": [0.9, 0.95]}}
    (ax,) = by_variant(runs, "invariance", low=0, high=1).axes
    drawn = {line.get_label(): line for line in ax.lines}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["AE", "VAE"] and ax.get_ylim() == (0, 1)
    np.testing.assert_allclose(ax.get_xticks(), [0.5, 3])
    dots = [line for line in ax.lines if len(line.get_xdata()) and line.get_marker() in "os"]
    np.testing.assert_allclose(dots[0].get_ydata(), runs["AE"]["plain"])
    assert dots[1].get_color() == dots[2].get_color() == drawn["X"].get_color() != drawn["plain"].get_color()
    bars = [path.vertices[:, 1] for container in ax.containers for path in container[2][0].get_paths()]
    want = ttest_1samp(runs["AE"]["plain"], 0).confidence_interval()
    np.testing.assert_allclose(bars[0], want)
    assert len(bars) == 1 and ax.get_ylabel() == "invariance"  # two seeds have none


def test_a_variant_looks_the_same_where_others_are_missing():
    whole, part = (
        by_variant(groups, "score", order=("plain", "X")).axes[0]
        for groups in ({"AE": {"plain": [0.5], "X": [0.8]}}, {"AE": {"X": [0.8]}})
    )
    (x,) = (line for line in part.lines if line.get_label() == "X")
    assert x.get_color() == next(line for line in whole.lines if line.get_label() == "X").get_color()
    assert len(part.get_legend().get_texts()) == 1


def refused() -> dict[str, Callable[[], Figure]]:
    return {
        "no models": lambda: by_variant({"AE": {}}, "score"),
        "NaN": lambda: by_variant({"AE": {"plain": [np.nan]}}, "score"),
        "zero on a log axis": lambda: by_variant({"AE": {"plain": [0.0]}}, "score", log=True),
    }


@pytest.mark.parametrize("case", refused())
def test_bad_input_is_refused(case):
    with pytest.raises(InputError):
        refused()[case]()
