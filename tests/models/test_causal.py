"""Models with a causal block, and those without."""

import pytest
import torch

from latentassay import models
from latentassay.core.autoencoder import HasCauses


@pytest.mark.parametrize("name", ["xae-s", "xvae-mlp", "xsae-s4"])
def test_causes_are_a_second_way_in(name):
    model = models.build(name, x_shape=(1, 8, 8)).eval()
    assert isinstance(model, HasCauses)
    z = torch.randn(3, *model.latent_shape)
    causes = model.causes(z)
    assert torch.equal(model.decode_causes(causes), model.decode(z))
    value = torch.ones(3, causes.shape[2])
    assert torch.equal(model.causes(z, {1: value})[:, 1], value)
    assert torch.equal(model.adjacency(), model.block.adjacency())


@pytest.mark.parametrize("name", ["ae-s", "vae-mlp", "avae-s"])
def test_plain_models_claim_no_causes(name):
    assert not isinstance(models.build(name, x_shape=(1, 8, 8)), HasCauses)
