"""What ways through real codes save: around a ring they avoid what straight lines cross; on a plane, nothing."""

import pytest
import torch

import latentassay as la
from latentassay.assay.detours import cost_of_detours
from tests.assay.asking import context_of


def ring(n=300, seed=0):
    """R takes latents to the nearest point of the unit circle, where all data lie."""

    def nearest(z):
        return z / z.norm(dim=1, keepdim=True).clamp(min=1e-3)

    angle = 6.2832 * torch.rand(n, generator=torch.Generator().manual_seed(seed))
    return la.from_torch(lambda x: x, nearest, latent_shape=(2,)), torch.stack([angle.cos(), angle.sin()], 1)


def cost(model, x, starts, ends):
    return cost_of_detours(context_of(model, x, samples=len(x)), starts, ends, 10**6)


def test_around_a_ring_a_way_costs_what_its_length_does():
    """From (1, 0) to (−1, 0): straight ∫ ((1 − |t|)² + τ) dt over [−1, 1] is 2/3 + 2 τ; around, π τ."""
    model, x = ring(500)
    one = torch.tensor([[1.0, 0.0]]).repeat(2, 1)
    found = cost(model, x, one, -one)
    temperature = 0.1 * float((1 - torch.linspace(-1, 1, 12).abs()).square().mean())
    assert float(found) == pytest.approx(3.1416 * temperature / (2 / 3 + 2 * temperature), rel=0.05) and found.n == 2


def test_where_all_responses_are_as_far_off_no_way_is_cheaper():
    x = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    found = cost(la.from_torch(lambda x: x, lambda z: z + 0.1, latent_shape=(2,)), x, x[:20], x[20:40])
    assert float(found) == 1 and found.high == 1 and found.n == 16
