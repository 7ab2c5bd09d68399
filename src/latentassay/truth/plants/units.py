"""Units that do not carry what they could: dead, collapsed, unread, faint, and decoders that ignore all of them."""

import math

import torch
from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim
from latentassay.truth.vectors import Faulty, clean_vectors, noise_along, silence, vector_world

LOSSES = frozenset(
    {"reconstruction.kept", "reconstruction.columns", "posterior.overconfident", "units.strength", "consistency.self"}
)
"""What is true besides where a decoder writes less than the encoder sends."""

UNREAD = (LOSSES - {"posterior.overconfident"}) | {"posterior.underconfident"}
"""And where the encoder sends less than the decoder writes."""


def _several(name: str, seed: int, units: int) -> list[int]:
    """Draw up to a quarter of the units."""
    rng = chance(name, seed)
    return sorted(rng.choice(units, int(rng.integers(1, max(2, units // 4 + 1))), replace=False).tolist())


def dead(gain: float, seed: int) -> Plant:
    """Plant units that the decoder ignores, or writes at a small ``gain``; without any, some encoders are constant."""
    world = vector_world(seed)
    units = _several("dead unit", seed, world.units)
    idle = not gain and chance("dead unit, how", seed).random() < 0.5
    if idle:
        world = silence(world, units)

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        for unit in units if idle else []:
            mean[:, unit], std[:, unit] = noise_along(world, x, unit), 0.1
        return mean, std

    def latent(z: Tensor) -> Tensor:
        z[:, units] *= gain
        return z

    weaker = {claim("units.faint", *units)} if gain else set()
    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.dead", *units), *weaker}),
        consequences=LOSSES,
        never=frozenset({"units.collapsed", "units.encoder_blind", "units.redundant", "units.twins"}),
    )


def collapsed(signal: float, seed: int) -> Plant:
    """Plant units whose posterior is the prior, or leaves a share ``signal`` of their variance to the data.

    A variable of amplitude w = σ √(ρ² / (1 − ρ²)) leaves just ρ² in the optimum: the weak plants are optimal, too.
    """
    world = vector_world(seed)
    units = _several("collapsed unit", seed, world.units)
    world.amplitude[units] = world.sigma * math.sqrt(signal / (1 - signal))
    weaker = {claim("units.faint", *units), claim("units.dead", *units)} if signal else set()
    return Plant(
        model=Faulty(world, (world.units,)),
        data=world.draw(),
        truth=frozenset({claim("units.collapsed", *units), *weaker}),
        never=frozenset({"units.encoder_blind", "units.redundant", "units.twins"}),
    )


def ignored_latent(gain: float, seed: int) -> Plant:
    """Plant a decoder that ignores all of its latent, whose posteriors are the prior or not."""
    world = vector_world(seed)
    is_prior = chance("decoder ignores all", seed).random() < 0.5
    everyone = range(world.units)
    # A decoder that uses all units alike, and each a little, may be said to use what the encoder hardly varies.
    weaker = {claim("units.faint", *everyone), claim("units.encoder_blind", *everyone)} if gain else set()

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        return (gain * mean, torch.ones_like(std)) if is_prior else (mean, std)

    return Plant(
        model=Faulty(world, (world.units,), code=code, latent=lambda z: gain * z),
        data=world.draw(),
        truth=frozenset({claim("units.collapsed" if is_prior else "units.dead", *everyone), *weaker}),
        consequences=LOSSES | UNREAD | {"input_checks.scale", "aggregate.spread"},
        never=frozenset({"units.redundant", "units.twins"}) | (set() if gain else {"units.encoder_blind"}),
    )


def encoder_blind(signal: float, seed: int) -> Plant:
    """Plant units that the decoder paints with and of which the encoder reads a share ``signal``, or nothing."""
    world = vector_world(seed)
    units = _several("encoder-blind unit", seed, world.units)

    def code(x: Tensor, mean: Tensor, std: Tensor) -> tuple[Tensor, Tensor]:
        mean[:, units] *= math.sqrt(signal)
        std[:, units] = math.sqrt(1 - signal)
        return mean, std

    weaker = {claim("units.faint", *units)} if signal else set()
    return Plant(
        model=Faulty(world, (world.units,), code=code),
        data=world.draw(),
        truth=frozenset({claim("units.encoder_blind", *units), *weaker}),
        consequences=UNREAD,
        never=frozenset({"units.dead", "units.collapsed", "units.redundant", "units.twins"}),
    )


def faint(gain: float, seed: int) -> Plant:
    """Plant units that the decoder writes at ``gain`` times their size: they answer, but in part."""
    world = vector_world(seed)
    units = _several("faint unit", seed, world.units)

    def latent(z: Tensor) -> Tensor:
        z[:, units] *= gain
        return z

    return Plant(
        model=Faulty(world, (world.units,), latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.faint", *units)}),
        consequences=LOSSES,
        never=frozenset({"units.dead", "units.collapsed", "units.encoder_blind", "units.redundant", "units.twins"}),
    )


def _kind(name: str, keys: tuple[str, ...], sizes: tuple[float, float, float], effect: str, plant: object) -> Kind:
    return Kind(name=name, keys=keys, sizes=sizes, effect=effect, plant=plant, clean=clean_vectors)  # type: ignore[arg-type]


KINDS = (
    _kind("dead unit", ("units.dead",), (0.1, 0.03, 0.0), "gain of the decoder, its square is the share left", dead),
    _kind("collapsed unit", ("units.collapsed",), (0.05, 0.01, 0.0), "share of variance that is data", collapsed),
    _kind(
        "decoder ignores all",
        ("units.collapsed", "units.dead"),
        (0.1, 0.03, 0.0),
        "gain of the decoder",
        ignored_latent,
    ),
    _kind(
        "encoder-blind unit",
        ("units.encoder_blind",),
        (0.05, 0.01, 0.0),
        "share of variance that is data",
        encoder_blind,
    ),
    _kind("faint unit", ("units.faint",), (0.35, 0.27, 0.2), "response to a change of the unit", faint),
)
