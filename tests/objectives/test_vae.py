"""AE, VAE and β-VAE against their definitions."""

from functools import partial

import pytest
import torch
from torch import distributions as D

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.objectives.vae import exact_kl, sigma_kl
from latentassay.training import cosine, fit


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
    """½ Σ (μ² + σ − 1 − log σ): about a quarter of the pull of σ near 1, and 0 only at the prior."""
    mean = torch.zeros(1, 1)
    for std in (torch.tensor([[0.1]]), torch.tensor([[1.5]])):
        right = DiagonalGaussian(mean, std).kl_to_prior().sum()
        oracle = D.kl_divergence(D.Normal(mean, std), D.Normal(0.0, 1.0)).sum()
        torch.testing.assert_close(right, oracle)
        assert abs(float(sigma_kl(DiagonalGaussian(mean, std)) / right) - 1) > 0.3
    near = DiagonalGaussian(mean.double(), torch.tensor([[1.01]], dtype=torch.float64))
    assert float(sigma_kl(near) / near.kl_to_prior()) == pytest.approx(0.25, abs=0.01)
    assert float(sigma_kl(DiagonalGaussian(mean, torch.ones(1, 1)))) == 0.0


def best_scale(term, mean, std):
    """The factor on μ and σ together at which a KL term is least, found by search."""
    scales = torch.linspace(0.05, 3, 20_000, dtype=torch.float64)
    totals = torch.stack([term(DiagonalGaussian(scale * mean, scale * std)).mean() for scale in scales])
    return scales[totals.argmin()]


@pytest.mark.parametrize("noise", [0.05, 0.3, 1.0])
def test_optimum_under_rescaling_is_another_for_each_kl(noise):
    """A factor on μ and σ that the decoder undoes leaves the reconstruction alone, so only the KL term chooses it.

    d/ds of ½(s² E μ² + s E σ − log s) is 0 where 2 E μ² + E σ = 1; of the exact KL, where E μ² + E σ² = 1.
    """
    mean = torch.randn(40, 1, generator=seeded(), dtype=torch.float64)
    std = noise * (0.5 + torch.rand(40, 1, generator=seeded(1), dtype=torch.float64))
    by_sigma, by_square = best_scale(sigma_kl, mean, std), best_scale(exact_kl, mean, std)
    assert float(2 * (by_sigma * mean).square().mean() + (by_sigma * std).mean()) == pytest.approx(1, abs=1e-3)
    assert float((by_square**2) * (mean.square() + std.square()).mean()) == pytest.approx(1, abs=1e-3)
    assert by_sigma < by_square


@pytest.mark.parametrize("kl", ["exact", "sigma"])
def test_training_ends_at_the_optimum_of_its_kl(kl):
    """A linear model of one informative direction: E μ² is near 1 with the exact KL, and near ½ with the other."""
    x = 2 * torch.randn(512, 1, generator=seeded())
    model = models.build("vae-mlp", x_shape=(1,), latents=1, likelihood="squared", hidden=(), seed=0)
    options = {"steps": 2000, "batch_size": 256, "lr": cosine(0.03, 2000), "device": "cpu", "progress": False}
    fit(model, objectives.BetaVAE(1.0, kl=kl), x, **options)
    with torch.no_grad():
        q = model.encode(x)
    square, sigma = float(q.mean.square().mean()), float(q.std.mean())
    if kl == "sigma":
        assert 2 * square + sigma == pytest.approx(1, abs=0.02)
        assert square < 0.5
    else:
        assert square + float(q.std.square().mean()) == pytest.approx(1, abs=0.02)


def test_each_kl_by_name():
    model, x = setting("vae-mlp")
    q = model.encode(x)
    loss = objectives.BetaVAE(4.0, kl="sigma")(model, x, seeded())
    oracle = 0.5 * (q.mean**2 + q.std - 1 - q.std.log()).sum(1).mean()
    torch.testing.assert_close(loss.parts["kl"], oracle)
    torch.testing.assert_close(loss.total, loss.parts["nll"] + 4 * oracle)
    assert torch.equal(objectives.VAE(kl="sigma")(model, x, seeded()).parts["kl"], loss.parts["kl"])
    assert objectives.build(**objectives.spec(objectives.VAE(kl="sigma"))) == objectives.VAE(kl="sigma")


def test_an_unknown_kl_is_refused():
    for make in (objectives.VAE, partial(objectives.BetaVAE, 1.0)):
        with pytest.raises(InputError, match="kl must be one of exact, sigma, got 'sigmoid'"):
            make(kl="sigmoid")


def test_sigma_kl_refuses_a_full_covariance():
    model = models.build("vae-full-mlp", x_shape=(4,), latents=3, likelihood="squared", hidden=(8,))
    with pytest.raises(ContractError, match=r"diagonal Gaussians, the model encodes to FullCovarianceGaussian"):
        objectives.BetaVAE(1.0, kl="sigma")(model, torch.rand(5, 4), seeded())


def test_variational_objectives_refuse_point_codes():
    model, x = setting("ae-mlp")
    for objective in (objectives.VAE(), objectives.BetaVAE(2.0), objectives.Renyi(0.5), objectives.IWAE()):
        with pytest.raises(ContractError, match=r"objectives\.AE"):
            objective(model, x, seeded())


@pytest.mark.parametrize("beta", [-1.0, float("nan"), float("inf")])
def test_beta_must_be_a_weight(beta):
    with pytest.raises(InputError, match="beta must be"):
        objectives.BetaVAE(beta)
