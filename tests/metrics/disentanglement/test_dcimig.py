"""The gap by units against its definition as loops."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score

import latentassay as la
from latentassay.stats.information import bin_codes
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 4)).reshape(3, -1).T


def loops(codes, factors, bins):
    """Equation by equation: each factor takes the largest gap of the units that know most about it."""
    numbered = bin_codes(codes, bins, "quantile")
    table = [[mutual_info_score(column, factor) for column in numbered.T] for factor in factors.T]
    gaps = [0.0] * len(table)
    for j in range(codes.shape[1]):
        known = [row[j] for row in table]
        first, second = sorted(known, reverse=True)[:2]
        best = known.index(first)
        gaps[best] = max(gaps[best], first - second)
    return sum(gaps) / sum(mutual_info_score(factor, factor) for factor in factors.T)


def test_equals_the_loops():
    for seed in range(4):
        codes = GRID @ noise(3, 5, seed=seed) + 2 * noise(400, 5, seed=seed + 9)
        assert la.metrics.dcimig(codes, GRID, bins=7, bias="kept").score == pytest.approx(
            loops(codes, GRID, 7), abs=1e-9
        )


def test_copies_cost_nothing_and_mixtures_do():
    assert la.metrics.dcimig(np.hstack([GRID, GRID]) + 0.0, GRID).score == pytest.approx(1, abs=1e-9)
    mixed = np.stack([10 * GRID[:, 0] + GRID[:, 1], GRID[:, 2]], 1) + 0.0
    known = la.metrics.dcimig(mixed, GRID, bins=100, bias="kept").score
    assert known == pytest.approx(np.log(4) / np.log(400), abs=1e-9)
    assert la.metrics.dcimig(mixed, GRID, bins=100).score == pytest.approx(known, abs=2e-3)  # entropies of 10 values
    assert la.metrics.mig(mixed, GRID, bins=100).score == pytest.approx(1, abs=1e-9)


def test_a_single_factor_has_no_second():
    found = la.metrics.dcimig(GRID + 0.0, GRID[:, 0], resamples=4)
    assert found.score == pytest.approx(1, abs=1e-9) and found.score.n == 400 and found.score.stderr < 1e-9
    assert "sum of gaps divided by sum of factor entropies" in found.variant
