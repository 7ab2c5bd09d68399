"""Models with a causal block, and those without."""

import json

import pytest
import torch

from latentassay import models
from latentassay.core.autoencoder import HasCauses
from latentassay.core.errors import InputError
from latentassay.nn.xblock import AUTHORS


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


def test_gates_are_built_as_asked_and_built_again_from_the_spec():
    model = models.build("xae-mlp", x_shape=(5,), latents=4, gates=AUTHORS)
    again = models.build(**json.loads(json.dumps(model.spec)))
    assert torch.equal(model.block.mask_logits, again.block.mask_logits) and model.block.mask_logits.std() > 0
    assert again.block.temperature == 1.0 and models.describe("xae-mlp").options["gates"] == {}
    with pytest.raises(InputError, match="gates must be options of an XBlock by name, among hidden"):
        models.build("xae-mlp", x_shape=(5,), gates={"temper": 1})
    with pytest.raises(InputError, match="takes no option gates"):
        models.build("ae-mlp", x_shape=(5,), gates={})
