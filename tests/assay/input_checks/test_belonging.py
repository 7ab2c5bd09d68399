"""Coders of different runs, trained and in closed form, and models that fail for other reasons."""

from functools import cache
from itertools import pairwise

import pytest
import torch
from torch import nn

import latentassay as la
from latentassay.assay.input_checks.belonging import belonging
from latentassay.core.observations import as_observations

SEEDS = range(10)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def ask(encode, decode, x, n=128, latents=None):
    model = la.from_torch(encode, decode, latent_shape=(latents or x.shape[1],))
    index = torch.arange(n)
    with torch.no_grad():
        return belonging(model, as_observations(x), index, model.encode(x[:n]).mean)


def turn(size, seed):
    return torch.linalg.qr(torch.randn(size, size, generator=seeded(seed))).Q


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("size", [2, 8, 40])
def test_turns_are_undone_and_everything_is_known_in_closed_form(size, seed):
    x, a, b = torch.randn(400, size, generator=seeded(seed)), turn(size, seed + 50), turn(size, seed + 99)
    if size == 2:  # a random turn of a plane may be a small one: signs of both axes and a swap are far from any
        b = -torch.tensor([[0.0, 1], [1, 0]]) @ a.T
    found = ask(lambda v: v @ a, lambda z: z @ b, x, n=400)
    half = x[1:400:2]
    lost = (half - half @ a @ b).square().sum() / (half - half.mean(0)).square().sum()
    assert found.kept == pytest.approx(1 - float(lost), abs=1e-4) and found.kept_mapped > 0.999
    assert found.level == "problem" and found.predicted > 0.999 and found.decoded == pytest.approx(1, abs=1e-3)
    assert ask(lambda v: v @ a, lambda z: z @ a.T, x).level == "good"


@pytest.mark.parametrize("seed", SEEDS)
def test_signs_and_orders_of_units_are_turns(seed):
    x, order = torch.randn(200, 6, generator=seeded(seed)), torch.randperm(6, generator=seeded(seed)).roll(1)
    signs = torch.tensor([1.0, -1, -1, 1, -1, -1])
    assert ask(lambda v: v, lambda z: (signs * z)[:, order], x).level == "problem"
    assert ask(lambda v: v, lambda z: -z, x).level == "problem"


@cache
def data():
    g = seeded(5)
    w, c = torch.randn(3, 12, generator=g), torch.randn(900, 3, generator=g)
    return torch.tanh(c @ w) + 0.1 * torch.randn(900, 12, generator=g)


@cache
def train(seed, steps=250):
    """A small VAE of three latents, its mean and its decoder."""
    x = data()
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        down = nn.Sequential(nn.Linear(12, 32), nn.ReLU(), nn.Linear(32, 6))
        up = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 12))
        optimizer = torch.optim.Adam([*down.parameters(), *up.parameters()], lr=1e-2)
        for _ in range(steps):
            batch = x[torch.randint(len(x), (64,))]
            mean, logvar = down(batch).chunk(2, 1)
            z = mean + torch.randn_like(mean) * (logvar / 2).exp()
            loss = (up(z) - batch).square().sum(1).mean() / 0.2
            loss = loss - (1 + logvar - mean.square() - logvar.exp()).sum(1).mean() / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return down, up


@pytest.mark.parametrize("seed", range(3))
def test_decoders_of_other_runs_are_told_from_a_trained_model_s_own(seed):
    for other in range(3):
        down, up = train(seed)[0], train(other)[1]
        found = ask(lambda v, down=down: down(v)[:, :3], up, data(), latents=3)
        assert found.level == ("good" if other == seed else "problem"), (other, found)


def untrained(sizes, seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = [layer for a, b in pairwise(sizes) for layer in (nn.Linear(a, b), nn.Tanh())]
        return nn.Sequential(*layers[:-1])


BAD = {
    "untrained": lambda seed: (untrained((12, 16, 3), seed), untrained((3, 16, 12), seed + 50), 3),
    "untrained and linear": lambda seed: (untrained((12, 3), seed), untrained((3, 12), seed + 50), 3),
    "untrained and wide": lambda seed: (untrained((12, 12), seed), untrained((12, 12), seed + 50), 12),
    "collapsed decoder": lambda seed: (lambda v: v, lambda z: 0 * z + 1.0, 12),
    "collapsed encoder": lambda seed: (lambda v: 0 * v, lambda z: z, 12),
    "shrinking": lambda seed: (lambda v: v, lambda z: 0.05 * z, 12),
    "overshooting": lambda seed: (lambda v: v, lambda z: 1.9 * z, 12),
    "off by a constant": lambda seed: (lambda v: v, lambda z: z + 3, 12),
    "another scale": lambda seed: (lambda v: v * torch.logspace(-1, 1, 12), lambda z: z, 12),
    "noise": lambda seed: (lambda v: v, lambda z: torch.sin(50 * z), 12),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", BAD)
def test_models_that_fail_for_another_reason_are_not_accused(name, seed):
    encode, decode, latents = BAD[name](seed)
    assert ask(encode, decode, data(), latents=latents).level in ("good", "note")


def test_pictures_have_latents_with_places():
    x = torch.randn(200, 4, 3, 3, generator=seeded())
    a = turn(4, 3)
    model = la.from_torch(lambda v: torch.einsum("nchw,cd->ndhw", v, a), lambda z: z, latent_shape=(4, 3, 3))
    index = torch.arange(200)
    found = belonging(model, as_observations(x), index, model.encode(x).mean, batch_size=30)
    assert found.level == "problem" and found.n == 200


def test_units_that_are_mixed_but_keep_to_themselves_belong_together():
    """Strongly entangled is not another run: most of a change still comes back where it was made."""
    generator = torch.Generator().manual_seed(0)
    x, mixed = torch.randn(400, 4, generator=generator).double(), 0.8 * torch.ones(4, 4).double()
    mixed.fill_diagonal_(1.0)
    mixed[3, :3] = mixed[:3, 3] = 0.0
    model = la.from_torch(lambda v: v @ mixed, lambda z: z, latent_shape=(4,))
    found = belonging(model, as_observations(x), torch.arange(400), x @ mixed)
    assert found.own > 0.6 and found.level == "good" and found.kept < 0.3
