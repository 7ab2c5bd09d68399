import math

import pytest
import torch
from torch.testing import assert_close

from latentassay.core.estimate import Estimate
from latentassay.stats.ratios import geometric_mean, ratio, ratio_of_means


def drawn(trials=4000, n=12):
    g = torch.Generator().manual_seed(0)
    under = 1 + torch.rand(n, trials, generator=g)
    return under * (0.5 + 0.2 * torch.randn(n, trials, generator=g)), under


def test_intervals_hold_the_truth_though_rows_are_few():
    found = ratio(*drawn())
    held = ((found.value - 0.5).abs() <= 1.96 * found.stderr).double().mean()
    assert 0.93 < float(held) < 0.97


def test_where_nothing_changes_it_is_nothing():
    found = ratio(torch.ones(4, 2), torch.tensor([[0.0, 1.0]]).expand(4, 2))
    assert_close(found.value, torch.tensor([0.0, 1.0]).double())
    assert_close(found.stderr, torch.zeros(2).double())


def test_a_single_one_is_an_estimate():
    over, under = drawn(trials=1)
    found = ratio(over[:, 0], under[:, 0])
    assert isinstance(found.estimate, Estimate) and found.estimate.n == 12
    assert float(found.estimate) == float(found.value) and found.estimate.stderr == float(found.stderr)


@pytest.mark.parametrize("spread", [0.3, 1.0])
def test_the_ratio_of_skewed_means_is_held_as_often_as_it_should(spread):
    """Lognormal numbers: the numerator's mean is thrice the denominator's."""
    held = 0
    for seed in range(400):
        g = torch.Generator().manual_seed(seed)
        over, under = (torch.randn(n, generator=g).double().mul(spread).exp() for n in (32, 200))
        found = ratio_of_means(3 * over, under)
        held += found.low < 3 < found.high
    assert 0.91 < held / 400 < 0.99


def test_geometric_means_have_students_interval():
    held = 0
    for seed in range(400):
        logs = torch.randn(8, generator=torch.Generator().manual_seed(seed)).double() - 0.5
        found = geometric_mean(logs.exp())
        held += found.low < math.exp(-0.5) < found.high
    assert 0.92 < held / 400 < 0.98
