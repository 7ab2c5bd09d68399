"""FactorVAE: what its discriminator learns, whom each part of the loss reaches, and how codes are permuted."""

import pytest
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.nn.discriminator import CodeDiscriminator
from latentassay.objectives.factor import MOMENTS, discrimination, permute_latents
from latentassay.stats.likelihoods import SquaredError
from latentassay.training import cosine


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Open(nn.Module):
    """Posteriors of one width around observations as they are: q(z) of N(0, S) is N(0, S + width² I)."""

    x_shape = latent_shape = (3,)
    likelihood = SquaredError()
    width = 0.3

    def encode(self, x):
        return DiagonalGaussian(x, torch.full_like(x, self.width))

    def decoder_output(self, z):
        return z


def correlated(rho):
    return torch.full((3, 3), rho).fill_diagonal_(1.0)


def learned(rho, steps=400):
    """The part ``tc`` of a large batch, once the discriminator has learned; and the closed form."""
    chol, model = torch.linalg.cholesky(correlated(rho)), Open()
    ready = objectives.FactorVAE(lr=5e-3, width=32, layers=3).with_auxiliary(model)
    adam = torch.optim.Adam(ready.networks.parameters(), betas=ready.betas)
    rate, generator = cosine(ready.lr, steps), seeded()
    for step in range(steps):
        adam.param_groups[0]["lr"] = rate(step)
        adam.zero_grad()
        ready.loss(model, torch.randn(1024, 3, generator=generator) @ chol.T, generator).total.backward()
        adam.step()
    with torch.no_grad():
        found = ready.loss(model, torch.randn(20_000, 3, generator=generator) @ chol.T, generator).parts
    r = (correlated(rho) + model.width**2 * torch.eye(3)) / (1 + model.width**2)
    return found, -0.5 * float(torch.logdet(r))


def test_the_discriminator_recovers_the_total_correlation_of_a_gaussian():
    found, known = learned(0.7)
    assert known > 0.5
    assert float(found["tc"]) == pytest.approx(known, rel=0.1)


def test_independent_latents_have_none_and_the_discriminator_is_blind():
    found, known = learned(0.0, steps=100)
    assert known == 0
    assert float(found["tc"]) == pytest.approx(0, abs=0.02)
    assert float(found["discriminator"]) == pytest.approx(0.693147, abs=0.005)


def test_permuted_codes_keep_every_latent_and_lose_what_ties_them():
    codes = torch.randn(20_000, 1, generator=seeded()).expand(-1, 4) * torch.tensor([1.0, 2.0, -1.0, 0.5])
    mixed = permute_latents(codes, seeded(1))
    assert torch.equal(mixed.sort(0).values, codes.sort(0).values)
    torch.testing.assert_close(torch.corrcoef(mixed.T), torch.eye(4), rtol=0, atol=0.03)
    assert not (mixed == codes).all(0).any()


def test_every_order_of_a_latent_is_as_likely():
    codes = torch.arange(3.0)[:, None].expand(3, 2)
    generator = seeded()
    orders = [tuple(permute_latents(codes, generator)[:, 1].int().tolist()) for _ in range(1200)]
    counts = torch.tensor([orders.count(order) for order in sorted(set(orders))])
    assert len(counts) == 6 and float(((counts - 200.0) ** 2 / 200).sum()) < 20.5  # χ² of 5 degrees, 1 in 1000


def test_discrimination_is_the_cross_entropy_of_telling_codes_from_permuted_ones():
    judge, codes = CodeDiscriminator(3, 8, 2), torch.randn(10, 3, generator=seeded())
    logits = torch.cat([judge(codes), judge(permute_latents(codes, seeded(1)))])
    expected = binary_cross_entropy_with_logits(logits, torch.cat([torch.ones(10), torch.zeros(10)]))
    torch.testing.assert_close(discrimination(judge, codes, seeded(1)), expected)


def setting(name="vae-mlp", n=6):
    return models.build(name, x_shape=(1, 8, 8), latents=3).eval(), torch.rand(n, 1, 8, 8, generator=seeded())


def gradients(module, value):
    return torch.autograd.grad(value, list(module.parameters()), retain_graph=True, allow_unused=True)


def test_each_part_reaches_whom_it_is_meant_for():
    model, x = setting()
    ready = objectives.FactorVAE(gamma=5.0, width=8, layers=2).with_auxiliary(model)
    loss = ready.loss(model, x, seeded())
    model_part = loss.parts["nll"] + loss.parts["kl"] + 5 * loss.parts["tc"]
    torch.testing.assert_close(loss.total, model_part + loss.parts["discriminator"])
    for module, own in ((model, model_part), (ready.networks, loss.parts["discriminator"])):
        for whole, alone in zip(gradients(module, loss.total), gradients(module, own), strict=True):
            torch.testing.assert_close(whole, alone)
    assert all(g is None for g in gradients(model, loss.parts["discriminator"]))
    assert all(g is None for g in gradients(ready.networks, loss.parts["tc"]))
    assert any(g is not None and g.any() for g in gradients(model.encoder, loss.parts["tc"]))


def test_the_rest_is_the_vae_and_tc_is_the_mean_logit_of_the_very_codes_that_are_decoded():
    model, x = setting()
    objective = objectives.FactorVAE(width=8, layers=2)
    loss, plain = objective(model, x, seeded()), objectives.VAE()(model, x, seeded())
    for part in ("nll", "kl"):
        torch.testing.assert_close(loss.parts[part], plain.parts[part])
    z = model.encode(x).sample(seeded())
    torch.testing.assert_close(loss.parts["tc"], objective.with_auxiliary(model).networks(z).mean())


def test_it_brings_the_published_discriminator_the_same_each_time():
    model, _ = setting()
    before = torch.get_rng_state()
    ready, again, other = (
        o.with_auxiliary(model) for o in (objectives.FactorVAE(), objectives.FactorVAE(), objectives.FactorVAE(seed=1))
    )
    assert torch.equal(before, torch.get_rng_state())
    shapes = [tuple(layer.weight.shape) for layer in ready.networks.modules() if isinstance(layer, nn.Linear)]
    assert shapes == [(1000, 3), *[(1000, 1000)] * 5, (1, 1000)]
    assert ready.lr == 1e-4 and ready.betas == MOMENTS == (0.5, 0.9) and ready.model_betas == (0.9, 0.999)
    first = [next(each.networks.parameters()) for each in (ready, again, other)]
    assert torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])


def test_spatial_codes_are_taken_whole():
    class Map(Open):
        latent_shape = (1, 1, 3)

        def encode(self, x):
            return DiagonalGaussian(x[:, None, None], torch.full_like(x, self.width)[:, None, None])

        def decoder_output(self, z):
            return z.flatten(1)

    x = torch.randn(5, 3, generator=seeded())
    flat, spatial = (objectives.FactorVAE(width=8)(model, x, seeded()).total for model in (Open(), Map()))
    torch.testing.assert_close(flat, spatial)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gamma": -1.0}, "gamma must be zero"),
        ({"gamma": float("nan")}, "gamma must be zero"),
        ({"lr": 0.0}, "lr must be"),
        ({"width": 0}, "width must be"),
        ({"layers": 0}, "layers must be"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        objectives.FactorVAE(**options)


def test_what_cannot_be_told_apart_is_refused():
    model, x = setting()
    with pytest.raises(InputError, match="2 rows"):
        objectives.FactorVAE(width=8)(model, x[:1], seeded())
    with pytest.raises(ContractError, match="vae-"):
        objectives.FactorVAE(width=8)(setting("ae-mlp")[0], x, seeded())
