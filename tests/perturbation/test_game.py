"""The game: who learns what, in which direction, and who does not learn at all."""

import copy
from functools import cache
from itertools import pairwise

import pytest
import torch
from torch.nn.functional import mse_loss

from latentassay import objectives, training
from latentassay.perturbation.game import Game, Rules, manipulate
from latentassay.perturbation.network import Manipulation, scale_factors
from latentassay.training.source import open_source

CPU = torch.device("cpu")


def game(toy, entangled, disentangled, **options):
    data = toy.grid()
    rules = Rules(
        **{
            "eps": 0.1,
            "batch_size": 32,
            "lr": 1e-2,
            "decoder_steps": 3,
            "samples": 5,
            "seed": 0,
            "loss": "squared",
            **options,
        }
    )
    network = Manipulation(2, data.x_shape, "mlp", seed=0)
    source = open_source(data, network, CPU, draws=10_000)
    return Game(
        network,
        entangled,
        disentangled,
        source,
        scale_factors(data.factors, data.factor_sizes),
        rules=rules,
        device=CPU,
    )


def weights(module):
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def same(a, b):
    return all(torch.equal(value, b[name]) for name, value in a.items())


def test_the_decoders_and_the_manipulation_learn_and_the_encoders_do_not(toy):
    a, b = toy.vae(0), toy.vae(1)
    own = game(toy, [a], [b])
    before_network = weights(own.network)
    members = [member for side in own._sides for member in side]
    before = [(weights(member.encoder), weights(member.decoder)) for member in members]
    own.take_step()
    assert not same(before_network, weights(own.network))
    for member, (encoder, decoder) in zip(members, before, strict=True):
        assert same(encoder, weights(member.encoder))
        assert all(p.grad is None and not p.requires_grad for p in member.encoder.parameters())
        moved = {name for name, value in weights(member.decoder).items() if not torch.equal(value, decoder[name])}
        assert moved and all(name.startswith("decoder.") for name in moved)


def test_gradients_reach_the_manipulation_through_the_difference_of_what_is_rebuilt(toy):
    """L_ent − L_dis is linear in x': its gradient is 2 (x̃_dis − x̃_ent), a mean over samples."""
    own = game(toy, [toy.vae(0)], [toy.vae(1)])
    batch = own._batch(0)
    target = own._apply(batch).detach().requires_grad_()
    ent, dis = own._both(batch, target)
    (found,) = torch.autograd.grad(ent - dis, target)
    with torch.no_grad():
        ((ent_output,), (dis_output,)) = own._outputs(own._batch(0))
    means = [output.sigmoid().reshape(5, 32, 1, 8, 8).mean(0) for output in (dis_output, ent_output)]
    torch.testing.assert_close(found, 2 * (means[0] - means[1]) / 32, rtol=1e-4, atol=1e-6)
    own._move(0)
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in own.network.parameters())
    assert any(float(p.grad.abs().sum()) > 0 for p in own.network.parameters())
    assert all(p.grad is None for side in own._sides for member in side for p in member.decoder.parameters())


@cache
def _trained(vae, grid, seed):
    model = vae(seed)
    training.fit(model, objectives.BetaVAE(0.02), grid(), steps=600, batch_size=48, lr=1e-2, seed=seed, device="cpu")
    return model


def trained(toy, seed):
    return _trained(toy.vae, toy.grid, seed)


def brighter(model, by):
    """A copy whose decoder errs to one side."""
    model = copy.deepcopy(model)
    with torch.no_grad():
        model.decoder[-2].bias += by
    return model


def test_the_loss_has_the_right_sign(toy):
    """Decoders held still, the moved data suit the entangled side better than before, and the other side less."""
    entangled, disentangled = brighter(trained(toy, 0), 0.8), brighter(trained(toy, 1), -0.8)
    own = game(toy, [entangled], [disentangled])
    start = torch.stack([own.loss_of(number) for number in range(8)]).mean(0)
    for number in range(60):
        own._move(number)
    end = torch.stack([own.loss_of(number) for number in range(8)]).mean(0)
    assert float(end[0]) < 0.7 * float(start[0]) and float(end[1]) > 1.3 * float(start[1])
    batch = own._batch(0)
    assert float((own._apply(batch) - batch.x).detach().mean()) > 0.05  # as bright as the entangled side has them


def test_with_decoders_that_follow_the_difference_falls(toy):
    own = game(toy, [trained(toy, 0)], [trained(toy, 1)], lr=3e-3)
    start = torch.stack([own.loss_of(number) for number in range(8)]).mean(0)
    for _ in range(80):
        own.take_step()
    end = torch.stack([own.loss_of(number) for number in range(8)]).mean(0)
    assert float(end[0] - end[1]) < float(start[0] - start[1])


def test_three_batches_for_the_decoders_and_one_for_the_manipulation(toy, monkeypatch):
    own, seen = game(toy, [toy.vae(0)], [toy.vae(1)]), []
    batch = own._batch
    monkeypatch.setattr(own, "_batch", lambda number: seen.append(number) or batch(number))
    own.take_step()
    own.take_step()
    assert seen == list(range(8))
    rows = [own._batches.rows(number) for number in range(4)]
    assert all(not torch.equal(a, b) for a, b in pairwise(rows))


def test_losses_are_squared_errors_over_values_averaged_over_rows_samples_and_models(toy):
    models = [toy.vae(0), toy.vae(1)]
    own = game(toy, models, [toy.vae(2)], samples=2)
    for model in models:  # so narrow that every sample is the mean
        with torch.no_grad():
            model.encoder[-1].bias[2:] = -60.0
            model.encoder[-1].weight[2:] = 0.0
    own = game(toy, models, [toy.vae(2)], samples=2)
    batch = own._batch(3)
    target = manipulate(own.network, batch.x, batch.w, 0.1).detach()
    with torch.no_grad():
        each = [mse_loss(m.decode(m.encode(batch.x).mean), target, reduction="sum") / 32 for m in models]
    torch.testing.assert_close(own.loss_of(3)[0], torch.stack(each).mean(), rtol=1e-5, atol=1e-6)


def test_a_state_is_all_that_is_needed(toy):
    models = [toy.vae(0), toy.vae(1)], [toy.vae(2)]
    one, other = game(toy, *models), game(toy, *models)
    for _ in range(3):
        one.take_step()
    other.restore(copy.deepcopy(one.state()), 3)
    for own in (one, other):
        own.take_step()
    assert torch.equal(torch.stack(one.losses), torch.stack(other.losses))
    assert same(weights(one.network), weights(other.network))


def test_the_likelihood_is_that_of_the_models(toy):
    models = [toy.vae(0)], [toy.vae(1)]
    own = game(toy, *models, loss="likelihood")
    batch = own._batch(0)
    target = own._apply(batch).detach().requires_grad_()
    ent, dis = own._both(batch, target)
    with torch.no_grad():
        ((ent_output,), (dis_output,)) = own._outputs(own._batch(0))
    wide = target.detach().repeat(5, 1, 1, 1)
    torch.testing.assert_close(ent.detach(), models[0][0].likelihood.nll(ent_output, wide).mean())
    (found,) = torch.autograd.grad(ent - dis, target)  # linear in x', by the difference of the logits
    logits = (dis_output - ent_output).reshape(5, 32, 1, 8, 8).mean(0)
    torch.testing.assert_close(found, logits / 32, rtol=1e-4, atol=1e-6)


def test_decoders_that_learned_black_follow_a_brightening_by_their_likelihood(toy):
    """A sigmoid at −15 has no slope that squares could go along; a cross entropy has x̃ − x'."""
    black, norms = toy.vae(0), {}
    with torch.no_grad():
        black.decoder[-2].weight.zero_()
        black.decoder[-2].bias.fill_(-15.0)
    for loss in ("likelihood", "squared"):
        own = game(toy, [black], [toy.vae(1)], loss=loss)
        own._follow(0)
        norms[loss] = float(own._sides[0][0].decoder.decoder[-2].bias.grad.norm())
    assert norms["likelihood"] > 1e4 * norms["squared"]


@pytest.mark.parametrize("name", ["vae-full-mlp", "vae-conv-small"])
def test_other_autoencoders_play_too(toy, name):
    own = game(toy, [toy.vae(0, name=name)], [toy.vae(1, name=name)])
    own.take_step()
    assert torch.isfinite(own.losses[0]).all()
