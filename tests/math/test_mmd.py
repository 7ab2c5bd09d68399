import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import euclidean_distances

from latentassay.math.intervals import exceedance, wilson
from latentassay.math.mmd import inverse_multiquadratic, paired_mmd
from tests.oracles import slow

WIDTHS = [0.5, 2.0, 8.0]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def test_equals_the_double_loop():
    x, y = normals(12, 3, 0), normals(12, 3, 1) + 0.5
    assert paired_mmd(x, y, widths=WIDTHS, generator=seeded()).value == pytest.approx(slow.mmd(x, y, WIDTHS), abs=1e-12)


def test_kernel_equals_scikit_learns_distances():
    a, b = normals(5, 3, 0), normals(4, 3, 1)
    squared = euclidean_distances(a.numpy(), b.numpy(), squared=True)
    expected = np.mean([c / (c + squared) for c in WIDTHS], axis=0)
    np.testing.assert_allclose(inverse_multiquadratic(a, b, WIDTHS), expected, rtol=1e-10)


def test_unbiased_and_calibrated_when_nothing_differs():
    def one(s):
        x, y = normals(60, 2, 2 * s), normals(60, 2, 2 * s + 1)
        return paired_mmd(x, y, widths=WIDTHS, generator=seeded(s), permutations=100)

    found = [one(s) for s in range(150)]
    values = np.array([f.value for f in found])
    assert abs(values.mean()) < 3 * values.std() / 150**0.5
    assert 0.005 <= np.mean([f.p_value <= 0.05 for f in found]) <= 0.11
    assert np.mean([f.stderr for f in found]) == pytest.approx(values.std(), rel=0.25)


def test_stderr_is_right_for_paired_rows_that_differ():
    def one(s):
        x = normals(80, 2, 2 * s)
        return paired_mmd(
            x, 0.5 * x + 0.3 + 0.2 * normals(80, 2, 2 * s + 1), widths=WIDTHS, generator=seeded(s), permutations=2
        )

    found = [one(s) for s in range(150)]
    values = np.array([f.value for f in found])
    assert np.mean([f.stderr for f in found]) == pytest.approx(values.std(), rel=0.2)
    assert paired_mmd(normals(80, 2, 0), normals(80, 2, 1) + 2, widths=WIDTHS, generator=seeded()).p_value < 0.01


def test_wilson_equals_the_published_example():
    """Newcombe 1998, table I: 81 of 263 gives 0.2553 to 0.3662."""
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(10, 10).high == pytest.approx(1)


def test_exceedance_covers_the_known_share():
    """Share of N(1, 1) above the 90 % quantile of N(0, 1) is Φ(1 − 1.2816) = 0.3891."""
    inside = 0
    for seed in range(60):
        g = seeded(seed)
        reference, sample = (torch.randn(400, generator=g) + shift for shift in (0, 1))
        found = exceedance(reference, sample, quantile=0.9, generator=g, resamples=200)
        inside += found.low <= 0.3891 <= found.high
    assert 52 <= inside <= 60
