import numpy as np
import pytest

from latentassay.metrics.disentanglement.gaps import best_gaps, excess_of_ties
from tests.metrics.codes import noise


def test_gaps_are_those_of_the_two_largest_entries_in_any_order():
    matrix = noise(6, 5)
    expected = [sorted(row)[-1] - sorted(row)[-2] for row in matrix.tolist()]
    np.testing.assert_array_equal(best_gaps(matrix), expected)
    np.testing.assert_array_equal(best_gaps(matrix[:, ::-1]), expected)
    assert not best_gaps(np.ones((3, 2))).any()


def test_equal_units_seem_to_differ_by_what_is_subtracted():
    pairs = np.random.default_rng(0).normal(size=(200_000, 2)) / 2**0.5  # a difference of N(0, 1)
    for gap in (0.0, 0.5, 1.0, 3.0):
        found = best_gaps(pairs + np.array([gap, 0])).mean()
        assert excess_of_ties(np.array([gap]), np.array([1.0]))[0] == pytest.approx(found - gap, abs=0.01)
