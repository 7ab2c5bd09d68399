import numpy as np
import pytest
import torch
from scipy.stats import gaussian_kde
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry import Density, density_geodesic


@pytest.fixture
def crescent(generator):
    """Codes along an upper half circle, and both its ends."""
    angle = torch.pi * torch.rand(800, generator=generator)
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    codes = circle + 0.08 * torch.randn(800, 2, generator=generator)
    return codes, torch.tensor([[1.0, 0.2]]), torch.tensor([[-1.0, 0.2]])


def test_the_density_is_that_of_scipy_where_units_are_independent(generator):
    """scipy's kernels have the covariance of the codes; ours its diagonal, the same for codes without any."""
    codes = torch.randn(200, 2, generator=generator).double()
    codes = (codes - codes.mean(0)) @ torch.linalg.inv(torch.linalg.cholesky(codes.T.cov()).mT) * torch.tensor([1, 5.0])
    at = torch.randn(50, 2, generator=generator).double() * torch.tensor([1, 5.0])
    kde = gaussian_kde(codes.T.numpy())
    usual = np.exp(kde.logpdf(codes.T.numpy()).mean())
    expected = 1 / ((kde(at.T.numpy()) / usual) ** 0.5 + 0.01)
    assert_close(Density(codes).cost(at), torch.from_numpy(expected))


def test_ways_keep_to_where_codes_are_dense(crescent):
    codes, a, b = crescent
    ways = density_geodesic(codes, a, b, steps=21)
    assert float(ways.length) < 0.7 * float(ways.straight_length)
    assert ways.z[0, 10, 1] > 0.7  # over the arch, not through the hole below it
    assert torch.equal(ways.z[0, 0], a[0]) and torch.equal(ways.z[0, -1], b[0])


def test_points_are_evenly_spaced_by_cost(crescent):
    codes, a, b = crescent
    z = density_geodesic(codes, a, b, steps=60).z
    pieces = Density(codes).pieces()(z.double()).sqrt()
    assert float(pieces.max()) < 1.1 * float(pieces.mean())


def test_a_dead_unit_and_codes_far_away_are_harmless(crescent):
    codes, a, b = (torch.cat([part, torch.ones(len(part), 1)], 1) for part in crescent)
    ways = density_geodesic(codes, a, b)
    assert torch.isfinite(ways.z).all() and float(ways.length) < float(ways.straight_length)
    far = density_geodesic(codes, a + 1e6, b + 1e6)
    assert float(far.length) == pytest.approx(100 * float((a - b).norm()), rel=0.05)


def test_bad_input_is_refused(crescent):
    codes, a, b = crescent
    for bad, match in (
        (codes[:1], "at least 2"),
        (codes[0], "at least 2"),
        (codes * torch.nan, "codes holds NaN"),
        (torch.ones(5, 2), "all codes are equal"),
        (torch.randn(9, 3), "codes are latents"),
    ):
        with pytest.raises(la.InputError, match=match):
            density_geodesic(bad, a, b)
