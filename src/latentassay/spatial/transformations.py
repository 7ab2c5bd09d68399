"""Transformations of a picture that a spatial latent should follow: shifts, flips, quarter turns, a zoom by two."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import interpolate

from latentassay.spatial.places import Sides

Transform = Callable[[Tensor], Tensor]
"""Fields ``(n, c, *sides)`` to fields of the same shape."""

AXES = {1: ("along",), 2: ("down", "right"), 3: ("deep", "down", "right")}
"""Names of the axes of fields of so many dimensions."""

ZOOM = {1: "linear", 2: "bilinear", 3: "trilinear"}
"""How torch calls linear interpolation in so many dimensions."""


class Transformation(NamedTuple):
    """A transformation of pictures and the same one of latents, both ``(n, c, *sides)``.

    Attributes:
        name: what it does.
        of_pictures: takes observations.
        of_latents: takes latents.
    """

    name: str
    of_pictures: Transform
    of_latents: Transform


def transformations(sides: Sides, strides: Sides) -> tuple[Transformation, ...]:
    """Return those that latents of these sides and pictures of so many pixels a place allow.

    A shift rolls by one place, which is one stride of the picture. A quarter turn needs its two sides alike, a zoom
    takes the middle half of each side, enlarged twice, so that sides must be multiples of four.

    >>> [move.name for move in transformations((8, 8), (4, 4))]
    ['shift down', 'shift right', 'flip down', 'flip right', 'quarter turn', 'zoom by 2']
    """
    dims, names = len(sides), AXES[len(sides)]
    found = []
    for d, name in enumerate(names):
        found.append(Transformation(f"shift {name}", _roll(d - dims, strides[d]), _roll(d - dims, 1)))
    found += [_both(f"flip {name}", _flip(d - dims)) for d, name in enumerate(names)]
    if dims > 1 and sides[-1] == sides[-2] and strides[-1] == strides[-2]:
        found.append(_both("quarter turn", lambda field: field.rot90(1, (-2, -1))))
    if all(side % 4 == 0 for side in sides):
        found.append(_both("zoom by 2", _zoom))
    return tuple(found)


def _both(name: str, transform: Transform) -> Transformation:
    return Transformation(name, transform, transform)


def _roll(axis: int, by: int) -> Transform:
    return lambda field: field.roll(by, axis)


def _flip(axis: int) -> Transform:
    return lambda field: field.flip(axis)


def _zoom(field: Tensor) -> Tensor:
    # Cropped before it is enlarged, so that what lies beyond the middle half does not leak in at its border.
    dims = field.ndim - 2
    part = field
    for d in range(2, field.ndim):
        side = field.shape[d]
        part = part.narrow(d, side // 4, side // 2)
    return interpolate(part, scale_factor=2.0, mode=ZOOM[dims], align_corners=False)
