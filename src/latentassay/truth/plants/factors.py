"""Units that know several factors of the data."""

import math
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from latentassay.data.factors import FactorData
from latentassay.truth.plant import Kind, Plant, chance, claim
from latentassay.truth.vectors import Faulty, VectorWorld, vector_world


def _data(seed: int) -> tuple[VectorWorld, FactorData, int]:
    """A world whose first variables are factors of four to eight evenly spread values, its data, and how many."""
    world, rng = vector_world(seed), chance("factors", seed)
    many = int(rng.integers(2, 5))
    order = torch.from_numpy(rng.permutation(world.units))
    world = replace(world, basis=world.basis[:, order], amplitude=world.amplitude[order])
    sizes = tuple(int(size) for size in rng.integers(4, 9, many))
    codes = np.stack([rng.integers(0, size, world.rows) for size in sizes], 1)
    hidden = world.hidden(world.rows)
    for k, size in enumerate(sizes):
        levels = torch.arange(size).float()
        levels = (levels - levels.mean()) / levels.std(correction=0)
        hidden[:, k] = levels[torch.from_numpy(codes[:, k])]
    names = tuple("abcd"[:many])
    return world, FactorData(world.observe(hidden).numpy(), codes, names, sizes, name="planted"), many


def shared(share: float, seed: int) -> Plant:
    """Plant two units each of which holds two factors: turned together, this share of the second factor's variance."""
    world, data, many = _data(seed)
    first, second = chance("shared unit", seed).choice(many, 2, replace=False).tolist()
    turn = torch.eye(world.units)
    turn[first, first] = turn[second, second] = math.sqrt(1 - share)
    turn[first, second], turn[second, first] = math.sqrt(share), -math.sqrt(share)

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        return mean @ turn.T, (std.square() @ turn.square().T).sqrt()

    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=lambda z: z @ turn, prior=False),
        data=data,
        truth=frozenset({claim("factors.shared", first, second)}),
        consequences=frozenset({"consistency.independence", "factors", "factors.units", "structure", "holes"}),
        never=frozenset({"graph.entangled", "units.twins", "units.redundant"}),
    )


def clean_factors(seed: int) -> Plant:
    """Return the clean twin: a unit for every factor, and some for what is no factor."""
    world, data, _ = _data(seed)
    return Plant(model=Faulty(world, (world.units,), prior=False), data=data)


KINDS = (
    Kind(
        name="unit of two factors",
        keys=("factors.shared",),
        sizes=(0.12, 0.25, 0.5),
        effect="share of a unit's variance that is the second factor",
        plant=shared,
        clean=clean_factors,
    ),
)
