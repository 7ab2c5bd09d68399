"""Observation models against torch's distributions, and how they are named."""

import pytest
import torch
from torch import distributions as D

from latentassay.core.errors import InputError
from latentassay.stats.likelihoods import Bernoulli, Gaussian, SquaredError, as_likelihood


def normals(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


OUTPUT = normals(5, 2, 3)


def test_bernoulli_is_torchs():
    x = (normals(5, 2, 3, seed=1) > 0).double()
    expected = -D.Bernoulli(logits=OUTPUT).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().nll(OUTPUT, x), expected)
    torch.testing.assert_close(Bernoulli().mean(OUTPUT), D.Bernoulli(logits=OUTPUT).mean)


@pytest.mark.parametrize("squashed", [False, True])
def test_gaussian_is_torchs(squashed):
    likelihood, x = Gaussian(std=0.3, squashed=squashed), normals(5, 2, 3, seed=1)
    expected = -D.Normal(likelihood.mean(OUTPUT), 0.3).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(likelihood.nll(OUTPUT, x), expected)
    assert bool((likelihood.mean(OUTPUT) == OUTPUT).all()) != squashed


def test_squared_error_is_a_gaussian_of_variance_one_half_but_for_a_constant():
    x = normals(5, 2, 3, seed=1)
    apart = Gaussian(std=0.5**0.5).nll(OUTPUT, x) - SquaredError().nll(OUTPUT, x)
    torch.testing.assert_close(apart, apart[:1].expand(5))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bernoulli", Bernoulli()),
        ("squared", SquaredError()),
        ({"name": "gaussian", "std": 0.5}, Gaussian(std=0.5)),
        (Gaussian(std=2.0), Gaussian(std=2.0)),
    ],
)
def test_likelihoods_go_by_their_names(name, expected):
    assert as_likelihood(name) == expected


@pytest.mark.parametrize("name", ["poisson", {"name": "gaussian", "sigma": 1.0}, {"std": 1.0}, None, 3])
def test_unknown_names_and_options_are_refused(name):
    with pytest.raises(InputError, match="gaussian"):
        as_likelihood(name)
