"""Variability along sampled ways: of a linear decoder, where variances are known in closed form."""

import pytest
import torch

from latentassay import from_torch
from latentassay.papers.geometry.spread import GEODESIC_SAMPLED, SPREAD, STRAIGHT_SAMPLED, WIDENING, measure_spread


def test_a_linear_decoder_spreads_by_the_squares_of_the_deviations():
    """Between (−1, σ) and (1, σ) the geodesic is a circle in (μ/√2, σ): at its top σ² = σ₀² + ½."""
    std = 0.5

    def encode(x):
        mean = x.flatten(1)
        return mean, torch.full_like(mean, std)

    model = from_torch(encode, lambda z: z.view(-1, 1, 1, 1), latent_shape=(1,), output="mean_std")
    a, b = -torch.ones(4, 1, 1, 1), torch.ones(4, 1, 1, 1)
    found = measure_spread(model, a, b, generator=torch.Generator().manual_seed(0), draws=4000)
    top = (std**2 + 0.5) ** 0.5
    assert found[f"{WIDENING}, {GEODESIC_SAMPLED}"] == pytest.approx(top / std, rel=1e-4)
    assert found[f"{SPREAD}, {GEODESIC_SAMPLED}"] == pytest.approx((top / std) ** 2, rel=0.05)
    assert found[f"{WIDENING}, {STRAIGHT_SAMPLED}"] == pytest.approx(1)
    assert found[f"{SPREAD}, {STRAIGHT_SAMPLED}"] == pytest.approx(1, rel=0.05)
