"""Intervals from halves: as wide as what is measured varies, the same for the same seed."""

import numpy as np
import pytest

import latentassay as la
from latentassay.core.estimate import Z95
from latentassay.metrics.halves import estimate_by_halves, measure_halves
from latentassay.stats.intervals import half_errors
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
    assert whole is not None and (mean.n, spread.n) == (300, 300)
    assert (mean, spread) == (X[:, 0].mean(), X[:, 1].std())
    assert mean.stderr == pytest.approx(1 / 300**0.5, rel=0.3) and spread.stderr == pytest.approx(1 / 600**0.5, rel=0.3)


def test_intervals_are_those_of_half_sampling():
    (error,) = half_errors(lambda rows: (X[rows, 0].mean(),), 300, resamples=9, seed=4)
    by_value = estimate_by_halves(X[:, 0].mean(), lambda rows: X[rows, 0].mean(), 300, resamples=9, seed=4)
    _, (by_measure,) = measure_halves(lambda rows: X[rows, 0], lambda x: (x.mean(),), 300, resamples=9, seed=4)
    assert ends(by_value) == ends(by_measure) and by_value.stderr == by_measure.stderr == error
    assert by_value.high - by_value == pytest.approx(Z95 * error)


def test_no_halves_leave_an_estimate_without_an_interval():
    _, (score,) = measure_halves(lambda rows: X[rows], lambda x: (float(x.mean()),), 300, resamples=0, seed=0)
    assert (score.low, score.high, score.stderr, score.n) == (None, None, None, 300)
    for resamples in (1, -2):
        with pytest.raises(la.InputError, match="resamples must be 0"):
            estimate_by_halves(0.5, lambda rows: 0.5, 300, resamples=resamples, seed=0)
    assert np.isfinite(ends(estimate_by_halves(0.5, lambda rows: 0.5, 3, resamples=2, seed=0))).all()
