"""Units that move each other: turned pairs and triples, rings, and one-way leaks."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim, pair
from latentassay.truth.vectors import Faulty, clean_vectors, known_of, vector_world

MISFIT = frozenset(
    {
        "consistency.invariance",
        "consistency.self",
        "consistency.self.hybrid",
        "graph.one_way",
        "holes",
        "posterior.overconfident",
        "reconstruction.columns",
        "reconstruction.kept",
        "structure",
        "units.strength",
    }
)
"""What is true besides where the encoder reads other axes than the decoder writes."""


def clean_many(seed: int) -> Plant:
    """Return the clean twin of three entangled units: a world of eight units or more, so that most are others."""
    world = vector_world(seed, fewest=8)
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), known=known_of(world))


REFLECTED = 4 / 9
"""Squared coupling of three units of which the encoder reads the reflection."""

NEVER = frozenset({"input_checks.belong", "units.dead", "units.collapsed", "units.encoder_blind"})


def turned(coupling: float, seed: int) -> Plant:
    """Plant two units that the encoder reads turned: ``sin²`` of the angle is the coupling, ½ at 45°."""
    world, rng = vector_world(seed), chance("turned pair", seed)
    first, second = rng.choice(world.units, 2, replace=False).tolist()
    sine = math.sqrt(coupling) * float(rng.choice([-1, 1]))
    turn = torch.eye(world.units)
    turn[first, first] = turn[second, second] = math.sqrt(1 - coupling)
    turn[first, second], turn[second, first] = sine, -sine
    return Plant(
        model=Faulty(world, (world.units,), code=lambda x, mean, std: (mean @ turn.T, std)),
        data=world.draw(),
        truth=frozenset({claim("graph.entangled", pair(first, second))}),
        consequences=MISFIT,
        never=NEVER,
    )


def triple(coupling: float, seed: int) -> Plant:
    """Plant three units each of which the encoder reads mixed with the two others, by the same coupling for all pairs.

    Rows of ``I + t S``, S of ones beside the diagonal, are brought to length 1: ``t² = c / (1 − 2c)``. At c = 4/9 that
    is a reflection (t = −2), whose codes are uncorrelated.
    """
    world, rng = vector_world(seed, fewest=8), chance("three entangled", seed)
    units = sorted(rng.choice(world.units, 3, replace=False).tolist())
    t = -2.0 if coupling > REFLECTED - 1e-3 else math.sqrt(coupling / (1 - 2 * coupling))
    mixed = (torch.eye(3) + t * (1 - torch.eye(3))) / math.sqrt(1 + 2 * t**2)
    signs = torch.from_numpy(rng.choice([-1.0, 1.0], 3)).float()
    turn, index = torch.eye(world.units), torch.tensor(units)
    turn[index[:, None], index] = mixed * signs * signs[:, None]
    pairs = [pair(a, b) for a in units for b in units if a < b]
    return Plant(
        model=Faulty(world, (world.units,), code=lambda x, mean, std: (mean @ turn.T, std)),
        data=world.draw(),
        truth=frozenset({claim("graph.entangled", *pairs)}),
        consequences=MISFIT | {"aggregate.correlated", "consistency.independence"},
        never=NEVER,
    )


def ring(pull: float, seed: int) -> Plant:
    """Plant two units on a circle to which the encoder pulls every code, all of the way at ``pull`` 1; no prior."""
    world, rng = vector_world(seed), chance("ring", seed)
    first, second = rng.choice(world.units, 2, replace=False).tolist()
    amplitude = world.amplitude.clone()
    amplitude[second] = amplitude[first]
    world = replace(world, amplitude=amplitude)
    hidden = world.hidden(world.rows)
    angle = torch.atan2(hidden[:, first], hidden[:, second])
    radius = math.sqrt(2) * (1 + 0.3 * (1 - pull) * hidden[:, first].abs())
    hidden[:, first], hidden[:, second] = radius * angle.sin(), radius * angle.cos()

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        both = mean[:, [first, second]]
        length = both.norm(dim=1, keepdim=True) / math.sqrt(2)
        mean[:, [first, second]] = both * length.clamp(min=1e-6) ** -pull
        return mean, std

    return Plant(
        model=Faulty(world, (world.units,), code=code, prior=False),
        data=world.observe(hidden),
        truth=frozenset({claim("graph.entangled", pair(first, second))}),
        consequences=(MISFIT | {"aggregate.tails", "consistency.independence", "field", "paths"})
        - {"reconstruction.kept"},
        never=NEVER | {"units.faint"},
    )


def leak(coupling: float, seed: int) -> Plant:
    """Plant a unit whose code takes up another's: a squared share ``coupling`` of a change appears in it."""
    world, rng = vector_world(seed), chance("one-way leak", seed)
    source, target = rng.choice(world.units, 2, replace=False).tolist()
    much = math.sqrt(coupling / (1 - coupling)) * float(rng.choice([-1, 1]))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, target] += much * mean[:, source]
        return mean, std

    return Plant(
        model=Faulty(world, (world.units,), code=code),
        data=world.draw(),
        truth=frozenset({claim("graph.one_way", f"{source}>{target}")}),
        consequences=(MISFIT - {"graph.one_way"})
        | {"aggregate.correlated", "aggregate.spread", "consistency.independence", "input_checks.scale"},
        never=NEVER | {"graph.entangled"},
    )


KINDS = (
    Kind(
        name="turned pair",
        keys=("graph.entangled",),
        sizes=(0.12, 0.25, 0.5),
        effect="squared coupling; 0.5 is a turn by 45°",
        plant=turned,
        clean=clean_vectors,
    ),
    Kind(
        name="three entangled",
        keys=("graph.entangled",),
        sizes=(0.1, 0.2, REFLECTED),
        effect="squared coupling of the three pairs",
        plant=triple,
        clean=clean_many,
    ),
    Kind(
        name="ring",
        keys=("graph.entangled",),
        sizes=(0.5, 0.75, 1.0),
        effect="how far codes are pulled to the circle",
        plant=ring,
        clean=clean_vectors,
    ),
    Kind(
        name="one-way leak",
        keys=("graph.one_way",),
        sizes=(0.1, 0.3, 0.6),
        effect="squared coupling",
        plant=leak,
        clean=clean_vectors,
    ),
)
