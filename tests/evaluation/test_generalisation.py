"""Training rows and others: errors of known means, rows that are the same up to rounding, and rows that repeat."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.evaluation.generalisation import generalisation_gap, shared_rows


def errors(n, mean, seed):
    """Errors of rows with four values of variance ``mean``, and spreads of variance 1."""
    rng = np.random.default_rng(seed)
    return mean * rng.chisquare(4, n) / 4, rng.chisquare(40, n) / 40


def test_values_are_ratios_of_means():
    (a, b), (c, d) = errors(50, 0.1, 0), errors(70, 0.3, 1)
    gap = generalisation_gap(a, b, c, d)
    assert gap.ratio == pytest.approx(c.mean() / a.mean()) and gap.ratio.n == 70
    assert gap.train == pytest.approx(a.sum() / b.sum()) and gap.other == pytest.approx(c.sum() / d.sum())
    assert gap.difference == pytest.approx(gap.other - gap.train)


def test_intervals_hold_the_truth():
    gaps = [generalisation_gap(*errors(128, 0.1, seed), *errors(64, 0.3, 1000 + seed)) for seed in range(300)]
    ratio = sum(gap.ratio.low <= 3 <= gap.ratio.high for gap in gaps)
    difference = sum(gap.difference.low <= 0.2 <= gap.difference.high for gap in gaps)
    assert min(ratio, difference) >= 274  # 285 expected, three standard deviations below


def test_rounding_errors_are_equal():
    tiny = np.full(10, 1e-31)
    gap = generalisation_gap(tiny, np.ones(10), 9 * tiny, np.ones(10))
    assert gap.ratio == pytest.approx(1)


def test_rows_are_found_whatever_their_type_and_order():
    x = torch.randn(300, 2, 5, generator=torch.Generator().manual_seed(0)) + 3
    data = torch.cat([x[:40].flip(0), x[200:260]]).double() * (1 + 1e-7)
    found = shared_rows(data, x[:200], batch_size=7)
    np.testing.assert_array_equal(found.mask, np.arange(100) < 40)
    assert found.share == pytest.approx(0.4) and found.share.low < 0.4 < found.share.high and found.repeats == 0
    np.testing.assert_array_equal(shared_rows(data, x[:200], rows=[0, 99]).mask, [True, False])
    assert not shared_rows(x[200:] + 0.01, x[200:]).mask.any()
    np.testing.assert_array_equal(shared_rows(data, x, other_rows=range(30)).mask[:40], np.arange(40) >= 10)


def test_rows_that_repeat_are_counted():
    x = torch.randint(2, (200, 3), generator=torch.Generator().manual_seed(0)).float()
    assert shared_rows(x[:50], x).repeats == 1
    once = torch.cat([torch.randn(90, 3), torch.zeros(10, 3)])
    assert shared_rows(once[:5], once).repeats == pytest.approx(0.1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(la.InputError, match="must have rows of shape"):
        shared_rows(torch.zeros(4, 3), torch.zeros(4, 2))
    with pytest.raises(la.InputError, match="2 rows or more"):
        generalisation_gap(np.ones(1), np.ones(1), np.ones(2), np.ones(2))
    with pytest.raises(la.InputError, match="other_error"):
        generalisation_gap(np.ones(2), np.ones(2), np.array([1.0, np.nan]), np.ones(2))
