"""Data of known cause and effect: whether causes cause, and nothing else does."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from latentassay.core.errors import InputError
from latentassay.data.causal import GRAPHS, UNITS, adjacency, scm


def variables(graph, n=4000, **options):
    return scm(graph, n, **options).batch(np.arange(n)).numpy()


@pytest.mark.parametrize("graph", GRAPHS)
def test_parents_explain_a_child_and_nothing_that_is_not_connected_does(graph):
    z, truth = variables(graph), adjacency(graph)
    reached = np.linalg.matrix_power(np.eye(UNITS) + truth, UNITS) > 0
    for i in range(UNITS):
        for j in range(i):
            forest = ExtraTreesRegressor(100, min_samples_leaf=50, random_state=0).fit(z[:2000, [j]], z[:2000, i])
            explained = forest.score(z[2000:, [j]], z[2000:, i])
            related = (reached[:, i] & reached[:, j]).any()  # one leads to the other, or something leads to both
            assert (explained > 0.03) == related, (j, i, explained)
    np.testing.assert_allclose(z.std(0), 1, atol=1e-5)


@pytest.mark.parametrize("graph", GRAPHS)
def test_the_formula_as_a_loop(graph):
    rng, n = np.random.default_rng(3), 50
    z = np.zeros((n, UNITS))
    for i in range(UNITS):
        own, parents = rng.standard_normal(n), [a for a, b in GRAPHS[graph] if b == i]
        total = sum(np.tanh(1.5 * z[:, j]) + 0.5 * (z[:, j] ** 2 - 1) for j in parents)
        z[:, i] = total / len(parents) ** 0.5 + 0.7 * own if parents else own
        z[:, i] /= z[:, i].std()
    np.testing.assert_allclose(variables(graph, n, noise=0.7, generator=3), z.astype(np.float32), rtol=1e-6)


def test_the_graph_has_its_edges():
    assert {name: int(adjacency(name).sum()) for name in GRAPHS} == {"chain": 3, "fork": 3, "collider": 3}
    assert all((np.tril(adjacency(name)) == 0).all() for name in GRAPHS)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [(("tree",), "graph must be one of chain, fork, collider"), (("chain", 1), "two rows"), (("fork", 9), "noise")],
)
def test_what_cannot_be_drawn(arguments, match):
    with pytest.raises(InputError, match=match):
        scm(*arguments, noise=0 if match == "noise" else 0.5)
