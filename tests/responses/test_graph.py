"""The response matrix as a graph: which units are one variable, and how sure each edge is."""

import pytest
import torch

import latentassay as la
from latentassay.core.units import Units
from latentassay.responses import ResponseMatrix, response_graph
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


def matrix_of(normalized, errors):
    units, zero = len(normalized), torch.zeros(len(normalized)).double()
    return ResponseMatrix(
        matrix=normalized,
        matrix_stderr=errors,
        normalized=normalized,
        normalized_stderr=errors,
        sigma=zero + 1,
        effect=zero,
        effect_stderr=zero,
        decoded_variance=1.0,
        lost=0.0,
        units=Units.default((units,)),
        n=400,
        used=(400,) * units,
    )


def test_the_way_back_of_an_edge_is_tested_among_the_ways_back_alone():
    """Both ways of a pair among 90 lie three and a half, and two and a half, standard errors above the threshold."""
    units, stderr = 10, 0.005
    coupling = torch.zeros(units, units).double()
    coupling[0, 1], coupling[1, 0] = 0.02 + 3.8 * stderr, 0.02 + 2.5 * stderr
    normalized = coupling.sqrt()
    errors = torch.where(normalized > 0, stderr / (2 * normalized.clamp(min=1e-9)), 0.0)
    m = matrix_of(normalized, errors)
    graph = response_graph(m, nodes=range(units))
    assert graph.pairs == ((0, 1),) and graph.one_way == ()
    alone = coupling.clone()
    alone[1, 0] = 0.0
    assert response_graph(matrix_of(alone.sqrt(), errors), nodes=range(units)).one_way == ((0, 1),)


def test_false_edges_stay_few_with_the_ways_back():
    """Of 90 couplings just at the threshold, one edge in forty matrices at most on average, and hardly any pair."""
    g, edges, pairs = torch.Generator().manual_seed(0), 0, 0
    for _ in range(400):
        seen = (0.02 + 0.004 * torch.randn(10, 10, generator=g).double()).clamp(min=0)
        normalized = seen.sqrt()
        graph = response_graph(matrix_of(normalized, 0.004 / (2 * normalized.clamp(min=1e-3))), nodes=range(10))
        edges, pairs = edges + bool(graph.edges), pairs + len(graph.pairs)
    assert edges <= 400 * 0.05 and pairs <= 2
