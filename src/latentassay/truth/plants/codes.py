"""Codes that are not distributed as the prior, and holes between them; what is decoded is right all the same."""

import math
from dataclasses import replace

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim, pair
from latentassay.truth.vectors import Faulty, clean_vectors, vector_world


def scaled(times: float, seed: int) -> Plant:
    """Plant codes that are so many times as wide as the prior, or as narrow."""
    world = vector_world(seed)
    factor = times if chance("wrong scale", seed).random() < 0.5 else 1 / times
    return Plant(
        model=Faulty(
            world,
            (world.units,),
            code=lambda x, mean, std: (factor * mean, factor * std),
            latent=lambda z: z / factor,
        ),
        data=world.draw(),
        truth=frozenset({claim("input_checks.scale")}),
        consequences=frozenset({"aggregate.spread", "holes", "structure"}),
    )


def shifted(by: float, seed: int) -> Plant:
    """Plant codes whose mean lies off the prior's by so many of its standard deviations, in some units."""
    world, rng = vector_world(seed), chance("shifted mean", seed)
    units = sorted(rng.choice(world.units, int(rng.integers(1, world.units + 1)), replace=False).tolist())
    shift = torch.zeros(world.units)
    shift[units] = by * torch.from_numpy(rng.choice([-1.0, 1.0], len(units))).float()
    return Plant(
        model=Faulty(world, (world.units,), code=lambda x, mean, std: (mean + shift, std), latent=lambda z: z - shift),
        data=world.draw(),
        truth=frozenset({claim("aggregate.shift", *units)}),
        consequences=frozenset({"holes", "structure", "input_checks.scale"}),
    )


def heavy_tails(strength: float, seed: int) -> Plant:
    """Plant codes ``sinh(a v)`` of mean 0 and variance 1 in some units: most lie near 0, a few far out."""
    world, rng = vector_world(seed), chance("heavy tails", seed)
    units = sorted(rng.choice(world.units, int(rng.integers(1, world.units + 1)), replace=False).tolist())
    size = math.sqrt((math.exp(2 * strength**2) - 1) / 2)

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        bent = strength * mean[:, units]
        std[:, units] *= strength * bent.cosh() / size
        mean[:, units] = bent.sinh() / size
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, units] = (z[:, units] * size).asinh() / strength
        return z

    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("aggregate.tails", *units)}),
        consequences=frozenset({"holes", "structure", "aggregate.spread", "input_checks.scale"}),
    )


def correlated(rho: float, seed: int) -> Plant:
    """Plant two codes of this correlation, which the decoder undoes; their noise is the best independent one."""
    world, rng = vector_world(seed), chance("correlated codes", seed)
    first, second = rng.choice(world.units, 2, replace=False).tolist()
    rho *= float(rng.choice([-1, 1]))
    rest = math.sqrt(1 - rho**2)

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, second] = rho * mean[:, first] + rest * mean[:, second]
        a, b = std[:, first].clone(), std[:, second].clone()
        # The precision of what the first unit holds counts twice: through itself, and through the second.
        std[:, first] = (1 / a**2 + (rho / rest / b) ** 2) ** -0.5
        std[:, second] = rest * b
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, second] = (z[:, second] - rho * z[:, first]) / rest
        return z

    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("aggregate.correlated", pair(first, second))}),
        consequences=frozenset({"consistency.independence", "holes", "structure"}),
        never=frozenset({"units.twins", "units.redundant"}),
    )


def hole(radius: float, seed: int) -> Plant:
    """Plant a region around the middle of one unit, or of the plane of two, to which no data go.

    The data stand in two clusters or on a ring; what lies nearer to the middle than ``radius`` is decoded as the
    nearest latent outside. The share of prior samples inside is P(|z| < r), or 1 − exp(−r²/2) in the plane.
    """
    world, rng = vector_world(seed), chance("hole", seed)
    size = int(rng.integers(1, 3))
    units = rng.choice(world.units, size, replace=False).tolist()
    reach = radius if size == 1 else math.sqrt(-2 * math.log(1 - math.erf(radius / math.sqrt(2))))
    if size == 2:
        amplitude = world.amplitude.clone()
        amplitude[units[1]] = amplitude[units[0]]
        world = replace(world, amplitude=amplitude)
    hidden = world.hidden(world.rows)
    # Data keep their direction from the middle and stand well outside, with a root mean square of 1 in every unit.
    inside = hidden[:, units]
    length = inside.norm(dim=1, keepdim=True)
    away = 1.15 * reach + 0.3 * (hidden[:, [(units[0] + 1) % world.units]].abs())
    placed = inside / length * away
    widest = placed.square().mean().sqrt()
    hidden[:, units] = placed / widest.clamp(max=1.0)

    def latent(z: Tensor) -> Tensor:
        there = z[:, units]
        far = there.norm(dim=1, keepdim=True).clamp(min=1e-6)
        z[:, units] = there * (reach / far).clamp(min=1)
        return z

    return Plant(
        model=Faulty(world, (world.units,), latent=latent),
        data=world.observe(hidden),
        truth=frozenset({claim("holes")}),
        consequences=frozenset(
            {
                "aggregate.spread",
                "aggregate.tails",
                "consistency.independence",
                "consistency.invariance",
                "consistency.self",
                "consistency.self.hybrid",
                "field",
                "graph.entangled",
                "graph.one_way",
                "input_checks.scale",
                "paths",
                "structure",
            }
        ),
    )


def _kind(name: str, keys: tuple[str, ...], sizes: tuple[float, float, float], effect: str, plant: object) -> Kind:
    return Kind(name=name, keys=keys, sizes=sizes, effect=effect, plant=plant, clean=clean_vectors)  # type: ignore[arg-type]


KINDS = (
    _kind("wrong scale", ("input_checks.scale",), (1.6, 2.5, 5.5), "times the prior, or a part", scaled),
    _kind("shifted mean", ("aggregate.shift",), (0.5, 1, 2), "standard deviations", shifted),
    _kind("heavy tails", ("aggregate.tails",), (0.6, 0.85, 1.1), "a of sinh(a v)", heavy_tails),
    _kind("correlated codes", ("aggregate.correlated",), (0.4, 0.6, 0.9), "correlation of two codes", correlated),
    _kind("hole", ("holes",), (0.15, 0.3, 0.6), "half width of the hole in standard deviations", hole),
)
