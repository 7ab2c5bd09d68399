"""IRS against facts that hold whatever the code does, and against its definition written as loops."""

from itertools import combinations
from math import comb

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.disentanglement.irs import mean_quantile_weights
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T
SMALL_GRID = np.indices((10, 10)).reshape(2, -1).T
irs = la.metrics.irs


def loops(codes, factors, quantile):
    """The definition, unit by unit and value by value: the score and its matrix."""
    n, m, u = len(codes), factors.shape[1], codes.shape[1]
    matrix, weights = np.zeros((m, u)), np.zeros(u)
    for j in range(u):
        weights[j] = max(abs(codes[i, j] - codes[:, j].mean()) for i in range(n))
        for k in range(m):
            left = 0.0
            for value in set(factors[:, k].tolist()):
                group = [codes[i, j] for i in range(n) if factors[i, k] == value]
                deviations = sorted(abs(c - sum(group) / len(group)) for c in group)
                place = quantile * (len(group) - 1)
                low = deviations[int(place)]
                high = deviations[min(int(place) + 1, len(group) - 1)]
                left += len(group) / n * (low + (place - int(place)) * (high - low))
            matrix[k, j] = max(0.0, 1 - left / weights[j])
    return sum(weights[j] * max(matrix[:, j]) for j in range(u)) / weights.sum(), matrix


@pytest.mark.parametrize("grid", [SMALL_GRID, GRID])
@pytest.mark.parametrize("quantile", [0.99, 1.0])
def test_perfect_code_scores_one(grid, quantile):
    found = irs(grid + 0.0, grid, quantile=quantile)
    assert found.score == pytest.approx(1) and np.allclose(found.matrix.diagonal(), 1)
    # A level 0 … 9 lies at most 4.5 from the mean, whatever the other factors are: holding them holds nothing.
    assert found.matrix[0, 1] == pytest.approx(0, abs=0.01) and found.n == len(grid)


def test_copies_and_units_of_two_factors():
    assert irs(np.hstack([GRID, 3 * GRID]), GRID).score == pytest.approx(1)
    assert irs(np.stack([GRID[:, 0] + GRID[:, 1], GRID[:, 2]], 1), GRID).per_unit[0] < 0.6


def test_noise_lowers_the_score():
    found = irs(np.hstack([GRID, noise(1000, 6)]), GRID)
    assert found.score < 0.8 and found.per_unit[3:].max() < 0.5
    assert irs(noise(1000, 6), GRID).score < 0.5


def test_equals_the_loops():
    factors = np.random.default_rng(3).integers(0, 4, (120, 3))
    codes = factors @ noise(3, 5) + 0.3 * noise(120, 5, seed=1)
    for quantile in (0.5, 0.99, 1.0):
        found = irs(codes, factors, quantile=quantile, bias="kept")
        score, matrix = loops(codes, factors, quantile)
        assert found.score == pytest.approx(score, abs=1e-12)
        np.testing.assert_allclose(found.matrix, matrix, atol=1e-12)
        np.testing.assert_array_equal(found.per_unit, found.matrix.max(0))


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_dead_unit_is_left_out(place):
    codes = GRID + noise(1000, 3)
    found = irs(np.insert(codes, place, 0.1, axis=1), GRID)
    assert found.score == pytest.approx(irs(codes, GRID).score, abs=1e-12)
    assert found.per_unit[place] == 0 and np.isfinite(found.matrix).all()
    assert irs(np.ones((1000, 2)), GRID).score == 0


def test_scale_sign_and_names_of_values_do_not_matter():
    codes = GRID + noise(1000, 3)
    found = irs(codes, GRID)
    for again in (irs(-4 * codes + 7, GRID), irs(codes, 7 * GRID - 4), irs(torch.from_numpy(codes), GRID)):
        np.testing.assert_allclose(again.matrix, found.matrix)
        assert again.score == pytest.approx(found.score)


def test_one_outlier_decides_the_maximum_but_not_the_quantile():
    codes = GRID + 0.3 * noise(1000, 3)
    outlier = codes.copy()
    outlier[500, 0] += 4
    change = [irs(codes, GRID, quantile=q).per_unit[0] - irs(outlier, GRID, quantile=q).per_unit[0] for q in (0.99, 1)]
    assert 0 < change[0] < change[1] / 2


def test_quantile_and_weights_are_stated():
    assert "0.99 quantile" in irs(GRID + 0.0, GRID).variant
    assert "largest deviation" in irs(GRID + 0.0, GRID, bias="kept").variant
    few = irs(GRID[::10] + 0.0, GRID[::10, :2]).variant
    assert "a value has 10 rows, too few to reach the 0.99 quantile" in few
    assert irs(GRID + 0.0, GRID, quantile=1).variant.startswith("maximum")


@pytest.mark.parametrize(
    ("codes", "factors", "quantile", "match"),
    [
        (np.zeros(5), SMALL_GRID, 0.99, "codes"),
        (noise(100, 3), SMALL_GRID + 0.5, 0.99, "integer"),
        (noise(100, 3) * np.inf, SMALL_GRID, 0.99, "infinite"),
        (noise(100, 3), SMALL_GRID * 0, 0.99, "never vary"),
        (noise(100, 3), np.arange(100)[:, None], 0.99, "too few rows"),
        (noise(100, 3), SMALL_GRID, 0.0, "quantile"),
        (noise(100, 3), SMALL_GRID, 99, "quantile"),
    ],
)
def test_irs_refuses_bad_input(codes, factors, quantile, match):
    with pytest.raises(la.InputError, match=match):
        irs(codes, factors, quantile=quantile)


def test_a_quantile_of_random_rows_is_the_mean_over_all_choices():
    numbers = np.sort(noise(9))
    for k, quantile in ((2, 1.0), (4, 0.99), (5, 0.3), (9, 0.8)):
        expected = np.mean([np.quantile(choice, quantile) for choice in combinations(numbers, k)])
        assert mean_quantile_weights(9, k, quantile) @ numbers == pytest.approx(expected)


def drawn(n, seed):
    """A noisy unit for each of two factors, and two units of noise."""
    rng = np.random.default_rng(seed)
    factors = rng.integers(0, 4, (n, 2))
    return np.hstack([factors + 0.4 * rng.normal(size=(n, 2)), rng.normal(size=(n, 2))]), factors


@pytest.mark.parametrize("n", [128, 1024])
def test_few_rows_say_what_many_say_and_intervals_hold_it(n):
    truth = irs(*drawn(100_000, 99)).score
    found = [irs(*drawn(n, seed), resamples=20).score for seed in range(12)]
    assert np.mean(found) == pytest.approx(truth, abs=0.04 if n == 128 else 0.015)
    assert np.mean([score.low <= truth <= score.high for score in found]) >= 0.75
    published = np.mean([irs(*drawn(n, seed), bias="kept").score for seed in range(12)])
    assert abs(np.mean(found) - truth) < abs(published - irs(*drawn(100_000, 99), bias="kept").score) / 2


@pytest.mark.parametrize("k", [4, 7, 30])
def test_few_rows_of_a_value_have_the_quantile_that_numpy_says(k):
    # One factor with one value that counts: what is left is numpy's quantile of the deviations, value by value.
    factors = np.repeat(np.arange(3), k)
    codes = noise(3 * k, 2, seed=k)
    for quantile in (0.03, 0.5, 0.9, 0.99, 1.0):
        groups = [codes[factors == value] for value in range(3)]
        left = np.mean([np.quantile(abs(g - g.mean(0)), quantile, axis=0) for g in groups], axis=0)
        found = irs(codes, factors, quantile=quantile, bias="kept").matrix[0]
        np.testing.assert_allclose(found, np.maximum(0, 1 - left / abs(codes - codes.mean(0)).max(0)), atol=1e-12)


def test_weights_of_ranks_are_those_of_binomial_coefficients():
    for n, k, rank in ((12, 3, 1), (12, 5, 4), (9, 9, 9), (30, 2, 2)):
        exact = [comb(i - 1, rank - 1) * comb(n - i, k - rank) / comb(n, k) for i in range(1, n + 1)]
        quantile = (rank - 1) / (k - 1)
        np.testing.assert_allclose(mean_quantile_weights(n, k, quantile), exact, atol=1e-12)
