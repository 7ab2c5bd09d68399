"""Last steps that a decoder may lack: each is planted, and what only looks like one is left in peace."""

import math

import pytest
import torch

import latentassay as la
from latentassay.assay.input_checks.mappings import IMAGENET
from latentassay.assay.input_checks.outputs import output_scale

SEEDS = range(10)
MEAN, STD = (torch.tensor(values, dtype=torch.float64)[:, None, None] for values in IMAGENET)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def rows(shape=(12,), n=200, seed=0, noise=0.05):
    """Values in (0, 1) that three numbers tell, and noise that no model keeps."""
    g = seeded(seed)
    w = torch.randn(3, math.prod(shape), generator=g)
    clean = (torch.randn(n, 3, generator=g) @ w).sigmoid().view(n, *shape)
    return (clean + noise * torch.randn(n, *shape, generator=g)).clamp(0.001, 0.999).double()


def returning(x, step, shape=None):
    """A model that has the best plane of these data and returns ``step`` of what it should."""
    mean, flat = x.mean(0), x.flatten(1)
    axes = torch.linalg.svd(flat - flat.mean(0), full_matrices=False).Vh[:4].T

    def decode(z):
        return step((z @ axes.T.to(z)).view(-1, *x.shape[1:]) + mean.to(z))

    return la.from_torch(lambda v: (v - mean.to(v)).flatten(1) @ axes.to(v), decode, latent_shape=(4,))


def soft(x):
    return x / x.sum(1, keepdim=True)


def own(x):
    return lambda y: (y - x.mean(0).to(y)) / x.std(0).to(y)


def by_channel(x):
    mean, std = x.mean((0, 2, 3))[:, None, None], x.transpose(0, 1).flatten(1).std(1)[:, None, None]
    return lambda y: (y - mean.to(y)) / std.to(y)


PLANTED = {
    "logits": (lambda x: x, lambda x: lambda y: y.clamp(0.001, 0.999).logit()),
    "values in [−1, 1]": (lambda x: x, lambda x: lambda y: 2 * y - 1),
    "values in [0, 255]": (lambda x: x, lambda x: lambda y: 255 * y),
    "values in [0, 1]": (lambda x: 2 * x - 1, lambda x: lambda y: (y + 1) / 2),
    "values in [0, 1] ": (lambda x: 255 * x, lambda x: lambda y: y / 255),
    "values in [−1, 1] ": (lambda x: 255 * x, lambda x: lambda y: y / 127.5 - 1),
    "logarithms": (lambda x: (4 * x).exp(), lambda x: lambda y: y.clamp(min=1e-3).log()),
    "logarithms of 1 + x": (lambda x: (4 * x).expm1(), lambda x: lambda y: y.clamp(min=0).log1p()),
    "log-probabilities": (soft, lambda x: lambda y: y.clamp(min=1e-4).log()),
    "standardised values (column by column)": (
        lambda x: 40 * x + torch.arange(12) * 9.0,
        own,
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PLANTED)
def test_the_step_that_lacks_is_named_and_the_whole_model_is_not_accused(name, seed):
    form, step = PLANTED[name]
    x = form(rows(seed=seed))
    found = output_scale(returning(x, step(x)), x)
    assert (found.best, found.level) == (name.strip(), "problem")
    assert found.gain.low > 3 and found.lost.high < 0.4 and found.n == 64
    assert output_scale(returning(x, lambda y: y), x).level in ("good", "note")


PICTURES = {
    "values with mean and std of ImageNet taken off": (lambda x: x, lambda x: lambda y: (y - MEAN.to(y)) / STD.to(y)),
    "standardised values (channel by channel)": (lambda x: 30 * x + torch.arange(3)[:, None, None] * 50, by_channel),
    "logits": (lambda x: x, lambda x: lambda y: y.clamp(0.001, 0.999).logit()),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", PICTURES)
def test_pictures_have_channels(name, seed):
    form, step = PICTURES[name]
    x = form(rows((3, 6, 6), seed=seed))
    found = output_scale(returning(x, step(x)), x)
    assert (found.best, found.level) == (name, "problem")
    assert output_scale(returning(x, lambda y: y), x).level in ("good", "note")


def standard(seed):
    x = torch.randn(200, 6, generator=seeded(seed)).double()
    return (x - x.mean(0)) / x.std(0)


CLEAN = {
    "a constant bias": lambda x: lambda y: y + 0.4,
    "a bias that is like a range": lambda x: lambda y: y - 0.5,
    "overshoot": lambda x: lambda y: x.mean(0).to(y) + 2 * (y - x.mean(0).to(y)),
    "shrinking": lambda x: lambda y: x.mean(0).to(y) + 0.3 * (y - x.mean(0).to(y)),
    "the mean": lambda x: lambda y: 0 * y + x.mean(0).to(y),
    "zero": lambda x: lambda y: 0 * y,
    "columns mixed up": lambda x: lambda y: y.flip(1),
    "noise": lambda x: lambda y: torch.sin(37 * y) / 2 + 0.5,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", CLEAN)
@pytest.mark.parametrize("data", [lambda seed: rows(seed=seed), standard], ids=["unit", "standard"])
def test_what_is_merely_bad_is_not_accused(name, data, seed):
    x = data(seed)
    found = output_scale(returning(x, CLEAN[name](x)), x)
    assert found is None or found.level in ("good", "note")


def test_gain_and_loss_are_those_of_the_errors():
    x = rows()
    model = returning(x, lambda y: 2 * y - 1)
    found = output_scale(model, x, n=len(x), batch_size=7)
    y = model.decode(model.encode(x).mean)
    plain, mapped = (x - y - (x - y).mean(0)).square().mean(), ((y + 1) / 2 - x).square().mean()
    assert found.gain == pytest.approx(float(plain / mapped), rel=1e-4) and found.n == 200
    assert found.lost == pytest.approx(float(mapped / (x - x.mean(0)).square().mean()), rel=1e-4)


def test_logits_of_a_model_that_loses_half_are_known_by_what_the_step_gains():
    """Without its sigmoid a model loses hundreds of variances, with it 45 %: none that was meant so does the first."""
    x = (torch.randn(200, 12, generator=seeded()) * 3).sigmoid().double()
    half = x.logit().clone()
    half[:, 6:] = 0.0  # half of the columns come back as 0.5, near their mean
    lookup = la.from_torch(
        lambda v: v.logit() * 40, lambda z: z * torch.cat([torch.ones(6), torch.zeros(6)]).to(z), latent_shape=(12,)
    )
    found = output_scale(lookup, x)
    assert found.best == "logits" and found.level == "problem"
    assert 0.4 < float(found.lost) < 0.8 and float(found.gain) > 100
