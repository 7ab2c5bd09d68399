"""The fast DCI ranks representations as the literature's does. bench/agreement.py asks the same at full size."""

import json

import numpy as np
import pytest
from scipy.stats import spearmanr

import latentassay as la
from conftest import ROOT

SIZES, UNITS = (5, 4, 6), 6


def representation(k, count, rows):
    """From aligned to mixed, with noise of random strength; every other one bent."""
    rng = np.random.default_rng([k, rows])
    factors = np.stack([rng.integers(0, size, rows) for size in SIZES], 1)
    levels = (factors - factors.mean(0)) / factors.std(0)
    share, aligned = k / (count - 1), np.eye(len(SIZES), UNITS)
    codes = levels @ ((1 - share) * aligned + share * rng.normal(size=aligned.shape) / len(SIZES) ** 0.5)
    codes = np.tanh(codes) if k % 2 else codes
    return codes + rng.uniform(0.05, 0.4) * rng.normal(size=codes.shape), factors


def scored(count, rows, predictor):
    found = [la.metrics.dci(*representation(k, count, rows), predictor=predictor) for k in range(count)]
    return np.array([[dci.disentanglement, dci.completeness, dci.informativeness] for dci in found])


def check(count, rows, least, most):
    fast, slow = scored(count, rows, "histogram"), scored(count, rows, "boosting")
    for j in range(2):
        assert spearmanr(fast[:, j], slow[:, j]).statistic >= least
        assert np.abs(fast - slow).mean(0)[j] <= most
    assert np.abs(fast - slow).mean(0)[2] <= 0.03


def test_eight_representations_in_order():
    check(8, 400, 0.95, 0.03)


@pytest.mark.long
def test_fifty_representations_in_order():
    check(50, 900, 0.99, 0.03)


def test_the_recorded_comparison_is_as_good():
    kept = json.loads((ROOT / "bench" / "results" / "agreement.json").read_text("utf-8"))
    found = kept["compared"]["histogram"]["D"]
    slow, fast = (np.array([run[name]["D"] for run in kept["runs"]]) for name in ("boosting", "histogram"))
    assert len(slow) == 50 and found["spearman"] >= 0.99 and found["mean absolute difference"] <= 0.03
    assert spearmanr(slow, fast).statistic == pytest.approx(found["spearman"])
    assert np.abs(slow - fast).mean() == pytest.approx(found["mean absolute difference"])
