"""Shares above a quantile: coverage where the truth is known, ties, floors, and differences of two shares."""

import numpy as np
import pytest
import torch
from scipy import stats

from latentassay.stats.exceedance import Threshold, draw_threshold, paired_shares, share_above

DISTANCES = {"thin tails": stats.halfnorm(), "heavy tails": stats.lognorm(1.0)}


def contains(estimate, truth):
    return estimate.low <= truth <= estimate.high


def distances(of, n, rng):
    return torch.from_numpy(of.ppf(rng.random(n)))


def covered(of, n, share, repetitions):
    """How often intervals hold the shares of samples, of their halves, and the difference of both."""
    rng, truth = np.random.default_rng(0), np.array([share, of.sf(2 * of.isf(share)), 0.0])
    truth[2] = truth[0] - truth[1]
    factor, inside = of.isf(0.01) / of.isf(share), np.zeros(3)
    for seed in range(repetitions):
        threshold = draw_threshold(distances(of, n, rng), quantile=0.99, generator=seed)
        sample = distances(of, n, rng) * factor
        before, after = paired_shares(threshold, sample, sample / 2, generator=seed)
        found = before.estimate, after.estimate, before.minus(after).estimate
        inside += [contains(one, right) for one, right in zip(found, truth, strict=True)]
    return inside / repetitions


@pytest.mark.parametrize("share", [0.05, 0.5])
@pytest.mark.parametrize("of", DISTANCES.values(), ids=DISTANCES)
def test_intervals_hold_the_threshold_s_uncertainty_and_cover(of, share):
    assert (covered(of, 128, share, 100) >= 0.9).all()


@pytest.mark.long
@pytest.mark.parametrize("n", [128, 1024])
@pytest.mark.parametrize("share", [0.01, 0.05, 0.2, 0.5])
@pytest.mark.parametrize("of", DISTANCES.values(), ids=DISTANCES)
def test_intervals_cover_at_their_level(of, share, n):
    assert (covered(of, n, share, 1000) >= 0.93).all()


def test_data_exceed_the_threshold_as_often_as_it_says_on_average():
    """The mean share of N(0, 1) above the estimate of its 99 % quantile is 1 %: no bias of small samples."""
    values = [
        draw_threshold(torch.randn(199, generator=torch.Generator().manual_seed(s)).abs(), quantile=0.99).value
        for s in range(2000)
    ]
    assert stats.halfnorm.sf(values).mean() == pytest.approx(0.01, abs=0.0006)


def test_draws_of_the_threshold_follow_the_beta_distribution_of_order_statistics():
    """Uniform distances: given n of them, P(quantile below the k-th smallest) = P(Bin(n, q) < k)."""
    n, k = 500, 455
    drawn = draw_threshold(torch.arange(1.0, n + 1), quantile=0.9, draws=20_000).draws
    assert (drawn < k).mean() == pytest.approx(stats.binom.cdf(k - 1, n, 0.9), abs=1e-3)


def test_a_floor_that_all_distances_stand_on_is_the_threshold_whatever_is_drawn():
    threshold = draw_threshold(torch.full((128,), 0.3, dtype=torch.float64), quantile=0.99)
    assert threshold.value == 0.3
    assert (threshold.draws == threshold.value).all()
    sample = torch.cat([torch.full((90,), 0.3, dtype=torch.float64), torch.full((10,), 0.4)])
    share = share_above(threshold, sample).estimate
    assert share == 0.1 and share.low < 0.1 < share.high
    # The exact test with the mid-p value: P(more | p) + ½ P(as many | p) = 2.5 %.
    middle = [stats.binom.sf(10, 100, end) + stats.binom.pmf(10, 100, end) / 2 for end in (share.low, share.high)]
    assert middle == pytest.approx([0.025, 0.975], abs=0.006)


def test_distances_of_zero_are_no_nan():
    threshold = draw_threshold(torch.zeros(20), quantile=0.99)
    assert threshold.value == 0 and np.isfinite(threshold.draws).all()
    assert share_above(threshold, torch.zeros(30)).estimate == 0
    assert share_above(threshold, torch.ones(30)).estimate == 1


def test_no_event_and_nothing_but_events_end_at_the_share_itself():
    threshold = Threshold(1.0, np.full(4096, 1.0))
    none, all_of_them = (share_above(threshold, torch.full((100,), at)).estimate for at in (0.5, 2.0))
    assert (none.low, none) == (0, 0) and none.high == pytest.approx(0.03, abs=0.003)
    assert (all_of_them.high, all_of_them) == (1, 1) and all_of_them.low == pytest.approx(0.97, abs=0.003)


def test_samples_that_depend_on_each_other_are_worth_fewer():
    threshold, sample = Threshold(0.5, np.full(4096, 0.5)), torch.arange(100.0) / 60
    one, other = (share_above(threshold, sample, effective=size).estimate for size in (None, 25))
    assert (other.high - other.low) / (one.high - one.low) == pytest.approx(2, abs=0.25)


def test_paired_differences_are_surer_than_their_parts():
    """400 samples of which 40 lie above before and after, and 20 before only: 5 % is gained."""
    before = torch.cat([torch.ones(60), torch.zeros(340)])
    after = torch.cat([torch.ones(40), torch.zeros(360)])
    first, second = paired_shares(Threshold(0.5, np.full(4096, 0.5)), before, after)
    gain = first.minus(second).estimate
    assert gain == pytest.approx(0.05) and gain.low > 0.028
    # The delta method: var = (b − (b − c)²/n)/n² with b = 20 and c = 0.
    assert gain.stderr == pytest.approx((20 - 1) ** 0.5 / 400, rel=0.12)


@pytest.mark.parametrize("times", [1, 3])
def test_drawing_again_leaves_what_all_draws_put_above(times):
    share = share_above(Threshold(0.5, np.full(4096, 0.5)), torch.cat([torch.ones(50), torch.zeros(50)]))
    left, gain = share.drawn_again(times), share.drawing_gain(times)
    assert left == 0.5 ** (times + 1) and gain == 0.5 - left
    assert left.low < left < left.high and gain.low < gain <= gain.high
    # p − p² is greatest at ½, which the interval of p holds.
    assert times != 1 or gain.high == 0.25
