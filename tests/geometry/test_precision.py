"""Equations 3.21 and 3.22, and the same by gradient descent on the noise itself."""

import math

import pytest
import torch
from torch.testing import assert_close

from latentassay.core.errors import InputError
from latentassay.geometry import noise_floor

M1 = torch.tensor([[4.0, 1.0], [-3.0, 1.0], [5.0, -1.0]], dtype=torch.float64)
TURN = torch.tensor([[1.0, -1.0], [1.0, 1.0]], dtype=torch.float64) / 2**0.5
M2 = M1 @ TURN


def descended(m, c):
    """Least Σ ‖M_j‖² σ_j² with Σ log σ_j = −C, found by Adam."""
    free = torch.zeros(m.shape[1], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([free], lr=0.05)
    for _ in range(2000):
        log_sigma = free - free.mean() - c / len(free)
        loss = (m.square().sum(0) * (2 * log_sigma).exp()).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return float(loss.detach())


@pytest.mark.parametrize(("m", "printed"), [(M1, 24.5), (M2, 52.4)])
def test_the_two_decoders_of_the_thesis(m, printed):
    found = float(noise_floor(m[None]).along_axes[0])
    assert round(found, 1) == printed
    for c in (0.0, 1.5):
        assert descended(m, c) == pytest.approx(found * math.exp(-c), rel=1e-6)


def test_the_best_rotation_is_that_of_the_singular_vectors():
    both = noise_floor(torch.stack([M1, M2]))
    assert_close(both.along_best[0], both.along_best[1])
    turned = M1 @ torch.linalg.svd(M1).Vh.mT
    assert_close(noise_floor(turned[None]).along_axes, both.along_best[:1])
    assert_close(noise_floor(turned[None]).waste, torch.ones(1, dtype=torch.float64))
    assert both.waste[1] > 2 * both.waste[0] > 2


def test_the_stronger_unit_gets_the_smaller_noise():
    precision = noise_floor(M1[None]).precision[0]
    assert precision[1] - precision[0] == pytest.approx(math.log(50 / 3))
    assert precision.sum() == pytest.approx(0, abs=1e-12)


def test_a_random_rotation_never_costs_less():
    g = torch.Generator().manual_seed(0)
    j = torch.randn(50, 7, 4, generator=g, dtype=torch.float64)
    turns = torch.linalg.qr(torch.randn(50, 4, 4, generator=g, dtype=torch.float64)).Q
    assert (noise_floor(j @ turns).along_axes >= noise_floor(j).along_best - 1e-12).all()


@pytest.mark.parametrize("j", [M1, torch.zeros(1, 2, 3), torch.full((1, 3, 2), torch.nan), [1.0]])
def test_what_is_refused(j):
    with pytest.raises(InputError, match="jacobians"):
        noise_floor(j)
