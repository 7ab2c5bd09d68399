"""Intervals: Wilson's against a published table, proportions and means as estimates."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.stats.intervals import half_errors, mean_of_rows, normal, proportion, widen, wilson


def test_wilson_equals_the_published_example():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(10, 10).high == pytest.approx(1)


def test_proportions_and_means_carry_their_intervals():
    share = proportion(3, 40)
    assert (share, share.low, share.high, share.n) == (0.075, *wilson(3, 40), 40)
    values = torch.tensor([1.0, 2.0, 6.0])
    mean = mean_of_rows(values)
    assert mean == 3 and mean.n == 3 and mean.stderr == pytest.approx(float(values.std()) / 3**0.5)
    assert (mean.low, mean.high) == pytest.approx(tuple(normal(3.0, mean.stderr)))


def test_few_pieces_widen_an_error_to_students():
    assert float(widen(torch.ones(1).double(), 2)) == pytest.approx(12.7062 / Z95, rel=1e-4)


def test_half_errors_are_those_of_the_whole():
    x = np.random.default_rng(0).normal(size=(300, 2))
    errors = half_errors(lambda rows: x[rows].mean(0), 300, resamples=400, seed=0)
    assert errors == pytest.approx(tuple(x.std(0, ddof=1) / 300**0.5), rel=0.15)
    assert half_errors(lambda rows: [0.0], 9, resamples=0, seed=0) is None
    with pytest.raises(InputError, match="at least 2"):
        half_errors(lambda rows: [0.0], 9, resamples=1, seed=0)
