"""Distance correlation: the slow formula, closed forms of normal numbers, and a test that keeps its level."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.stats.distance_correlation import distance_correlations, of_normal


def normal(n, d=1, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


def slowly(x, y):
    """Székely and Rizzo 2014, definition 2 and equation 3.3, number by number."""

    def centred(v):
        n = len(v)
        a = np.array([[np.linalg.norm(v[i] - v[j]) for j in range(n)] for i in range(n)])
        out = np.zeros((n, n))
        for i in range(n):
            for j in range(n):
                if i != j:
                    out[i, j] = a[i, j] - a[i].sum() / (n - 2) - a[:, j].sum() / (n - 2) + a.sum() / (n - 1) / (n - 2)
        return out

    a, b = centred(x.numpy()), centred(y.numpy())
    return (a * b).sum() / ((a * a).sum() * (b * b).sum()) ** 0.5


def test_equals_the_formula_written_out():
    x, y = normal(36, 2), normal(36, 3, seed=1)
    y[:, 0] += x[:, 1]
    found = distance_correlations([x, y])
    assert float(found.squared[0, 1]) == pytest.approx(slowly(x, y), abs=1e-12)
    assert float(found.squared[0, 0]) == pytest.approx(1) and torch.equal(found.squared, found.squared.T)


@pytest.mark.parametrize("correlation", [0.25, 0.5, 0.9])
def test_normal_numbers_have_what_theory_says(correlation):
    x, noise = normal(1000), normal(1000, seed=1)
    found = distance_correlations([x, correlation * x + (1 - correlation**2) ** 0.5 * noise])
    assert float(found.low[0, 1]) < of_normal(correlation) < float(found.high[0, 1])


def test_place_size_and_turns_do_not_matter_and_constants_depend_on_nothing():
    x = normal(64, 2)
    turn = torch.tensor([[0.6, -0.8], [0.8, 0.6]]).double()
    found = distance_correlations([x, 5 * x @ turn + 3, torch.ones(64, 1)])
    assert float(found.squared[0, 1]) == pytest.approx(1) and found.squared[2].tolist() == [0, 0, 0]
    assert float(found.p_values[0, 2]) > 0.3


def test_independent_variables_are_at_zero_and_the_test_keeps_its_level():
    found = [distance_correlations([normal(64, seed=2 * k), normal(64, seed=2 * k + 1)]) for k in range(300)]
    values = np.array([float(one.squared[0, 1]) for one in found])
    assert abs(values.mean()) < 3 * values.std() / 300**0.5
    assert np.mean([float(one.p_values[0, 1]) <= 0.05 for one in found]) <= 0.07


@pytest.mark.parametrize(("n", "correlation"), [(64, 0.0), (128, 0.5), (128, 0.25), (192, 0.7)])
def test_intervals_hold_the_truth(n, correlation):
    held = 0
    for k in range(150):
        x, noise = normal(n, seed=2 * k), normal(n, seed=2 * k + 1)
        found = distance_correlations([x, correlation * x + (1 - correlation**2) ** 0.5 * noise])
        held += bool(found.low[0, 1] <= of_normal(correlation) <= found.high[0, 1])
    assert held / 150 > 0.92


def test_a_dependence_without_correlation_is_seen():
    x = normal(256)
    assert float(distance_correlations([x, x.square()]).p_values[0, 1]) < 1e-9


def test_few_rows_are_refused():
    with pytest.raises(InputError, match="at least 32 rows, got 20"):
        distance_correlations([normal(20), normal(20)])
