"""Ratios of errors: their intervals hold the truth, and nothing is divided by nothing."""

import torch

from latentassay.assay.input_checks.gains import error_ratio


def test_intervals_hold_the_ratio_of_means():
    held = 0
    for seed in range(300):
        g = torch.Generator().manual_seed(seed)
        shared = torch.rand(40, generator=g, dtype=torch.float64)
        above, below = (3 * shared + torch.rand(40, generator=g), shared + 0.2 * torch.rand(40, generator=g))
        found = error_ratio(above, below)
        held += found.low <= 2 / 0.6 <= found.high
        assert 0 < found.low < found < found.high
    assert 0.92 * 300 <= held <= 0.985 * 300


def test_nothing_and_infinity():
    ones = torch.ones(5)
    assert error_ratio(ones, torch.full((5,), torch.inf)) == 0 and error_ratio(0 * ones, ones) == 0
