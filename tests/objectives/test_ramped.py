"""Weights that rise: how far after so many steps, and that a resumed run goes on where it was."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.core.errors import InputError
from latentassay.objectives.auxiliary_networks import with_auxiliary
from latentassay.training import fit

X = torch.rand(16, 5, generator=torch.Generator().manual_seed(0))


def model(name="vae-mlp"):
    return models.build(name, x_shape=(5,), latents=3, hidden=(7,), likelihood="squared")


def test_the_weight_rises_in_proportion_and_stays():
    ramp = objectives.Ramped(objectives.BetaVAE(4.0), 10, "beta")
    assert [ramp.at(step).beta for step in (0, 5, 10, 20)] == [0, 2, 4, 4]
    made = model().train()
    ready = with_auxiliary(ramp, made)
    totals = [ready.loss(made, X, torch.Generator().manual_seed(1)) for _ in range(12)]
    for step, loss in enumerate(totals):
        expected = loss.parts["nll"] + 4 * min(1, step / 10) * loss.parts["kl"]
        torch.testing.assert_close(loss.total, expected)


def test_held_out_data_do_not_count_as_steps():
    made = model().train()
    ready = with_auxiliary(objectives.Ramped(objectives.BetaVAE(4.0), 10, "beta"), made)
    ready.loss(made, X, torch.Generator())
    ready.loss(made.eval(), X, torch.Generator())
    assert int(ready.networks.done) == 1


def test_called_by_itself_it_has_its_whole_weight():
    ramp, made = objectives.Ramped(objectives.Invariance(objectives.AE())), model("ae-mlp")
    whole = ramp.base(made, X, torch.Generator().manual_seed(1)).total
    assert torch.equal(ramp(made, X, torch.Generator().manual_seed(1)).total, whole)


@pytest.mark.parametrize("inside", [False, True])
def test_a_resumed_run_goes_on_where_the_weight_was(tmp_path, inside):
    """Ramps within each other have a count each; a penalty around a ramped base hands its count on."""
    beta = objectives.Ramped(objectives.BetaVAE(4.0), 8, "beta")
    objective = objectives.Ramped(objectives.Invariance(beta), 4) if inside else objectives.Invariance(beta)

    def train(made, steps, **options):
        return fit(made, objective, X, steps=steps, batch_size=4, device="cpu", progress=False, **options)

    through, twice = model(), model()
    train(through, 10)
    train(twice, 5, out=tmp_path)
    train(twice, 10, out=tmp_path, resume=True)
    assert all(torch.equal(a, b) for a, b in zip(through.parameters(), twice.parameters(), strict=True))
    assert objectives.build(**objectives.spec(objective)) == objective


@pytest.mark.parametrize(
    ("base", "options", "match"),
    [
        (objectives.AE(), {}, "has no weight 'weight' to ramp"),
        (objectives.BetaVAE(1.0), {"option": "kl"}, "has no weight 'kl'"),
        (lambda model, x, generator: None, {}, "has no weight"),
        (objectives.BetaVAE(1.0), {"option": "beta", "over": 0}, "over must be a positive integer"),
    ],
)
def test_what_cannot_rise_is_refused(base, options, match):
    with pytest.raises(InputError, match=match):
        objectives.Ramped(base, **options)


def test_a_base_that_becomes_another_function_is_refused():
    with pytest.raises(InputError, match="no weight"):
        with_auxiliary(objectives.Ramped(objectives.FactorVAE(width=4), option="gamma"), model())
