"""Interventions as they are drawn, and what is measured of them: donors, blocks of rows, spreads."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.core.units import Units
from latentassay.responses.interventions import BLOCKS, intervene, plan, spread
from latentassay.stats.crossed import row_squares


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


Z, UNITS = normals(100, 3), Units.default((3,))


def test_every_row_is_a_donor_before_any_is_one_again():
    drawn = plan(UNITS, Z[:5], None, 12, seeded())
    assert drawn.donors.shape == (3, 12, 3) and drawn.words == "12 values for each unit from the latents themselves"
    for donors in drawn.donors:
        rows = [int((Z[:5] == donor).all(1).nonzero()) for donor in donors]
        assert sorted(rows[:5]) == sorted(rows[5:10]) == list(range(5))


def test_blocks_are_even_and_shares_average_to_the_mean_of_all_rows():
    drawn = plan(UNITS, Z, normals(4, 3, seed=2), 2, seeded(), noun="noise")
    assert drawn.blocks == BLOCKS and drawn.words == "2 values for each noise from given donors"
    counts = torch.bincount(drawn.block)
    assert counts.min() == 3 and counts.max() == 4
    shares = drawn.shares(torch.arange(100))
    assert_close((shares @ Z).mean(0), Z.mean(0))
    halves = [drawn.shares(part) @ Z[part] for part in torch.split(torch.arange(100), 33)]
    assert_close(sum(halves), shares @ Z)


def test_changes_are_relative_to_the_intervention():
    """The response doubles the first latent and adds it to the second: 4 and 1 times the squared change."""
    turned = torch.tensor([[2.0, 1.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]], dtype=torch.float64)
    model = la.from_torch(lambda x: x, lambda z: z @ turned, latent_shape=(3,))
    effects = intervene(model, Z, plan(UNITS, Z, None, 4, seeded()), batch_size=33)
    expected = turned.square()[:, None].expand(3, 4, 3)
    assert_close(effects.changes, expected)
    assert_close(effects.own, torch.tensor([4.0, 1.0, 0.0]).double())
    assert_close(effects.response.variance, torch.cat([(Z @ turned).var(0)[:2], torch.zeros(1).double()]))
    assert_close(effects.blocks.sum(0), torch.zeros(3, 3).double(), rtol=0, atol=1e-9)


def test_rounding_is_no_spread():
    x = torch.stack([torch.full((50,), 1e6), torch.linspace(0, 1, 50)], 1).double()
    x[:, 0] += 1e-3 * torch.rand(50, generator=seeded())
    found = spread(Units.default((2,)), row_squares(x), torch.finfo(torch.float32).eps)
    assert found.variance[0] == 0 and found.variance[1] == pytest.approx(float(x[:, 1].var()))
    assert not found.blocks[:, 0].any()
