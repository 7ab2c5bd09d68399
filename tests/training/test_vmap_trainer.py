"""Models trained as one through ``vmap`` are each a model of its own."""

import pytest
import torch

from latentassay import models, objectives
from latentassay.training import fit_many
from latentassay.training.vmap_trainer import CHUNK, Training, VmapTrainer


def model(kind="vae-mlp", seed=0):
    return models.build(kind, x_shape=(3,), latents=2, likelihood="squared", hidden=(8,), seed=seed)


def data(seed=0):
    return torch.rand(100, 3, generator=torch.Generator().manual_seed(seed))


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def pair(*, beta=1.0, other=0, steps=60):
    return [
        Training(model(), objectives.BetaVAE(0.5), data(), steps, 16),
        Training(model(seed=1), objectives.BetaVAE(beta), data(other), steps, 16, seed=1),
    ]


def test_models_of_one_trainer_do_not_touch_each_other():
    one, second = fit_many(pair(), device="cpu")
    other, changed = fit_many(pair(beta=4.0, other=7), device="cpu")
    assert same(one.model, other.model) and one.history == other.history
    assert not same(second.model, changed.model)


def test_each_model_has_its_own_noise_and_weight_of_the_kl():
    twins = [Training(model(), objectives.BetaVAE(beta), data(), 200, 16, lr=1e-2) for beta in (0.01, 0.01, 3.0)]
    first, second, strong = fit_many(twins, device="cpu")
    assert not same(first.model, second.model)  # all else is the same
    assert strong.history[-1]["kl"] < 0.1 * first.history[-1]["kl"]
    row = strong.history[-1]
    assert row["loss"] == pytest.approx(row["nll"] + 3.0 * row["kl"], rel=1e-5)
    assert {*row} == {"step", "loss", "nll", "kl", "kl_polarized"}


def test_chunks_divide_the_rows_of_the_log():
    def trainer(log_every):
        return VmapTrainer(
            [Training(model("ae-mlp"), objectives.AE(), None, 500, 4)], [data()], [0], log_every=log_every, graph=True
        )

    assert [trainer(every).advance() for every in (500, 50, 30, 7, 64)] == [CHUNK, CHUNK, 30, 7, 32]
