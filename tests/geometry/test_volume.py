import numpy as np
import pytest
import torch
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


@pytest.mark.parametrize(("name", "shape"), {"vae-mlp": (5,), "vae-conv-small": (1, 16, 16)}.items())
def test_of_a_network_they_are_its_finite_differences(name, shape):
    model, z, h = la.models.build(name, x_shape=shape, latents=2, seed=1).double().eval(), latents(3), 1e-5
    j = decoder_jacobian(model.decode, z)
    with torch.inference_mode():
        columns = [
            (model.decode(z + h * unit) - model.decode(z - h * unit)).flatten(1) / (2 * h) for unit in torch.eye(2)
        ]
    assert_close(j, torch.stack(columns, 2), rtol=1e-5, atol=1e-7)
    assert_close(volume_element(model.decode, z), torch.linalg.svdvals(j).prod(1), rtol=1e-5, atol=0.0)


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
