"""AE, VAE and β-VAE against their definitions."""

from functools import partial

import pytest
import torch
from torch import distributions as D

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian


def tuples(objective):
    """Of what shape the tuples are that an objective learns from, where it does."""
    if isinstance(objective, objectives.WeakGAN):
        return (len(objective.shared or range(3)), 2)
    return (2,) if isinstance(objective, objectives.SlowVAE | objectives.PCL) else ()


def setting(name, n=6, objective=None):
    """In evaluation mode, where the gates of a causal block are not drawn at random."""
    x_shape = (1, 8, 8)
    make = models.features if name == "features" else partial(models.build, name)
    return make(x_shape=x_shape, latents=3).eval(), torch.rand(n, *tuples(objective), *x_shape)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_elbo_against_torch_distributions():
    model, x = setting("vae-mlp")
    q = model.encode(x)
    oracle = D.Independent(D.Normal(q.mean, q.std), 1)
    kl = D.kl_divergence(oracle, D.Independent(D.Normal(torch.zeros(3), torch.ones(3)), 1)).mean()
    z = q.mean + q.std * (DiagonalGaussian(torch.zeros(q.mean.shape), torch.ones(q.mean.shape)).sample(seeded()))
    nll = torch.nn.functional.binary_cross_entropy(model.decode(z), x, reduction="sum") / len(x)
    loss = objectives.VAE()(model, x, seeded())
    torch.testing.assert_close(loss.parts["kl"], kl)
    torch.testing.assert_close(loss.parts["nll"], nll)
    torch.testing.assert_close(loss.total, nll + kl)


def test_vae_is_beta_one_and_beta_weighs_the_kl():
    model, x = setting("vae-mlp")
    plain, one, four = (o(model, x, seeded()) for o in (objectives.VAE(), objectives.BetaVAE(1), objectives.BetaVAE(4)))
    assert torch.equal(plain.total, one.total)
    torch.testing.assert_close(four.total - one.total, 3 * one.parts["kl"])


def test_ae_ignores_the_width_of_the_posterior():
    model, x = setting("vae-mlp")
    before = objectives.AE()(model, x, seeded(0)).total
    with torch.no_grad():
        model.encoder[-1].bias[3:] += 2  # the log-variances
    assert torch.equal(before, objectives.AE()(model, x, seeded(1)).total)


def test_sigma_where_its_square_belongs_is_another_kl():
    """The variant of two published codes, ½ Σ (μ² + σ − 1 − log σ): same optimum, about a quarter of the pull of σ."""
    mean = torch.zeros(1, 1)

    def wrong(std):
        return 0.5 * (std - 1 - std.log()).sum()

    for std in (torch.tensor([[0.1]]), torch.tensor([[1.5]])):
        right = DiagonalGaussian(mean, std).kl_to_prior().sum()
        oracle = D.kl_divergence(D.Normal(mean, std), D.Normal(0.0, 1.0)).sum()
        torch.testing.assert_close(right, oracle)
        assert abs(float(wrong(std) / right) - 1) > 0.3
    near = torch.tensor([[1.01]], dtype=torch.float64)
    ratio = wrong(near) / DiagonalGaussian(mean.double(), near).kl_to_prior().sum()
    assert float(ratio) == pytest.approx(0.25, abs=0.01)
    assert float(wrong(torch.ones(1, 1))) == 0.0


def test_variational_objectives_refuse_point_codes():
    model, x = setting("ae-mlp")
    for objective in (objectives.VAE(), objectives.BetaVAE(2.0), objectives.Renyi(0.5), objectives.IWAE()):
        with pytest.raises(ContractError, match=r"objectives\.AE"):
            objective(model, x, seeded())


@pytest.mark.parametrize("beta", [-1.0, float("nan"), float("inf")])
def test_beta_must_be_a_weight(beta):
    with pytest.raises(InputError, match="beta must be"):
        objectives.BetaVAE(beta)
