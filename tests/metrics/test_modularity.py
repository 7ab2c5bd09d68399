"""Modularity against its published cases and its definition as loops; explicitness against scikit-learn."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score, roc_auc_score

import latentassay as la
from latentassay.metrics.explicitness import explicitness
from latentassay.metrics.modularity import modularity, modularity_of
from latentassay.metrics.probe import PENALTY, roc_areas
from latentassay.metrics.splits import held_out
from tests.metrics.test_metrics import noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T
SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T
SIZES = [10, 10, 10, 8, 4, 15]


def drawn(n, seed=0):
    return np.random.default_rng(seed).integers(0, SIZES, (n, 6))


def loops(information):
    """The paper's equations, unit by unit."""
    m, u = len(information), len(information[0])
    scores = []
    for j in range(u):
        best = max(range(m), key=lambda i: information[i][j])
        top = information[best][j]
        if top == 0:
            scores.append(0.0)
            continue
        deviation = sum(information[i][j] ** 2 for i in range(m) if i != best) / (top**2 * (m - 1))
        scores.append(1 - deviation)
    return scores


def test_published_cases():
    two_of_ten = np.zeros((10, 1))
    two_of_ten[[3, 7]] = 0.4
    assert modularity_of(two_of_ten)[0] == pytest.approx(1 - 1 / 9)
    assert modularity_of(np.eye(3)).tolist() == [1, 1, 1]
    assert modularity_of(np.diag([1.0, 1.0, 0.0])).mean() == pytest.approx(2 / 3)
    assert modularity_of(np.ones((4, 2))).tolist() == [0, 0]


def test_equals_the_loops_at_every_scale():
    information = np.abs(noise(5, 8))
    information[:, 2] = 0
    np.testing.assert_allclose(modularity_of(information), loops(information.tolist()), atol=1e-12)
    np.testing.assert_allclose(modularity_of(information * 1e-200), loops(information.tolist()), atol=1e-12)


def test_information_is_that_of_the_bins():
    factors = drawn(500)[:, :3]
    codes = factors @ noise(3, 4) + noise(500, 4, seed=1)
    found = modularity(codes, factors, bins=7)
    bins = np.argsort(np.argsort(codes, 0), 0) * 7 // 500
    expected = [[mutual_info_score(bins[:, j], factors[:, m]) for j in range(4)] for m in range(3)]
    np.testing.assert_allclose(found.information, expected, atol=0.01)
    np.testing.assert_allclose(found.per_unit, loops(found.information.tolist()), atol=1e-12)
    assert found.score == pytest.approx(found.per_unit.mean()) and found.informs.all() and found.n == 500


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID])
@pytest.mark.parametrize("options", [{}, {"noise": "removed"}, {"bins": 10, "binning": "width"}])
def test_perfect_code_and_its_copies_score_one(grid, options):
    assert modularity(grid + 0.0, grid, **options).score == pytest.approx(1)
    assert modularity(np.hstack([grid, -2.0 * grid]), grid, **options).score == pytest.approx(1)


def test_a_unit_of_two_factors_of_three():
    codes = np.stack([10 * GRID[:, 0] + GRID[:, 1], GRID[:, 2]], 1) + 0.0
    found = modularity(codes, GRID, bins=100)
    np.testing.assert_allclose(found.per_unit, [0.5, 1], atol=1e-12)


@pytest.mark.parametrize("noise_is", ["kept", "removed"])
def test_independence_but_for_rounding_is_no_information(noise_is):
    # The third factor of the grid is exactly independent of the two that are asked about.
    found = modularity(GRID + 0.0, GRID[:, :2], noise=noise_is)
    np.testing.assert_allclose(found.per_unit, [1, 1, 0], atol=1e-9)
    assert found.informs.tolist() == [True, True, False]
    assert found.score == pytest.approx(2 / 3 if noise_is == "kept" else 1)


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_dead_unit_counts_nothing(place):
    factors = drawn(800)[:, :3]
    codes = factors + noise(800, 3)
    plain = modularity(codes, factors)
    with_dead = np.insert(codes, place, 0.1, axis=1)
    found = modularity(with_dead, factors)
    np.testing.assert_array_equal(np.delete(found.per_unit, place), plain.per_unit)
    assert found.per_unit[place] == 0 and found.score == pytest.approx(plain.score * 3 / 4)
    removed = modularity(with_dead, factors, noise="removed")
    assert not removed.informs[place] and removed.score == pytest.approx(removed.per_unit.sum() / 3)
    for noise_is in ("kept", "removed"):
        assert modularity(np.ones((800, 2)), factors, noise=noise_is).score == 0


def test_noise_counts_anything_unless_removed():
    factors = drawn(3000)
    codes = np.hstack([factors + 0.3 * noise(3000, 6), noise(3000, 6, seed=1)])
    kept, removed = modularity(codes, factors), modularity(codes, factors, noise="removed")
    assert 0.5 < kept.per_unit[6:].mean() < 0.85 and kept.score < 0.95
    assert removed.informs.tolist() == [True] * 6 + [False] * 6 and removed.score > 0.999
    assert modularity(noise(3000, 6), factors, noise="removed").score == 0
    assert "noise kept" in kept.variant and "20 shuffles subtracted" in removed.variant


def test_scale_order_and_names_of_values_do_not_matter():
    codes = GRID @ noise(3, 3) + noise(1000, 3)
    found = modularity(codes, GRID)
    for again in (
        modularity(codes * [1e-9, 5, 1e9] - 3, GRID),
        modularity(codes[:, ::-1], 7 * GRID[:, ::-1] - 4),
        modularity(torch.from_numpy(codes), GRID),
    ):
        assert again.score == pytest.approx(found.score, abs=1e-9)


@pytest.mark.parametrize("noise_is", ["kept", "removed"])
def test_modularity_has_an_interval(noise_is):
    factors = drawn(600)[:, :3]
    codes = factors @ noise(3, 3) + 2 * noise(600, 3, seed=1)
    found = modularity(codes, factors, noise=noise_is, resamples=8)
    assert found.interval.low < found.score < found.interval.high
    assert found.interval == modularity(codes, factors, noise=noise_is, resamples=8).interval


@pytest.mark.parametrize(
    ("codes", "factors", "options", "match"),
    [
        (np.zeros(5), SMALL_GRID, {}, "codes"),
        (noise(100, 3), SMALL_GRID[:, :1], {}, "at least 2 factors"),
        (noise(100, 3), SMALL_GRID + 0.5, {}, "integer"),
        (noise(100, 3) * np.nan, SMALL_GRID, {}, "NaN"),
        (noise(100, 3), SMALL_GRID * 0, {}, "never vary"),
        (noise(100, 3), SMALL_GRID, {"bins": 1}, "bins"),
        (noise(100, 3), SMALL_GRID, {"noise": "gone"}, "kept, removed, got 'gone'"),
    ],
)
def test_modularity_refuses_bad_input(codes, factors, options, match):
    with pytest.raises(la.InputError, match=match):
        modularity(codes, factors, **options)


def test_areas_equal_scikit_learn_with_ties():
    rng = np.random.default_rng(0)
    scores, truth = rng.integers(0, 6, (200, 5)) / 5, rng.random((200, 5)) < [0.5, 0.1, 0.9, 0.01, 0.3]
    expected = [roc_auc_score(truth[:, k], scores[:, k]) for k in range(5)]
    np.testing.assert_allclose(roc_areas(scores, truth), expected, atol=1e-12)
    assert np.isnan(roc_areas(scores[:, :2], np.stack([truth[:, 0] | True, truth[:, 0] & False], 1))).all()


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
        train, test = held_out(factors[:, m], 0)
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
    assert found.score > 0.95 and np.isfinite(explicitness(factors + 0.0, factors, resamples=4).interval).all()


def test_explicitness_has_an_interval_and_leaves_inputs_alone():
    codes, factors = GRID + 2 * noise(1000, 3), GRID.copy()
    before, state = codes.copy(), np.random.get_state()[1].copy()
    found = explicitness(codes, factors, resamples=6)
    assert found.interval.low < found.score < found.interval.high < found.interval.low + 0.2 and found.n == 1000
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
