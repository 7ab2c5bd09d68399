"""The response matrix as a graph: which units are one variable, and how sure each edge is."""

import pytest
import torch

import latentassay as la
from tests.oracles.linear import exact_inverse


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def test_graph_reports_a_circle_as_one_variable():
    """Two latents that only matter by a rotation move each other equally; the third stands alone."""
    model = exact_inverse(3, 6)
    turn = torch.tensor([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64)
    model.E = turn @ model.E
    graph = la.response_graph(la.response_matrix(model, normals(400, 3), generator=seeded(0)))
    assert graph.pairs == ((0, 1),) and graph.variables == ((0, 1), (2,))
    assert {(e.source, e.target) for e in graph.edges} == {(0, 1), (1, 0)}
    with pytest.raises(la.InputError, match="threshold"):
        la.response_graph(la.response_matrix(model, normals(9, 3), generator=seeded(0)), threshold=0)


def test_a_strong_one_way_coupling_is_kept_beside_a_mutual_one():
    model = exact_inverse(4, 8)
    turn = torch.eye(4, dtype=torch.float64)
    turn[0, 1], turn[1, 0], turn[3, 2] = 0.4, 0.4, 0.9
    model.E = turn @ model.E
    graph = la.response_graph(la.response_matrix(model, normals(400, 4), generator=seeded(0)))
    assert graph.pairs == ((0, 1),) and graph.one_way == ((2, 3),)


def test_couplings_of_an_eighth_are_no_edges():
    """An eighth of the size is 1.6 % of the square."""
    model = exact_inverse(3, 6)
    model.E = (torch.eye(3, dtype=torch.float64) + 0.12 * (1 - torch.eye(3, dtype=torch.float64))) @ model.E
    assert la.response_graph(la.response_matrix(model, normals(400, 3), generator=seeded(0))).edges == ()


def test_edges_know_how_sure_they_are():
    model = exact_inverse(3, 6)
    model.E = torch.tensor([[1.0, 0.0, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]], dtype=torch.float64) @ model.E
    m = la.response_matrix(model, normals(200, 3), generator=seeded(), precision=0.2)
    (edge,) = la.response_graph(m).edges
    assert (edge.source, edge.target, edge.weight.n) == (0, 1, m.used[0])
    assert edge.weight.stderr == float(m.coupling_stderr[0, 1]) and edge.weight.low < edge.weight < edge.weight.high
