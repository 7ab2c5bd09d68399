"""Distances of generated from real data against closed forms, double loops and other libraries."""

import math
import warnings

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from sklearn.metrics.pairwise import euclidean_distances, polynomial_kernel

import latentassay as la
from latentassay.metrics import frechet, kernel, neighbours
from latentassay.metrics.frechet import frechet_distance, gaussian_frechet
from latentassay.metrics.kernel import kernel_distance
from latentassay.metrics.neighbours import precision_recall
from latentassay.metrics.quality import quality
from latentassay.metrics.samples import FewRowsWarning
from latentassay.stats.intervals import wilson


def normals(n, k, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k))


def with_moments(n, mean, covariance, seed):
    """A sample whose own mean and covariance are exactly those given."""
    z = normals(n, len(mean), seed)
    z = (z - z.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(z.T))).T
    return z @ np.linalg.cholesky(covariance).T + mean


def spd(k, seed):
    a = normals(k, k, seed)
    return a @ a.T + 0.1 * np.eye(k)


def by_matrix_root(a, b):
    """The formula as it is written, by scipy's root of a matrix that is not symmetric."""
    sa, sb = np.cov(a.T), np.cov(b.T)
    return np.square(a.mean(0) - b.mean(0)).sum() + np.trace(sa + sb - 2 * sqrtm(sa @ sb).real)


# Fréchet


def test_frechet_equals_the_closed_form_of_two_gaussians():
    means, covariances = normals(2, 5), [spd(5, 1), spd(5, 2)]
    a, b = (with_moments(50, mean, c, seed) for mean, c, seed in zip(means, covariances, (3, 4), strict=True))
    root = sqrtm(covariances[0] @ covariances[1]).real
    expected = np.square(means[0] - means[1]).sum() + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert frechet_distance(a, b).score == pytest.approx(expected, abs=1e-9)
    assert gaussian_frechet(means[0], covariances[0], means[1], covariances[1]) == pytest.approx(expected, abs=1e-9)


def test_gaussians_of_common_axes_differ_by_their_standard_deviations():
    axes = np.linalg.qr(normals(4, 4))[0]
    s, t = np.array([1.0, 2, 3, 0]), np.array([2.0, 2, 0, 5])
    found = gaussian_frechet(np.zeros(4), axes * s**2 @ axes.T, np.ones(4), axes * t**2 @ axes.T)
    assert found == pytest.approx(4 + np.square(s - t).sum(), abs=1e-6)


def test_frechet_parts_name_mean_and_spread():
    z = normals(300, 4)
    moved, wider = frechet_distance(z, z + 2), frechet_distance(z - z.mean(0), 3 * (z - z.mean(0)))
    assert moved.mean_term == pytest.approx(16) and moved.covariance_term == pytest.approx(0, abs=1e-12)
    assert wider.mean_term == pytest.approx(0, abs=1e-12)
    assert wider.covariance_term == pytest.approx(4 * np.trace(np.cov(z.T)))


@pytest.mark.parametrize(("n", "m"), [(200, 300), (40, 300), (300, 40), (30, 40)])
def test_frechet_equals_the_written_formula_also_for_few_rows(n, m):
    a, b = normals(n, 60) * np.linspace(0.1, 2, 60), normals(m, 60, 1) + 0.3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewRowsWarning)
        found = frechet_distance(a, b)
        assert frechet_distance(b, a).score == pytest.approx(found.score, rel=1e-12)
        assert frechet_distance(a, a).score == pytest.approx(0, abs=1e-9)
    # The root of a matrix of low rank is ill-conditioned, which is why it is not taken here.
    assert found.score == pytest.approx(by_matrix_root(a, b), rel=1e-5)
    assert (found.n, found.m, found.interval, found.extrapolated) == (n, m, None, None)


def test_few_rows_are_told_of():
    with pytest.warns(FewRowsWarning, match="20 rows are too few for 30 features"):
        found = frechet_distance(normals(20, 30), normals(90, 30, 1))
    assert np.isfinite(found.score) and issubclass(FewRowsWarning, UserWarning)


@pytest.mark.parametrize("place", [0, 2, 5])
def test_dead_features_and_turns_do_not_matter(place):
    a, b = normals(90, 5), normals(80, 5, 1) @ normals(5, 5, 2)
    plain = frechet_distance(a, b)
    dead = frechet_distance(np.insert(a, place, 0.1, 1), np.insert(b, place, 0.1, 1))
    turn = np.linalg.qr(normals(5, 5, 3))[0]
    for again in (dead, frechet_distance(a @ turn + 7, b @ turn + 7), frechet_distance(*map(torch.tensor, (a, b)))):
        assert again.score == pytest.approx(plain.score, rel=1e-9)
    assert frechet_distance(3 * a, 3 * b).score == pytest.approx(9 * plain.score)
    assert frechet_distance(np.ones((9, 2)), np.ones((9, 2))).score == 0


def test_blocks_change_nothing(monkeypatch):
    a, b = normals(70, 5), normals(50, 5, 1) + 1
    whole = frechet_distance(a, b), kernel_distance(a, b), precision_recall(a, b)
    for module in (frechet, kernel, neighbours):
        monkeypatch.setattr(module, "BLOCK", 13)
    again = frechet_distance(a, b), kernel_distance(a, b), precision_recall(a, b)
    assert again[0].score == pytest.approx(whole[0].score, rel=1e-12)
    np.testing.assert_allclose(again[1][:2], whole[1][:2], rtol=1e-9)
    assert again[2] == whole[2]


def test_bias_falls_with_n_and_is_extrapolated_away():
    """Both samples are N(0, I), so the truth is 0."""
    found = [
        [frechet_distance(normals(n, 20, 2 * s), normals(n, 20, 2 * s + 1), extrapolate=True) for s in range(12)]
        for n in (100, 400)
    ]
    few, many = [np.mean([f.score for f in part]) for part in found]
    assert many == pytest.approx(few / 4, rel=0.2)
    assert abs(np.mean([f.extrapolated for f in found[1]])) < many / 10


def test_interval_of_the_frechet_distance_is_as_wide_as_it_varies():
    def one(seed, resamples=0):
        return frechet_distance(normals(300, 4, 2 * seed), 1.5 * normals(200, 4, 2 * seed + 1) + 1, resamples=resamples)

    spread = np.std([one(seed).score for seed in range(150)])
    found = [one(seed, 60) for seed in range(8)]
    half = np.mean([f.interval.high - f.interval.low for f in found]) / 2
    assert half == pytest.approx(1.96 * spread, rel=0.25)
    assert found[0] == one(0, 60) and found[0].interval.low < found[0].score < found[0].interval.high


# Kernel distance


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
    assert np.mean([f.stderr**2 for f in found]) ** 0.5 == pytest.approx(values.std(), rel=0.15)
    dealt = [
        kernel_distance(normals(80, 1, 2 * s), normals(120, 1, 2 * s + 1) + 0.5, subset_size=40) for s in range(300)
    ]
    values = np.array([f.score for f in dealt])
    assert abs(values.mean() - truth) < 3 * values.std() / 300**0.5
    assert np.mean([f.stderr**2 for f in dealt]) ** 0.5 == pytest.approx(values.std(), rel=0.15)


@pytest.mark.parametrize(
    "draw", [lambda rng, n: rng.normal(size=(n, 40)), lambda rng, n: rng.exponential(size=(n, 25))]
)
def test_kernel_distance_is_calibrated_when_nothing_differs(draw):
    rng = np.random.default_rng(0)
    found = [kernel_distance(draw(rng, 100), draw(rng, 150)) for _ in range(200)]
    values = np.array([f.score for f in found])
    assert abs(values.mean()) < 3 * values.std() / 200**0.5
    assert 0.9 <= np.mean([f.interval.low <= 0 <= f.interval.high for f in found]) <= 0.995
    assert np.mean([f.noise for f in found]) == pytest.approx(values.std(), rel=0.15)
    assert np.mean([f.score > 2 * f.noise for f in found]) < 0.07


def test_mean_over_splits_of_one_set_is_zero_within_its_error():
    whole = np.random.default_rng(5).gamma(2, size=(400, 16))
    rng = np.random.default_rng(0)
    splits = [np.split(whole[rng.permutation(400)], 2) for _ in range(30)]
    found = [kernel_distance(a, b) for a, b in splits]
    assert abs(np.mean([f.score for f in found])) < np.mean([f.stderr for f in found])


def test_interval_covers_a_difference_that_is_there():
    """Rows are drawn from two finite sets, of which the whole kernel matrix, diagonal and all, is the truth."""
    left, right = normals(500, 6), np.abs(normals(500, 6, 1))
    truth = sum(
        polynomial_kernel(x, y, degree=3, gamma=1 / 6, coef0=1).mean() * w
        for x, y, w in ((left, left, 1), (right, right, 1), (left, right, -2))
    )
    rng = np.random.default_rng(0)
    found = [kernel_distance(left[rng.integers(0, 500, 120)], right[rng.integers(0, 500, 200)]) for _ in range(200)]
    assert 0.9 <= np.mean([f.interval.low <= truth <= f.interval.high for f in found]) <= 0.99


def test_subsets_are_dealt_once_each_and_stated():
    a, b = normals(90, 4), normals(60, 4, 1) + 0.2
    whole = kernel_distance(a, b)
    assert whole.variant.endswith("all pairs") and kernel_distance(a, b, seed=9) == whole
    dealt = kernel_distance(a, b, subset_size=30)
    assert "3 subsets" in dealt.variant and dealt.score == pytest.approx(whole.score, abs=3 * whole.stderr)
    assert kernel_distance(a, b, subset_size=30) == dealt != kernel_distance(a, b, subset_size=30, seed=1)
    assert (dealt.n, dealt.m) == (90, 60) and dealt.noise > whole.noise


def test_equal_rows_are_harmless():
    a = np.ones((8, 3))
    found = kernel_distance(a, a)
    assert (found.score, found.stderr, found.noise) == pytest.approx((0, 0, 0), abs=1e-12)
    assert kernel_distance(a, 2 * a).score == pytest.approx(8 + 125 - 2 * 27)


# Precision, recall, density, coverage


def shares_by_loops(real, fake, k):
    def radius(rows, i):
        return sorted(np.linalg.norm(rows[i] - rows[j]) for j in range(len(rows)) if j != i)[k - 1]

    radii, fake_radii = ([radius(rows, i) for i in range(len(rows))] for rows in (real, fake))
    distances = [[np.linalg.norm(f - r) for r in real] for f in fake]
    inside = [[d <= r for d, r in zip(row, radii, strict=True)] for row in distances]
    precision = np.mean([any(row) for row in inside])
    recall = np.mean([any(distances[f][r] <= fake_radii[f] for f in range(len(fake))) for r in range(len(real))])
    density = sum(map(sum, inside)) / (k * len(fake))
    coverage = np.mean([any(row[r] for row in inside) for r in range(len(real))])
    return precision, recall, density, coverage


@pytest.mark.parametrize("k", [1, 3, 5])
def test_overlap_equals_the_loops(k):
    real, fake = normals(40, 3), 0.7 * normals(30, 3, 1) + 0.5
    found = precision_recall(real, fake, neighbours=k)
    assert found[:4] == pytest.approx(shares_by_loops(real, fake, k), abs=1e-12)
    assert found.precision_interval == wilson(round(30 * found.precision), 30)
    assert found.recall_interval == wilson(round(40 * found.recall), 40)
    assert found.coverage_interval == wilson(round(40 * found.coverage), 40)
    assert (found.n, found.m) == (40, 30) and f"{k}. neighbour" in found.variant
    swapped = precision_recall(fake, real, neighbours=k)
    assert (swapped.precision, swapped.recall) == (found.recall, found.precision)


def test_equal_sets_overlap_and_distant_ones_do_not():
    real = normals(60, 4)
    for offset in (0, 1e5):  # far from the origin, rounding is larger
        assert precision_recall(real + offset, real + offset)[:4] == (1, 1, pytest.approx(1, abs=0.4), 1)
    assert precision_recall(real, real + 100)[:4] == (0, 0, 0, 0)


def test_a_missing_mode_costs_recall_and_noise_costs_precision():
    two = np.concatenate([normals(100, 2), normals(100, 2, 1) + 50])
    collapsed = precision_recall(two, normals(200, 2, 2))
    assert collapsed.precision > 0.9 and collapsed.recall == pytest.approx(0.5, abs=0.05) and collapsed.coverage < 0.55
    noisy = precision_recall(two, np.concatenate([two + 0.1, 300 + normals(200, 2, 3)]))
    assert noisy.precision == pytest.approx(0.5, abs=0.05) and noisy.recall > 0.9
    # One stray real row with a large ball makes all of that noise precise, and hardly changes density.
    stray = precision_recall(np.concatenate([two, [[300, 300], [310, 300]]]), 300 + normals(200, 2, 3))
    assert stray.precision == 1 and stray.density < 0.8


def test_coverage_of_equal_laws_is_what_the_paper_derives():
    """A ball holds no fake row if the k nearest of all other rows are real (Naeem et al. 2020); m rows each."""
    m, k = 60, 3
    expected = 1 - math.prod((m - i) / (2 * m - i) for i in range(1, k + 1))
    found = [precision_recall(normals(m, 5, 2 * s), normals(m, 5, 2 * s + 1), neighbours=k) for s in range(60)]
    assert np.mean([f.coverage for f in found]) == pytest.approx(expected, abs=0.02)
    assert np.mean([f.density for f in found]) == pytest.approx(1, abs=0.05)


def test_duplicates_and_dead_features_are_harmless():
    real = np.insert(np.repeat(normals(20, 3), 5, 0), 1, 0.1, axis=1) + 1e3
    found = precision_recall(real, real[::5])
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)
    collapsed = precision_recall(normals(50, 3), np.zeros((30, 3)))
    assert collapsed.recall == 0 and np.isfinite(collapsed.density)


def test_neighbour_distances_are_those_of_scikit_learn():
    rows = normals(30, 20)
    expected = np.sort(euclidean_distances(rows), axis=1)[:, 3]
    np.testing.assert_allclose(neighbours._radii(rows, 3), expected, rtol=1e-9)


# Together


def test_quality_holds_the_three_and_says_of_what():
    real, fake = normals(200, 5), normals(150, 5, 1) + 0.3
    found = quality(real, fake, features="noise of 5", neighbours=4, subset_size=100, extrapolate=True, seed=3)
    assert found.frechet == frechet_distance(real, fake, extrapolate=True, seed=3)
    assert found.kernel == kernel_distance(real, fake, subset_size=100, seed=3)
    assert found.overlap == precision_recall(real, fake, neighbours=4)
    assert (found.features, found.n, found.m) == ("noise of 5", 200, 150)
    for words in ("noise of 5", "n = 200 and 150", "biased upwards", "unbiased", "4. neighbour"):
        assert words in found.variant


def test_more_noise_is_farther():
    real, other = normals(300, 6) * [3, 2, 1, 1, 0.5, 0.1], normals(300, 6, 1) * [3, 2, 1, 1, 0.5, 0.1]
    found = [quality(real, other + level * normals(300, 6, 2)) for level in (0, 0.5, 1, 2)]
    assert np.diff([f.frechet.score for f in found]).min() > 0 and np.diff([f.kernel.score for f in found]).min() > 0
    assert np.diff([f.overlap.precision for f in found]).max() < 0


def test_inputs_and_global_randomness_are_left_alone():
    a, b, state = normals(30, 3), normals(40, 3, 1), np.random.get_state()[1].copy()
    before = a.copy(), b.copy()
    quality(a, b, resamples=4, subset_size=20, extrapolate=True)
    np.testing.assert_array_equal(a, before[0])
    np.testing.assert_array_equal(b, before[1])
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize("metric", [frechet_distance, kernel_distance, precision_recall, quality])
@pytest.mark.parametrize(
    ("a", "b", "match"),
    [
        (np.zeros(5), np.zeros((9, 2)), "the first features must have shape"),
        (np.zeros((9, 2)), np.zeros((9, 2, 2)), "the second features must have shape"),
        (np.zeros((3, 2)), np.zeros((9, 2)), "at least 4 rows"),
        (np.zeros((9, 2)), np.zeros((9, 3)), "2 and 3 columns"),
        (np.full((9, 2), np.nan), np.zeros((9, 2)), "first features hold NaN or infinite values in 9 rows"),
        (np.zeros((9, 2)), torch.full((9, 2), torch.inf), "second features hold NaN"),
    ],
)
def test_bad_features_are_refused(metric, a, b, match):
    with pytest.raises(la.InputError, match=match):
        metric(a, b)


def test_bad_options_are_refused():
    a = normals(9, 2)
    with pytest.raises(la.InputError, match="neighbours"):
        precision_recall(a, a, neighbours=0)
    with pytest.raises(la.InputError, match="at least 10 rows"):
        precision_recall(a, a, neighbours=9)
    with pytest.raises(la.InputError, match="subset_size"):
        kernel_distance(a, a, subset_size=3)
    with pytest.raises(la.InputError, match="resamples"):
        frechet_distance(a, a, resamples=1)


@pytest.mark.parametrize(
    ("mean", "covariance", "match"),
    [
        (np.zeros(3), np.eye(2), "shape"),
        (np.zeros((2, 1)), np.eye(2), "shape"),
        (np.zeros(2) * np.nan, np.eye(2), "finite"),
        (np.zeros(2), np.array([[1, 0.5], [0, 1]]), "symmetric"),
        (np.zeros(2), np.diag([1, -0.1]), "negative"),
    ],
)
def test_what_is_no_gaussian_is_refused(mean, covariance, match):
    with pytest.raises(la.InputError, match=match):
        gaussian_frechet(mean, covariance, np.zeros(2), np.eye(2))
