"""Consistency as a part of the loss: against algorithms 1 and 2 as loops, and what training with it does."""

import pytest
import torch
from tests.oracles.consistency import l_eqv, l_inv

from latentassay import models, objectives

BASES = {"xae-mlp": objectives.AE(), "xvae-mlp": objectives.BetaVAE(0.5)}
UNITS = 5


def setting(name, n=12):
    model = models.build(name, x_shape=(7,), latents=UNITS, hidden=(9,)).double()
    with torch.no_grad():
        for parameter in model.block.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=seeded(3), dtype=torch.float64))
    return model.eval(), torch.rand(n, 7, generator=seeded(4), dtype=torch.float64)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def drawn(model, base, x, wanted):
    """The latents, units and values that an objective draws, drawn again."""
    generator = seeded()
    base(model, x, generator)
    codes = model.encode(x).sample(generator)
    chosen = torch.randperm(UNITS, generator=generator)[:wanted].tolist()
    rows = len(x) // 2
    if model.prior is not None:
        latents = model.prior.sample(rows, generator).double()
    else:
        columns = [codes[torch.randint(len(codes), (rows,), generator=generator), j] for j in range(UNITS)]
        latents = torch.stack(columns, 1)
    donors = torch.randint(len(codes), (wanted,), generator=generator)
    return latents, {m: [codes[donor, m]] for m, donor in zip(chosen, donors, strict=True)}


def respond(model):
    return lambda z: model.encode(model.decode(z)).mean


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("wanted", [1, 3, UNITS])
def test_invariance_is_algorithm_1(name, wanted):
    model, x = setting(name)
    loss = objectives.Invariance(BASES[name], 4.0, units_per_step=wanted)(model, x, seeded())
    oracle = l_inv(respond(model), *drawn(model, BASES[name], x, wanted))
    torch.testing.assert_close(loss.parts["invariance"], oracle)
    torch.testing.assert_close(loss.total, BASES[name](model, x, seeded()).total + 4 * oracle)


@pytest.mark.parametrize("name", BASES)
@pytest.mark.parametrize("wanted", [1, UNITS])
@pytest.mark.parametrize("own", [True, False])
def test_equivariance_is_algorithm_2(name, wanted, own):
    model, x = setting(name)
    objective = objectives.Equivariance(BASES[name], 2.5, units_per_step=wanted, own=own)
    loss = objective(model, x, seeded())
    oracle = l_eqv(respond(model), model.causes, *drawn(model, BASES[name], x, wanted), own=own)
    torch.testing.assert_close(loss.parts["equivariance"], oracle)
    torch.testing.assert_close(loss.total, BASES[name](model, x, seeded()).total + 2.5 * oracle)
