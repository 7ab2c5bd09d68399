"""Posteriors of the wrong width, and decoders that write too much or too little."""

from torch import Tensor

from latentassay.truth.plant import Kind, Plant, chance, claim
from latentassay.truth.vectors import Faulty, VectorWorld, clean_vectors, known_of, vector_world

WIDTHS = frozenset({"input_checks.scale", "aggregate.spread", "units.strength", "consistency.self"})


def _some(name: str, seed: int, world: VectorWorld) -> list[int]:
    """Draw up to half of the units: where all are too strong, that is another scale of the output."""
    rng = chance(name, seed)
    many = int(rng.integers(1, world.units // 2 + 1))
    return sorted(rng.choice(world.units, many, replace=False).tolist())


def _noisy_world(seed: int) -> VectorWorld:
    """A world whose noise matters, and shows: it has many observed dimensions in which nothing but noise is."""
    return vector_world(seed, noise=(0.2, 0.3), narrowest=0.7, spare=1.5)


def clean_noise(seed: int) -> Plant:
    """Return the clean twin of posteriors of the wrong width."""
    world = _noisy_world(seed)
    return Plant(model=Faulty(world, (world.units,)), data=world.draw(), known=known_of(world))


def underconfident(times: float, seed: int) -> Plant:
    """Plant posteriors that are so many times as wide as the decoder needs, in all units."""
    return _width(times, seed, "posterior.underconfident")


def overconfident(times: float, seed: int) -> Plant:
    """Plant posteriors that are so many times as narrow as the decoder needs, in all units."""
    return _width(1 / times, seed, "posterior.overconfident")


def _width(factor: float, seed: int, key: str) -> Plant:
    world = _noisy_world(seed)
    return Plant(
        model=Faulty(world, (world.units,), code=lambda x, mean, std: (mean, factor * std)),
        data=world.draw(),
        truth=frozenset({claim(key, *range(world.units))}),
        consequences=WIDTHS,
    )


def overshoot(times: float, seed: int) -> Plant:
    """Plant a decoder that writes so many times what the encoder reads back, in up to half of the units."""
    return _strength(times, seed, "overshoot")


def undershoot(times: float, seed: int) -> Plant:
    """Plant a decoder that writes a part of what the encoder reads back, in up to half of the units."""
    return _strength(times, seed, "undershoot")


def _strength(factor: float, seed: int, name: str) -> Plant:
    world = vector_world(seed)
    units = _some(name, seed, world)

    def latent(z: Tensor) -> Tensor:
        z[:, units] *= factor
        return z

    return Plant(
        model=Faulty(world, (world.units,), latent=latent),
        data=world.draw(),
        truth=frozenset({claim("units.strength", *units)}),
        consequences=frozenset(
            {
                "consistency.self",
                "field",
                "holes",
                "posterior.overconfident",
                "posterior.underconfident",
                "reconstruction.columns",
                "reconstruction.kept",
                "structure",
            }
        ),
        never=frozenset({"units.dead", "units.collapsed", "units.encoder_blind"}),
    )


def _kind(name: str, key: str, sizes: tuple[float, float, float], effect: str, plant: object) -> Kind:
    clean = clean_vectors if key == "units.strength" else clean_noise
    return Kind(name=name, keys=(key,), sizes=sizes, effect=effect, plant=plant, clean=clean)  # type: ignore[arg-type]


KINDS = (
    _kind("underconfident", "posterior.underconfident", (1.5, 2, 3), "times the right width", underconfident),
    _kind("overconfident", "posterior.overconfident", (1.5, 2, 3), "times too narrow", overconfident),
    _kind("overshoot", "units.strength", (1.3, 1.6, 2), "response to a change", overshoot),
    _kind("undershoot", "units.strength", (0.7, 0.55, 0.4), "response to a change", undershoot),
)
