"""Pairs of units against closed forms, and the bias of finite rows."""

import math

import numpy as np
import pytest

from latentassay.metrics.disentanglement.gaussian_information import gaussian_information
from latentassay.metrics.disentanglement.total_correlation import total_correlation
from tests.metrics.codes import noise


def test_independent_units_keep_only_the_bias_of_finite_rows():
    found = [total_correlation(noise(400, 6, seed=seed)).score for seed in range(60)]
    assert np.mean(found) == pytest.approx(6 * 5 / (4 * 400), rel=0.15)
    pairs = [gaussian_information(noise(400, 6, seed=seed)).score for seed in range(60)]
    assert np.mean(pairs) == pytest.approx(1 / (2 * 400), rel=0.15)


@pytest.mark.parametrize("blur", [1e-2, 1e-4, 1e-6])
def test_nearly_dependent_is_large_and_finite(blur):
    x = noise(100, 2)
    x = np.linalg.qr(x - x.mean(0))[0]
    codes = np.stack([x[:, 0], x[:, 0] + blur * x[:, 1]], 1)
    expected = 0.5 * math.log((1 + blur**2) / blur**2)
    assert total_correlation(codes).score == pytest.approx(expected, abs=1e-3)
    assert gaussian_information(codes).score == pytest.approx(expected, abs=1e-3)
