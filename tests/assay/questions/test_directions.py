"""Directions that a decoder stretches along: closed forms of linear decoders, and when they are not asked for."""

import math

import numpy as np
import pytest
import torch

import latentassay as la

STRETCH = torch.tensor([4.0, 2.0, 1.0])


def linear(turn, std=0.05, prior="normal"):
    """A decoder ``z → Q · diag(4, 2, 1) · Rᵀ z`` and its exact encoder, with data from latents of variance 1 each."""
    generator = torch.Generator().manual_seed(0)
    q = torch.linalg.qr(torch.randn(7, 3, generator=generator))[0]
    out = q * STRETCH @ turn.T
    back = torch.linalg.pinv(out)
    x = torch.randn(400, 3, generator=generator) @ out.T

    def encode(v):
        mean = v @ back.T
        return mean, torch.full_like(mean, std)

    return la.from_torch(encode, lambda z: z @ out.T, latent_shape=(3,), prior=prior, output="mean_std"), x


def ask(model, x):
    result = la.assay(model, x, questions=["directions"], budget=3600.0)
    return {f.key: f for f in result.findings}, result.scores


def test_a_decoder_along_its_latents():
    found, scores = ask(*linear(torch.eye(3)))
    assert found["directions"].level == "good" and found["directions.polarized"].level == "good"
    assert scores["directions.distance"].value == pytest.approx(0, abs=1e-3)
    assert scores["directions.waste"].value == pytest.approx(1, abs=1e-4)
    assert scores["directions.pca"].value > 0.99  # of 400 rows, whose components are nearly those of all


def test_two_latents_turned_by_45_degrees():
    """‖R − I‖_F is 2 √(1 − cos 45°), and noise costs (10 · 10) / (16 · 4) to the power 1/3 in three dimensions."""
    turn, half = torch.eye(3), math.sqrt(0.5)
    turn[:2, :2] = torch.tensor([[half, -half], [half, half]])
    found, scores = ask(*linear(turn))
    assert found["directions"].level == "note" and not found["directions"].is_grave
    assert scores["directions.distance"].value == pytest.approx(math.sqrt(4 * (1 - half)), abs=1e-3)
    assert scores["directions.waste"].value == pytest.approx((100 / 64) ** (1 / 3), abs=1e-3)
    # Each of the two turned columns has |cos| of 4/√20 with the first component, or 2/√20 with the second, matched.
    expected = (1 + np.mean([4 / math.sqrt(20), 2 / math.sqrt(20)]) * 2) / 3
    assert scores["directions.pca"].value == pytest.approx(expected, abs=0.02)


def test_directions_that_are_stretched_alike_are_open(monkeypatch):
    monkeypatch.setitem(globals(), "STRETCH", torch.tensor([2.0, 2.0, 1.0]))
    found, scores = ask(*linear(torch.eye(3)))
    assert found["directions"].level == "note" and "leaves them open" in found["directions"].sentence
    assert found["directions"].sentence.endswith("noise along the latents costs what it would along these directions.")
    assert scores["directions.waste"].value == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(("std", "level"), [(0.05, "good"), (0.7, "note")])
def test_the_polarized_regime_by_its_closed_form(std, level):
    model, x = linear(torch.eye(3), std)
    found, scores = ask(model, x)
    mean = x.double() @ torch.linalg.pinv(model.decode(torch.eye(3)).T.double()).T
    kl = 0.5 * (mean.square().mean(0) + std**2 - 2 * math.log(std) - 1)
    expected = float((1.5 * std**2) / kl.sum())
    assert scores["directions.polarized"].value == pytest.approx(expected, rel=0.05)
    assert found["directions.polarized"].level == level


def test_without_a_prior_nothing_is_said_of_a_regime():
    found, scores = ask(*linear(torch.eye(3), std=0.0, prior=None))
    assert "directions.polarized" not in found and "directions.polarized" not in scores


def test_what_breaks_off_differentiation_is_linearised_all_the_same_and_places_have_no_axes():
    model, x = linear(torch.eye(3))
    detached = la.from_torch(model.encode, lambda z: model.decode(z.detach()), latent_shape=(3,), prior="normal")
    assert ask(detached, x)[1]["directions.distance"].value == pytest.approx(0, abs=1e-3)
    maps = la.from_torch(
        lambda v: v[..., ::2, ::2], lambda z: z.repeat_interleave(2, 2).repeat_interleave(2, 3), latent_shape=(2, 4, 4)
    )
    assert la.assay(maps, torch.rand(200, 2, 8, 8), questions=["directions"], budget=3600.0).sections == ()
