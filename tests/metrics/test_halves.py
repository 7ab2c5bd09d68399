"""Intervals from halves: as wide as what is measured varies, the same for the same seed."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics.halves import allow_unseen, estimate_by_halves, measure_halves
from tests.metrics.codes import ends, noise

X = noise(300, 2)


def test_scores_of_one_measurement_have_an_interval_each():
    def measure(rows):
        seen.append(rows)
        return X[rows]

    seen = []
    whole, (mean, spread) = measure_halves(
        measure, lambda x: (x[:, 0].mean(), x[:, 1].std()), 300, resamples=60, seed=3
    )
    assert len(seen) == 61 and seen[0] == slice(None) and all(len(rows) == 150 for rows in seen[1:])
    assert all(sorted([*one, *other]) == list(range(300)) for one, other in zip(seen[1::2], seen[2::2], strict=True))
    assert whole is not None and (mean.n, spread.n) == (300, 300)
    assert (mean, spread) == (X[:, 0].mean(), X[:, 1].std())
    assert mean.stderr == pytest.approx(1 / 300**0.5, rel=0.3) and spread.stderr == pytest.approx(1 / 600**0.5, rel=0.3)


def test_intervals_are_those_of_pairs_of_halves():
    rng, differences = np.random.default_rng(4), []
    for _ in range(5):
        order = rng.permutation(300)
        differences.append(X[order[:150], 0].mean() - X[order[150:], 0].mean())
    error = np.sqrt(np.mean(np.square(differences))) / 2
    by_value = estimate_by_halves(X[:, 0].mean(), lambda rows: X[rows, 0].mean(), 300, resamples=9, seed=4)
    _, (by_measure,) = measure_halves(lambda rows: X[rows, 0], lambda x: (x.mean(),), 300, resamples=9, seed=4)
    assert ends(by_value) == ends(by_measure) and by_value.stderr == by_measure.stderr == pytest.approx(error)
    assert by_value.high - by_value == pytest.approx(2.5706 * error, rel=1e-4)  # Student's t of five degrees


@pytest.mark.parametrize("n", [128, 1024])
def test_intervals_hold_a_mean_and_what_few_rows_find_too_low_or_too_high(n):
    def held(statistic, truth):
        counts = 0
        for seed in range(100):
            x = np.random.default_rng(seed).normal(size=n)
            found = estimate_by_halves(statistic(x), lambda rows: statistic(x[rows]), n, resamples=20, seed=seed)
            counts += found.low <= truth <= found.high
        return counts / 100

    assert 0.88 <= held(np.mean, 0.0) <= 0.99
    assert 0.86 <= held(lambda x: x.var(), 1.0) <= 0.99  # it is skewed
    assert held(lambda x: x.mean() - 20 / len(x), 0.0) >= 0.88  # at 128 rows nearly two standard errors too low
    assert held(lambda x: x.mean() + 20 / len(x), 0.0) >= 0.88


def test_an_end_is_moved_by_all_that_halves_find_less():
    def statistic(rows):
        return x[rows].mean() - 3 / len(x[rows])

    x = np.random.default_rng(5).normal(size=100)
    found = estimate_by_halves(statistic(slice(None)), statistic, 100, resamples=20, seed=0)
    below = float(found) - found.low
    assert found.high - float(found) == pytest.approx(below + 0.03)  # halves find 3 / 50 too little, the whole 3 / 100


@pytest.mark.parametrize("n", [128, 1024])
def test_what_varies_as_much_in_many_rows_counts_in_full(n):
    def statistic(x):
        return (x.mean() * len(x) ** 0.5,)  # of variance 1 for every number of rows

    held = halves_only = 0
    for seed in range(200):
        x = np.random.default_rng(seed).normal(size=n)
        _, (found,) = measure_halves(
            lambda rows, x=x: x[rows], statistic, n, resamples=20, seed=seed, unsettled=statistic
        )
        _, (narrow,) = measure_halves(lambda rows, x=x: x[rows], statistic, n, resamples=20, seed=seed)
        held += found.low <= 0 <= found.high
        halves_only += narrow.low <= 0 <= narrow.high
        assert found.stderr == pytest.approx(2**0.5 * narrow.stderr)
        assert found.high + found.low == pytest.approx(2 * float(found))  # it drifts nowhere
    assert 0.9 <= held / 200 <= 0.99 and halves_only / 200 < 0.9


def test_halves_of_an_odd_number_of_rows_are_weighed():
    found = estimate_by_halves(0.0, lambda rows: 1.0 if len(rows) == 3 else 0.0, 7, resamples=2, seed=0)
    assert found.stderr == pytest.approx((3 * 4) ** 0.5 / 7)


def test_what_no_trial_showed_may_still_happen():
    sure = la.Estimate(1.0, low=1.0, high=1.0, stderr=0.0, n=300)
    assert ends(allow_unseen(sure, 100)) == (pytest.approx(0.97), 1.0) and allow_unseen(sure, 100).n == 300
    wide = la.Estimate(0.8, low=0.7, high=0.9)
    assert ends(allow_unseen(wide, 100)) == (0.7, 0.9) and allow_unseen(la.Estimate(1.0), 100).low is None


def test_no_halves_leave_an_estimate_without_an_interval():
    _, (score,) = measure_halves(lambda rows: X[rows], lambda x: (float(x.mean()),), 300, resamples=0, seed=0)
    assert (score.low, score.high, score.stderr, score.n) == (None, None, None, 300)
    for resamples in (1, -2):
        with pytest.raises(la.InputError, match="resamples must be 0"):
            estimate_by_halves(0.5, lambda rows: 0.5, 300, resamples=resamples, seed=0)
    assert np.isfinite(ends(estimate_by_halves(0.5, lambda rows: 0.5, 3, resamples=2, seed=0))).all()
