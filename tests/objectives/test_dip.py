"""DIP-VAE: its covariances against NumPy and known Gaussians, its penalty term by term."""

import numpy as np
import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point
from latentassay.objectives.dip import aggregate_covariance


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def setting(name="vae-mlp", n=12):
    return models.build(name, x_shape=(1, 8, 8), latents=3).eval(), torch.rand(n, 1, 8, 8, generator=seeded())


def own_covariances(q):
    """Of every posterior, (n, d, d), in NumPy."""
    if isinstance(q, DiagonalGaussian):
        return np.stack([np.diag(std**2) for std in q.std.detach().numpy()])
    return np.stack([tril @ tril.T for tril in q.scale_tril.detach().numpy()])


@pytest.mark.parametrize("kind", ["i", "ii"])
@pytest.mark.parametrize("name", ["vae-mlp", "vae-full-mlp"])
def test_the_loss_is_the_formula_in_numpy(kind, name):
    model, x = setting(name)
    with torch.no_grad():  # posteriors that are neither the prior nor one another
        model.encoder[-1].weight.mul_(30)
    q = model.encode(x)
    c = np.cov(q.mean.detach().numpy(), rowvar=False, bias=True)
    if kind == "ii":
        c = c + own_covariances(q).mean(0)
    off = sum(c[i, j] ** 2 for i in range(3) for j in range(3) if i != j)
    on = sum((c[i, i] - 1) ** 2 for i in range(3))
    loss, plain = (o(model, x, seeded()) for o in (objectives.DIPVAE(kind, 7.0, 3.0), objectives.VAE()))
    assert loss.parts["off_diagonal"].item() == pytest.approx(off, rel=1e-4)
    assert loss.parts["diagonal"].item() == pytest.approx(on, rel=1e-4)
    assert min(off, on) > 1e-3
    torch.testing.assert_close(loss.total, plain.total + 7 * loss.parts["off_diagonal"] + 3 * loss.parts["diagonal"])


@pytest.mark.parametrize("make", ["diagonal", "full"])
def test_with_the_spread_it_is_the_covariance_of_samples(make):
    """z = μ + L ε with μ ~ N(m, S): Cov[z] = S + L Lᵀ, and Cov[μ] = S, within the noise of 200,000 rows."""
    n, between = 200_000, torch.tensor([[1.0, 0.5], [0.5, 0.8]])
    mean = 2 + torch.randn(n, 2, generator=seeded()) @ torch.linalg.cholesky(between).T
    tril = torch.diag(torch.tensor([0.3, 0.9]))
    if make == "full":
        tril = torch.tensor([[0.3, 0.0], [0.4, 0.7]])
        q = FullCovarianceGaussian(mean, tril.expand(n, 2, 2))
    else:
        q = DiagonalGaussian(mean, tril.diagonal().expand(n, 2))
    torch.testing.assert_close(aggregate_covariance(q, spread=False), between, rtol=0, atol=0.01)
    torch.testing.assert_close(aggregate_covariance(q, spread=True), between + tril @ tril.T, rtol=0, atol=0.01)
    torch.testing.assert_close(
        aggregate_covariance(q, spread=True), torch.cov(q.sample(seeded(1)).T), rtol=0, atol=0.02
    )


def test_what_noise_alone_costs_is_what_the_docstring_says():
    n, d, off, on = 100, 5, 10.0, 20.0
    drawn = [DiagonalGaussian(torch.randn(n, d, generator=seeded(s)), torch.ones(n, d)) for s in range(300)]
    c = torch.stack([aggregate_covariance(q, spread=False) for q in drawn])
    diagonal = (c.diagonal(dim1=1, dim2=2) - 1).square().sum(1)
    penalty = off * (c.square().sum((1, 2)) - c.diagonal(dim1=1, dim2=2).square().sum(1)) + on * diagonal
    assert float(penalty.mean()) == pytest.approx((d * (d - 1) * off + 2 * d * on) / n, rel=0.05)


@pytest.mark.parametrize(("kind", "factor"), [("i", 10), ("ii", 1)])
def test_the_diagonals_weight_follows_the_other_as_published(kind, factor):
    model, x = setting()
    for off in (10.0, 2.0):
        said, left_out = objectives.DIPVAE(kind, off, factor * off), objectives.DIPVAE(kind, off)
        torch.testing.assert_close(left_out(model, x, seeded()).total, said(model, x, seeded()).total)
    assert objectives.DIPVAE(kind) == objectives.DIPVAE(kind, 10.0)


def test_half_precision_is_for_networks_alone():
    q = DiagonalGaussian(torch.randn(16, 3, generator=seeded()), torch.ones(16, 3))
    whole = aggregate_covariance(q, spread=True)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(aggregate_covariance(q, spread=True), whole)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "iii"}, "'i' or 'ii'"),
        ({"off_diagonal": -1.0}, "off_diagonal must be"),
        ({"diagonal": float("inf")}, "diagonal must be"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        objectives.DIPVAE(**options)


def test_what_has_no_covariance_is_refused():
    model, x = setting()
    with pytest.raises(InputError, match="2 rows"):
        objectives.DIPVAE()(model, x[:1], seeded())
    with pytest.raises(ContractError, match="vae-"):
        objectives.DIPVAE()(setting("ae-mlp")[0], x, seeded())
    with pytest.raises(ContractError, match=r"codes \(4, 1, 2, 2\)"):
        aggregate_covariance(DiagonalGaussian(torch.zeros(4, 1, 2, 2), torch.ones(4, 1, 2, 2)), spread=False)
    with pytest.raises(ContractError, match="Point"):
        aggregate_covariance(Point(torch.zeros(4, 2)), spread=False)
