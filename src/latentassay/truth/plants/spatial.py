"""Defects of spatial latents: dead, repeated and leaking channels, and one place that holds what all share."""

import math

from torch import Tensor

from latentassay.truth.pictures import PatchWorld, clean_pictures
from latentassay.truth.plant import Kind, Plant, chance, claim, pair
from latentassay.truth.vectors import Faulty

MISFIT = frozenset(
    {
        "aggregate.correlated",
        "aggregate.spread",
        "consistency.independence",
        "consistency.invariance",
        "consistency.self",
        "consistency.self.hybrid",
        "holes",
        "input_checks.channels",
        "input_checks.scale",
        "posterior.overconfident",
        "posterior.underconfident",
        "reconstruction.columns",
        "reconstruction.kept",
        "spatial.reach",
        "spatial.shifts",
        "structure",
        "units.strength",
    }
)
"""What is true besides where encoder and decoder of a channel do not fit."""


def dead_channel(gain: float, seed: int) -> Plant:
    """Plant a channel that holds detail which the decoder does not write, or hardly: at ``gain``."""
    world, rng = PatchWorld(seed), chance("dead channel", seed)
    channel = int(rng.integers(1, world.channels))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, channel] = world.detail(x) + gain * mean[:, channel]
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, channel] *= gain
        return z

    weaker = {claim("units.faint", f"c{channel}")} if gain else set()
    return Plant(
        model=Faulty(world, world.shape, code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.dead", f"c{channel}"), *weaker}),
        consequences=MISFIT,
        never=frozenset({"units.collapsed", "units.encoder_blind", "units.twins"}),
    )


def collapsed_channel(signal: float, seed: int) -> Plant:
    """Plant a channel whose posterior is the prior, or leaves a share ``signal`` to the data, and is not written."""
    world, rng = PatchWorld(seed), chance("collapsed channel", seed)
    channel = int(rng.integers(1, world.channels))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, channel] *= math.sqrt(signal)
        std[:, channel] = math.sqrt(1 - signal)
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, channel] *= math.sqrt(signal)
        return z

    weaker = {claim("units.faint", f"c{channel}")} if signal else set()
    return Plant(
        model=Faulty(world, world.shape, code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.collapsed", f"c{channel}"), *weaker}),
        consequences=MISFIT,
        never=frozenset({"units.encoder_blind", "units.twins"}),
    )


def twin_channels(correlation: float, seed: int) -> Plant:
    """Plant a channel that repeats another, at this correlation; the decoder averages the two."""
    world, rng = PatchWorld(seed), chance("twin channels", seed)
    own, copy = (rng.choice(world.channels - 1, 2, replace=False) + 1).tolist()
    sign = float(rng.choice([-1, 1]))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, copy] = sign * (correlation * mean[:, own] + math.sqrt(1 - correlation**2) * world.detail(x))
        std[:, own] = std[:, copy] = math.sqrt(2) * world.noise[own]
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, own] = (z[:, own] + sign * z[:, copy]) / (1 + correlation)
        z[:, copy] = 0
        return z

    return Plant(
        model=Faulty(world, world.shape, code=code, latent=latent),
        data=world.draw(),
        truth=frozenset(
            {claim("units.twins", pair(f"c{own}", f"c{copy}")), claim("units.redundant", f"c{own}", f"c{copy}")}
        ),
        consequences=MISFIT | {"graph.entangled", "graph.one_way"},
        never=frozenset({"units.dead", "units.collapsed", "units.encoder_blind"}),
    )


def leaking_channel(coupling: float, seed: int) -> Plant:
    """Plant a channel whose codes take up another's: a squared share ``coupling`` of a change appears in it."""
    world, rng = PatchWorld(seed), chance("leaking channel", seed)
    source, target = rng.choice(world.channels, 2, replace=False).tolist()
    much = math.sqrt(coupling / (1 - coupling)) * float(rng.choice([-1, 1]))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, target] += much * mean[:, source]
        return mean, std

    return Plant(
        model=Faulty(world, world.shape, code=code),
        data=world.draw(),
        truth=frozenset({claim("graph.one_way", f"c{source}>c{target}")}),
        consequences=MISFIT,
        never=frozenset({"units.dead", "units.collapsed", "units.encoder_blind", "graph.entangled"}),
    )


def global_place(share: float, seed: int) -> Plant:
    """Plant a place that holds the mean brightness of the picture, for all; the others hold what differs from that.

    ``share`` of the mean goes there, and its noise is small.
    """
    world, rng = PatchWorld(seed), chance("global place", seed)
    row, column = (int(at) for at in rng.integers(0, world.side, 2))

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        bright = share * mean[:, 0].mean((1, 2))
        mean[:, 0] -= bright[:, None, None]
        mean[:, :, row, column], std[:, :, row, column] = 0, 0.01
        mean[:, 0, row, column] = 2 * bright
        return mean, std

    def latent(z: Tensor) -> Tensor:
        bright = z[:, 0, row, column].clone() / 2
        z[:, :, row, column] = 0
        z[:, 0] += bright[:, None, None]
        return z

    return Plant(
        model=Faulty(world, world.shape, code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("spatial.global", f"({row}, {column})")}),
        consequences=MISFIT | {"aggregate.tails", "spatial.certain", "graph.one_way"},
    )


def _kind(name: str, keys: tuple[str, ...], sizes: tuple[float, float, float], effect: str, plant: object) -> Kind:
    return Kind(name=name, keys=keys, sizes=sizes, effect=effect, plant=plant, clean=clean_pictures)  # type: ignore[arg-type]


KINDS = (
    _kind("dead channel", ("units.dead",), (0.1, 0.03, 0.0), "gain of the decoder", dead_channel),
    _kind("collapsed channel", ("units.collapsed",), (0.05, 0.01, 0.0), "share that is data", collapsed_channel),
    _kind("twin channels", ("units.twins", "units.redundant"), (0.9, 0.97, 1.0), "correlation", twin_channels),
    _kind("leaking channel", ("graph.one_way",), (0.1, 0.3, 0.6), "squared coupling", leaking_channel),
    _kind("one global place", ("spatial.global",), (0.5, 0.75, 1.0), "share of the mean brightness", global_place),
)
