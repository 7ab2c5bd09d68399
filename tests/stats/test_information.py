"""Mutual information against scikit-learn, and ways of binning."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import latentassay as la
from latentassay.stats.information import bin_codes, mutual_information

GRID = np.indices((10, 10, 4)).reshape(3, -1).T


def test_mutual_information_equals_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        a, b = rng.integers(0, 7, 300), rng.integers(0, 4, 300)
        assert mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


def test_binning_itself_refuses_what_it_does_not_know():
    with pytest.raises((la.InputError, TypeError), match="quantile"):
        bin_codes(GRID + 0.0, 4, "equal")
