"""The Fréchet distance against closed forms and the formula as it is written."""

import warnings

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm

import latentassay as la
from latentassay.metrics.quality.frechet import frechet_distance, gaussian_frechet
from latentassay.metrics.quality.samples import FewRowsWarning
from tests.metrics.codes import couple, ends, normals


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
    assert (found.n, found.m, found.score.low, found.extrapolated) == (n, m, None, None)


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
    half = np.mean([f.score.high - f.score.low for f in found]) / 2
    assert half == pytest.approx(1.96 * spread, rel=0.25)
    assert found[0] == one(0, 60) and ends(found[0].score) == ends(one(0, 60).score)
    assert found[0].score.low < found[0].score < found[0].score.high


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


def test_the_interval_of_a_paired_frechet_distance_is_as_wide_as_it_varies():
    spread = np.std([frechet_distance(*couple(200, s, k=3)).score for s in range(150)])
    found = [frechet_distance(*couple(200, s, k=3), paired=True, resamples=60).score for s in range(8)]
    assert np.mean([f.high - f.low for f in found]) / 2 == pytest.approx(1.96 * spread, rel=0.25)


def test_extrapolated_scores_halve_both_sets_alike():
    a, b = couple(200, 0, noise=0, k=3)
    assert frechet_distance(a, b, paired=True, extrapolate=True).extrapolated == pytest.approx(0.75, rel=1e-9)
