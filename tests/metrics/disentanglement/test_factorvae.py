"""The FactorVAE score against its definition as loops, and against facts that hold whatever the code does."""

import random
import tracemalloc

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.disentanglement.factorvae import factor_vae, score_of_votes
from latentassay.metrics.draws import draw_rows, share_groups
from tests.metrics.codes import noise

GRID = np.indices((6, 5, 4)).reshape(3, -1).T
FEW = {"votes": 600, "held_out": 300}


def winner(codes, group):
    """The unit with the least variance in a group over its variance at large, in plain Python."""

    def variance(values):
        mean = sum(values) / len(values)
        return sum((value - mean) ** 2 for value in values) / len(values)

    ratios = [variance([column[row] for row in group]) / variance(column) for column in codes.T.tolist()]
    return ratios.index(min(ratios))


def test_votes_equal_the_definition_on_the_same_draws():
    codes = GRID @ noise(3, 4) + 0.5 * noise(120, 4, seed=1)
    found = factor_vae(codes, GRID, votes=90, held_out=30, batch=8, threshold=0)
    rng, expected = np.random.default_rng(0), np.zeros((3, 4), dtype=int)
    for factor, many in share_groups(3, 90, 8):
        for group in draw_rows(GRID, factor, many, 8, rng):
            expected[factor, winner(codes, group.tolist())] += 1
    np.testing.assert_array_equal(found.votes, expected)


def test_score_equals_the_paper_with_a_sampler_of_its_own():
    codes = GRID @ np.array([[1, 0.6, 0], [0.4, 1, 0], [0, 0.7, 1]]) + 0.5 * noise(120, 3)
    draw, counts = random.Random(0), np.zeros((2, 3, 3), dtype=int)
    for vote in range(3000):
        factor = draw.randrange(3)
        value = draw.choice(GRID[:, factor].tolist())
        members = np.flatnonzero(GRID[:, factor] == value).tolist()
        counts[int(vote < 2000), factor, winner(codes, [draw.choice(members) for _ in range(16)])] += 1
    majority = [max(range(3), key=lambda m, j=j: counts[1, m, j]) for j in range(3)]
    right = sum(counts[0, majority[j], j] for j in range(3)) / 1000
    found = factor_vae(codes, GRID, votes=4000, held_out=4000, batch=16, threshold=0)
    assert 0.6 < right < 0.99 and found.score == pytest.approx(right, abs=0.04)
    np.testing.assert_allclose(found.votes / 4000, counts[1] / 2000, atol=0.04)


def test_votes_that_are_counted_by_hand():
    learned = np.array([[5, 1, 0], [2, 7, 0], [0, 6, 0]])
    tried = np.array([[4, 0, 1], [1, 3, 0], [0, 1, 0]])
    assert score_of_votes(learned, tried) == pytest.approx((4 + 3 + 1) / 10)  # unit 2 never voted: factor 0
    assert score_of_votes(np.zeros((4, 2), dtype=int), np.zeros((4, 2), dtype=int)) == 0.25


@pytest.mark.parametrize("extra", [0, 4])
def test_perfect_code_scores_one(extra):
    found = factor_vae(np.hstack([GRID, noise(120, extra)]), GRID, **FEW)
    assert found.score == 1 and found.n == 120 and found.score.low is None
    np.testing.assert_array_equal(found.votes, 200 * np.eye(3, 3 + extra))
    assert factor_vae(np.hstack([GRID, 2 * GRID]), GRID, **FEW).score == 1


def test_noise_scores_chance():
    factors = np.random.default_rng(1).integers(0, 4, (4000, 4))
    assert factor_vae(noise(4000, 6), factors).score == pytest.approx(1 / 4, abs=0.03)


def test_a_turn_by_45_degrees_halves_what_two_factors_score():
    factors = np.indices((8, 8, 4)).reshape(3, -1).T
    turned = np.stack([factors[:, 0] - factors[:, 1], factors[:, 0] + factors[:, 1], factors[:, 2]], 1)
    # Units 0 and 1 stand as still for the one factor as for the other, so those votes are guesses.
    assert factor_vae(turned + 0.0, factors).score == pytest.approx(2 / 3, abs=0.03)


@pytest.mark.parametrize("dead", [[0, 0], [0, 3], [3, 3], [1]])
def test_dead_units_change_nothing(dead):
    codes = GRID @ noise(3, 3) + 0.5 * noise(120, 3, seed=1)
    plain = factor_vae(codes, GRID, **FEW)
    found = factor_vae(np.insert(codes, dead, 0.1, axis=1), GRID, **FEW)
    assert found.score == plain.score > 0.5
    np.testing.assert_array_equal(found.votes[:, found.alive], plain.votes)
    assert found.alive.sum() == 3 and not found.votes[:, ~found.alive].any()


def test_only_dead_units_score_a_guess():
    for codes in (np.full((120, 2), 0.1), np.zeros((120, 1))):
        found = factor_vae(codes, GRID, **FEW, resamples=2)
        assert found.score == pytest.approx(1 / 3) and not found.votes.any() and not found.alive.any()


def test_pruning_goes_by_the_largest_deviation():
    codes = np.hstack([GRID, 0.04 * GRID[:, :1]]) + 0.0
    assert factor_vae(codes, GRID, **FEW).alive.tolist() == [True, True, True, False]
    assert factor_vae(codes, GRID, **FEW, threshold=0).alive.all()
    for scale in (1e-200, 1e-6, -3.0, 1e100):
        found = factor_vae(scale * codes, GRID, **FEW)
        assert found.alive.tolist() == [True, True, True, False] and found.score == 1


def test_scale_and_names_of_values_do_not_matter_and_seeds_do():
    codes = GRID @ noise(3, 3) + 0.5 * noise(120, 3, seed=1)
    found = factor_vae(codes, GRID, **FEW)
    for again in (
        factor_vae(codes * [1, -2, 3] + 5, GRID, **FEW),
        factor_vae(codes, 7 * GRID - 4, **FEW),
        factor_vae(torch.from_numpy(codes), torch.from_numpy(GRID), **FEW),
    ):
        np.testing.assert_array_equal(again.votes, found.votes)
    assert not np.array_equal(factor_vae(codes, GRID, **FEW, generator=1).votes, found.votes)


def test_values_of_one_row_never_vote():
    factors = GRID.copy()
    factors[0] = 99, 50, 60
    found = factor_vae(np.hstack([noise(120, 1), factors]), factors, **FEW, threshold=0)
    assert found.score == 1 and not found.votes[:, 0].any()


def test_interval_and_variant():
    codes = GRID @ noise(3, 3) + 0.5 * noise(120, 3, seed=1)
    found = factor_vae(codes, GRID, **FEW, resamples=5)
    assert found.score.low < found.score < found.score.high
    assert all(word in found.variant for word in ("600 votes", "300 held out", "64 rows", "120 encoded", "0.05"))


def test_standard_errors_are_what_the_score_of_few_rows_varies_by():
    def found(seed, **options):
        rng = np.random.default_rng(seed)
        factors = np.stack([rng.integers(0, values, 128) for values in (4, 3, 6)], 1)
        mixed = (factors - factors.mean(0)) @ [[1.0, 0.6, 0.0], [-0.6, 1.0, 0.5], [0.0, 0.4, 1.0]]
        return factor_vae(mixed + 4 * rng.normal(size=mixed.shape), factors, **FEW, **options).score

    spread = np.std([found(seed) for seed in range(200)])
    stderr = np.sqrt(np.mean([found(seed, resamples=10).stderr ** 2 for seed in range(60)]))
    assert 0.85 < stderr / spread < 1.4


def test_memory_stays_small():
    factors = np.random.default_rng(0).integers(0, 5, (2000, 2))
    tracemalloc.start()
    factor_vae(noise(2000, 8), factors, votes=8000, held_out=1000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20e6  # 9000 votes · 64 rows · 8 units · 8 bytes are 37 MB


@pytest.mark.parametrize(
    ("codes", "factors", "options", "match"),
    [
        (np.zeros(5), GRID, {}, "codes"),
        (noise(120, 3) * np.nan, GRID, {}, "NaN"),
        (noise(120, 3), GRID[:, :1], {}, "at least 2 factors"),
        (noise(120, 3), GRID * [1, 1, 0], {}, r"\[2\] never vary"),
        (noise(120, 3), np.stack([np.arange(120), GRID[:, 0]], 1), {}, "too few rows"),
        (noise(120, 3), GRID, {"votes": 2}, "votes and held_out must be at least 3"),
        (noise(120, 3), GRID, {"held_out": 0}, "held_out"),
        (noise(120, 3), GRID, {"batch": 1}, "batch at least 2"),
        (noise(120, 3), GRID, {"threshold": 1.0}, "threshold"),
        (noise(120, 3), GRID, {"resamples": 1}, "resamples"),
    ],
)
def test_factor_vae_refuses_bad_input(codes, factors, options, match):
    with pytest.raises(la.InputError, match=match):
        factor_vae(codes, factors, **{**FEW, **options})
