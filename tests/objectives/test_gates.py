"""A price for open gates: what it costs, and what it does to gates that nothing else holds open."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import ContractError, InputError
from latentassay.training import fit

X = torch.rand(32, 5, generator=torch.Generator().manual_seed(0))


def model(**options):
    return models.build("xae-mlp", x_shape=(5,), latents=3, hidden=(7,), likelihood="squared", **options)


def test_the_price_is_that_of_the_expected_number_of_open_gates():
    made = model(gates={"start": 0.4}).eval()
    loss = objectives.GatePenalty(objectives.AE(), 0.5)(made, X, torch.Generator())
    expected = 3 / (1 + torch.tensor(-0.4).exp())
    torch.testing.assert_close(loss.parts["gates"], expected)
    torch.testing.assert_close(loss.total, objectives.AE()(made, X, torch.Generator()).total + 0.5 * expected)
    (slope,) = torch.autograd.grad(loss.parts["gates"], made.block.mask_logits)
    torch.testing.assert_close(slope, torch.full((3,), float(expected / 3 * (1 - expected / 3))))


def test_a_high_price_closes_every_gate():
    made = model(gates={"start": 1.0})
    assert made.block.sparsity() == 0
    objective = objectives.GatePenalty(objectives.AE(), 100.0)
    fit(made, objective, X, steps=150, lr=2e-2, batch_size=16, device="cpu", progress=False)
    assert made.block.sparsity() == 1


def test_what_has_no_gates_is_refused():
    with pytest.raises(ContractError, match="has no gates; train a model with an XBlock"):
        objectives.GatePenalty(objectives.AE())(models.build("ae-mlp", x_shape=(5,)), X, torch.Generator())
    with pytest.raises(InputError, match="weight must be"):
        objectives.GatePenalty(objectives.AE(), -1.0)
