"""Defects planted in an autoencoder that was trained: its clean twin is as it was learned, and no optimum."""

import math

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim, pair
from latentassay.truth.plants.coupling import MISFIT, NEVER
from latentassay.truth.plants.units import LOSSES
from latentassay.truth.training import trained_world
from latentassay.truth.vectors import Faulty


def trained_twin(seed: int) -> Plant:
    """Return the clean twin: a plain autoencoder of as many units as there are variables."""
    world, model = trained_world(seed)
    return Plant(model=Faulty(model, (world.units,), prior=False), data=world.draw())


def dead_trained(gain: float, seed: int) -> Plant:
    """Plant a unit of a trained autoencoder that its decoder ignores, or writes at a small ``gain``."""
    world, model = trained_world(seed)
    unit = int(chance("dead unit of a trained one", seed).integers(world.units))

    def latent(z: Tensor) -> Tensor:
        z[:, unit] *= gain
        return z

    weaker = {claim("units.faint", unit)} if gain else set()
    return Plant(
        model=Faulty(model, (world.units,), latent=latent, prior=False),
        data=world.draw(),
        truth=frozenset({claim("units.dead", unit), *weaker}),
        consequences=LOSSES,
        never=frozenset({"units.collapsed", "units.encoder_blind", "units.redundant", "units.twins"}),
    )


def turned_trained(coupling: float, seed: int) -> Plant:
    """Plant two units of a trained autoencoder that its encoder reads turned."""
    world, model = trained_world(seed)
    first, second = chance("turned pair of a trained one", seed).choice(world.units, 2, replace=False).tolist()
    turn = torch.eye(world.units)
    turn[first, first] = turn[second, second] = math.sqrt(1 - coupling)
    turn[first, second], turn[second, first] = math.sqrt(coupling), -math.sqrt(coupling)
    return Plant(
        model=Faulty(model, (world.units,), code=lambda x, mean, std: (mean @ turn.T, std), prior=False),
        data=world.draw(),
        truth=frozenset({claim("graph.entangled", pair(first, second))}),
        consequences=MISFIT | {"consistency.independence"},
        never=NEVER,
    )


def biased_trained(by: float, seed: int) -> Plant:
    """Plant a constant that the trained decoder adds to one column, in its standard deviations."""
    world, model = trained_world(seed)
    data = world.draw()
    column = int(chance("bias of a trained one", seed).integers(data.shape[1]))
    constant = torch.zeros(data.shape[1])
    constant[column] = by * data[:, column].std()
    return Plant(
        model=Faulty(model, (world.units,), paint=lambda x: x + constant, prior=False),
        data=data,
        truth=frozenset({claim("reconstruction.bias", column)}),
        consequences=frozenset({"reconstruction.kept", "reconstruction.columns", "consistency.self", "structure"}),
    )


KINDS = (
    Kind(
        name="dead unit, trained",
        keys=("units.dead",),
        sizes=(0.1, 0.03, 0.0),
        effect="gain of the decoder",
        plant=dead_trained,
        clean=trained_twin,
    ),
    Kind(
        name="turned pair, trained",
        keys=("graph.entangled",),
        sizes=(0.12, 0.25, 0.5),
        effect="squared coupling",
        plant=turned_trained,
        clean=trained_twin,
    ),
    Kind(
        name="decoder bias, trained",
        keys=("reconstruction.bias",),
        sizes=(0.3, 0.6, 1.2),
        effect="standard deviations of the column",
        plant=biased_trained,
        clean=trained_twin,
    ),
)
