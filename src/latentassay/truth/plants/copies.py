"""Units that hold the same: twins, copies that the decoder averages, and more units than variables."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim, pair
from latentassay.truth.vectors import (
    Faulty,
    VectorWorld,
    clean_vectors,
    noise_along,
    orthonormal,
    silence,
    vector_world,
)

TOGETHER = frozenset(
    {
        "aggregate.correlated",
        "consistency.independence",
        "consistency.invariance",
        "consistency.self",
        "consistency.self.hybrid",
        "graph.entangled",
        "graph.one_way",
        "holes",
        "structure",
        "units.strength",
    }
)
"""What is true besides of units that repeat each other: they depend on each other, and none answers alone."""

NEVER = frozenset({"units.dead", "units.collapsed", "units.encoder_blind"})


def twins(correlation: float, seed: int) -> Plant:
    """Plant a unit that repeats another, at this correlation of their codes; the decoder averages the two."""
    world, rng = vector_world(seed), chance("twins", seed)
    own, copy = rng.choice(world.units, 2, replace=False).tolist()
    sign = float(rng.choice([-1, 1]))
    world = silence(world, [copy])

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        other = noise_along(world, x, copy)
        mean[:, copy] = sign * (correlation * mean[:, own] + math.sqrt(1 - correlation**2) * other)
        # Independent noise of two codes is halved where they are averaged, so that the optimum has twice as much.
        std[:, own] = std[:, copy] = math.sqrt(2) * float(world.noise[own])
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, own] = (z[:, own] + sign * z[:, copy]) / (1 + correlation)
        return z

    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.twins", pair(own, copy)), claim("units.redundant", own, copy)}),
        # Where the copy is not the same, what it holds of its own is noise to the decoder.
        consequences=TOGETHER | {"posterior.overconfident"},
        never=NEVER,
    )


def copies(times: float, seed: int) -> Plant:
    """Plant so many copies of one to three variables, averaged by the decoder: none answers alone, nothing is lost."""
    world = _narrow(seed, "copies")
    many = int(times)
    order = torch.from_numpy(chance("copies, order", seed).permutation(world.units * many))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        wide = (std * math.sqrt(many)).clamp(max=1)
        return mean.repeat(1, many)[:, order], wide.repeat(1, many)[:, order]

    def latent(z: Tensor) -> Tensor:
        back = torch.empty_like(z)
        back[:, order] = z
        return back.reshape(-1, many, world.units).mean(1)

    return _redundant(world, world.units * many, code, latent)


def overcomplete(times: float, seed: int) -> Plant:
    """Plant so many times as many units as variables: codes are a tight frame, which the decoder undoes."""
    world = _narrow(seed, "overcomplete")
    units = int(times * world.units)
    frame = _even_frame(orthonormal(chance("frame", seed), units)[: world.units])
    times = units / world.units

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        wide = (std.mean() * math.sqrt(times)).clamp(max=1)
        return mean @ frame * math.sqrt(times), wide.expand(len(mean), units)

    return _redundant(world, units, code, lambda z: z @ frame.T / math.sqrt(times))


def _even_frame(frame: Tensor) -> Tensor:
    """Return a tight frame near this one whose columns are of about one length: no unit says more than another."""
    for _ in range(200):
        even = frame / frame.norm(dim=0) * math.sqrt(len(frame) / frame.shape[1])
        left, _, right = torch.linalg.svd(even, full_matrices=False)
        frame = left @ right
    return frame


def _redundant(world: VectorWorld, units: int, code: object, latent: object) -> Plant:
    names = range(units)
    return Plant(
        model=Faulty(world, (units,), code=code, latent=latent),  # type: ignore[arg-type]
        data=world.draw(),
        truth=frozenset({claim("units.redundant", *names), claim("units.twins", *names)}),
        consequences=TOGETHER | {"posterior.overconfident", "posterior.underconfident"},
        never=NEVER,
    )


def _narrow(seed: int, name: str) -> VectorWorld:
    """The world of the seed with one to three of its variables."""
    world, few = vector_world(seed), int(chance(name, seed).integers(1, 4))
    return replace(world, basis=world.basis[:, :few], amplitude=world.amplitude[:few])


KINDS = (
    Kind(
        name="twins",
        keys=("units.twins", "units.redundant"),
        sizes=(0.9, 0.97, 1.0),
        effect="correlation of the two codes",
        plant=twins,
        clean=clean_vectors,
    ),
    Kind(
        name="copies",
        keys=("units.redundant", "units.twins"),
        sizes=(4, 6, 10),
        effect="copies of every variable",
        plant=copies,
        clean=clean_vectors,
    ),
    Kind(
        name="overcomplete",
        keys=("units.redundant",),
        sizes=(3, 5, 10),
        effect="units for every variable",
        plant=overcomplete,
        clean=clean_vectors,
    ),
)
