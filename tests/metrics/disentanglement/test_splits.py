"""Rows held out and columns scaled, as they promise."""

import numpy as np

from latentassay.metrics.disentanglement.splits import deviations, split_rows, standardise
from tests.metrics.codes import noise


def test_every_value_that_occurs_twice_is_learned_and_tested():
    factor = np.array([0, 1, 1, 2, 2, 2] + [3] * 30)
    for seed in range(20):
        train, test = split_rows(factor, seed)
        assert sorted([*train, *test]) == list(range(36)) and len(test) == 12
        assert set(factor[train]) == {0, 1, 2, 3} and set(factor[test]) == {1, 2, 3}
        assert len(split_rows(factor, seed, one_in=4)[1]) == 10
    assert not np.array_equal(split_rows(factor, 0)[1], split_rows(factor, 1)[1])


def test_every_row_is_held_out_as_often_as_another():
    times = sum(np.bincount(split_rows(np.arange(30) % 2, seed)[1], minlength=30) for seed in range(600))
    np.testing.assert_allclose(times, 200, atol=50)


def test_standardised_columns():
    x = np.hstack([noise(50, 2) * [1e-250, 1e150] + [0, 1e150], np.full((50, 1), 0.1)])
    found = standardise(x)
    np.testing.assert_allclose(found.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(found.std(0), [1, 1, 0], atol=1e-12)
    assert not found[:, 2].any()


def test_deviations_are_shares_of_the_largest_range_and_constants_have_none():
    x = noise(50, 4) * [1e-200, 1, 1e200, 0] + [0, 0, 0, 0.1]
    found = deviations(x)
    np.testing.assert_allclose(found[2], noise(50, 4)[:, 2].std() / np.ptp(noise(50, 4)[:, 2]))
    assert found[3] == 0 and (found[:3] >= 0).all() and not deviations(np.full((9, 2), 0.1)).any()
