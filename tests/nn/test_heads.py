"""Heads against torch.distributions."""

import torch
from torch import distributions as D

from latentassay.nn.heads import DIAGONAL, FULL, POINT


def test_point_is_the_output_itself():
    outputs = torch.randn(3, 4)
    assert torch.equal(POINT.read(outputs).mean, outputs)


def test_diagonal_reads_means_then_log_variances():
    outputs = torch.randn(3, 2 * 4, dtype=torch.float64)
    posterior = DIAGONAL.read(outputs)
    oracle = D.Independent(D.Normal(outputs[:, :4], outputs[:, 4:].exp().sqrt()), 1)
    z = torch.randn(3, 4, dtype=torch.float64)
    torch.testing.assert_close(posterior.log_prob(z), oracle.log_prob(z))


def test_full_is_a_valid_gaussian_with_every_covariance_within_reach():
    d = 5
    outputs = torch.randn(7, FULL.width(d), dtype=torch.float64, requires_grad=True)
    posterior = FULL.read(outputs)
    # torch validates that the factor is lower triangular with a positive diagonal
    oracle = D.MultivariateNormal(posterior.mean, scale_tril=posterior.scale_tril, validate_args=True)
    prior = D.MultivariateNormal(torch.zeros(d, dtype=torch.float64), torch.eye(d, dtype=torch.float64))
    torch.testing.assert_close(posterior.kl_to_prior(), D.kl_divergence(oracle, prior))
    weights = torch.randn(7, d, d, dtype=torch.float64)
    (posterior.mean.sum() + (posterior.scale_tril * weights).sum()).backward()
    assert (outputs.grad != 0).all()  # no output is ignored


def test_full_starts_at_the_prior_for_zero_outputs():
    assert torch.equal(FULL.read(torch.zeros(2, FULL.width(3))).kl_to_prior(), torch.zeros(2))
