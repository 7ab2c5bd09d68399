import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry import decoder_jacobian, volume_element
from tests.oracles.linear import random_linear


def latents(n, d=2, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


def sphere(z):
    squares = z.square().sum(1, keepdim=True)
    return torch.cat([2 * z, squares - 1], 1) / (squares + 1)


def test_of_a_linear_decoder_they_are_its_matrix_everywhere():
    model, z = random_linear(3, 7), latents(5, 3)
    assert_close(decoder_jacobian(model.decode, z), model.D.expand(5, 7, 3))
    expected = torch.linalg.svdvals(model.D).prod()
    assert_close(volume_element(model.decode, z), expected.expand(5))


def test_of_the_sphere_they_are_the_known_ones_and_add_up_to_its_area():
    z = latents(20)
    assert_close(volume_element(sphere, z), 4 / (1 + z.square().sum(1)).square())
    axis = torch.linspace(-1, 1, 201).double()
    grid = torch.stack(torch.meshgrid(axis, axis, indexing="xy"), 2)
    inside = (grid.square().sum(2) <= 1).double()
    area = float((volume_element(sphere, grid) * inside).sum()) * 0.01**2
    assert area == pytest.approx(2 * np.pi, rel=1e-2)  # the lower half


ZOO = {
    "vae-mlp": (5,),
    "ae-mlp": (5,),
    "vae-full-mlp": (5,),
    "xvae-mlp": (5,),
    "vae-conv": (1, 16, 16),
    "vae-conv-small": (1, 16, 16),
    "ae-s": (1, 28, 28),
    "xae-s": (1, 28, 28),
    "sae-s": (1, 28, 28),
    "xcsae-i-s": (1, 28, 28),
    "vae-standard": (1, 28, 28),
}


@pytest.mark.parametrize(("name", "shape"), ZOO.items())
def test_of_every_decoder_they_are_its_finite_differences(name, shape):
    size = {} if name.endswith(("-s", "standard")) else {"latents": 2}
    model = la.models.build(name, x_shape=shape, seed=1, **size).double().eval()
    d, h = model.latent_shape[0], 1e-6
    z = latents(3, d)
    j = decoder_jacobian(model.decode, z)
    with torch.inference_mode():
        columns = [
            (model.decode(z + h * unit) - model.decode(z - h * unit)).flatten(1) / (2 * h)
            for unit in torch.eye(d).double()
        ]
    expected = torch.stack(columns, 2)
    assert_close(j, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    if d == 2:
        assert_close(volume_element(model.decode, z), torch.linalg.svdvals(j).prod(1), rtol=1e-5, atol=0.0)


class ChannelsLast(nn.Module):
    """Group normalisation of what lies channels last, where torch's forward mode fails by itself."""

    def __init__(self):
        super().__init__()
        self.first, self.norm, self.last = nn.Linear(3, 32), nn.GroupNorm(2, 8), nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, z, layout=torch.channels_last):
        hidden = self.first(z).unflatten(1, (8, 2, 2)).contiguous(memory_format=layout)
        return self.last(F.elu(self.norm(hidden)))


def test_group_normalisation_may_lie_channels_last():
    net, z = ChannelsLast().double(), latents(4, 3)
    expected = decoder_jacobian(lambda z: net(z, torch.contiguous_format), z)
    assert_close(decoder_jacobian(net, z), expected)


class Doubled(torch.autograd.Function):
    """Can be differentiated forward, but not mapped."""

    @staticmethod
    def forward(ctx, z):
        return 2 * z

    @staticmethod
    def jvp(ctx, tangent):
        return 2 * tangent


def test_what_cannot_be_mapped_is_differentiated_one_by_one():
    assert_close(decoder_jacobian(Doubled.apply, latents(4, 3)), 2 * torch.eye(3).double().expand(4, 3, 3))


def test_few_directions_at_a_time_give_the_same():
    model, z = random_linear(5, 7), latents(4, 5)
    assert_close(decoder_jacobian(model.decode, z, batch_size=2), decoder_jacobian(model.decode, z))


def test_maps_keep_the_shape_of_the_grid_and_batches_do_not_matter():
    grid = latents(12).view(3, 4, 2)
    whole = volume_element(sphere, grid)
    assert whole.shape == (3, 4)
    assert_close(volume_element(sphere, grid, batch_size=5), whole)


def test_a_decoder_that_forgets_a_latent_has_no_volume():
    assert not volume_element(lambda z: z[:, :1].repeat(1, 3), latents(4)).any()


def test_standard_deviations_count_too():
    z = latents(4)
    assert_close(volume_element(lambda z: (z[:, :1], z[:, 1:].exp()), z), z[:, 1].exp())


def test_bad_input_is_refused():
    z = latents(3)
    for decode in (lambda z: torch.from_numpy(z.numpy()), lambda z: z.detach()):
        with pytest.raises(la.ContractError, match="decoder"):
            volume_element(decode, z)
    with pytest.raises(la.InputError, match="NaN"):
        volume_element(sphere, z * torch.nan)
    for bad in (z[0], z.long(), z[:0], 3.0):
        with pytest.raises((la.InputError, TypeError)):
            decoder_jacobian(sphere, bad)
