"""Distances of sets whose rows belong together, as pictures and their reconstructions do."""

import numpy as np
import pytest

import latentassay as la
from latentassay.metrics import frechet_distance, kernel, kernel_distance


def couple(n, seed, shift=0.5, noise=0.3, k=1):
    """Rows of N(0, 1), and the same rows moved and noisy: N(shift, 1 + noise²)."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(n, k))
    return a, a + shift + noise * rng.normal(size=(n, k))


def test_kernel_distance_of_pairs_equals_the_loop_over_rows_that_are_no_partners():
    a, b = couple(9, 0, k=3)
    total = 0.0
    for i in range(9):
        for j in range(9):
            if i != j:
                for sign, u, v in ((1, a[i], a[j]), (1, b[i], b[j]), (-1, a[i], b[j]), (-1, b[i], a[j])):
                    total += sign * (float(u @ v) / 3 + 1) ** 3
    assert kernel_distance(a, b, paired=True).score == pytest.approx(total / 72, rel=1e-12)


def test_what_comes_back_whole_is_at_no_distance():
    a, _ = couple(60, 0, k=5)
    found = kernel_distance(a, a, paired=True)
    assert found.score == found.stderr == found.noise == 0
    assert kernel_distance(a, a).score < 0  # every row meets itself there, which looks like being closer than chance
    whole = frechet_distance(a, a, paired=True, resamples=5)
    assert whole.interval == pytest.approx((0, 0), abs=1e-9)
    assert frechet_distance(a, a, resamples=5).interval.high > 0.1


@pytest.mark.parametrize("size", [10_000, 150])
def test_pairs_have_no_bias_and_the_error_that_is_said(size):
    """The kernel's distance is Σ_j binomial(3, j) (E x^j − E y^j)², here for N(0, 1) and N(½, 1.09)."""
    moments = 0.5, 0.5**2 + 0.09, 0.5**3 + 3 * 0.5 * 1.09
    truth = sum(weight * moment**2 for weight, moment in zip((3, 3, 1), moments, strict=True))
    found = [kernel_distance(*couple(300, s), subset_size=size, paired=True) for s in range(300)]
    values = np.array([f.score for f in found])
    assert abs(values.mean() - truth) < 3 * values.std() / 300**0.5
    assert np.mean([f.stderr**2 for f in found]) ** 0.5 == pytest.approx(values.std(), rel=0.15)
    assert 0.88 < np.mean([f.interval.low <= truth <= f.interval.high for f in found]) < 0.99
    apart = [kernel_distance(*couple(300, s), subset_size=size).score for s in range(300)]
    assert np.mean(apart) < truth - 3 * np.std(apart) / 300**0.5


def test_pairs_of_one_law_are_at_no_distance_within_their_noise():
    def turned(seed):
        rng = np.random.default_rng(seed)
        a = rng.normal(size=(100, 20))
        return a, 0.8 * a + 0.6 * rng.normal(size=a.shape)

    found = [kernel_distance(*turned(s), paired=True) for s in range(200)]
    values = np.array([f.score for f in found])
    assert abs(values.mean()) < 3 * values.std() / 200**0.5
    assert np.mean([f.noise for f in found]) == pytest.approx(values.std(), rel=0.15)
    assert 0.9 <= np.mean([f.interval.low <= 0 <= f.interval.high for f in found]) <= 0.995


def test_blocks_and_subsets_of_pairs(monkeypatch):
    a, b = couple(90, 0, k=4)
    whole = kernel_distance(a, b, paired=True)
    assert whole.variant.endswith("unbiased, all pairs but of a row and its partner")
    monkeypatch.setattr(kernel, "BLOCK", 32)
    again = kernel_distance(a, b, paired=True)
    assert (again.score, again.stderr, again.noise) == pytest.approx((whole.score, whole.stderr, whole.noise))
    dealt = kernel_distance(a, b, subset_size=30, paired=True)
    assert dealt.score == pytest.approx(whole.score, abs=3 * whole.stderr) and dealt.score != whole.score


def test_the_interval_of_a_paired_frechet_distance_is_as_wide_as_it_varies():
    spread = np.std([frechet_distance(*couple(200, s, k=3)).score for s in range(150)])
    found = [frechet_distance(*couple(200, s, k=3), paired=True, resamples=60).interval for s in range(8)]
    assert np.mean([f.high - f.low for f in found]) / 2 == pytest.approx(1.96 * spread, rel=0.25)


def test_extrapolated_scores_halve_both_sets_alike():
    a, b = couple(200, 0, noise=0, k=3)
    assert frechet_distance(a, b, paired=True, extrapolate=True).extrapolated == pytest.approx(0.75, rel=1e-9)


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance])
def test_pairs_need_as_many_rows(metric):
    a, b = couple(9, 0)
    with pytest.raises(la.InputError, match=r"paired sets must have as many rows, .* got 9 and 8"):
        metric(a, b[:8], paired=True)
