"""log p(x) by importance sampling against probabilistic PCA, where it is known, and every way to be refused."""

import math

import pytest
import torch
from oracles.ppca import random_ppca
from torch import distributions as D

import latentassay as la
from latentassay import models
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, Point
from latentassay.evaluation.likelihood import FewEffectiveSamplesWarning, log_likelihood
from latentassay.stats.likelihoods import Bernoulli, Gaussian, Likelihood, SquaredError


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def ask(model, x, samples=2000, seed=0, **options):
    return log_likelihood(model, x, samples=samples, generator=seeded(seed), **options)


@pytest.fixture
def ppca():
    return random_ppca(shift=0.15, widen=1.3)


@pytest.fixture
def x(ppca):
    return ppca.sample(20, seeded(1))


def test_is_exact_when_the_proposal_is_the_posterior(x):
    model = random_ppca()
    found = ask(model, x, samples=50)
    torch.testing.assert_close(found.per_row.value, model.log_marginal(x), rtol=0, atol=1e-10)
    torch.testing.assert_close(found.per_row.effective_samples, torch.full((20,), 50.0).double(), rtol=1e-9, atol=0)
    assert float(found.per_row.value_stderr.max()) < 1e-6 and found.sampling_stderr < 1e-6
    assert found.effective_samples == pytest.approx(50)


def test_errs_by_as_much_as_its_standard_error_says(ppca, x):
    errors = []
    for seed in range(20):
        found = ask(ppca, x, samples=500, seed=seed)
        errors.append((found.per_row.value - ppca.log_marginal(x)) / found.per_row.value_stderr)
        assert abs(found.value - float(ppca.log_marginal(x).mean())) < 4 * found.sampling_stderr
    scores = torch.stack(errors)
    assert float(scores.std()) == pytest.approx(1, abs=0.1)
    assert abs(float(scores.mean())) < 0.2  # half a standard error of bias, at 4 % of a nat, is 0.02


@pytest.mark.parametrize("batch_size", [20, 20 * 7, 20 * 30])
def test_numbers_are_those_of_the_formulas_on_the_same_samples(ppca, x, batch_size):
    """Whether they come one by one, by sevens or at once: mean and standard deviation of w, and (Σw)² / Σw²."""
    found = ask(ppca, x, samples=30, batch_size=batch_size)
    q, g = ppca.encode(x), seeded()
    z = torch.stack([q.sample(g) for _ in range(30)])
    prior = D.Independent(D.Normal(torch.zeros(2).double(), 1.0), 1)
    observed = D.Independent(D.Normal(ppca.decode(z), ppca.sigma), 1)
    w = (observed.log_prob(x) + prior.log_prob(z) - ppca.proposal(x).log_prob(z)).exp()
    rows = found.per_row
    torch.testing.assert_close(rows.value, w.mean(0).log())
    torch.testing.assert_close(rows.value_stderr, w.std(0) / w.mean(0) / 30**0.5)
    torch.testing.assert_close(rows.effective_samples, w.sum(0) ** 2 / (w**2).sum(0))
    assert found.value == pytest.approx(float(rows.value.mean()))
    assert found.sampling_stderr == pytest.approx(float((rows.value_stderr**2).sum()) ** 0.5 / 20)
    assert found.effective_samples == pytest.approx(float(rows.effective_samples.mean()))
    middle, half = (found.value.low + found.value.high) / 2, 1.96 * float(rows.value.std()) / 20**0.5
    assert middle == pytest.approx(found.value) and found.value.high - middle == pytest.approx(half, rel=1e-3)
    assert (found.n, found.samples) == (20, 30)


@pytest.mark.parametrize("batch_size", [1, 7, 20, 64, 10_000])
def test_chunks_of_any_size_say_the_same(ppca, x, batch_size):
    found = ask(ppca, x[:5], samples=200, batch_size=batch_size)
    assert abs(found.value - float(ppca.log_marginal(x[:5]).mean())) < 4 * found.sampling_stderr
    assert found.per_row.value.shape == (5,)


@pytest.mark.parametrize("batch_size", [1, 7, 64, 10_000])
@pytest.mark.filterwarnings("ignore::latentassay.evaluation.likelihood.FewEffectiveSamplesWarning")
def test_the_batch_size_changes_nothing_but_rounding(ppca, batch_size):
    x = ppca.sample(70, seeded(2))  # three groups of rows, the last of them small
    ours, other = (ask(ppca, x, samples=20, batch_size=size).per_row.value for size in (batch_size, 512))
    torch.testing.assert_close(ours, other, rtol=0, atol=1e-9)


def test_no_more_decodings_at_a_time_than_asked_for(ppca, x):
    sizes, decode = [], ppca.decoder_output
    ppca.decoder_output = lambda z: sizes.append(len(z)) or decode(z)
    ask(ppca, x, samples=101, batch_size=16)
    assert max(sizes) <= 16 and sum(sizes) == 20 * 101


class Far(la.StandardNormal):
    """A prior whose density is another by a factor far outside the floats."""

    def log_prob(self, z):
        return super().log_prob(z) + self.offset


@pytest.mark.parametrize("offset", [-1e5, 1e5])
def test_weights_are_summed_in_log_space(ppca, x, offset):
    plain = ask(ppca, x, samples=50)
    ppca.prior = Far((2,))
    object.__setattr__(ppca.prior, "offset", offset)
    moved = ask(ppca, x, samples=50)
    assert moved.value - offset == pytest.approx(plain.value)
    torch.testing.assert_close(moved.per_row.effective_samples, plain.per_row.effective_samples)


def test_depends_on_its_generator_alone_and_leaves_the_model_as_it_was():
    model = models.build("vae-mlp", x_shape=(6,), latents=2, hidden=(8,))
    x, before = torch.rand(4, 6, generator=seeded()), torch.get_rng_state()
    copy = x.clone()
    model.train()
    first, second, other = (ask(model, x, samples=200, seed=seed) for seed in (0, 0, 1))
    assert first.value == second.value != other.value
    assert torch.equal(before, torch.get_rng_state()) and torch.equal(x, copy)
    assert model.training and torch.is_grad_enabled()
    assert not first.per_row.value.requires_grad


def test_a_vae_agrees_with_quadrature():
    """One latent: ∫ p(x|z) p(z) dz on a grid."""
    model = models.build("vae-mlp", x_shape=(6,), latents=1, hidden=(8,)).double()
    x = (torch.rand(5, 6, generator=seeded()) > 0.5).double()
    z = torch.linspace(-10, 10, 4001).double()[:, None]
    with torch.no_grad():
        log_joint = D.Bernoulli(model.decode(z)[:, None]).log_prob(x).sum(2) + D.Normal(0.0, 1.0).log_prob(z)
    exact = log_joint.logsumexp(0) + math.log(20 / 4000)
    found = ask(model, x)
    assert ((found.per_row.value - exact).abs() < 4 * found.per_row.value_stderr + 1e-9).all()
    assert "Bernoulli" in found.variant and "grey" not in found.variant and "2000 samples" in found.variant
    assert "grey" in ask(model, x * 0.5, samples=100).variant


def test_lies_above_the_evidence_lower_bound():
    model = models.build("vae-full-mlp", x_shape=(6,), latents=2, hidden=(8,))
    x = torch.rand(8, 6, generator=seeded())
    elbo = -la.objectives.Renyi(1, samples=500)(model, x, seeded()).total.detach()
    assert ask(model, x).value > float(elbo)


def foreign(decode=lambda z: torch.cat([z, -z], 1), std=0.7, **options):
    """From (n, 4) to two latents and back, N(0, I) as prior."""
    return la.from_torch(
        lambda x: D.Normal(0.3 * (x[:, :2] - x[:, 2:]), std), decode, latent_shape=(2,), prior="normal", **options
    )


def test_a_foreign_model_states_its_likelihood_by_name(x):
    x, W = torch.randn(6, 4, generator=seeded()), torch.cat([torch.eye(2), -torch.eye(2)])
    for likelihood, std in (
        ("gaussian", 1.0),
        ({"name": "gaussian", "std": 0.6}, 0.6),
        (Gaussian(std=0.6), 0.6),
    ):
        exact = D.MultivariateNormal(torch.zeros(4), W @ W.T + std**2 * torch.eye(4)).log_prob(x)
        found = ask(foreign(), x, likelihood=likelihood)
        assert ((found.per_row.value - exact).abs() < 4.5 * found.per_row.value_stderr).all()
        assert f"std={std}" in found.variant


def test_bernoulli_by_name_reads_means_and_the_own_one_logits():
    own = models.build("vae-mlp", x_shape=(6,), latents=2, hidden=(8,))
    pair = la.from_torch(
        lambda x: (own.encode(x).mean, own.encode(x).std),
        own.decode,
        latent_shape=(2,),
        prior="normal",
        output="mean_std",
    )
    x = torch.rand(5, 6, generator=seeded())
    expected = ask(own, x, samples=40).value
    assert ask(pair, x, samples=40, likelihood="bernoulli").value == pytest.approx(expected, rel=1e-5)
    assert ask(own, x, samples=40, likelihood=Bernoulli()).value == pytest.approx(expected, rel=1e-5)


def test_saturated_means_are_as_near_to_certain_as_floats_are():
    certain, x = foreign(lambda z: torch.ones(len(z), 4), std=1.0), torch.tensor([[1.0, 1, 1, 1], [1, 1, 1, 0]])
    right, wrong = ask(certain, x, samples=1000, likelihood="bernoulli").per_row.value
    assert float(right) == pytest.approx(0, abs=0.2) and -17 < float(wrong) < -15  # log of float32's precision is −15.9


def test_any_likelihood_of_the_users_own():
    class Laplace(Likelihood):
        def mean(self, output):
            return output

        def nll(self, output, x):
            return -D.Laplace(output, 0.5).log_prob(x).sum(1)

    assert math.isfinite(ask(foreign(), torch.randn(3, 4, generator=seeded()), samples=200, likelihood=Laplace()).value)


def test_warns_when_few_samples_carry_the_weight(x):
    far = random_ppca(shift=4.0, widen=0.5)
    with pytest.warns(FewEffectiveSamplesWarning, match=r"20 of 20 observations have fewer than 10 effective"):
        found = ask(far, x, samples=200)
    assert found.effective_samples < 10
    assert found.value < float(far.log_marginal(x).mean())


def test_observations_need_not_be_tensors(ppca, x):
    assert ask(ppca, x.numpy(), samples=30).value == ask(ppca, x, samples=30).value


@pytest.mark.parametrize("std", [0.0, -1.0, math.nan, math.inf])
def test_the_width_of_a_gaussian_must_be_positive(ppca, x, std):
    for likelihood in ({"name": "gaussian", "std": std}, Gaussian(std=std)):
        with pytest.raises(InputError, match="std of a gaussian likelihood must be a positive number"):
            ask(ppca, x, likelihood=likelihood)
    ppca.likelihood = Gaussian(std=std)
    with pytest.raises(InputError, match="positive number"):
        ask(ppca, x)


@pytest.mark.parametrize("likelihood", ["bernouli", 3, {"std": 1.0}, {"name": "gaussian", "sigma": 1.0}])
def test_unknown_likelihoods_are_refused(ppca, x, likelihood):
    with pytest.raises(InputError, match=r"likelihood must be|got an unexpected keyword"):
        ask(ppca, x, likelihood=likelihood)


def test_squared_error_is_no_density(ppca, x):
    for likelihood in ("squared", SquaredError()):
        with pytest.raises(InputError, match="not a density"):
            ask(ppca, x, likelihood=likelihood)
    with pytest.raises(InputError, match="not a density"):
        ask(models.build("vae-mlp", x_shape=(5,), latents=2, likelihood="squared"), x)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"samples": 0}, "samples must be"), ({"samples": 1}, "no standard error"), ({"batch_size": 0}, "batch_size")],
)
def test_counts_are_refused(ppca, x, options, message):
    with pytest.raises(InputError, match=message):
        ask(ppca, x, **options)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (models.build("ae-mlp", x_shape=(4,), latents=2), "has no prior"),
        (la.from_torch(lambda x: x[:, :2], lambda z: z, latent_shape=(2,)), "has no prior"),
        (torch.nn.Linear(4, 2), "lacks encode, decode"),
        (foreign(), "does not say what p"),
    ],
)
def test_models_that_give_no_density_are_told_what_is_missing(model, message):
    with pytest.raises(ContractError, match=message):
        ask(model, torch.rand(3, 4, generator=seeded()))


def test_codes_without_a_density_are_refused(ppca, x):
    ppca.encode = lambda x: Point(torch.zeros(len(x), 2).double())
    with pytest.raises(ContractError, match="codes are points"):
        ask(ppca, x)
    for std in (0.0, -1.0, math.nan):
        ppca.encode = lambda x, std=std: DiagonalGaussian(torch.zeros(len(x), 2), torch.full((len(x), 2), std))
        with pytest.raises(ContractError, match="std must be positive"):
            ask(ppca, x)


def test_shapes_that_do_not_belong_together_are_refused(ppca, x):
    with pytest.raises(ContractError, match="decoder's output must have shape"):
        ask(foreign(lambda z: z[:, :1]), torch.rand(3, 4, generator=seeded()), likelihood="gaussian")
    ppca.latent_shape = (3,)
    with pytest.raises(ContractError, match="encode must return means of shape"):
        ask(ppca, x)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (torch.zeros(5), "must have shape"),
        (torch.zeros(5, 4).long(), "floating point"),
        (torch.full((5, 4), math.nan), "NaN or infinite"),
        (torch.full((5, 4), 1.5), "must lie in"),
    ],
)
def test_unusable_data_are_refused(data, message):
    with pytest.raises(InputError, match=message):
        ask(foreign(lambda z: torch.full((len(z), 4), 0.5)), data, likelihood="bernoulli")


def test_means_of_a_bernoulli_are_no_logits():
    with pytest.raises(ContractError, match="are they logits"):
        ask(foreign(), torch.rand(3, 4, generator=seeded()), likelihood="bernoulli")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_finite_are_refused(bad):
    model = foreign(lambda z: torch.full((len(z), 4), bad))
    with pytest.raises(InputError, match="NaN or infinite for 3 of 3 observations"):
        ask(model, torch.rand(3, 4, generator=seeded()), likelihood="gaussian")
