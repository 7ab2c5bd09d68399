"""Gaussian dependence against closed forms, on samples that have exactly the correlation asked for."""

import math

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.disentanglement.covariance import linearly_dependent
from latentassay.metrics.disentanglement.gaussian_information import gaussian_information, gaussian_pairs
from latentassay.metrics.disentanglement.total_correlation import gaussian_total_correlation, total_correlation
from tests.metrics.codes import ends, noise


def sample(correlation, n=200, seed=0):
    """Rows with exactly this correlation: columns are made orthonormal first."""
    x = noise(n, len(correlation), seed=seed)
    white = np.linalg.qr(x - x.mean(0))[0] * n**0.5
    return white @ np.linalg.cholesky(correlation).T


def alike(d, rho):
    return np.full((d, d), rho) + (1 - rho) * np.eye(d)


NINE = -0.5 * math.log(1 - 0.81)


def test_two_units_of_correlation_nine_tenths():
    codes = sample(alike(2, 0.9))
    assert total_correlation(codes).score == pytest.approx(NINE, abs=1e-12)
    assert gaussian_information(codes).score == pytest.approx(NINE, abs=1e-12)
    assert gaussian_total_correlation([[1, 0.9], [0.9, 1]]) == pytest.approx(NINE, abs=1e-12)


@pytest.mark.parametrize("d", [2, 3, 12])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.999])
def test_units_that_are_all_alike(d, rho):
    expected = -0.5 * (math.log(1 + (d - 1) * rho) + (d - 1) * math.log(1 - rho))
    found = total_correlation(sample(alike(d, rho)))
    assert found.score == pytest.approx(expected, abs=1e-9) and found.dependent == ()
    np.testing.assert_allclose(found.correlation, alike(d, rho), atol=1e-12)
    pairs = gaussian_information(sample(alike(d, rho)))
    np.testing.assert_allclose(pairs.matrix, -0.5 * math.log(1 - rho**2) * (1 - np.eye(d)), atol=1e-9)
    assert pairs.score == pytest.approx(-0.5 * math.log(1 - rho**2), abs=1e-9)


def test_covariance_in_the_open_equals_the_definition():
    for seed in range(20):
        factor = noise(5, 5, seed=seed)
        covariance = factor @ factor.T * np.outer(s := 10.0 ** np.arange(-2, 3), s)
        expected = 0.5 * (np.log(covariance.diagonal()).sum() - np.linalg.slogdet(covariance)[1])
        assert gaussian_total_correlation(covariance) == pytest.approx(expected, abs=1e-8)
        # One by one: each unit adds what those before it tell of it.
        chain = 0.0
        for j in range(1, 5):
            before, shared = covariance[:j, :j], covariance[:j, j]
            chain -= 0.5 * math.log(1 - shared @ np.linalg.solve(before, shared) / covariance[j, j])
        assert gaussian_total_correlation(covariance) == pytest.approx(chain, rel=1e-6)


@pytest.mark.parametrize("place", [0, 1, 2])
def test_dead_units_are_left_out(place):
    codes = np.insert(sample(alike(2, 0.9)), place, 0.1, axis=1)
    assert total_correlation(codes).score == pytest.approx(NINE, abs=1e-12)
    found = gaussian_information(codes)
    assert found.score == pytest.approx(NINE, abs=1e-12) and not found.matrix[place].any()
    assert not total_correlation(codes).correlation[place].any()
    for measure in (total_correlation, gaussian_information):
        assert measure(np.ones((50, 3))).score == measure(np.insert(noise(50, 1), place % 2, 7, axis=1)).score == 0
    covariance = np.insert(np.insert(alike(2, 0.9), place, 0, axis=0), place, 0, axis=1)
    assert gaussian_total_correlation(covariance) == pytest.approx(NINE, abs=1e-12)
    assert gaussian_pairs(covariance).sum() == pytest.approx(2 * NINE, abs=1e-12)


@pytest.mark.parametrize("measure", [total_correlation, gaussian_information])
def test_scale_sign_and_order_do_not_matter(measure):
    codes = noise(100, 4) @ noise(4, 4, seed=1)
    for again in (codes * [-1e-9, 1, 1e9, 1e-200] + [0, 3, 0, 0], codes[:, ::-1], torch.from_numpy(codes)):
        assert measure(again).score == pytest.approx(measure(codes).score, abs=1e-6)


def test_linear_dependence_is_infinite_and_named():
    x = noise(100, 4)
    codes = np.stack([x[:, 0], x[:, 1], np.zeros(100), x[:, 2], 2 * x[:, 0] - 3 * x[:, 2] + 1, x[:, 3]], 1)
    found = total_correlation(codes, resamples=5)
    assert found.score == math.inf and found.dependent == (0, 3, 4) and found.score.low is None
    # No two of them are functions of each other.
    assert np.isfinite(gaussian_information(codes).matrix).all()
    twice = np.stack([x[:, 0], x[:, 1], -x[:, 0], x[:, 2], 5 * x[:, 2]], 1)
    assert total_correlation(twice).dependent == (0, 2, 3, 4)
    pairs = gaussian_information(twice, resamples=5)
    assert np.argwhere(np.isinf(pairs.matrix)).tolist() == [[0, 2], [2, 0], [3, 4], [4, 3]]
    assert pairs.score == math.inf and pairs.score.low is None
    assert linearly_dependent(np.eye(3)) == () and gaussian_total_correlation(np.ones((2, 2))) == math.inf


@pytest.mark.parametrize("measure", [total_correlation, gaussian_information])
def test_interval_covers_the_truth(measure):
    truth = NINE
    hits = 0
    for seed in range(40):
        x = noise(300, 2, seed=seed)
        found = measure(x @ np.linalg.cholesky(alike(2, 0.9)).T, resamples=30)
        hits += found.score.low < truth < found.score.high
    assert hits >= 34 and found.n == 300 and "nats" in found.variant


def test_halves_in_which_units_coincide_do_no_harm():
    codes = np.hstack([noise(60, 1), np.eye(60)[:, :1] + np.eye(60)[:, 1:2], np.eye(60)[:, :1]])
    for measure in (total_correlation, gaussian_information):
        assert np.isfinite(ends(measure(codes, resamples=8).score)).all()


def test_inputs_and_global_randomness_are_left_alone():
    codes, state = noise(100, 3), np.random.get_state()[1].copy()
    before = codes.copy()
    first, second = (total_correlation(codes, resamples=4).score for _ in range(2))
    assert ends(first) == ends(second)
    gaussian_information(codes, resamples=4)
    np.testing.assert_array_equal(codes, before)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


@pytest.mark.parametrize(
    ("codes", "resamples", "match"),
    [
        (np.zeros(5), 0, "codes must have shape"),
        (noise(9, 1), 0, "2 latents"),
        (noise(9, 3) * np.nan, 0, "NaN"),
        (noise(2, 2), 0, "more rows than the 2 units compared"),
        (noise(5, 2), 4, "more rows than the 2 units compared"),
    ],
)
def test_dependence_refuses_bad_codes(codes, resamples, match):
    for measure in (total_correlation, gaussian_information):
        with pytest.raises(la.InputError, match=match):
            measure(codes, resamples=resamples)


def test_total_correlation_asks_for_more_rows_than_units_that_vary():
    with pytest.raises(la.InputError, match="more rows than the 9 units compared"):
        total_correlation(noise(9, 9))
    assert math.isfinite(total_correlation(np.hstack([noise(9, 3), np.ones((9, 9))])).score)
    assert math.isfinite(gaussian_information(noise(9, 9)).score)
