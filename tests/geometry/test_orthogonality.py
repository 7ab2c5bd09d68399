"""Distance to orthogonality: decoders whose Jacobians are known, and what cannot be asked."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import ortho_group
from torch.testing import assert_close

import latentassay as la
from latentassay.core.errors import InputError
from latentassay.geometry import distance_to_orthogonality

GAINS = torch.tensor([3.0, 2.0, 1.0, 0.5]).double()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def turned(degrees):
    a = math.radians(degrees)
    return torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]).double()


def orthonormal(rows, columns, seed=0):
    full = ortho_group.rvs(rows, random_state=np.random.default_rng(seed))
    return torch.from_numpy(full[:, :columns])


class Mapped(torch.nn.Module):
    """Latents are the first values of an observation, some of them shrunk; any function decodes them."""

    prior = None

    def __init__(self, d, decode, scale=None):
        super().__init__()
        self.latent_shape, self.decode = (d,), decode
        self.register_buffer("scale", torch.ones(d).double() if scale is None else torch.tensor(scale).double())

    def encode(self, x):
        return la.Point(x[:, : len(self.scale)] * self.scale)


def linear(matrix, alive=None):
    return Mapped(matrix.shape[1], lambda z: z @ matrix.T, alive)


def asked(model, n=50, **options):
    x = torch.randn(n, 9, generator=seeded(1), dtype=torch.float64)
    return distance_to_orthogonality(model, x, generator=seeded(), **options)


def test_columns_at_right_angles_have_none():
    found = asked(linear(orthonormal(9, 4) * GAINS))
    assert_close(found.values, torch.zeros(50).double(), atol=1e-6, rtol=0)
    assert found.degenerate == 0 and found.full == pytest.approx(0, abs=1e-6) and found.active == (0, 1, 2, 3)
    assert_close(found.singular_values, GAINS.expand(50, 4))


@pytest.mark.parametrize("degrees", [10, 45, 80])
def test_a_turned_latent_space_is_as_far_as_it_was_turned(degrees):
    matrix = orthonormal(9, 2) * GAINS[:2] @ turned(degrees)
    away = math.radians(min(degrees, 90 - degrees))
    found = asked(linear(matrix))
    assert found.score == pytest.approx(2 * math.sqrt(2) * math.sin(away / 2), rel=1e-5)
    assert found.chance == pytest.approx(0.55, abs=0.02) and found.score.stderr == pytest.approx(0, abs=1e-9)


def test_equal_gains_are_called_degenerate():
    assert asked(linear(orthonormal(9, 3) * torch.tensor([2.0, 1.02, 1.0]).double())).degenerate == 1


def test_passive_units_are_left_out_and_counted_beside_it():
    """Unit 1 never moves; its column is askew, which only the figure of all units sees."""
    matrix = orthonormal(9, 3) * GAINS[:3]
    matrix[:, 1] += matrix[:, 0]
    found = asked(linear(matrix, alive=[1.0, 0.01, 1.0]))
    assert found.active == (0, 2) and found.score == pytest.approx(0, abs=1e-6)
    assert found.full > 0.3 and found.full_chance > found.chance


def test_a_unit_that_nothing_hears_leaves_the_whole_open():
    matrix = orthonormal(9, 3) * GAINS[:3]
    matrix[:, 1] = 0
    assert asked(linear(matrix, alive=[1.0, 0.01, 1.0])).full is None
    with pytest.raises(InputError, match="less than full rank at 50 of 50 points"):
        asked(linear(matrix))


def test_points_without_full_rank_are_counted():
    matrix = orthonormal(9, 2) * GAINS[:2]
    model = Mapped(2, lambda z: torch.cat([z[:, :1], z[:, 1:].relu()], 1) @ matrix.T)
    found = asked(model)
    x = torch.randn(50, 9, generator=seeded(1), dtype=torch.float64)
    assert found.singular == int((x[:, 1] <= 0).sum()) and found.n == 50 - found.singular == len(found.values)


def test_a_curved_decoder_by_hand():
    """z ↦ (z₀, z₁ + sin z₀): the angle of V follows from J at every point."""
    model = Mapped(2, lambda z: torch.stack([2 * z[:, 0], z[:, 1] + z[:, 0].sin()], 1))
    x = torch.randn(30, 2, generator=seeded(1), dtype=torch.float64)
    found = distance_to_orthogonality(model, x, generator=seeded(), batch_size=7)
    expected = []
    for z0 in x[torch.randperm(30, generator=seeded())][:, 0].tolist():
        _, _, v = np.linalg.svd(np.array([[2, 0], [math.cos(z0), 1]]))
        angle = math.degrees(math.atan2(v[0, 1], v[0, 0])) % 90
        expected.append(2 * math.sqrt(2) * math.sin(math.radians(min(angle, 90 - angle)) / 2))
    assert found.values.tolist() == pytest.approx(expected)
    assert found.score.low < found.score < found.score.high and found.score == pytest.approx(np.mean(expected))


def test_fewer_points_are_drawn_and_networks_can_be_asked():
    model = la.models.build("vae-conv-small", x_shape=(1, 16, 16), latents=5, seed=0).eval()
    x = torch.rand(40, 1, 16, 16, generator=seeded())
    found = distance_to_orthogonality(model, x, generator=seeded(), points=10, threshold=0.0)
    again = distance_to_orthogonality(model, x, generator=seeded(), points=10, threshold=0.0, batch_size=3)
    assert (
        found.n == 10
        and 0 < found.score < 2 * math.sqrt(5)
        and "5 of 5 units" in found.variant
        and found.variant.endswith("forward-mode Jacobians")
    )
    assert_close(found.values, again.values, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("model", "options", "match"),
    [
        (linear(orthonormal(9, 3), alive=[1.0, 0.0, 0.1]), {}, "1 of 3 units are active"),
        (linear(orthonormal(9, 3)), {"points": 1}, "at least 2 points"),
        (la.from_torch(lambda x: x.view(-1, 1, 3, 3), lambda z: z.flatten(1), latent_shape=(1, 3, 3)), {}, "no axes"),
    ],
)
def test_what_cannot_be_asked_is_refused(model, options, match):
    with pytest.raises(InputError, match=match):
        asked(model, **options)
