"""Intervals of the largest of several: they hold the largest of the true values, tied or not."""

import numpy as np
import pytest

import latentassay as la
from latentassay.core.estimate import Estimate
from latentassay.stats.extremes import extent, largest, mirrored, smallest


def coverage(truth, stderr=0.1, times=2000):
    rng = np.random.default_rng(0)
    held = 0
    for noise in rng.normal(size=(times, len(truth))):
        found = largest([Estimate(mean + stderr * z, stderr=stderr) for mean, z in zip(truth, noise, strict=True)])
        held += found.low <= max(truth) <= found.high
    return held / times


@pytest.mark.parametrize("truth", [[1.0], [1.0, 0.0, 0.0], [1.0] * 8, [1.0, 0.9, 0.8, 0.0], [1.0] * 64])
def test_the_largest_true_value_is_held(truth):
    assert 0.94 < coverage(truth) < 0.99


def test_a_plain_maximum_would_not_hold_it():
    rng = np.random.default_rng(1)
    best = rng.normal(size=(1000, 64)).max(1)
    assert (best - 1.96 > 0).mean() > 0.5  # why the lower end is moved out


def test_the_family_may_be_named():
    one = [Estimate(2.0, stderr=0.1), Estimate(0.0, stderr=0.1)]
    assert largest(one, family=2).low < largest(one).low == pytest.approx(2 - 0.196, abs=1e-3)


def test_the_smallest_mirrors_the_largest():
    some = [Estimate(2.0, low=1.0, high=4.0), Estimate(1.5, low=1.2, high=1.6, n=9)]
    found, other = smallest(some), largest([mirrored(each) for each in some])
    assert (found, found.low, found.high, found.n) == (1.5, -other.high, -other.low, 9)


@pytest.mark.parametrize("truth", [[1.0] * 2, [1.0] * 12, [1.0] * 64, [2.0, 1.0, 0.0], [2.0, 2.0, 1.9, 1.0, 0.0, 0.1]])
def test_the_true_extent_is_held(truth):
    rng, held = np.random.default_rng(0), 0
    for noise in rng.normal(size=(2000, len(truth))):
        found = extent([Estimate(mean + 0.1 * z, stderr=0.1) for mean, z in zip(truth, noise, strict=True)])
        held += found.low <= max(truth) - min(truth) <= found.high
    assert held / 2000 > 0.94


def test_exact_and_infinite_values_count_as_certain():
    found = largest([1.0, Estimate(np.inf, low=np.inf, high=np.inf)])
    assert found == found.low == found.high == np.inf
    assert largest([3, 2.0]).low == 3
    with pytest.raises(la.InputError, match="at least one"):
        largest([])
