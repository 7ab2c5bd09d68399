"""KL of a Gaussian from a Laplace density, against integrals taken numerically."""

import math

import pytest
import torch
from scipy import integrate, stats

from latentassay.core.errors import InputError
from latentassay.stats.laplace import absolute_mean, kl_to_laplace

CASES = [
    (0.0, 1.0, 0.0, 1.0),
    (0.3, 0.2, -0.5, 6.0),
    (-2.0, 0.05, 1.0, 6.0),
    (4.0, 3.0, 4.0, 0.5),
    (1.0, 1e-3, 1.0, 20),
]


def tensors(*values):
    return [torch.tensor([value], dtype=torch.float64) for value in values]


def integral(mean, std, location, rate):
    """∫ q (log q − log p), cut where the Laplace density has its kink."""
    q, p = stats.norm(mean, std), stats.laplace(location, 1 / rate)
    ends = (mean - 12 * std, mean + 12 * std)
    middle = [point for point in (location, mean) if ends[0] < point < ends[1]]
    return integrate.quad(
        lambda z: q.pdf(z) * (q.logpdf(z) - p.logpdf(z)), *ends, points=middle or None, limit=500, epsabs=1e-10
    )[0]


@pytest.mark.parametrize(("mean", "std", "location", "rate"), CASES)
def test_the_closed_form_is_the_integral(mean, std, location, rate):
    found = kl_to_laplace(*tensors(mean, std, location), rate)
    assert found.item() == pytest.approx(integral(mean, std, location, rate), abs=1e-6)


@pytest.mark.parametrize(("mean", "std", "location", "rate"), CASES[:4])
def test_over_a_gaussian_location_it_is_the_mean_of_the_closed_form(mean, std, location, rate):
    spread = 0.7
    m, s, at, width = tensors(mean, std, location, spread)
    found = kl_to_laplace(m, s, at, rate, location_std=width)

    def weighted(x):
        return stats.norm.pdf(x, location, spread) * kl_to_laplace(m, s, torch.tensor([x], dtype=m.dtype), rate).item()

    ends = (location - 10 * spread, location + 10 * spread)
    middle = [mean] if ends[0] < mean < ends[1] else None
    expected = integrate.quad(weighted, *ends, points=middle, limit=400, epsabs=1e-9)[0]
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_it_is_never_negative_and_far_away_it_is_the_distance():
    generator = torch.Generator().manual_seed(0)
    mean, location = torch.randn(2, 10_000, generator=generator, dtype=torch.float64)
    std = torch.rand(10_000, generator=generator, dtype=torch.float64) + 1e-3
    assert (kl_to_laplace(mean, std, location, 3.0) >= 0).all()
    far = kl_to_laplace(torch.tensor([1e4]), torch.tensor([1.0]), torch.zeros(1), 2.0)
    assert far.item() == pytest.approx(2e4, rel=1e-4)


def test_gradients_are_finite_and_right_at_the_kink():
    mean, std = (value.requires_grad_() for value in tensors(0.0, 0.4))
    assert torch.autograd.gradcheck(absolute_mean, (mean, std))
    kl_to_laplace(mean, std, torch.zeros(1, dtype=torch.float64), 6.0).sum().backward()
    assert mean.grad.item() == 0 and std.grad.item() == pytest.approx(6 * math.sqrt(2 / math.pi) - 1 / 0.4)


@pytest.mark.parametrize("rate", [0.0, -1, float("nan"), float("inf")])
def test_a_rate_must_be_positive(rate):
    with pytest.raises(InputError, match="rate must be"):
        kl_to_laplace(torch.zeros(1), torch.ones(1), torch.zeros(1), rate)
