"""Active units are counted by the variance of their means, and by nothing else."""

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.metrics.arrays import codes_only
from latentassay.metrics.disentanglement.active import active_units
from tests.metrics.codes import noise


def test_variance_decides():
    sign = np.tile([-1.0, 1.0], 50)[:, None]
    codes = sign * np.sqrt([0.0, 0.009, 0.011, 0.24, 0.26, 4]) + [0, 5, 5, 5, 5, 5]
    found = active_units(codes)
    np.testing.assert_allclose(found.variance, [0, 0.009, 0.011, 0.24, 0.26, 4], atol=1e-12)
    assert found.active.tolist() == [False, False, True, True, True, True] and found.score == 4
    assert active_units(codes, threshold=0.25).score == 2  # a standard deviation above ½
    assert found.n == 100 and "0.01" in found.variant and found.posterior_variance is None


def test_equals_numpy_and_torch():
    codes = noise(200, 7) * [0, 0.05, 0.09, 0.11, 0.2, 1, 3]
    found = active_units(torch.from_numpy(codes).requires_grad_())
    np.testing.assert_allclose(found.variance, torch.from_numpy(codes).var(0, correction=0), atol=1e-12)
    assert found.score == (np.cov(codes.T, bias=True).diagonal() > 0.01).sum()


def test_dead_units_are_never_active_wherever_they_stand():
    codes = noise(100, 3)
    for place in (0, 2, 3):
        found = active_units(np.insert(codes, place, 0.1, axis=1))
        assert found.score == 3 and not found.active[place]
    assert active_units(np.full((100, 2), 1e9), threshold=0).score == 0


def test_posterior_variance_is_reported_beside():
    std = np.abs(noise(100, 3)) * [1, 2, 3]
    found = active_units(noise(100, 3), std=torch.from_numpy(std))
    np.testing.assert_allclose(found.posterior_variance, (std**2).mean(0))
    assert active_units(noise(100, 3)).score == found.score


@pytest.mark.parametrize(
    ("codes", "options", "match"),
    [
        (np.zeros(5), {}, "codes must have shape"),
        (np.zeros((1, 5)), {}, "at least 2 samples"),
        (np.zeros((5, 0)), {}, "latents"),
        (np.array([[1.0, np.nan], [0, 0], [np.inf, 0]]), {}, "infinite values in 2 rows"),
        (noise(5, 2), {"threshold": -1.0}, "threshold"),
        (noise(5, 2), {"threshold": np.nan}, "threshold"),
        (noise(5, 2), {"std": np.ones((5, 3))}, r"shape of codes, \(5, 2\), got \(5, 3\)"),
        (noise(5, 2), {"std": -np.ones((5, 2))}, "not logarithms"),
        (noise(5, 2), {"std": np.full((5, 2), np.nan)}, "finite"),
    ],
)
def test_active_units_refuse_bad_input(codes, options, match):
    with pytest.raises(la.InputError, match=match):
        active_units(codes, **options)


def test_codes_alone_are_checked_and_left_as_they_are():
    codes = np.arange(6, dtype=np.float32).reshape(3, 2)
    assert codes_only(codes).dtype == np.float64 and codes.dtype == np.float32
    with pytest.raises(la.InputError, match="3 latents"):
        codes_only(codes, fewest=3)
