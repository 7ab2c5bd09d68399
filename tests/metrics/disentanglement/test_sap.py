"""SAP against scikit-learn's support vector machines, against correlations, and facts that hold whatever it does."""

import warnings

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.disentanglement.sap import sap, support_lines
from latentassay.metrics.disentanglement.splits import split_rows
from tests.metrics.codes import ends, noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T
SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T


def library(x, values, penalty=0.01):
    """Slope and intercept of every value, from liblinear to many digits."""
    from sklearn.svm import LinearSVC

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = LinearSVC(C=penalty, class_weight="balanced", dual=False, tol=1e-10, max_iter=10_000)
        return fitted.fit(x[:, None], values)


def standard(x):
    return (x - x.mean(0)) / x.std(0)


CODES = {
    "blurred": lambda y: y + 0.3 * noise(len(y)),
    "exact": lambda y: y + 0.0,
    "shuffled levels": lambda y: np.random.default_rng(5).permutation(20)[y] + 0.1 * noise(len(y)),
    "one value far off": lambda y: 50.0 * (y == 1) + noise(len(y)),
    "outliers": lambda y: np.random.default_rng(1).standard_t(1.5, len(y)),
}


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize(("n", "k", "power"), [(60, 2, 1), (300, 3, 2), (2000, 10, 1), (1000, 6, 3)])
def test_lines_equal_the_librarys(code, n, k, power):
    # A power above 1 makes low values far more frequent than high ones.
    values = (k * np.random.default_rng(n).random(n) ** power).astype(int)
    x = standard(CODES[code](values))
    slope, intercept = support_lines(x, values)
    expected = library(x, values)
    if k == 2:
        np.testing.assert_allclose([slope[0], intercept[0]], [-slope[1], -intercept[1]], atol=1e-12)
        slope, intercept = slope[1:], intercept[1:]
    np.testing.assert_allclose(slope, expected.coef_[:, 0], atol=1e-6)
    np.testing.assert_allclose(intercept, expected.intercept_, atol=1e-6)


def test_lines_are_a_minimum_whatever_the_rows():
    rng = np.random.default_rng(0)
    for _ in range(200):
        n, k = rng.integers(8, 400), rng.integers(2, 9)
        values = np.concatenate([np.arange(k), rng.integers(0, k, n)])
        x = standard(rng.standard_t(2, n + k) + rng.normal() * values)
        slope, intercept = support_lines(x, values)
        t = np.where(values[:, None] == np.arange(k), 1, -1)
        balanced = len(x) / (k * np.bincount(values))
        weight = np.where(t > 0, balanced, 1 if k > 2 else balanced[::-1])
        pull = -2 * 0.01 * weight * t * np.maximum(0, 1 - t * (x[:, None] * slope + intercept))
        np.testing.assert_allclose(slope + (x[:, None] * pull).sum(0), 0, atol=1e-9)
        np.testing.assert_allclose(intercept + pull.sum(0), 0, atol=1e-9)


@pytest.mark.parametrize("scale", ["raw", "standard"])
def test_discrete_equals_the_library_unit_by_unit(scale):
    factors = np.random.default_rng(3).integers(0, [4, 7, 2], (900, 3))
    codes = factors @ noise(3, 5) + 0.3 * noise(900, 5, seed=1)
    found = sap(codes, factors, scale=scale, bias="kept")
    seen = standard(codes) if scale == "standard" else codes
    for m in range(3):
        train, test = split_rows(factors[:, m], 0)
        for j in range(5):
            accuracy = library(seen[train, j], factors[train, m]).score(seen[test, j : j + 1], factors[test, m])
            assert found.matrix[m, j] == pytest.approx(accuracy, abs=1e-12)
    best = np.sort(found.matrix, 1)
    np.testing.assert_allclose(found.per_factor, best[:, -1] - best[:, -2])
    assert found.score == pytest.approx(found.per_factor.mean()) and found.n == 900


def test_without_bias_the_rows_learned_from_pick_and_the_penalty_is_that_of_ten_thousand():
    factors = np.random.default_rng(3).integers(0, [4, 7], (900, 2))
    codes = factors @ noise(2, 4) + 0.6 * noise(900, 4, seed=1)
    found, learned = sap(codes, factors), np.zeros((2, 4))
    for m in range(2):
        train, test = split_rows(factors[:, m], 0)
        for j in range(4):
            lines = library(codes[train, j], factors[train, m], penalty=0.01 * 10_000 / len(train))
            learned[m, j] = lines.score(codes[train, j : j + 1], factors[train, m])
            held_out = lines.score(codes[test, j : j + 1], factors[test, m])
            assert found.matrix[m, j] == pytest.approx(held_out, abs=0.004)  # a row or two lie on a line
    first, second = np.argsort(-learned, 1)[:, :2].T
    np.testing.assert_allclose(found.per_factor, found.matrix[[0, 1], first] - found.matrix[[0, 1], second])
    assert "C as of 10000 rows" in found.variant and "C as it is" in sap(codes, factors, bias="kept").variant


def twin_codes(n, seed):
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, [4, 3], (n, 2))
    return np.hstack([factors, factors]) + 0.5 * rng.normal(size=(n, 4)), factors


def one_unit_each(n, seed):
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, [4, 3], (n, 2))
    return np.hstack([factors + 0.3 * rng.normal(size=(n, 2)), rng.normal(size=(n, 2))]), factors


@pytest.mark.parametrize("codes", [twin_codes, one_unit_each])
def test_intervals_hold_what_many_rows_say(codes):
    truth = sap(*codes(60_000, 99)).score
    found = [sap(*codes(128, seed), resamples=20).score for seed in range(20)]
    assert np.mean([e.low <= truth <= e.high for e in found]) >= 0.85


@pytest.mark.parametrize("n", [128, 1024])
def test_few_rows_say_on_average_what_many_say(n):
    truth = sap(*one_unit_each(60_000, 99)).score
    plain, found = ([sap(*one_unit_each(n, s), bias=bias).score for s in range(30)] for bias in ("kept", "removed"))
    assert abs(np.mean(found) - truth) < min(0.04, abs(np.mean(plain) - truth) / 3)


def test_continuous_is_the_squared_correlation():
    factors = np.random.default_rng(3).integers(0, 5, (200, 3))
    codes = factors @ noise(3, 4) + noise(200, 4, seed=1)
    found = sap(codes, factors, factor_type="continuous")
    np.testing.assert_allclose(found.matrix, np.corrcoef(factors.T, codes.T)[:3, 3:] ** 2, atol=1e-12)


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID])
def test_perfect_code_scores_one_if_continuous(grid):
    found = sap(grid * [3.0, -1, 7][: grid.shape[1]], grid, factor_type="continuous")
    assert found.score == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(found.matrix, np.eye(grid.shape[1]), atol=1e-12)


def test_perfect_code_of_ten_levels_scores_a_fifth_if_discrete():
    ten = np.indices((10, 10, 10, 10)).reshape(4, -1).T
    assert sap(ten + 0.0, ten).score == pytest.approx(0.2, abs=0.02)
    # What the penalty costs depends on the scale, and on how much it weighs.
    assert sap(ten + 0.0, ten, scale="standard").score == pytest.approx(0.1, abs=0.02)
    assert sap(ten + 0.0, ten, penalty=1.0).score == pytest.approx(0.3, abs=0.02)
    two = np.indices((2, 2, 50)).reshape(3, -1).T[:, :2]
    assert sap(two + 0.0, two).matrix.diagonal().tolist() == [1, 1]
    assert sap(two + 0.0, two).score == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("factor_type", ["discrete", "continuous"])
def test_noise_scores_near_zero_and_duplicates_zero(factor_type):
    assert sap(noise(1000, 4), GRID, factor_type=factor_type).score < 0.05
    assert sap(np.hstack([GRID, GRID]) + 0.0, GRID, factor_type=factor_type).score == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("factor_type", ["discrete", "continuous"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_dead_unit_predicts_the_most_frequent_value(factor_type, place):
    factors = np.stack([np.minimum(GRID[:, 0], 5), GRID[:, 1]], 1)
    codes = GRID + noise(1000, 3)
    plain = sap(codes, factors, factor_type=factor_type)
    found = sap(np.insert(codes, place, 0.1, axis=1), factors, factor_type=factor_type)
    np.testing.assert_array_equal(np.delete(found.matrix, place, 1), plain.matrix)
    expected = [0.5, 0.1] if factor_type == "discrete" else [0, 0]
    np.testing.assert_allclose(found.matrix[:, place], expected, atol=0.01)
    assert sap(np.ones((1000, 2)), factors, factor_type=factor_type).score == 0


@pytest.mark.parametrize("factor_type", ["discrete", "continuous"])
def test_scale_order_and_names_of_values_do_not_matter(factor_type):
    codes = GRID + noise(1000, 3)
    found = sap(codes, GRID, factor_type=factor_type, scale="standard")
    for again in (
        sap(codes * [1e-200, 1e9, 4] + [0, 7, 0], GRID, factor_type=factor_type, scale="standard"),
        sap(codes, 7 * GRID - 4, factor_type=factor_type, scale="standard"),
        sap(torch.from_numpy(codes), torch.from_numpy(GRID), factor_type=factor_type, scale="standard"),
    ):
        np.testing.assert_allclose(again.matrix, found.matrix, atol=0.01 if factor_type == "discrete" else 1e-12)
    turned = sap(-codes[:, ::-1], GRID, factor_type=factor_type, scale="standard")
    np.testing.assert_allclose(turned.matrix[:, ::-1], found.matrix, atol=0.01)


@pytest.mark.parametrize("factor_type", ["discrete", "continuous"])
def test_interval_holds_the_score_and_inputs_are_left_alone(factor_type):
    codes, factors = GRID + noise(1000, 3), GRID.copy()
    before, state = codes.copy(), np.random.get_state()[1].copy()
    found = sap(codes, factors, factor_type=factor_type, resamples=10)
    assert found.score.low < found.score < found.score.high < found.score.low + 0.2
    assert sap(codes, factors, factor_type=factor_type).score.low is None
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(factors, GRID)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_variants_are_stated_and_the_seed_is_of_the_split():
    codes = GRID + noise(1000, 3)
    assert "C = 0.01" in sap(codes, GRID).variant
    assert "squared correlation" in sap(codes, GRID, factor_type="continuous").variant
    assert sap(codes, GRID).score == sap(codes, GRID).score != sap(codes, GRID, generator=1).score


def test_rare_values_are_no_obstacle_even_in_halves():
    factors = SMALL_GRID.copy()
    factors[0], factors[1:3, 0] = (99, 50), 77
    found = sap(factors + 0.0, factors, resamples=5)
    assert np.isfinite(found.matrix).all() and np.isfinite(ends(found.score)).all()


@pytest.mark.parametrize(
    ("codes", "factors", "match"),
    [
        (np.zeros(5), SMALL_GRID, "codes"),
        (noise(100, 1), SMALL_GRID, "2 latents"),
        (noise(100, 3), SMALL_GRID[:7], "factors"),
        (noise(100, 3), SMALL_GRID + 0.5, "integer"),
        (noise(100, 3) * np.nan, SMALL_GRID, "NaN"),
        (noise(100, 3), SMALL_GRID * [1, 0], r"\[1\] never vary"),
        (noise(100, 3), np.arange(100)[:, None], "too few rows"),
    ],
)
def test_sap_refuses_bad_input(codes, factors, match):
    with pytest.raises(la.InputError, match=match):
        sap(codes, factors)


def test_sap_refuses_unknown_types_and_takes_amounts_that_never_repeat():
    with pytest.raises(la.InputError, match="discrete, continuous, got 'both'"):
        sap(GRID + 0.0, GRID, factor_type="both")
    amounts = np.arange(100)[:, None]
    found = sap(np.hstack([amounts + 0.0, noise(100, 1)]), amounts, factor_type="continuous")
    assert found.matrix[0, 0] == pytest.approx(1)
