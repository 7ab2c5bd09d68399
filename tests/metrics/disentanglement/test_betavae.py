"""The β-VAE score against its definition as loops, and against facts that hold whatever the code does."""

import math

import numpy as np
import pytest
import torch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression

import latentassay as la
from latentassay.metrics.disentanglement.betavae import beta_vae, differences
from latentassay.metrics.draws import draw_pairs, share_groups
from tests.metrics.codes import noise

GRID = np.indices((6, 5, 4)).reshape(3, -1).T
FEW = {"points": 600, "held_out": 300}


def turned(angle):
    """Two factors alike, their codes turned, and a third left alone."""
    factors = np.indices((8, 8, 4)).reshape(3, -1).T
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return factors @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]), factors


def test_points_equal_the_definition_on_the_same_draws():
    codes = noise(120, 4)
    x, held = differences(codes, GRID, 20, 8, np.random.default_rng(0))
    rng, expected, of = np.random.default_rng(0), [], []
    for factor, many in share_groups(3, 20, 8):
        for first, second in zip(*draw_pairs(GRID, factor, many, 8, rng), strict=True):
            point = [0.0] * 4
            for a, b in zip(first.tolist(), second.tolist(), strict=True):
                for j in range(4):
                    point[j] += abs(codes[a, j] - codes[b, j]) / 8
            expected.append(point)
            of.append(factor)
    np.testing.assert_allclose(x, expected, atol=1e-12)
    assert held.tolist() == of


def test_matrix_is_what_two_draws_differ_by():
    factors = np.random.default_rng(1).integers(0, 5, (5000, 2))
    found = beta_vae(np.hstack([factors, noise(5000, 1)]), factors)
    # Two normal draws differ by 2/√π on average, two of five levels by 1.6 levels of √2 each.
    free = 1.6 / math.sqrt(2)
    expected = [[0, free, 2 / math.sqrt(math.pi)], [free, 0, 2 / math.sqrt(math.pi)]]
    np.testing.assert_allclose(found.matrix, expected, atol=0.05)


@pytest.mark.parametrize("extra", [0, 4])
def test_perfect_code_scores_one(extra):
    found = beta_vae(np.hstack([GRID, noise(120, extra)]), GRID, **FEW)
    assert found.score == 1 and found.per_factor.tolist() == [1, 1, 1] and found.n == 120 and found.score.low is None
    assert (found.matrix[:, :3].diagonal() == 0).all() and found.matrix[0, 1:].min() > 0.5
    assert beta_vae(np.hstack([GRID, 2 * GRID]), GRID, **FEW).score == 1


def test_noise_scores_chance():
    factors = np.random.default_rng(1).integers(0, 4, (4000, 4))
    assert beta_vae(noise(4000, 6), factors).score == pytest.approx(1 / 4, abs=0.03)


def test_turned_codes_are_forgiven_as_long_as_patterns_differ():
    assert beta_vae(*turned(25), **FEW).score > 0.99
    # At 45° both factors leave the same pattern, so that their points are guesses.
    found = beta_vae(*turned(45))
    assert found.score == pytest.approx(2 / 3, abs=0.03) and found.per_factor[2] == 1


def test_another_linear_classifier_agrees():
    codes = GRID @ noise(3, 3) + 2 * noise(120, 3, seed=1)
    codes = (codes - codes.mean(0)) / codes.std(0)
    found = beta_vae(codes, GRID, points=3000, held_out=3000)
    rng = np.random.default_rng(7)
    other = LinearDiscriminantAnalysis().fit(*differences(codes, GRID, 3000, 64, rng))
    assert 0.4 < found.score < 0.98
    assert found.score == pytest.approx(other.score(*differences(codes, GRID, 3000, 64, rng)), abs=0.03)


@pytest.mark.parametrize(("factors", "units"), [(3, 3), (3, 10), (2, 4), (3, 200)])
def test_points_are_predicted_as_by_scikit_learn_at_its_optimum(factors, units):
    f = GRID[:, :factors]
    codes = f @ noise(factors, units) + 2 * noise(120, units, seed=1)
    codes = (codes - codes.mean(0)) / codes.std(0)
    found = beta_vae(codes, f, points=3000, held_out=3000)
    rng = np.random.default_rng(0)
    x, held = differences(codes, f, 3000, 64, rng)
    tried, truth = differences(codes, f, 3000, 64, rng)
    theirs = LogisticRegression(solver="newton-cholesky", tol=1e-10).fit(x, held).predict(tried)
    assert found.score == pytest.approx(np.mean(theirs == truth), abs=1.01 / 3000)
    assert found.score > 1 / factors + 0.1


@pytest.mark.parametrize("dead", [[0, 0], [0, 3], [3, 3], [1]])
def test_dead_units_change_nothing(dead):
    codes = GRID @ noise(3, 3) + 2 * noise(120, 3, seed=1)
    plain = beta_vae(codes, GRID, **FEW)
    found = beta_vae(np.insert(codes, dead, 0.1, axis=1), GRID, **FEW)
    assert found.score == pytest.approx(plain.score, abs=0.005) and 0.4 < plain.score < 0.98
    alive = found.matrix.any(0)
    assert alive.sum() == 3
    np.testing.assert_allclose(found.matrix[:, alive], plain.matrix)


def test_only_dead_units_score_a_guess():
    found = beta_vae(np.full((120, 2), 0.1), GRID, **FEW, resamples=2)
    assert found.score == pytest.approx(1 / 3) and not found.matrix.any()


def test_scale_and_names_of_values_do_not_matter_and_seeds_do():
    codes = GRID @ noise(3, 3) + 2 * noise(120, 3, seed=1)
    found = beta_vae(codes, GRID, **FEW)
    for again in (
        beta_vae(codes * [1e-9, -2, 1e9] + [0, 5, 0], GRID, **FEW),
        beta_vae(codes, 7 * GRID - 4, **FEW),
        beta_vae(torch.from_numpy(codes), torch.from_numpy(GRID), **FEW),
    ):
        np.testing.assert_allclose(again.matrix, found.matrix)
        assert again.score == pytest.approx(found.score, abs=0.005)
    assert not np.array_equal(beta_vae(codes, GRID, **FEW, generator=1).matrix, found.matrix)


def test_interval_and_variant():
    codes = GRID @ noise(3, 3) + 2 * noise(120, 3, seed=1)
    found = beta_vae(codes, GRID, **FEW, resamples=5)
    assert found.score.low < found.score < found.score.high
    assert all(word in found.variant for word in ("600 points", "300 held out", "64 pairs", "120 encoded", "C = 1"))


@pytest.mark.parametrize(
    ("codes", "factors", "options", "match"),
    [
        (np.zeros(5), GRID, {}, "codes"),
        (noise(120, 3) * np.nan, GRID, {}, "NaN"),
        (noise(120, 3), GRID[:, :1], {}, "at least 2 factors"),
        (noise(120, 3), GRID * [1, 1, 0], {}, r"\[2\] never vary"),
        (noise(120, 3), np.stack([np.arange(120), GRID[:, 0]], 1), {}, "too few rows"),
        (noise(120, 3), GRID, {"points": 2}, "points and held_out must be at least 3"),
        (noise(120, 3), GRID, {"held_out": 0}, "held_out"),
        (noise(120, 3), GRID, {"batch": 0}, "batch at least 1"),
        (noise(120, 3), GRID, {"resamples": 1}, "resamples"),
    ],
)
def test_beta_vae_refuses_bad_input(codes, factors, options, match):
    with pytest.raises(la.InputError, match=match):
        beta_vae(codes, factors, **{**FEW, **options})
