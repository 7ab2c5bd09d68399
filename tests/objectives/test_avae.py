"""The autoencoding VAE against its definition."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError

BASES = {"xae-mlp": objectives.AE(), "xvae-mlp": objectives.BetaVAE(0.5)}


UNITS = 5


def setting(name, n=12):
    model = models.build(name, x_shape=(7,), latents=UNITS, hidden=(9,)).double()
    with torch.no_grad():
        for parameter in model.block.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=seeded(3), dtype=torch.float64))
    return model.eval(), torch.rand(n, 7, generator=seeded(4), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_the_avae_against_torch_distributions():
    from torch import distributions as D

    model = models.build("vae-mlp", x_shape=(7,), latents=3).double()
    x = torch.rand(5, 7, generator=seeded(2), dtype=torch.float64)
    loss = objectives.AVAE(0.9)(model, x, seeded())
    z = model.encode(x).sample(seeded())
    again = model.encode(model.decode(z))
    target = D.Normal(0.9 * z, (1 - 0.9**2) ** 0.5)
    kl = D.kl_divergence(D.Normal(again.mean, again.std), target).sum(1).mean()
    torch.testing.assert_close(loss.parts["consistency"], kl)
    torch.testing.assert_close(loss.total, objectives.VAE()(model, x, seeded()).total + kl)


def test_the_avae_teaches_consistency_to_the_encoder_alone():
    model = models.build("vae-mlp", x_shape=(7,), latents=3)
    objectives.AVAE()(model, torch.rand(5, 7), seeded()).parts["consistency"].backward()
    assert all(p.grad is None for p in model.decoder.parameters())
    assert all(p.grad.abs().sum() > 0 for p in model.encoder.parameters())


@pytest.mark.parametrize("options", [{"rho": 1.0}, {"rho": -0.1}, {"beta": -1.0}, {"beta": float("inf")}])
def test_an_avae_that_makes_no_sense_is_refused(options):
    with pytest.raises(InputError, match="must"):
        objectives.AVAE(**options)


def test_the_avae_needs_gaussian_posteriors():
    for name in ("ae-mlp", "vae-full-mlp"):
        with pytest.raises(ContractError):
            objectives.AVAE()(models.build(name, x_shape=(7,), latents=3), torch.rand(4, 7), seeded())
