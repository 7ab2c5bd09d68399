"""Whole models as the page runs them, beside torch."""

import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.core.errors import ContractError
from latentassay.explore.network import export_networks
from tests.model_table import distinct_models, small_model


def stirred(model):
    """The model with weights that nothing begins with, so that no part of it answers 0."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data += 0.05 * noise
    return model.eval()


def errors(model, node, n=4):
    """Greatest error of decodings and of re-encodings of the page's networks, with the weights that it has."""
    z = torch.randn(n, *model.latent_shape, generator=torch.Generator().manual_seed(0))
    networks = export_networks(model, z)
    answers = node(networks.as_json(), networks.packed.payload, z, "decoder", "encoder")
    with torch.no_grad():
        x = model.decode(z)
        back = model.encode(x).mean
    found = [torch.stack([answer[k] for answer in answers]) for k in (0, 1)]
    return [float((mine - right.flatten(1)).abs().max()) for mine, right in zip(found, (x, back))], back


@pytest.mark.parametrize("name", distinct_models())
def test_every_model_is_that_of_torch(name, node):
    (picture, response), back = errors(stirred(small_model(name)), node)
    assert picture < 1e-3 and response < 1e-3 * max(1.0, float(back.abs().max()))


@pytest.mark.parametrize(
    ("name", "shape"), [("vae-conv", (3, 64, 64)), ("vae-conv-small", (3, 64, 64)), ("sae-12", (3, 64, 64))]
)
def test_models_of_full_size_are_those_of_torch(name, shape, node):
    (picture, response), back = errors(stirred(la.models.build(name, x_shape=shape)), node, n=2)
    assert picture < 1e-3 and response < 1e-3 * max(1.0, float(back.abs().max()))


def test_foreign_models_are_followed_into_their_functions(node):
    encoder, decoder = nn.Sequential(nn.Flatten(), nn.Linear(16, 6)), nn.Sequential(nn.Linear(3, 16), nn.Sigmoid())

    model = la.from_torch(
        lambda x: encoder(x).chunk(2, 1),
        lambda z: decoder(z).view(-1, 1, 4, 4),
        latent_shape=(3,),
        output="mean_logvar",
    )
    (picture, response), _ = errors(model, node)
    assert picture < 1e-5 and response < 1e-4


def test_a_model_that_decides_by_its_input_is_refused():
    def decode(z):
        return z * 2 if float(z.sum()) > 0 else z * 3

    z = torch.tensor([[1.0, 2.0], [-3.0, -1.0]])
    with pytest.raises(ContractError, match="decides by what it is given"):
        export_networks(la.from_torch(lambda x: x, decode, latent_shape=(2,)), z)


def test_a_model_that_leaves_torch_is_refused():
    def decode(z):
        return torch.from_numpy(z.numpy() * 2)

    with pytest.raises(ContractError, match="leaves torch"):
        export_networks(la.from_torch(lambda x: x, decode, latent_shape=(2,)), torch.randn(2, 2))


def test_weights_that_rounding_would_spoil_keep_their_bits():
    layer = nn.Linear(2, 400, bias=False)
    layer.weight.data[:, 0] = 3e4 + torch.linspace(0, 10, 400)

    def decode(z):  # a small difference of large numbers
        return layer(z) - 3e4 * z[:, :1]

    model = la.from_torch(lambda x: x[:, :2], decode, latent_shape=(2,))
    assert export_networks(model, torch.randn(4, 2)).exact
