"""Intervals of mean errors: coverage for equal rare events, normal rows as before, and what is said of few events."""

import math

import numpy as np
import pytest
import torch
from scipy import stats

from latentassay.stats.skewed import SkewedInterval, complement, say_if_rare, skewed_interval


def interval(rows, **options):
    return skewed_interval(rows.mean(0), rows - rows.mean(0), **options)


def test_normal_rows_have_students_interval():
    rows = 50 + torch.from_numpy(stats.norm.ppf((np.arange(40) + 0.5) / 40))[:, None] * torch.tensor([1.0, 0.1])
    found, half = interval(rows), rows.std(0) / 40**0.5 * stats.t.ppf(0.975, 39)
    torch.testing.assert_close(found.high - rows.mean(0), half, rtol=0.02, atol=0)
    torch.testing.assert_close(rows.mean(0) - found.low, half, rtol=0.02, atol=0)
    assert not found.rare.any() and (found.degrees > 25).all() and say_if_rare(found) == ""


@pytest.mark.parametrize("events", [1, 4, 20])
def test_equal_events_have_an_interval_at_least_the_exact_one_of_a_poisson_number(events):
    rows = torch.zeros(1000, dtype=torch.float64)
    rows[:events] = 1.0
    found = interval(rows)
    exact = stats.chi2.ppf([0.025, 0.975], [2 * events, 2 * events + 2]) / 2 / 1000
    # The magnitude of the next event is unknown, too, and few events tell little of it: so the end is further out.
    assert float(found.low) <= 1.2 * exact[0] and exact[1] <= float(found.high) < (1 + 1 / events) * 1.4 * exact[1]
    assert float(found.degrees) == pytest.approx(2 * events, rel=0.08)
    assert bool(found.rare) == (events < 3)


def test_intervals_of_rare_errors_cover_where_students_do_not():
    """5 % of 400 rows are off by squares of normal numbers, the others by a hundredth: the mean is 0.0595."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(2000, 400)) ** 2 * np.where(rng.random((2000, 400)) < 0.05, 1.0, 0.01)
    found = interval(torch.from_numpy(rows).T)
    inside = ((found.low <= 0.0595) & (found.high >= 0.0595)).double().mean()
    half = stats.t.ppf(0.975, 399) * rows.std(1, ddof=1) / 20
    students = np.mean(abs(rows.mean(1) - 0.0595) <= half)
    assert students < 0.915 and 0.93 <= inside <= 0.98


def test_what_no_row_showed_bounds_the_upper_end():
    rows = torch.full((128,), 0.01, dtype=torch.float64)
    found = interval(rows, unseen=2 * 3 / 128)
    assert (float(found.low), float(found.high)) == pytest.approx((0.01, 0.01 + 6 / 128))
    score = complement(0.99, found, n=128)
    assert score == score.high == 0.99 and score.low == pytest.approx(0.99 - 6 / 128) and score.n == 128


def test_two_kinds_of_replicates_add_up():
    rows, values = (torch.randn(k, 1, generator=torch.Generator().manual_seed(k)).double() for k in (50, 20))
    found = skewed_interval(torch.tensor([9.0]), rows, values)
    stderr = math.sqrt(float(rows.var(0)) / 50 + float(values.var(0)) / 20)
    assert float(found.high) - 9 == pytest.approx(2.0 * stderr, rel=0.15) and 19 < float(found.degrees) < 69


def test_a_single_row_that_carries_the_error_is_said():
    rows = torch.zeros(200, dtype=torch.float64)
    rows[7] = 50.0
    assert "rare events" in say_if_rare(interval(rows))
    assert isinstance(interval(rows), SkewedInterval)


def test_no_error_at_all_has_no_width():
    found = interval(torch.zeros(30, 2))
    assert not found.low.any() and not found.high.any() and not found.rare.any()
