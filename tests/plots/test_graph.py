"""The response graph: a node for each unit, an arrow for each edge, a band for each pair."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyArrowPatch

from latentassay.core.errors import InputError
from latentassay.plots.graph import EDGES, response_graph
from tests.plots.looks import inside

NONE = np.empty((0, 2))
NAMES = [f"z{unit}" for unit in range(40)]


def graph(nodes: int, edges: int = 0):
    pairs = [(i, j) for i in range(nodes) for j in range(nodes) if i != j][:edges]
    return response_graph(range(nodes), np.array(pairs).reshape(-1, 2), np.linspace(0.1, 0.9, len(pairs)), NONE, NAMES)


@pytest.mark.parametrize(("nodes", "edges"), [(0, 0), (1, 0), (2, 2), (7, 12), (40, 300)])
def test_nothing_is_cut_off(nodes, edges):
    ax = graph(nodes, edges)
    inside(ax)
    assert sum(isinstance(patch, Circle) for patch in ax.patches) == nodes
    assert sum(isinstance(patch, FancyArrowPatch) for patch in ax.patches) == min(edges, EDGES)


def test_units_of_one_variable_stand_beside_each_other_on_a_band():
    ax = response_graph([0, 2, 4, 6], [[0, 4], [4, 0]], [0.4, 0.5], [[0, 4]], NAMES)
    where = {text.get_text(): np.array(text.get_position()) for text in ax.texts}
    assert list(where) == ["z0", "z4", "z2", "z6"]
    (band,) = ax.lines
    np.testing.assert_allclose(band.get_xydata(), [where["z0"], where["z4"]])
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["share 0.40", "share 0.50", "one variable"]


def test_wider_arrows_reach_further():
    ax = response_graph([0, 1, 2], [[0, 1], [1, 2]], [0.2, 0.8], NONE, NAMES)
    widths = [patch.get_linewidth() for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert widths == [pytest.approx(3.0), pytest.approx(1.2)]


def test_bands_shrink_with_the_axes_they_are_given():
    wide = response_graph([0, 1], [[0, 1]], [0.5], [[0, 1]], NAMES).lines[0].get_linewidth()
    ax = Figure(figsize=(2, 2)).add_subplot()
    assert response_graph([0, 1], [[0, 1]], [0.5], [[0, 1]], NAMES, ax=ax).lines[0].get_linewidth() < 0.6 * wide


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: response_graph([0, 1], [[0, 1]], [0.5, 0.5], NONE, NAMES), "one for each of 1 edges"),
        (lambda: response_graph([0, 1], [[0, 5]], [0.5], NONE, NAMES), r"units \[5\]"),
        (lambda: response_graph([0, 1], NONE, [], [[0, 3]], NAMES), r"units \[3\]"),
        (lambda: response_graph([0, 9], NONE, [], NONE, NAMES[:3]), r"got \[9\]"),
    ],
)
def test_edges_between_strangers_are_refused(draw, words):
    with pytest.raises(InputError, match=words):
        draw()
