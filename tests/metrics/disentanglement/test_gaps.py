import numpy as np

from latentassay.metrics.disentanglement.gaps import best_gaps
from tests.metrics.codes import noise


def test_gaps_are_those_of_the_two_largest_entries_in_any_order():
    matrix = noise(6, 5)
    expected = [sorted(row)[-1] - sorted(row)[-2] for row in matrix.tolist()]
    np.testing.assert_array_equal(best_gaps(matrix), expected)
    np.testing.assert_array_equal(best_gaps(matrix[:, ::-1]), expected)
    assert not best_gaps(np.ones((3, 2))).any()
