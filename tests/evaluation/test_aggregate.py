"""The aggregate posterior beside the prior: moments, L-moments and correlations of distributions that are known."""

import itertools
import math

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.evaluation.aggregate import aggregate_shape


def drawn(seed, n=512):
    """Mean 0.7 and std 1.5; correlation 0.6 with the first; Laplace."""
    g = torch.Generator().manual_seed(seed)
    z = torch.randn(n, 2, generator=g).double()
    u = torch.rand(n, generator=g).double() - 0.5
    laplace = -u.sign() * (1 - 2 * u.abs()).log() / 2**0.5
    return torch.stack([1.5 * z[:, 0] + 0.7, 0.6 * z[:, 0] + 0.8 * z[:, 1], laplace], 1)


def l_kurtosis(x):
    """λ₄/λ₂ as it is defined: means of contrasts of all subsamples of four and of two."""
    fours = np.sort(list(itertools.combinations(x, 4)), 1) @ [-1, 3, -3, 1] / 4
    return fours.mean() / (np.diff(np.sort(list(itertools.combinations(x, 2)), 1)).mean() / 2)


def test_values_are_those_of_numpy():
    z = drawn(0)
    found, x = aggregate_shape(z), z.numpy()
    np.testing.assert_allclose(found.mean, x.mean(0))
    np.testing.assert_allclose(found.std, x.std(0, ddof=1))
    correlation = np.corrcoef(x.T)
    for (j, k), value, size in zip(*found.correlations[:3], strict=True):
        assert value == pytest.approx(correlation[j, k]) and size == pytest.approx(abs(correlation[j, k]))
    assert found.correlations.pairs[0].tolist() == [0, 1] and found.correlations.pairs_in_all == 3
    assert found.spread[0] == pytest.approx(x[:, 0].std(ddof=1)) and found.n == 512


def test_l_kurtosis_is_that_of_all_subsamples():
    z = drawn(4, 20)
    np.testing.assert_allclose(aggregate_shape(z).tails, [l_kurtosis(column) for column in z.T.numpy()])


def test_intervals_hold_the_truth():
    truth = {"shift": 0.7, "spread": 1.5, "tails": 0.1226, "laplace": 0.2357, "correlation": 0.6}
    hits = dict.fromkeys(truth, 0)
    for seed in range(200):
        found = aggregate_shape(drawn(seed), generator=seed)
        values = (found.shift[0], found.spread[0], found.tails[0], found.tails[2], found.correlations.strength[0])
        for (name, right), value in zip(truth.items(), values, strict=True):
            hits[name] += value.low <= right <= value.high
    assert all(count >= 180 for count in hits.values()), hits  # 190 expected, three standard deviations below


def test_everything_is_in_units_of_the_prior():
    one, two = aggregate_shape(drawn(1)), aggregate_shape(3 * drawn(1), prior_std=3.0)
    np.testing.assert_allclose(one.std, two.std)
    np.testing.assert_allclose(one.shift, two.shift)
    assert one.tails[0] == pytest.approx(float(two.tails[0]))


def test_a_narrow_unit_is_off_by_the_factor_that_a_wide_one_is():
    z = drawn(2)[:, :1]
    z = (z - z.mean()) / z.std()
    found = aggregate_shape(torch.cat([z / 3, z * 3], 1))
    assert found.spread[0] == pytest.approx(3) and found.spread[1] == pytest.approx(3)
    assert found.spread[0].high == pytest.approx(found.spread[1].high)


def test_still_units_have_no_shape_and_no_partners():
    z = torch.cat([drawn(3)[:, :1], torch.full((512, 1), 0.4).double()], 1)
    found = aggregate_shape(z)
    assert math.isnan(found.spread[1]) and math.isnan(found.tails[1]) and found.shift[1] == pytest.approx(0.4)
    assert not found.correlations.strength


def test_the_strongest_of_very_many_pairs_are_kept():
    g = torch.Generator().manual_seed(0)
    z = torch.randn(64, 220, generator=g).double()
    z[:, 200] = z[:, 3] + 0.1 * z[:, 200]
    found = aggregate_shape(z).correlations
    assert found.pairs_in_all == 220 * 219 // 2 and len(found.strength) == 20_000
    assert found.pairs[0].tolist() == [3, 200]
    assert all(a >= b for a, b in zip(found.strength, found.strength[1:], strict=False))


@pytest.mark.parametrize(
    ("samples", "std", "match"),
    [
        (torch.zeros(15, 2), 1.0, "n at least 16"),
        (torch.zeros(20), 1.0, "n, units"),
        (torch.full((20, 2), torch.nan), 1.0, "NaN"),
        (torch.zeros(20, 2), 0.0, "prior_std must be positive"),
    ],
)
def test_unusable_samples_are_refused(samples, std, match):
    with pytest.raises(la.InputError, match=match):
        aggregate_shape(samples, prior_std=std)
