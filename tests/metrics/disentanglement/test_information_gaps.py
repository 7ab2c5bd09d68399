"""Gaps of information: corrected for few rows, with intervals that hold what a million rows say."""

from functools import partial

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.disentanglement.gaps import best_gaps
from latentassay.metrics.disentanglement.information_gaps import GapKind, bin_units, measure_gaps
from latentassay.stats.information import Counts
from tests.metrics.codes import ends

SIZES = (4, 3)


def clean(n, seed, level=0.2):
    """A unit for each factor with a little noise, and three units of noise."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, SIZES, (n, 2))
    return np.c_[factors + level * rng.normal(size=(n, 2)), rng.normal(size=(n, 3))], factors


def twins(n, seed):
    """Two equally good units for each factor, so that the gap is 0."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, SIZES, (n, 2))
    return np.c_[factors, factors] + 0.5 * rng.normal(size=(n, 4)), factors


def share_held(metric, codes, truth, n, repetitions=100):
    intervals = [ends(metric(*codes(n, seed), resamples=2).score) for seed in range(repetitions)]
    return np.mean([low <= truth <= high for low, high in intervals])


@pytest.mark.parametrize("n", [128, 1024])
@pytest.mark.parametrize("level", [0.1, 0.4])  # clusters, whose edges bins may miss, and none
@pytest.mark.parametrize("name", ["mig", "dcimig"])
def test_intervals_hold_what_many_rows_say(name, level, n):
    metric = getattr(la.metrics, name)
    truth = metric(*clean(200_000, 99, level)).score
    assert share_held(metric, partial(clean, level=level), truth, n, repetitions=60) >= 0.9


@pytest.mark.parametrize("n", [128, 1024])
@pytest.mark.parametrize("name", ["mig", "dcimig"])
def test_few_rows_say_on_average_what_many_say(name, n):
    metric = getattr(la.metrics, name)
    truth = metric(*clean(200_000, 99, 0.4)).score
    plain, corrected = (
        np.mean([metric(*clean(n, seed, 0.4), bias=bias).score for seed in range(40)]) for bias in ("kept", "removed")
    )
    assert abs(corrected - truth) < abs(plain - truth) / 4


@pytest.mark.parametrize("n", [128, 1024])
def test_intervals_of_equal_units_hold_nought(n):
    assert share_held(la.metrics.mig, twins, 0.0, n) >= 0.9


def test_the_interval_is_the_jackknifes():
    table = bin_units(*clean(300, 1), 10, "quantile", None)
    kind = GapKind(best_gaps, np.ones_like)
    found = measure_gaps(table, kind, bias="removed", interval=True)
    left = []
    for row in range(300):
        kept = np.delete(np.arange(300), row)
        counts = Counts(table.codes[kept], table.factors[kept])
        left.append((best_gaps(counts.information()) / counts.entropies()).mean())
    by_loops = np.sqrt(299 / 300 * np.square(np.array(left) - np.mean(left)).sum())
    assert by_loops <= found.score.stderr <= 1.1 * by_loops
    assert measure_gaps(table, kind, bias="removed", interval=False).score.stderr is None


def test_too_few_rows_for_the_bins_are_said_and_the_interval_is_wide():
    few, many = (la.metrics.mig(*clean(n, 0), resamples=2) for n in (40, 400))
    assert "40 rows are too few for 80 cells" in few.variant and "few for" not in many.variant
    assert few.score.low < la.metrics.mig(*clean(20_000, 1)).score <= few.score.high


def test_what_is_not_corrected_is_the_published_number():
    codes, factors = clean(200, 3)
    found, corrected = (la.metrics.mig(codes, factors, bias=bias, resamples=2) for bias in ("kept", "removed"))
    counts = Counts(bin_units(codes, factors, 20, "quantile", None).codes, factors)
    assert found.score == pytest.approx((best_gaps(counts.information()) / counts.entropies()).mean())
    assert found.score < corrected.score and found.score.low == found.score and "not corrected" in found.variant
    assert found.score.high == corrected.score.high
    with pytest.raises((la.InputError, TypeError), match="bias"):  # the latter is beartype's, in tests only
        la.metrics.mig(codes, factors, bias="gone")
