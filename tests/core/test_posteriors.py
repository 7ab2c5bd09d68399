import pytest
import torch
from torch import distributions as D
from torch.testing import assert_close

import latentassay as la
from latentassay.stats.likelihoods import Bernoulli, Gaussian, SquaredError


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def draws(*shape, seed=0):
    return torch.randn(*shape, generator=seeded(seed), dtype=torch.float64)


def diagonal(n=5, d=3):
    return la.DiagonalGaussian(draws(n, d), draws(n, d, seed=1).exp())


def full(n=5, d=3):
    lower = draws(n, d, d, seed=2).tril(-1) + torch.diag_embed(draws(n, d, seed=3).exp())
    return la.FullCovarianceGaussian(draws(n, d), lower)


def test_diagonal_kl_and_density_equal_torch():
    q, z = diagonal(), draws(5, 3, seed=9)
    torch_q = D.Normal(q.mean, q.std)
    assert_close(q.kl_per_latent(), D.kl_divergence(torch_q, D.Normal(0.0, 1.0)))
    assert_close(q.log_prob(z), torch_q.log_prob(z).sum(1))
    assert_close(q.kl_to_prior(), q.kl_per_latent().sum(1))


def test_kl_with_sigma_in_place_of_its_square_is_another_number():
    """Two published codes write ½(μ² + σ − 1 − log σ): another strength, and another optimum of informative units."""
    q = la.DiagonalGaussian(torch.zeros(1, 1), torch.full((1, 1), 0.5))
    published = 0.5 * (q.mean**2 + q.std - 1 - q.std.log())
    assert_close(q.kl_per_latent().item(), D.kl_divergence(D.Normal(0.0, 0.5), D.Normal(0.0, 1.0)).item())
    assert q.kl_per_latent().item() / published.item() == pytest.approx(3.3, abs=0.1)


def test_full_covariance_equals_torch():
    q, z = full(), draws(5, 3, seed=9)
    torch_q = D.MultivariateNormal(q.mean, scale_tril=q.scale_tril)
    prior = D.MultivariateNormal(torch.zeros(3).double(), torch.eye(3).double())
    assert_close(q.kl_to_prior(), D.kl_divergence(torch_q, prior))
    assert_close(q.log_prob(z), torch_q.log_prob(z))
    assert_close(q.std, torch_q.variance.sqrt())


def test_full_covariance_of_a_diagonal_is_the_diagonal():
    q = diagonal()
    same = la.FullCovarianceGaussian(q.mean, torch.diag_embed(q.std))
    assert_close(same.kl_to_prior(), q.kl_to_prior())
    assert_close(same.log_prob(q.mean + 1), q.log_prob(q.mean + 1))


@pytest.mark.parametrize("make", [diagonal, full])
def test_samples_have_the_stated_moments(make):
    one = make(1, 3)
    many = type(one)(*(value.expand(200_000, *value.shape[1:]) for value in vars(one).values()))
    z = many.sample(seeded())
    assert_close(z.mean(0), one.mean[0], atol=0.03, rtol=0.01)
    assert_close(z.std(0), one.std[0], rtol=0.02, atol=0)
    assert torch.equal(z, many.sample(seeded()))


def test_a_point_is_infinitely_sharp():
    q = la.Point(torch.zeros(2, 3))
    assert torch.equal(q.sample(seeded()), q.mean) and q.std.eq(0).all()
    assert q.log_prob(torch.tensor([[0.0, 0, 0], [0, 0, 1]])).tolist() == [torch.inf, -torch.inf]
    assert q.kl_to_prior().tolist() == [torch.inf, torch.inf]


def test_logvar_is_the_log_of_the_variance():
    q = la.DiagonalGaussian.from_logvar(torch.zeros(1, 1), torch.full((1, 1), 4.0).log())
    assert_close(q.std, torch.full((1, 1), 2.0))


def test_standard_normal():
    prior = la.StandardNormal((2, 4))
    z = prior.sample(3, seeded())
    assert z.shape == (3, 2, 4) and prior.std == 1
    assert_close(prior.log_prob(z), D.Normal(0.0, 1.0).log_prob(z).sum((1, 2)))


def test_likelihoods_equal_torch():
    output, x = draws(4, 2, 3), draws(4, 2, 3, seed=1).sigmoid()
    p = output.sigmoid()
    bernoulli = -(x * p.log() + (1 - x) * (1 - p).log())
    assert_close(Bernoulli().nll(output, x), bernoulli.sum((1, 2)))
    assert_close(Gaussian(0.3).nll(output, x), -D.Normal(output, 0.3).log_prob(x).sum((1, 2)))
    assert_close(SquaredError().nll(output, x), (x - output).pow(2).sum((1, 2)))
    assert_close(Bernoulli().mean(output), output.sigmoid())
    assert Gaussian().mean(output) is output and SquaredError().mean(output) is output
    hard = (x > 0.5).double()
    assert_close(Bernoulli().nll(output, hard), -D.Bernoulli(logits=output).log_prob(hard).sum((1, 2)))


@pytest.mark.parametrize("latents", [1, 3, 10, 16, 37])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_sample_is_the_same_however_many_rows_are_drawn_at_once(latents, dtype):
    def drawn(sizes):
        g = torch.Generator().manual_seed(0)
        parts = [torch.zeros(n, latents, dtype=dtype) for n in sizes]
        return torch.cat([la.DiagonalGaussian(part, torch.ones_like(part)).sample(g) for part in parts])

    at_once = drawn([40])
    assert torch.equal(drawn([7] * 5 + [5]), at_once) and torch.equal(drawn([1] * 40), at_once)
    assert at_once.std() == pytest.approx(1, abs=0.5) and len(at_once.unique()) == at_once.numel()
