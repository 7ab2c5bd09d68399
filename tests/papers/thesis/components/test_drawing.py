"""Figures of the thesis: what they show, and what cannot be drawn."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.papers.thesis.components.drawing import against, line_search, squares

RNG = np.random.default_rng(0)
SQUARE = RNG.uniform(size=(500, 2))


def test_runs_stand_where_their_scores_are():
    figure = against({"short": ([0.5, 1.0], [0.3, 0.2]), "long": ([0.4], [0.5])}, x="DtO", y="DS")
    (ax,) = figure.axes
    assert [line.get_xydata().tolist() for line in ax.lines] == [[[0.5, 0.3], [1.0, 0.2]], [[0.4, 0.5]]]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("DtO", "DS")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["short", "long"]


def test_lines_are_means_with_a_gap_where_nothing_is_known():
    curves = {"DS": {"A": {0.1: [0.2, 0.4], 1.0: [0.6]}}, "DtO": {"A": {0.1: [], 1.0: [0.5]}}}
    figure = line_search(curves, chosen={"A": 0.1})
    first, second = figure.axes
    means = [line for line in first.lines if line.get_label() == "A"]
    assert means[0].get_ydata().tolist() == pytest.approx([0.3, 0.6])
    assert np.isnan(next(line for line in second.lines if line.get_label() == "A").get_ydata()[0])
    assert first.get_xscale() == "log" and second.get_xlabel() == "β" and not first.get_xlabel()


@pytest.mark.parametrize("count", [1, 3, 6])
def test_every_model_has_its_plane(count):
    figure = squares({f"seed {k}": (SQUARE * 3, SQUARE) for k in range(count)})
    shown = [ax for ax in figure.axes if ax.axison]
    assert [ax.get_title(loc="left") for ax in shown] == [f"seed {k}" for k in range(count)]
    assert all(ax.get_aspect() == 1 for ax in shown)
    on = shown[0].lines[0].get_xdata() / 3
    assert np.abs(on * 5 - np.round(on * 5)).max() < 0.06 + 1e-9


REFUSED = {
    "nothing": (lambda: against({}, x="a", y="b"), "at least one thing to draw"),
    "unequal": (lambda: against({"a": ([1.0], [1.0, 2.0])}, x="a", y="b"), "as many values"),
    "nan": (lambda: against({"a": ([np.nan], [1.0])}, x="a", y="b"), "finite numbers"),
    "zero": (lambda: line_search({"DS": {"A": {0.0: [1.0]}}}, chosen={}), "log scale"),
    "no curves": (lambda: line_search({}, chosen={}), "at least one thing to draw"),
    "no sets": (lambda: line_search({"DS": {}}, chosen={}), "at least one thing to draw"),
    "three": (lambda: squares({"a": (np.zeros((4, 3)), np.zeros((4, 2)))}), r"finite \(n, 2\)"),
    "none": (lambda: squares({}), "at least one thing to draw"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    draw, words = REFUSED[name]
    with pytest.raises(InputError, match=words):
        draw()
