"""Models of dense layers."""

import torch

from latentassay import models


def test_the_helix_network_of_the_paper():
    """SPEC §1: MLP of four layers of 32, d = 2, three coordinates."""
    model = models.build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=(32,) * 4)
    encoder = 3 * 32 + 32 + 3 * (32 * 32 + 32) + 32 * 4 + 4
    decoder = 2 * 32 + 32 + 3 * (32 * 32 + 32) + 32 * 3 + 3
    assert sum(p.numel() for p in model.parameters()) == encoder + decoder


def test_an_activation_is_built_remembered_and_rebuilt():
    model = models.build("vae-mlp", x_shape=(4,), latents=2, hidden=(5, 6), activation="relu", seed=3)
    kinds = [type(module).__name__ for network in (model.encoder, model.decoder) for module in network]
    assert kinds.count("ReLU") == 4 and "ELU" not in kinds
    again = models.build(**model.spec)
    assert again.spec == model.spec and again.spec["activation"] == "relu"
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
