"""Ranks are scipy's, to the bit."""

import numpy as np
import pytest
from scipy.stats import rankdata

from latentassay.stats.ranks import average_ranks


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("levels", [2, 7, 10_000])
def test_ranks_are_scipys(axis, levels):
    values = np.random.default_rng(levels).integers(levels, size=(60, 5, 3)) / 7
    assert (average_ranks(values, axis=axis) == rankdata(values, axis=axis)).all()


@pytest.mark.parametrize("values", [[], [3.0], [2.0, 2.0, 2.0], [np.inf, -np.inf, 0.0, np.inf]])
def test_short_and_constant_lines_have_ranks(values):
    assert average_ranks(np.array(values)).tolist() == rankdata(values).tolist()
