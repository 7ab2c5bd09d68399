"""MIG on grids, with outliers and with bad input."""

import numpy as np
import pytest
import torch

import latentassay as la
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 4)).reshape(3, -1).T


def test_perfect_code_scores_one():
    assert la.metrics.mig(GRID + 0.0, GRID).score > 0.99
    assert la.metrics.mig(GRID + 0.0, GRID, bins=10, binning="width").score > 0.99


def test_independent_code_scores_near_zero_and_duplicates_zero():
    assert la.metrics.mig(noise(400, 3), GRID, bins=5).score < 0.02
    assert la.metrics.mig(np.hstack([GRID, GRID]) + 0.0, GRID).score == pytest.approx(0)


@pytest.mark.parametrize("change", ["permute", "negate", "scale", "rows"])
def test_quantile_mig_does_not_care(change):
    codes = GRID + 0.3 * noise(400, 3)
    factors, changed = GRID, codes
    if change == "permute":
        changed = codes[:, [2, 0, 1]]
    if change == "negate":
        changed = -codes
    if change == "scale":
        changed = codes * [0.1, 5, 100]
    if change == "rows":
        order = np.random.default_rng(1).permutation(400)
        changed, factors = codes[order], GRID[order]
    assert la.metrics.mig(changed, factors).score == pytest.approx(la.metrics.mig(codes, GRID).score, abs=0.02)


def test_outliers_wreck_equal_width_but_not_quantile_bins():
    big = np.indices((10, 10, 10, 4)).reshape(4, -1).T
    codes = big + 0.1 * noise(4000, 4)
    codes[np.random.default_rng(0).choice(4000, 4)] += 30 * codes.std(0)
    assert la.metrics.mig(codes, big, bins=10, binning="width").score < 0.35
    assert la.metrics.mig(codes, big, bins=10).score > 0.9


def test_interval_holds_the_score_and_torch_is_welcome():
    found = la.metrics.mig(torch.from_numpy(GRID + 0.5 * noise(400, 3)), GRID, resamples=30)
    assert found.score.low < found.score < found.score.high and "20 equal-count" in found.variant
    assert found.information.shape == (3, 3) and found.n == 400


@pytest.mark.parametrize(
    ("codes", "factors", "match"),
    [
        (np.zeros(5), GRID, "codes"),
        (noise(400, 1), GRID, "codes"),
        (noise(400, 3), GRID[:7], "factors"),
        (noise(400, 3), GRID + 0.5, "integer"),
        (noise(400, 3) * np.nan, GRID, "NaN"),
        (noise(400, 3), GRID * 0, "never vary"),
    ],
)
def test_mig_refuses_bad_input(codes, factors, match):
    with pytest.raises(la.InputError, match=match):
        la.metrics.mig(codes, factors)


@pytest.mark.parametrize("metric", [la.metrics.mig, la.metrics.dcimig, la.metrics.modularity])
def test_one_bin_and_unknown_ways_of_binning_are_refused(metric):
    with pytest.raises(la.InputError, match="bins must be at least 2, got 1"):
        metric(GRID + 0.0, GRID, bins=1)
    with pytest.raises((la.InputError, TypeError), match="binning"):  # the latter is beartype's, in tests only
        metric(GRID + 0.0, GRID, binning="equal")
