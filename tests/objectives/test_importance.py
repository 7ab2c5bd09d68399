"""Rényi and importance-weighted bounds against probabilistic PCA, where all of them are known, and plain formulas."""

import math
from itertools import pairwise

import pytest
import torch
from oracles.ppca import random_ppca, renyi_divergence
from scipy.integrate import quad
from torch import distributions as D
from torch import nn

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, StandardNormal
from latentassay.objectives.importance import renyi_bound
from latentassay.stats.likelihoods import Gaussian

ALPHAS = (-3.0, -0.5, 0.0, 0.3, 0.9, 1.0, 1.5, 4.0)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def unit_noise(like, generator):
    return DiagonalGaussian(torch.zeros_like(like), torch.ones_like(like)).sample(generator).detach()


def log_weights(model, x, samples, seed=0):
    """By torch.distributions, not by the code under test."""
    q, prior = model.proposal(x), D.Independent(D.Normal(torch.zeros(2).double(), 1.0), 1)
    encoded, g = model.encode(x), seeded(seed)
    z = torch.stack([encoded.sample(g) for _ in range(samples)])
    likelihood = D.Independent(D.Normal(model.decode(z), model.sigma), 1)
    return likelihood.log_prob(x) + prior.log_prob(z) - q.log_prob(z)


def repeats(model, x, samples, rows=20_000):
    """The bounds of one observation, ``rows`` times over."""
    return log_weights(model, x[:1].expand(rows, -1), samples)


def many_samples(model, x, samples):
    """The same ``(samples, n)``, drawn at once."""
    return log_weights(model, x.repeat(samples, 1), 1).view(samples, len(x))


def mean_and_stderr(values):
    return float(values.mean()), float(values.std()) / len(values) ** 0.5


@pytest.fixture
def ppca():
    return random_ppca(shift=0.15, widen=1.3)


@pytest.fixture
def x(ppca):
    return ppca.sample(4, seeded(1))


@pytest.mark.parametrize("alpha", [-0.5, 0.5, 2.0])
def test_the_oracle_against_integration(alpha):
    q, p = (
        D.MultivariateNormal(m * torch.ones(1).double(), v * torch.eye(1).double()) for m, v in [(0.3, 1.5), (0, 1)]
    )

    def power(z):
        at = torch.tensor([z], dtype=torch.float64)
        return math.exp(alpha * float(q.log_prob(at)) + (1 - alpha) * float(p.log_prob(at)))

    expected = math.log(quad(power, -40, 40)[0]) / (alpha - 1)
    assert float(renyi_divergence(q, p, alpha)) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_the_formula_as_written(ppca, x, alpha):
    lw = log_weights(ppca, x, 7)
    for i in range(len(x)):
        terms = [math.exp(float(lw[k, i])) for k in range(7)]
        power = 1 - alpha
        plain = sum(map(math.log, terms)) / 7 if alpha == 1 else math.log(sum(w**power for w in terms) / 7) / power
        assert float(renyi_bound(lw, alpha)[i]) == pytest.approx(plain, abs=1e-9)


@pytest.mark.parametrize("alpha", ALPHAS)
def test_objective_is_the_bound_on_the_generators_samples(ppca, x, alpha):
    loss = objectives.Renyi(alpha, samples=7)(ppca, x, seeded(3))
    torch.testing.assert_close(loss.total, -renyi_bound(log_weights(ppca, x, 7, seed=3), alpha).mean())
    parts = loss.parts
    torch.testing.assert_close(loss.total, parts["nll"] + parts["kl"] - parts["gain"])
    assert float(parts["gain"]) * (1 - alpha) >= 0


@pytest.mark.parametrize("alpha", [-0.4, 0.0, 0.5, 1.0, 1.5])
def test_tends_to_the_closed_form_as_samples_grow(ppca, x, alpha):
    """log p(x) − D_α(q ‖ p(z|x)), above log p(x) for negative α and below it for positive."""
    lw, exact = many_samples(ppca, x, 100_000), ppca.bound(x, alpha)
    w = ((1 - alpha) * lw).exp()
    relative = lw.std(0) if alpha == 1 else w.std(0) / w.mean(0) / abs(1 - alpha)
    assert ((renyi_bound(lw, alpha) - exact).abs() < 4.5 * relative / len(lw) ** 0.5).all()
    excess = exact - ppca.log_marginal(x)
    assert (excess.sign() == -math.copysign(1, alpha) * (alpha != 0)).all()


def test_alpha_one_is_the_evidence_lower_bound_in_expectation_and_its_limit(ppca, x):
    lw = log_weights(ppca, x, 10)
    assert torch.equal(renyi_bound(lw, 1), lw.mean(0))
    for near in (1e-12, 1e-9, 1e-6):
        for alpha in (1 - near, 1 + near):
            torch.testing.assert_close(renyi_bound(lw, alpha), lw.mean(0), rtol=0, atol=1e-5)
            torch.testing.assert_close(renyi_bound(lw.float(), alpha), lw.float().mean(0), rtol=1e-6, atol=1e-5)
    mean, stderr = mean_and_stderr(renyi_bound(repeats(ppca, x, 3), 1))
    assert abs(mean - float(ppca.bound(x, 1)[0])) < 4 * stderr
    assert float(ppca.bound(x, 1)[0]) < float(ppca.log_marginal(x)[0])


def test_the_kl_estimated_at_alpha_one_is_the_kl_of_the_vae():
    model, images = (
        models.build("vae-mlp", x_shape=(6,), latents=2, hidden=(8,)).double(),
        torch.rand(3, 6, generator=seeded()).double(),
    )
    many = objectives.Renyi(1, samples=20_000)(model, images, seeded())
    vae = objectives.VAE()(model, images, seeded())
    torch.testing.assert_close(many.parts["kl"], vae.parts["kl"].detach(), rtol=0, atol=0.03)


def test_alpha_zero_is_iwae_exactly(ppca, x):
    renyi, iwae = (o(ppca, x, seeded()) for o in (objectives.Renyi(0, 5), objectives.IWAE(5)))
    assert torch.equal(renyi.total, iwae.total)
    plain = log_weights(ppca, x, 5).logsumexp(0) - math.log(5)
    torch.testing.assert_close(iwae.total, -plain.mean())
    lw = log_weights(ppca, x, 5)
    torch.testing.assert_close(renyi_bound(lw, 1e-9), plain, rtol=0, atol=1e-7)


def test_falls_as_alpha_grows_and_is_the_same_for_one_sample(ppca, x):
    lw = log_weights(ppca, x, 9)
    bounds = torch.stack([renyi_bound(lw, alpha) for alpha in ALPHAS])
    assert (bounds.diff(dim=0) < 0).all()
    for alpha in ALPHAS:
        torch.testing.assert_close(renyi_bound(lw[:1], alpha), lw[0])


def test_iwae_lies_below_log_p_and_rises_with_its_samples(ppca, x):
    exact = float(ppca.log_marginal(x)[0])
    means = [mean_and_stderr(renyi_bound(repeats(ppca, x, samples), 0)) for samples in (1, 2, 5, 20)]
    assert abs(means[0][0] - float(ppca.bound(x, 1)[0])) < 4 * means[0][1]
    for (low, s), (high, t) in pairwise(means):
        assert high - low > 4 * (s**2 + t**2) ** 0.5
    assert all(mean < exact + 4 * stderr for mean, stderr in means)


def test_a_negative_order_bounds_from_above_once_there_are_samples(ppca, x):
    exact = float(ppca.log_marginal(x)[0])
    few, _ = mean_and_stderr(renyi_bound(repeats(ppca, x, 1, rows=2000), -0.4))
    many, stderr = mean_and_stderr(renyi_bound(repeats(ppca, x, 1000, rows=200), -0.4))
    assert few < exact < many - 4 * stderr


def test_extreme_weights_and_orders_stay_finite():
    lw = torch.tensor([[-90_000.0], [-20.0], [300.0]]).requires_grad_()
    for alpha in (-1e300, -50.0, 0.0, 0.999, 1.0, 50.0, 1e300):
        bound = renyi_bound(lw, alpha)
        (gradient,) = torch.autograd.grad(bound.sum(), lw)
        assert torch.isfinite(bound).all() and float(gradient.detach().sum()) == pytest.approx(1, abs=1e-5)
    assert renyi_bound(lw.detach(), -1e300) == 300 and renyi_bound(lw.detach(), 1e300) == -90_000


def plain_bound(model, x, alpha, samples):
    """The bound by torch.distributions and exp, log and mean, so that autograd differentiates the plain formula."""
    encoded, g = model.encode(x), seeded()
    q = D.Independent(D.Normal(encoded.mean, encoded.scale), 1)
    prior = D.Independent(D.Normal(torch.zeros_like(encoded.mean), 1.0), 1)
    logs = []
    for _ in range(samples):
        noise = unit_noise(encoded.mean, g)
        z = encoded.mean + encoded.scale * noise
        bernoulli = D.Independent(D.Bernoulli(logits=model.decoder(z), validate_args=False), 1)
        logs.append(bernoulli.log_prob(x) + prior.log_prob(z) - q.log_prob(z))
    lw = torch.stack(logs)
    bound = lw.mean(0) if alpha == 1 else (lw.exp() ** (1 - alpha)).mean(0).log() / (1 - alpha)
    return bound.mean()


def gradients(total, model):
    return torch.cat([g.flatten() for g in torch.autograd.grad(total, list(model.parameters()))])


@pytest.mark.parametrize("alpha", ALPHAS)
def test_gradients_are_those_of_the_plain_formula(alpha):
    model, x = (
        models.build("vae-mlp", x_shape=(6,), latents=2, hidden=(8,)).double(),
        torch.rand(3, 6, generator=seeded()).double(),
    )
    expected = gradients(-plain_bound(model, x, alpha, 6), model)
    actual = gradients(objectives.Renyi(alpha, 6)(model, x, seeded()).total, model)
    torch.testing.assert_close(actual, expected, rtol=1e-8, atol=1e-10)
    if alpha == 0:
        iwae = objectives.IWAE(6)(model, x, seeded()).total
        torch.testing.assert_close(gradients(iwae, model), expected, rtol=1e-8, atol=1e-10)


class RowWise(nn.Module):
    """Linear-Gaussian, with encoder parameters of their own for every row: one gradient sample per row."""

    def __init__(self, n, shift=0.3, log_widen=0.2):
        super().__init__()
        ppca = random_ppca(latents=2)
        row = ppca.sample(1, seeded(5))
        self.x, exact = row.expand(n, -1), ppca.posterior(row)
        self.mean = nn.Parameter((exact.mean + shift).repeat(n, 1))
        self.log_std = nn.Parameter((exact.stddev.log() + log_widen).repeat(n, 1))
        self.W, self.likelihood, self.prior = nn.Parameter(ppca.W), Gaussian(ppca.sigma), StandardNormal((2,))

    def encode(self, x):
        return DiagonalGaussian(self.mean, self.log_std.exp())

    def decoder_output(self, z):
        return z @ self.W.T


def row_gradients(model, objective, seed=0):
    """Gradients for the encoder ``(n, 4)`` and the decoder."""
    parameters = (model.mean, model.log_std, model.W)
    mean, log_std, W = torch.autograd.grad(objective(model, model.x, seeded(seed)).total, parameters)
    return len(model.x) * torch.cat([mean, log_std], 1), W


@pytest.mark.parametrize("samples", [1, 2, 8, 32])
def test_doubly_reparameterised_gradient_has_the_same_mean_and_less_noise(samples):
    model = RowWise(20_000)
    plain, W = row_gradients(model, objectives.IWAE(samples))
    doubly, same_W = row_gradients(model, objectives.IWAE(samples, doubly=True))
    torch.testing.assert_close(same_W, W)
    difference = doubly - plain
    assert (difference.mean(0).abs() < 4.5 * difference.std(0) / len(plain) ** 0.5).all()
    assert (doubly.var(0) < plain.var(0)).all()


def test_doubly_reparameterised_gradient_as_written():
    """Σ_k (w_k/Σw)² ∂log w_k/∂z_k ∂z_k/∂(mean, log std), for one row, by hand."""
    model, samples = RowWise(1), 4
    mean, std, g = model.mean.detach()[0], model.log_std.detach().exp()[0], seeded()
    expected, logs, pathwise = torch.zeros(4).double(), [], []
    for _ in range(samples):
        noise = unit_noise(mean[None], g)[0]
        z = (mean + std * noise).requires_grad_()
        observed, prior, q = D.Normal(z @ model.W.T, model.likelihood.std), D.Normal(0.0, 1.0), D.Normal(mean, std)
        lw = observed.log_prob(model.x[0]).sum() + (prior.log_prob(z) - q.log_prob(z)).sum()
        (slope,) = torch.autograd.grad(lw, z)
        logs.append(lw.detach())
        pathwise.append(torch.cat([slope, slope * std * noise]))
    for share, path in zip(torch.stack(logs).softmax(0), pathwise, strict=True):
        expected -= share**2 * path
    actual, _ = row_gradients(model, objectives.IWAE(samples, doubly=True))
    torch.testing.assert_close(actual[0], expected)


def test_doubly_changes_neither_value_nor_parts_and_needs_no_gradient():
    model = RowWise(5)
    plain, doubly = (objectives.IWAE(4, doubly=d)(model, model.x, seeded()) for d in (False, True))
    assert torch.equal(plain.total, doubly.total)
    assert all(torch.equal(plain.parts[name], doubly.parts[name]) for name in plain.parts)
    with torch.inference_mode():
        assert torch.equal(objectives.IWAE(4, doubly=True)(model, model.x, seeded()).total, plain.total)
    model.mean.requires_grad_(False)
    model.log_std.requires_grad_(False)
    objectives.IWAE(4, doubly=True)(model, model.x, seeded()).total.backward()
    assert model.W.grad is not None


def test_no_gradient_is_left_where_the_posterior_is_exact():
    """log w is then log p(x), wherever z lies: the doubly reparameterised gradient is 0, the plain one is noise."""
    model = RowWise(50)
    with torch.no_grad():
        model.W.copy_(torch.eye(5)[:, :2] * 0.7)
        variance = 1 / (1 + model.W.square().sum(0) / model.likelihood.std**2)
        model.log_std.copy_(0.5 * variance.log().expand(50, -1))
        model.mean.copy_(model.x @ model.W * variance / model.likelihood.std**2)
    plain, _ = row_gradients(model, objectives.IWAE(6))
    doubly, _ = row_gradients(model, objectives.IWAE(6, doubly=True))
    assert float(doubly.abs().max()) < 1e-12 < 0.05 < float(plain.abs().max())


@pytest.mark.parametrize("alpha", [math.inf, -math.inf, math.nan])
def test_the_order_must_be_finite(alpha):
    for refused in (lambda: objectives.Renyi(alpha), lambda: renyi_bound(torch.zeros(2, 2), alpha)):
        with pytest.raises(InputError, match="alpha must be a finite number"):
            refused()


@pytest.mark.parametrize("samples", [0, -3, True])
def test_there_must_be_samples(samples):
    for refused in (lambda: objectives.Renyi(0.5, samples), lambda: objectives.IWAE(samples)):
        with pytest.raises(InputError, match="samples must be a positive integer"):
            refused()


@pytest.mark.parametrize("lw", [torch.zeros(3), torch.zeros(0, 3), torch.zeros(2, 3, 1), torch.zeros(2, 3).long()])
def test_log_weights_have_one_row_per_sample(lw):
    with pytest.raises(InputError, match=r"shape \(K, n\)"):
        renyi_bound(lw, 0.5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_log_weights_must_be_finite(bad):
    lw = torch.zeros(3, 2)
    lw[1, 0] = bad
    with pytest.raises(InputError, match="for 1 of 2 observations"):
        renyi_bound(lw, 0.5)


def test_a_model_without_a_prior_is_told_so():
    model = RowWise(2)
    model.prior = None
    with pytest.raises(ContractError, match="no prior"):
        objectives.IWAE(2)(model, model.x, seeded())
