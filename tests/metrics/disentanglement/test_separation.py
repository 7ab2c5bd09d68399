"""The separation score against scikit-learn's predictors one by one, and against facts that hold whatever codes do."""

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

import latentassay as la
from latentassay.metrics.disentanglement.separation import separation
from latentassay.metrics.disentanglement.splits import split_rows
from tests.metrics.codes import noise

GRID = np.indices((10, 10, 10)).reshape(3, -1).T


def one_by_one(codes, factors, continuous, k, normaliser, seed=0):
    """Equations 3.32 to 3.37, or the bounded form, with a fitted predictor for every factor and unit: A / M."""
    train, test = split_rows(np.zeros(len(codes), dtype=int), seed, one_in=5)
    matrix = np.zeros((factors.shape[1], codes.shape[1]))
    for i, w in enumerate(factors.T):
        for j in range(codes.shape[1]):
            z, kind = codes[:, [j]], KNeighborsRegressor if i in continuous else KNeighborsClassifier
            told = kind(n_neighbors=k, algorithm="kd_tree").fit(z[train], w[train]).predict(z[test])
            if i in continuous:
                matrix[i, j] = (np.std(w[test]) - np.mean((told - w[test]) ** 2) ** 0.5) / np.std(w[test])
            else:
                constant = max(np.mean(w[test] == value) for value in w[test])
                accuracy = np.mean(told == w[test])
                offset, best = (0, constant) if normaliser == "paper" else (constant, 1 - constant)
                matrix[i, j] = (accuracy - offset) / best
    return matrix if normaliser == "paper" else np.maximum(matrix, 0)


@pytest.mark.parametrize("normaliser", ["bounded", "paper"])
@pytest.mark.parametrize(("continuous", "k"), [((), 5), ((1,), 5), ((0, 1, 2), 4), ((2, 0), 1)])
def test_equals_scikit_learn_one_by_one(normaliser, continuous, k):
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(0, 4, 400), rng.integers(-3, 12, 400), rng.integers(0, 3, 400)], 1)
    codes = factors @ noise(3, 4) + noise(400, 4, seed=1)
    found = separation(codes, factors, continuous=continuous, neighbours=k, normaliser=normaliser)
    expected = one_by_one((codes - codes.mean(0)) / codes.std(0), factors, continuous, k, normaliser)
    np.testing.assert_allclose(found.matrix, expected, atol=1e-9)
    ordered = np.sort(expected, axis=1)
    np.testing.assert_allclose(found.per_factor, ordered[:, -1] - ordered[:, -2], atol=1e-9)
    assert found.score == pytest.approx(found.per_factor.mean()) and found.n == 400 and found.score.low is None


@pytest.mark.parametrize("continuous", [(), (0, 1, 2)])
def test_perfect_code_scores_one(continuous):
    found = separation(GRID + 0.0, GRID, continuous=continuous)
    np.testing.assert_allclose(found.matrix.diagonal(), 1)
    assert found.score > 0.95
    assert separation(np.hstack([GRID, noise(1000, 4)]), GRID, continuous=continuous).score > 0.9
    # Any shape of dependence will do.
    bent = np.stack([np.exp(GRID[:, 0]), (GRID[:, 1] * 7) % 10, -GRID[:, 2]], 1)
    assert separation(bent + 0.0, GRID, continuous=continuous).score > 0.95


@pytest.mark.parametrize("continuous", [(), (0, 1, 2)])
def test_noise_scores_near_zero_and_copies_zero(continuous):
    assert separation(noise(1000, 6), GRID, continuous=continuous).score < 0.03
    assert separation(np.hstack([GRID, GRID]) + 0.0, GRID, continuous=continuous).score == 0


def test_what_is_printed_is_no_number_between_0_and_1():
    found = separation(np.hstack([GRID, noise(1000, 1)]), GRID, normaliser="paper")
    assert 6 < found.score < 9  # (1 − what luck tells) / share of the most frequent of ten values
    line = np.tile(GRID[:, :1], (10, 1))
    found = separation(np.hstack([line, noise(10_000, 1)]), line, continuous=[0], normaliser="paper")
    # Five rows that know nothing err by √(1 + 1/5) standard deviations.
    assert found.score == pytest.approx(1.2**0.5, abs=0.03)
    both = separation(np.hstack([GRID, noise(1000, 1)]), GRID, continuous=(0, 1, 2))
    assert 0.95 < both.score <= 1 and both.matrix.min() == 0


def test_continuous_factors_need_no_codes():
    square = np.random.default_rng(0).uniform(size=(2000, 2))
    assert separation(square, square, continuous=(0, 1)).score > 0.98
    turned = square @ np.array([[1.0, 1.0], [-1.0, 1.0]])
    assert separation(turned, square, continuous=(0, 1)).score < 0.05
    mixed = np.stack([square[:, 0], np.arange(2000) % 3], 1)
    found = separation(mixed, mixed, continuous=[0])
    assert found.score > 0.95 and "factors [0] by regression" in found.variant
    # Values count as the numbers they are, not by their order.
    skewed = np.where(GRID == 9, 1000, GRID)
    codes = np.minimum(GRID, 8.0)
    assert separation(codes, skewed, continuous=(0, 1, 2)).score < 0.8 < separation(codes, skewed).score


@pytest.mark.parametrize("normaliser", ["bounded", "paper"])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_dead_unit_tells_what_a_constant_tells(place, normaliser):
    codes = GRID @ noise(3, 3) + noise(1000, 3, seed=1)
    plain = separation(codes, GRID, continuous=[0], normaliser=normaliser)
    found = separation(np.insert(codes, place, 0.1, axis=1), GRID, continuous=[0], normaliser=normaliser)
    np.testing.assert_array_equal(np.delete(found.matrix, place, 1), plain.matrix)
    expected = [0, 1, 1] if normaliser == "paper" else 0
    np.testing.assert_allclose(found.matrix[:, place], expected, atol=1e-12)
    assert separation(np.ones((1000, 2)), GRID, normaliser=normaliser).score == 0


def test_scale_sign_and_names_of_values_do_not_matter_and_seeds_do():
    codes = GRID @ noise(3, 3) + noise(1000, 3, seed=1)
    found = separation(codes, GRID, continuous=[1])
    for again in (
        separation(codes * [1e-9, -2, 1e9] + [0, 5, 0], GRID, continuous=[1]),
        separation(codes, 7 * GRID - 4, continuous=[1]),
        separation(torch.from_numpy(codes), torch.from_numpy(GRID), continuous=(1, 1)),
    ):
        np.testing.assert_allclose(again.matrix, found.matrix, atol=1e-9)
    assert separation(codes, GRID, continuous=[1], generator=1).score != found.score


def test_interval_and_variant():
    codes = GRID @ noise(3, 3) + noise(1000, 3, seed=1)
    found = separation(codes, GRID, resamples=5)
    assert found.score.low < found.score < found.score.high
    assert all(word in found.variant for word in ("5 nearest", "1 row in 5", "classification", "never below 0"))
    assert "3.37" in separation(codes, GRID, normaliser="paper").variant


@pytest.mark.parametrize(
    ("codes", "factors", "options", "match"),
    [
        (np.zeros(5), GRID, {}, "codes"),
        (noise(1000, 1), GRID, {}, "2 latents"),
        (noise(1000, 3), GRID[:7], {}, "factors must have shape"),
        (noise(1000, 3), GRID[:, :, None], {"continuous": [0]}, "factors must have shape"),
        (noise(1000, 3), GRID[:, 0], {"continuous": [1]}, "columns 0 to 0"),
        (noise(1000, 3) * np.nan, GRID, {}, "NaN"),
        (noise(1000, 3), GRID + 0.5, {}, "integer"),
        (noise(1000, 3), GRID + 0.5, {"continuous": [0]}, "whole"),
        (noise(1000, 3), GRID * np.nan, {"continuous": [0, 1, 2]}, "finite"),
        (noise(1000, 3), GRID.astype(str), {"continuous": [0]}, "numbers"),
        (noise(1000, 3), GRID * [1, 1, 0], {"continuous": [2]}, r"\[2\] never vary"),
        (noise(1000, 3), np.arange(1000)[:, None], {}, "too few rows"),
        (noise(1000, 3), GRID, {"continuous": [3]}, "columns 0 to 2"),
        (noise(1000, 3), GRID, {"neighbours": 0}, "neighbours"),
        (noise(1000, 3), GRID, {"neighbours": 501}, "neighbours"),
        (noise(1000, 3), GRID, {"normaliser": "entropy"}, "bounded, paper"),
    ],
)
def test_separation_refuses_bad_input(codes, factors, options, match):
    with pytest.raises(la.InputError, match=match):
        separation(codes, factors, **options)


def test_whole_numbers_beyond_floats_do_not_run_together():
    factors = np.indices((9, 10)).reshape(2, -1).T
    far = factors.astype(np.uint64) + np.uint64(2**63)
    assert (
        separation(factors + 0.0, far, continuous=(0, 1)).score
        == separation(factors + 0.0, factors, continuous=(0, 1)).score
        == 1
    )
