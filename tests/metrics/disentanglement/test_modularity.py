"""Modularity against its published cases and its definition as loops."""

import numpy as np
import pytest
import torch
from sklearn.metrics import mutual_info_score

import latentassay as la
from latentassay.metrics.disentanglement.modularity import modularity, modularity_of
from tests.metrics.codes import ends, noise

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
    assert found.score.low < found.score < found.score.high
    assert ends(found.score) == ends(modularity(codes, factors, noise=noise_is, resamples=8).score)


@pytest.mark.parametrize("n", [128, 1024])
def test_intervals_hold_what_samples_with_units_of_noise_score_on_average(n):
    def sample(seed):
        rng = np.random.default_rng([seed, n])
        factors = np.stack([rng.integers(0, values, n) for values in (4, 3, 6)], 1)
        return np.hstack([factors + 0.1 * rng.normal(size=factors.shape), rng.normal(size=(n, 2))]), factors

    average = np.mean([modularity(*sample(seed)).score for seed in range(200, 600)])
    found = [modularity(*sample(seed), resamples=20, generator=seed).score for seed in range(200)]
    held = np.mean([score.low <= average <= score.high for score in found])
    width = np.mean([score.high - score.low for score in found]) / 2
    assert 0.9 <= held <= 0.99
    assert width < (2.5 if n == 128 else 1.5) * 1.96 * np.std(np.array(found, dtype=float))


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
