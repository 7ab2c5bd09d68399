"""β-TCVAE: its decomposition against the closed form, and its estimates against distributions that are known."""

import math

import pytest
import torch
from torch import distributions as D

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.objectives.tcvae import Decomposition, decompose
from latentassay.training import fit


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def posteriors(n, d=3, correlation=0.8, width=0.5):
    """n posteriors whose means are Gaussian and correlated: q(z) is one nearly N(0, Σ + width²)."""
    covariance = torch.full((d, d), correlation).fill_diagonal_(1.0)
    mean = torch.randn(n, d, generator=seeded()) @ torch.linalg.cholesky(covariance).mT
    total = covariance + width**2 * torch.eye(d)
    known = 0.5 * float(total.diagonal().log().sum() - torch.logdet(total))
    return DiagonalGaussian(mean.double(), torch.full((n, d), width).double()), known


def taken(q, rows):
    return DiagonalGaussian(q.mean[rows], q.std[rows])


def published_weights(batch, n, odd):
    """Chen et al. 2018, appendix C.2, row by row, the odd one out at a place of its own."""
    m = batch - 1
    weights = torch.full((batch, batch), 1 / m, dtype=torch.float64)
    for i in range(batch):
        weights[i, (i + 1 + odd) % batch] = (n - m) / (n * m)
        weights[i, i] = 1 / n
    return weights


@pytest.mark.parametrize("sampling", ["stratified", "weighted"])
def test_the_parts_add_up_to_the_kl(sampling):
    q, _ = posteriors(200)
    sums, z = [], None
    for seed in range(50):
        z = q.sample(seeded(seed))
        sums.append(sum(decompose(q, z, 500, sampling=sampling)))
    sums, kl = torch.stack(sums), q.kl_to_prior().mean()
    assert abs(float(sums.mean() - kl)) < 4 * float(sums.std()) / 50**0.5
    prior = D.Independent(D.Normal(torch.zeros(3).double(), torch.ones(3).double()), 1)
    exact = (q.log_prob(z) - prior.log_prob(z)).mean()
    torch.testing.assert_close(sums[-1], exact)  # for every sample, whatever q(z) is taken for


def test_with_all_rows_in_the_batch_the_stratified_estimate_is_the_mixture_itself():
    q, _ = posteriors(40)
    z = q.sample(seeded())
    even = D.Categorical(torch.ones(40).double())
    mixture = D.MixtureSameFamily(even, D.Independent(D.Normal(q.mean, q.std), 1)).log_prob(z)
    marginals = [D.MixtureSameFamily(even, D.Normal(q.mean[:, j], q.std[:, j])).log_prob(z[:, j]) for j in range(3)]
    found = decompose(q, z, 40)
    torch.testing.assert_close(found.mutual_information, (q.log_prob(z) - mixture).mean())
    torch.testing.assert_close(found.total_correlation, (mixture - sum(marginals)).mean())


def estimates(q, batch, sampling="stratified", repeats=12):
    found = []
    for seed in range(repeats):
        own = taken(q, torch.randperm(len(q.mean), generator=seeded(seed))[:batch])
        found.append(decompose(own, own.sample(seeded(seed)), len(q.mean), sampling=sampling).total_correlation)
    return torch.stack(found)


def test_total_correlation_of_a_gaussian_is_right_within_its_error():
    q, known = posteriors(5000)
    found = estimates(q, 400)
    stderr = float(found.std()) / len(found) ** 0.5
    assert known > 0.5 and stderr < 0.05 * known
    # The sample of 5000 means is not quite the distribution it is from, and log q(z) is a little too small.
    assert abs(float(found.mean()) - known) < 4 * stderr + 0.05 * known


@pytest.mark.parametrize(("batch", "repeats", "bias"), [(10, 1000, 0.15), (40, 250, 0.1), (1500, 3, 0.05)])
def test_the_estimate_nears_the_known_total_correlation_as_the_batch_grows(batch, repeats, bias):
    """What is left at all rows is the noise of the 1500 that there are."""
    q, known = posteriors(1500)
    found = estimates(q, batch, repeats=repeats)
    assert abs(float(found.mean()) - known) < 4 * float(found.std()) / repeats**0.5 + bias * known


def test_latents_that_tell_nothing_of_one_another_have_none():
    q, known = posteriors(5000, correlation=0.0)
    found = estimates(q, 400)
    assert known == 0 and abs(float(found.mean())) < 4 * float(found.std()) / len(found) ** 0.5 + 0.04


def test_weighted_sampling_takes_overlapping_posteriors_for_correlated():
    """Its weights add up to 1/n: a posterior that is the prior everywhere has (d − 1) log n."""
    q = DiagonalGaussian(torch.zeros(50, 3), torch.ones(50, 3))
    found = decompose(q, q.sample(seeded()), 1000, sampling="weighted")
    assert float(found.total_correlation) == pytest.approx(2 * math.log(1000), rel=1e-4)
    assert float(found.mutual_information) == pytest.approx(math.log(1000), rel=1e-4)


def test_stratified_weights_are_the_mean_of_the_published_ones():
    batch, n = 5, 20
    mean = torch.stack([published_weights(batch, n, odd) for odd in range(batch - 1)]).mean(0)
    own = objectives.tcvae._log_weights(batch, n, "stratified").double().exp()
    torch.testing.assert_close(own, mean, rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(own.sum(1), torch.ones(batch).double(), rtol=1e-5, atol=1e-7)


def test_the_stratified_estimate_of_q_is_unbiased():
    q, _ = posteriors(30, d=2)
    z, first = torch.zeros(1, 2).double(), 0
    density = torch.distributions.Independent(torch.distributions.Normal(q.mean, q.std), 1).log_prob(z).exp()
    weights = objectives.tcvae._log_weights(6, 30, "stratified").double().exp()[0]
    others = [torch.randperm(29, generator=seeded(seed))[:5] + 1 for seed in range(1000)]
    drawn = torch.stack([(weights * density[torch.cat([torch.tensor([first]), rest])]).sum() for rest in others])
    assert abs(float(drawn.mean() - density.mean())) < 4 * float(drawn.std()) / 1000**0.5


def setting(name="vae-mlp", n=6):
    return models.build(name, x_shape=(1, 8, 8), latents=3).eval(), torch.rand(n, 1, 8, 8)


def test_weights_of_one_are_the_vae_and_beta_weighs_the_total_correlation():
    model, x = setting()
    vae, one = objectives.VAE()(model, x, seeded()), objectives.BetaTCVAE(1, 100)(model, x, seeded())
    torch.testing.assert_close(one.total, vae.total)
    all_weights = objectives.BetaTCVAE(6.0, 100, alpha=2.0, gamma=0.5)(model, x, seeded())
    p = all_weights.parts
    torch.testing.assert_close(all_weights.total - vae.total, p["mi"] + 5 * p["tc"] - 0.5 * p["dw"])


def test_the_global_random_state_is_not_used_and_a_spec_rebuilds_it():
    model, x = setting()
    before, objective = torch.get_rng_state(), objectives.BetaTCVAE(4.0, 100, "weighted")
    assert torch.equal(objective(model, x, seeded()).total, objective(model, x, seeded()).total)
    assert torch.equal(before, torch.get_rng_state())
    assert objectives.build(**objectives.spec(objective)) == objective


def test_every_weight_is_trained_and_finite():
    model, x = setting("vae-conv-small")
    objectives.BetaTCVAE(6.0, 100)(model, x, seeded()).total.backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"beta": -1.0, "n": 10}, "beta must be zero"),
        ({"beta": 1.0, "n": 10, "alpha": float("nan")}, "alpha must be"),
        ({"beta": 1.0, "n": 10, "gamma": float("inf")}, "gamma must be"),
        ({"beta": 1.0, "n": 1}, "rows of the data"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        objectives.BetaTCVAE(**options)


def test_rows_left_out_are_filled_in_by_fit_or_asked_for():
    model, x = setting()
    with pytest.raises(InputError, match="state n="):
        objectives.BetaTCVAE(4.0)(model, x, seeded())
    assert objectives.BetaTCVAE(4.0).with_rows(6) == objectives.BetaTCVAE(4.0, 6)
    assert objectives.BetaTCVAE(4.0, 100).with_rows(6).n == 100
    assert fit(model, objectives.BetaTCVAE(4.0), x, steps=1, batch_size=6, device="cpu").step == 1


def test_batches_that_cannot_be_are_refused():
    q, _ = posteriors(8)
    with pytest.raises(InputError, match="without putting rows back"):
        decompose(q, q.mean, 7)
    with pytest.raises(InputError, match="at least 2 rows"):
        decompose(taken(q, [0]), q.mean[:1], 7)
    assert isinstance(decompose(q, q.mean, 7, sampling="weighted"), Decomposition)


@pytest.mark.parametrize("name", ["ae-mlp", "vae-full-mlp"])
def test_it_needs_independent_latents_with_a_density(name):
    model, x = setting(name)
    with pytest.raises(ContractError, match="independent latents"):
        objectives.BetaTCVAE(4.0, 100)(model, x, seeded())
