"""Units that serve several factors: shares that are known, errors that hold them, and factors that depend."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.disentanglement.mig import mig
from latentassay.metrics.disentanglement.shared import shared_units


def coded(seed, n=400):
    """Three factors; unit 0 knows the first and the second, unit 1 the third, unit 2 nothing."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, [4, 2, 3], (n, 3))
    codes = np.stack([factors[:, 0] + 10 * factors[:, 1], factors[:, 2], rng.normal(size=n)], 1)
    return codes, factors


def test_a_unit_of_two_factors_tells_all_of_both():
    found = shared_units(*coded(0, 4000))
    assert {int(found.best[0]), int(found.second[0])} == {0, 1}
    assert found.besides[0] == pytest.approx(1, abs=0.01)
    assert found.besides[1] < 0.01 and found.besides[2] < 0.01


def test_shares_are_those_of_mig():
    codes, factors = coded(1)
    found = shared_units(codes, factors, units=[[0], [1, 2]])
    np.testing.assert_allclose(found.share, mig(codes, factors, units=[[0], [1, 2]]).information)


def test_errors_are_those_of_repeated_draws():
    """A unit that knows half of a factor with four equally likely values: 0.5 of its entropy."""
    values, errors = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        factors = rng.integers(0, 4, (300, 2))
        codes = np.stack([factors[:, 0] // 2, factors[:, 1]], 1).astype(float)
        found = shared_units(codes, factors, bins=4)
        values.append(found.share[0, 0])
        errors.append(found.stderr[0, 0])
    assert np.mean(values) == pytest.approx(0.5, abs=0.01)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.4)
    inside = np.abs(np.array(values) - 0.5) <= 1.96 * np.array(errors)
    assert inside.mean() >= 0.9


def test_what_one_factor_tells_of_another_is_no_fault_of_units():
    rng = np.random.default_rng(0)
    first = rng.integers(0, 4, 2000)
    factors = np.stack([first, first // 2, rng.integers(0, 3, 2000)], 1)
    codes = np.stack([first, factors[:, 2]], 1).astype(float)
    found = shared_units(codes, factors)
    assert found.share[1, 0] > 0.9  # the unit tells the second factor, but so does the first factor
    assert found.besides[0] < 0.02


def test_a_single_factor_is_refused():
    codes, factors = coded(2)
    with pytest.raises(la.InputError, match="at least 2, got 1"):
        shared_units(codes, factors[:, :1])
