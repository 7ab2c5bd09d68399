"""The contract table of models: every name goes through every test."""

import json

import pytest
import torch
from model_table import distinct_models, small_model

from latentassay import models, objectives
from latentassay.core.contract import check_autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import Point
from latentassay.nn.structural import StrTfm
from latentassay.stats.likelihoods import Bernoulli, Gaussian, Likelihood

NAMES = distinct_models()
every_model = pytest.mark.parametrize("name", NAMES)


def build(name, **options):
    return awake(small_model(name, **options))


def awake(model):
    """Let a structural decoder, which begins by ignoring its latents, listen to them."""
    layers = [module.net[-1] for module in model.modules() if isinstance(module, StrTfm)]
    with torch.no_grad():
        for layer in layers:
            for parameter in layer.parameters():
                parameter.add_(0.05 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(8)))
    return model.eval() if layers else model


def batch(name, n=6):
    return torch.rand(n, *models.describe(name).trial["x_shape"], generator=torch.Generator().manual_seed(1))


def loss_of(model, x):
    objective = objectives.AE() if isinstance(model.encode(x), Point) else objectives.VAE()
    return objective(model, x, torch.Generator().manual_seed(2)).total


@every_model
@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian", "squared"])
def test_keeps_the_contract_of_the_door(name, likelihood):
    model = build(name, likelihood=likelihood)
    check_autoencoder(model, batch(name))
    known = models.describe(name)
    assert model.latent_shape == (known.trial.get("latents", known.latents),)
    assert (model.prior is None) == (known.objective["name"] == "ae")
    assert [i for group in model.variables for i in group] == list(range(model.latent_shape[0]))


@every_model
def test_decodes_the_mean_of_its_likelihood(name):
    model = build(name).eval()
    z = torch.randn(3, *model.latent_shape)
    assert torch.equal(model.decode(z), model.decoder_output(z).sigmoid())


@every_model
def test_gradients_reach_every_parameter(name):
    model = build(name)
    loss_of(model, batch(name)).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in model.parameters())


@every_model
def test_same_seed_same_loss_other_seed_other_loss(name):
    losses = [loss_of(build(name, seed=seed).eval().double(), batch(name).double()).item() for seed in (3, 3, 4)]
    assert losses[0] == losses[1] != losses[2]


@every_model
def test_building_leaves_the_global_random_state(name):
    before = torch.get_rng_state()
    build(name, seed=5)
    assert torch.equal(before, torch.get_rng_state())


@every_model
def test_memory_that_is_not_contiguous_gives_the_same(name):
    model, x = build(name).eval(), batch(name)
    strided = x.transpose(0, -1).contiguous().transpose(0, -1)
    assert not strided.is_contiguous()
    torch.testing.assert_close(model.encode(strided).mean, model.encode(x).mean)


@every_model
def test_rebuilds_from_its_spec_as_json(name):
    model = build(name, likelihood=Gaussian(std=0.3), seed=7).eval()
    twin = awake(models.build(**json.loads(json.dumps(model.spec))).eval())
    assert twin.likelihood == model.likelihood
    assert torch.equal(loss_of(twin, batch(name)), loss_of(model, batch(name)))


@every_model
def test_wrong_size_of_input_is_an_error_not_an_answer(name):
    with pytest.raises(ContractError, match="failed on a tensor"):
        check_autoencoder(build(name), torch.rand(3, 1, 30, 31))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "vae"}, "did you mean"),
        ({"x_shape": 5}, "x_shape must be"),
        ({"x_shape": ()}, "x_shape must be"),
        ({"x_shape": (3, 0)}, "x_shape must be"),
        ({"latents": 0}, "latents must be"),
        ({"likelihood": "poisson"}, "likelihood must be"),
        (
            {"likelihood": {"name": "gaussian", "beta": 1}},
            "likelihood gaussian got an unexpected keyword argument 'beta'",
        ),
        ({"activation": []}, "activation must be"),
        ({"width": 3}, "takes no option width"),
        ({"name": "vae-conv", "x_shape": (1, 32, 32), "hidden": (3,)}, "takes no option hidden"),
        ({"hidden": (0,)}, "hidden must be"),
        ({"hidden": 3}, "hidden must be"),
        ({"seed": -1.5}, "seed must be"),
        ({"activation": "step"}, "activation must be one of elu, mish, relu, silu, tanh, got 'step'"),
        ({"name": "ae-conv", "x_shape": (1, 32, 32), "activation": "relu"}, "takes no option activation"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        models.build(**{"name": "vae-mlp", "x_shape": (3,), **options})


def test_a_likelihood_of_the_users_own_has_no_spec():
    class Mine(Likelihood):
        def mean(self, output):
            return output

        def nll(self, output, x):
            return Bernoulli().nll(output, x)

    model = models.build("vae-mlp", x_shape=(3,), likelihood=Mine())
    assert model.spec is None
    assert model.decode(torch.ones(1, 10)).shape == (1, 3)
