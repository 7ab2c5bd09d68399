"""Places of a spatial latent: their coordinates, offsets and distances, and rows that lend their values."""

import itertools
import math
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import as_float_tensor
from latentassay.core.autoencoder import latent_shape_of
from latentassay.core.errors import ContractError, InputError
from latentassay.core.observations import finite

Sides = tuple[int, ...]


def is_spatial(shape: tuple[int, ...]) -> bool:
    """Tell whether latents of this shape are channels of one to three dimensions with more than one place.

    >>> is_spatial((4, 8, 8)), is_spatial((24,)), is_spatial((24, 1, 1))
    (True, False, False)
    """
    return 2 <= len(shape) <= 4 and math.prod(shape[1:]) > 1


def sides_of(model: Any) -> Sides:
    """Return how many places a latent has along each dimension.

    Raises:
        InputError: the latents are vectors, have a single place, or more than three dimensions.
    """
    shape = latent_shape_of(model)
    if not is_spatial(shape):
        raise InputError(
            f"needs spatial latents (channels, height, width), or of one or three dimensions, with more than one "
            f"place; the model has {shape}"
        )
    return shape[1:]


def spatial_codes(mean: Any) -> Float[Tensor, "n c *sides"]:
    """Read the posterior means of a spatial latent, a tensor or an array.

    Raises:
        InputError: codes that are not spatial, NaN or infinite, or fewer than 4 rows.
    """
    codes = finite(as_float_tensor(mean, "means of codes").detach(), "means of codes")
    if not is_spatial(tuple(codes.shape[1:])) or len(codes) < 4:
        raise InputError(f"needs codes (n, c, *sides) of at least 4 rows, got {tuple(codes.shape)}")
    return codes


def choose(chosen: Any, count: int, what: str) -> tuple[int, ...]:
    """Return the numbers of the channels or places to use: all where ``chosen`` is ``None``.

    Raises:
        InputError: none, the same one twice, or numbers out of range.

    >>> choose(None, 3, "channels"), choose([2, 0], 3, "channels")
    ((0, 1, 2), (2, 0))
    """
    numbers = tuple(range(count)) if chosen is None else tuple(map(int, chosen))
    if not numbers or len(set(numbers)) < len(numbers) or min(numbers) < 0 or max(numbers) >= count:
        raise InputError(f"{what} must be different numbers in 0..{count - 1}, at least one, got {chosen}")
    return numbers


def spread(z: Float[Tensor, "n c *sides"]) -> Float[Tensor, " c"]:
    """Return the standard deviation of every channel over rows and places, in double precision."""
    return z.double().movedim(1, 0).flatten(1).std(1)


def strides_of(sides: Sides, pixels: Sides) -> Sides:
    """Return how many pixels lie along each side of a place.

    Raises:
        ContractError: observations have another number of dimensions than latents, or sides that those do not divide.

    >>> strides_of((8, 8), (64, 32))
    (8, 4)
    """
    if len(pixels) != len(sides) or any(many % few for many, few in zip(pixels, sides, strict=True)):
        raise ContractError(
            f"observations have sides {pixels} and latents {sides}; this needs as many dimensions, and sides that "
            "divide, so that every place lies above a part of the picture"
        )
    return tuple(many // few for many, few in zip(pixels, sides, strict=True))


def coordinates(sides: Sides) -> Int[Tensor, "p dims"]:
    """Return the coordinates of every place, in the order in which latents are flattened.

    >>> coordinates((2, 2)).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return torch.cartesian_prod(*(torch.arange(side) for side in sides)).reshape(-1, len(sides))


def window(sides: Sides, radius: int) -> Int[Tensor, "o dims"]:
    """Return the offsets of at most ``radius`` places along each dimension, as far as two places can lie apart.

    >>> window((3, 1), 5).tolist()
    [[-2, 0], [-1, 0], [0, 0], [1, 0], [2, 0]]
    """
    reach = [min(radius, side - 1) for side in sides]
    return torch.tensor(list(itertools.product(*(range(-r, r + 1) for r in reach))))


def places_at(
    places: Int[Tensor, " n"], offsets: Int[Tensor, "o dims"], sides: Sides
) -> tuple[Int[Tensor, "n o"], Bool[Tensor, "n o"]]:
    """Return the places at these offsets from each of ``places``, and whether they lie inside; 0 where they do not."""
    at = coordinates(sides)[places][:, None] + offsets
    size = torch.tensor(sides)
    inside = ((at >= 0) & (at < size)).all(-1)
    strides = torch.tensor([math.prod(sides[d + 1 :]) for d in range(len(sides))])
    return torch.where(inside, (at * strides).sum(-1), 0), inside


def distances(places: Int[Tensor, " n"], sides: Sides) -> Int[Tensor, "n p"]:
    """Return how far every place lies from each of ``places``, in Euclid's sense, rounded up to whole places."""
    every = coordinates(sides).double()
    away = (every[places][:, None] - every).square().sum(-1).sqrt()
    # Rounding must not push a distance that is whole, such as √(3² + 4²), to the next.
    return (away - 1e-9).ceil().clamp(min=0).long()


def draw_places(n: int, size: int, columns: int, generator: Generator) -> Int[Tensor, "n columns"]:
    """Draw n places for each column, none of them twice before all have been drawn once."""
    rounds = -(-n // size)
    drawn = [torch.cat([torch.randperm(size, generator=generator) for _ in range(rounds)])[:n] for _ in range(columns)]
    return torch.stack(drawn, 1)


def draw_lenders(n: int, columns: int, generator: Generator) -> Int[Tensor, "n columns"]:
    """Draw for every row, and each column anew, another row; every row lends once a column.

    >>> found = draw_lenders(4, 2, torch.Generator().manual_seed(0))
    >>> bool((found == torch.arange(4)[:, None]).any()), sorted(found[:, 0].tolist())
    (False, [0, 1, 2, 3])
    """
    out = torch.empty(n, columns, dtype=torch.long)
    for column in range(columns):
        ring = torch.randperm(n, generator=generator)
        out[ring, column] = ring.roll(1)
    return out


def crop(field: Tensor, margin: Sides) -> Tensor:
    """Return a field without so many places at both ends of each of its last dimensions.

    >>> crop(torch.arange(5), (1,))
    tensor([1, 2, 3])
    """
    for d, left_out in enumerate(reversed(margin), start=1):
        field = field.narrow(-d, left_out, field.shape[-d] - 2 * left_out)
    return field
