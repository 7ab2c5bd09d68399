"""The kernel distance against double loops and another library."""

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from latentassay.metrics.quality import kernel
from latentassay.metrics.quality.kernel import kernel_distance
from tests.metrics.codes import couple, normals


def by_loops(a, b):
    k = a.shape[1]

    def kappa(x, y):
        return (sum(p * q for p, q in zip(x, y, strict=True)) / k + 1) ** 3

    within = [
        sum(kappa(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / len(s) / (len(s) - 1)
        for s in (a, b)
    ]
    return sum(within) - 2 * sum(kappa(x, y) for x in a for y in b) / len(a) / len(b)


def test_kernel_distance_equals_the_double_loop_and_scikit_learns_kernel():
    a, b = normals(9, 3), normals(7, 3, 1) + 0.5
    assert kernel_distance(a, b).score == pytest.approx(by_loops(a, b), rel=1e-12)
    a, b = normals(70, 30), normals(90, 30, 1) + 0.5
    aa, bb, ab = (polynomial_kernel(x, y, degree=3, gamma=1 / 30, coef0=1) for x, y in ((a, a), (b, b), (a, b)))
    for square in (aa, bb):
        np.fill_diagonal(square, 0)
    expected = aa.sum() / (70 * 69) + bb.sum() / (90 * 89) - 2 * ab.mean()
    assert kernel_distance(a, b).score == pytest.approx(expected, rel=1e-10)
    assert kernel_distance(b, a).score == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("size", [10_000, 40])
def test_one_feature_is_compared_by_its_first_three_moments(size):
    """The kernel's distance is Σ_j binomial(3, j) (E x^j − E y^j)², here for N(0, 1) and N(½, 1)."""
    truth = 3 * 0.5**2 + 3 * 0.25**2 + (0.5**3 + 3 * 0.5) ** 2
    pairs = [(normals(80, 1, 2 * s), normals(120, 1, 2 * s + 1) + 0.5) for s in range(300)]
    found = [kernel_distance(a, b, subset_size=size) for a, b in pairs]
    values = np.array([f.score for f in found])
    assert abs(values.mean() - truth) < 3 * values.std() / 300**0.5
    assert np.mean([f.score.stderr**2 for f in found]) ** 0.5 == pytest.approx(values.std(), rel=0.15)
    dealt = [
        kernel_distance(normals(80, 1, 2 * s), normals(120, 1, 2 * s + 1) + 0.5, subset_size=40) for s in range(300)
    ]
    values = np.array([f.score for f in dealt])
    assert abs(values.mean() - truth) < 3 * values.std() / 300**0.5
    assert np.mean([f.score.stderr**2 for f in dealt]) ** 0.5 == pytest.approx(values.std(), rel=0.15)


@pytest.mark.parametrize(
    "draw", [lambda rng, n: rng.normal(size=(n, 40)), lambda rng, n: rng.exponential(size=(n, 25))]
)
def test_kernel_distance_is_calibrated_when_nothing_differs(draw):
    rng = np.random.default_rng(0)
    found = [kernel_distance(draw(rng, 100), draw(rng, 150)) for _ in range(200)]
    values = np.array([f.score for f in found])
    assert abs(values.mean()) < 3 * values.std() / 200**0.5
    assert 0.9 <= np.mean([f.score.low <= 0 <= f.score.high for f in found]) <= 0.995
    assert np.mean([f.noise for f in found]) == pytest.approx(values.std(), rel=0.15)
    assert np.mean([f.score > 2 * f.noise for f in found]) < 0.07


def test_mean_over_splits_of_one_set_is_zero_within_its_error():
    whole = np.random.default_rng(5).gamma(2, size=(400, 16))
    rng = np.random.default_rng(0)
    splits = [np.split(whole[rng.permutation(400)], 2) for _ in range(30)]
    found = [kernel_distance(a, b) for a, b in splits]
    assert abs(np.mean([f.score for f in found])) < np.mean([f.score.stderr for f in found])


def test_interval_covers_a_difference_that_is_there():
    """Rows are drawn from two finite sets, of which the whole kernel matrix, diagonal and all, is the truth."""
    left, right = normals(500, 6), np.abs(normals(500, 6, 1))
    truth = sum(
        polynomial_kernel(x, y, degree=3, gamma=1 / 6, coef0=1).mean() * w
        for x, y, w in ((left, left, 1), (right, right, 1), (left, right, -2))
    )
    rng = np.random.default_rng(0)
    found = [kernel_distance(left[rng.integers(0, 500, 120)], right[rng.integers(0, 500, 200)]) for _ in range(200)]
    assert 0.9 <= np.mean([f.score.low <= truth <= f.score.high for f in found]) <= 0.99


def test_subsets_are_dealt_once_each_and_stated():
    a, b = normals(90, 4), normals(60, 4, 1) + 0.2
    whole = kernel_distance(a, b)
    assert whole.variant.endswith("all pairs") and kernel_distance(a, b, generator=9) == whole
    dealt = kernel_distance(a, b, subset_size=30)
    assert "3 subsets" in dealt.variant and dealt.score == pytest.approx(whole.score, abs=3 * whole.score.stderr)
    assert kernel_distance(a, b, subset_size=30) == dealt != kernel_distance(a, b, subset_size=30, generator=1)
    assert (dealt.n, dealt.m) == (90, 60) and dealt.noise > whole.noise


def test_equal_rows_are_harmless():
    a = np.ones((8, 3))
    found = kernel_distance(a, a)
    assert (found.score, found.score.stderr, found.noise) == pytest.approx((0, 0, 0), abs=1e-12)
    assert kernel_distance(a, 2 * a).score == pytest.approx(8 + 125 - 2 * 27)


def test_kernel_distance_of_pairs_equals_the_loop_over_rows_that_are_no_partners():
    a, b = couple(9, 0, k=3)
    total = 0.0
    for i in range(9):
        for j in range(9):
            if i != j:
                for sign, u, v in ((1, a[i], a[j]), (1, b[i], b[j]), (-1, a[i], b[j]), (-1, b[i], a[j])):
                    total += sign * (float(u @ v) / 3 + 1) ** 3
    assert kernel_distance(a, b, paired=True).score == pytest.approx(total / 72, rel=1e-12)


@pytest.mark.parametrize("size", [10_000, 150])
def test_pairs_have_no_bias_and_the_error_that_is_said(size):
    """The kernel's distance is Σ_j binomial(3, j) (E x^j − E y^j)², here for N(0, 1) and N(½, 1.09)."""
    moments = 0.5, 0.5**2 + 0.09, 0.5**3 + 3 * 0.5 * 1.09
    truth = sum(weight * moment**2 for weight, moment in zip((3, 3, 1), moments, strict=True))
    found = [kernel_distance(*couple(300, s), subset_size=size, paired=True) for s in range(300)]
    values = np.array([f.score for f in found])
    assert abs(values.mean() - truth) < 3 * values.std() / 300**0.5
    assert np.mean([f.score.stderr**2 for f in found]) ** 0.5 == pytest.approx(values.std(), rel=0.15)
    assert 0.88 < np.mean([f.score.low <= truth <= f.score.high for f in found]) < 0.99
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
    assert 0.9 <= np.mean([f.score.low <= 0 <= f.score.high for f in found]) <= 0.995


def test_blocks_and_subsets_of_pairs(monkeypatch):
    a, b = couple(90, 0, k=4)
    whole = kernel_distance(a, b, paired=True)
    assert whole.variant.endswith("unbiased, all pairs but of a row and its partner")
    monkeypatch.setattr(kernel, "BLOCK", 32)
    again = kernel_distance(a, b, paired=True)
    assert (again.score, again.score.stderr, again.noise) == pytest.approx(
        (whole.score, whole.score.stderr, whole.noise)
    )
    dealt = kernel_distance(a, b, subset_size=30, paired=True)
    assert dealt.score == pytest.approx(whole.score, abs=3 * whole.score.stderr) and dealt.score != whole.score
