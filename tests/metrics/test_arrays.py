"""Codes, factors and labels as they are read. What is refused is asked of every metric in tests/laws/test_bad_input."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.arrays import as_columns, check_learnable, codes_and_factors, codes_only, rare_factors, reals


def test_labels_are_one_factor_whatever_their_values():
    codes, factors = codes_and_factors(torch.ones(4, 2), np.array([70, -3, 70, 9]))
    assert codes.dtype == np.float64 and factors.tolist() == [[2], [0], [2], [1]]
    assert codes_and_factors(np.ones((4, 2)), torch.tensor([7, 7, 8, 9]))[1].shape == (4, 1)
    with pytest.raises(la.InputError, match=r"factors must have shape \(4, factors\), got \(3,\)"):
        codes_and_factors(np.ones((4, 2)), np.arange(3))


def test_columns():
    assert as_columns(np.arange(3)).shape == (3, 1) and as_columns(np.zeros(())).shape == ()


def test_what_is_read_is_a_copy():
    codes = np.ones((4, 2))
    codes_only(codes)[:] = 0
    reals(codes, "codes")[:] = 0
    assert (codes == 1).all()


def test_rare_factors_are_named():
    factors = np.stack([np.arange(20) % 2, np.arange(20), np.arange(20) % 3], 1)
    assert rare_factors(factors) == [1]
    check_learnable(factors[:, [0, 2]])
    with pytest.raises(la.InputError, match=r"factors \[1\] have too few rows"):
        check_learnable(factors)
