"""Explicitness against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import latentassay as la
from latentassay.metrics.disentanglement.explicitness import explicitness
from latentassay.metrics.disentanglement.probe import PENALTY
from latentassay.metrics.disentanglement.splits import split_rows
from tests.metrics.codes import ends, noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T


SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T


SIZES = [10, 10, 10, 8, 4, 15]


def drawn(n, seed=0):
    return np.random.default_rng(seed).integers(0, SIZES, (n, 6))


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID, np.indices((20, 20)).reshape(2, -1).T])
def test_perfect_code_is_explicit(grid):
    assert explicitness(grid + 0.0, grid).score > 0.999
    assert explicitness(grid @ noise(grid.shape[1], 7), grid).score > 0.99


def test_ten_levels_on_one_of_many_units_are_explicit():
    assert explicitness(np.hstack([GRID, noise(1000, 6)]), GRID).score > 0.999
    assert explicitness(np.stack([GRID[:, 0], GRID[:, 0], np.zeros(1000)], 1) + 0.0, GRID[:, :1]).score > 0.999


def test_noise_and_dead_units_are_not_explicit():
    found = explicitness(noise(1000, 4), GRID)
    assert abs(found.score) < 0.05
    assert explicitness(np.ones((1000, 2)), GRID).score == pytest.approx(0)
    assert explicitness(np.ones((1000, 2)), GRID, rescaled=False).score == pytest.approx(0.5)


def test_rings_are_not_explicit():
    angle, ring = 2 * np.pi * np.random.default_rng(0).random(600), np.arange(600) % 2
    codes = (1 + ring[:, None]) * np.stack([np.cos(angle), np.sin(angle)], 1)
    assert explicitness(codes, ring[:, None]).score < 0.3


def test_explicitness_equals_scikit_learn():
    factors = drawn(1500)
    codes = factors @ noise(6, 12) + 2 * noise(1500, 12, seed=1)
    seen = (codes - codes.mean(0)) / codes.std(0)
    found = explicitness(codes, factors, rescaled=False)
    for m in range(6):
        train, test = split_rows(factors[:, m], 0)
        fitted = LogisticRegression(C=PENALTY, max_iter=5000, tol=1e-6).fit(seen[train], factors[train, m])
        told = fitted.predict_proba(seen[test])
        expected = [roc_auc_score(factors[test, m] == v, told[:, v]) for v in range(SIZES[m])]
        np.testing.assert_allclose(found.per_value[m], expected, atol=0.01)
        assert found.per_factor[m] == pytest.approx(np.mean(expected), abs=0.002)
    assert found.score == pytest.approx(found.per_factor.mean()) and "½ is chance" in found.variant
    assert explicitness(codes, factors).score == pytest.approx(2 * found.score - 1)


@pytest.mark.parametrize("place", [0, 2, 3])
def test_explicitness_does_not_see_dead_units_scale_or_names(place):
    codes = GRID @ noise(3, 3) + noise(1000, 3)
    plain = explicitness(codes, GRID)
    for again in (
        explicitness(np.insert(codes, place, 0.1, axis=1), GRID),
        explicitness(-3 * codes + [0, 1e3, 7], GRID),
        explicitness(torch.from_numpy(codes), 7 * GRID - 4),
    ):
        np.testing.assert_allclose(again.per_factor, plain.per_factor, atol=1e-3)


def test_values_of_one_row_are_left_out():
    factors = SMALL_GRID.copy()
    factors[0] = 99, 50
    found = explicitness(factors + 0.0, factors)
    assert np.isnan(found.per_value[0][-1]) and np.isfinite(found.per_value[0][:-1]).all()
    assert found.score > 0.95 and np.isfinite(ends(explicitness(factors + 0.0, factors, resamples=4).score)).all()


def test_explicitness_has_an_interval_and_leaves_inputs_alone():
    codes, factors = GRID + 2 * noise(1000, 3), GRID.copy()
    before, state = codes.copy(), np.random.get_state()[1].copy()
    found = explicitness(codes, factors, resamples=6)
    assert found.score.low < found.score < found.score.high < found.score.low + 0.2 and found.n == 1000
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(factors, GRID)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("codes", "factors", "match"),
    [
        (np.zeros(5), SMALL_GRID, "codes"),
        (noise(100, 3), SMALL_GRID[:7], "factors"),
        (noise(100, 3) * np.inf, SMALL_GRID, "infinite"),
        (noise(100, 3), SMALL_GRID * 0, "never vary"),
        (noise(100, 3), np.arange(100)[:, None], "too few rows"),
    ],
)
def test_explicitness_refuses_bad_input(codes, factors, match):
    with pytest.raises(la.InputError, match=match):
        explicitness(codes, factors)
