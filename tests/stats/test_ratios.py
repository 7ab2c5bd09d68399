import torch
from torch.testing import assert_close

from latentassay.core.estimate import Estimate
from latentassay.stats.ratios import ratio


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
