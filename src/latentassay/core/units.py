"""Units: the groups of latents that an intervention moves together."""

import itertools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError


@dataclass(frozen=True)
class Units:
    """Disjoint groups of indices into the flattened latent; latents in no group are never intervened on.

    >>> units = Units.default((4,))
    >>> len(units), units.label(2)
    (4, '2')
    >>> Units(((0, 1), (2, 3)), (4,)).squared_norm(torch.ones(1, 4))
    tensor([[2., 2.]])
    """

    groups: tuple[tuple[int, ...], ...]
    latent_shape: tuple[int, ...]

    def __post_init__(self) -> None:
        size, indices = math.prod(self.latent_shape), [i for group in self.groups for i in group]
        if not self.groups or not all(self.groups):
            raise InputError("units must be at least one non-empty group of latent indices")
        if min(indices) < 0 or max(indices) >= size:
            raise InputError(
                f"unit indices must lie in 0..{size - 1} for latents {self.latent_shape}, got {self.groups}"
            )
        if len(set(indices)) < len(indices):
            raise InputError(f"units must not share latents, got {self.groups}")

    @classmethod
    def default(cls, latent_shape: Sequence[int]) -> "Units":
        """One unit per scalar of a vector, per channel of a spatial latent, and per place of one of a single channel.

        >>> Units.default((2, 2, 3)).groups[1], Units.default((1, 2, 3)).label(4)
        ((6, 7, 8, 9, 10, 11), '(1, 1)')
        """
        if latent_shape[0] == 1:
            return cls(tuple((place,) for place in range(math.prod(latent_shape))), tuple(latent_shape))
        return cls.channels(latent_shape)

    @classmethod
    def channels(cls, latent_shape: Sequence[int]) -> "Units":
        """One unit per entry of the first dimension, with all that lies in it, however many there are."""
        channels, per_channel = latent_shape[0], math.prod(latent_shape[1:])
        groups = tuple(tuple(range(c * per_channel, (c + 1) * per_channel)) for c in range(channels))
        return cls(groups, tuple(latent_shape))

    def __len__(self) -> int:
        return len(self.groups)

    @cached_property
    def are_scalars(self) -> bool:
        """Whether every unit is one latent."""
        return all(len(group) == 1 for group in self.groups)

    def label(self, unit: int) -> str:
        """Short name of a unit: its latent (its place, where there is one channel), its channel, or its range."""
        group = self.groups[unit]
        per_channel = math.prod(self.latent_shape[1:])
        if len(group) == 1:
            is_place = self.latent_shape[0] == 1 and per_channel > 1
            return _place(group[0], self.latent_shape[1:]) if is_place else str(group[0])
        if per_channel > 1 and len(group) == per_channel and group[0] % per_channel == 0:
            return f"c{group[0] // per_channel}"
        return f"{group[0]}–{group[-1]}" if len(group) == group[-1] - group[0] + 1 else "+".join(map(str, group))

    def replace(self, z: Tensor, unit: int, values: Tensor) -> Tensor:
        """Return a copy of ``z`` whose unit comes from ``values``, both ``(n, *latent_shape)`` (LR 4.1)."""
        index = torch.tensor(self.groups[unit], device=z.device)
        out = z.flatten(1).clone()
        out[:, index] = values.flatten(1)[:, index]
        return out.view_as(z)

    @cached_property
    def _are_all_in_order(self) -> bool:
        """Whether equally large units, one after another, are all latents."""
        latents = list(itertools.chain(*self.groups))
        return latents == list(range(math.prod(self.latent_shape))) and len(set(map(len, self.groups))) == 1

    def total(self, values: Tensor) -> Float[Tensor, "n units"]:
        """Sum of values ``(n, *latent_shape)`` inside every unit."""
        flat = values.flatten(1)
        if self._are_all_in_order:
            return flat.clone() if self.are_scalars else flat.reshape(len(flat), len(self), -1).sum(2)
        if self.are_scalars:
            return flat[:, [group[0] for group in self.groups]]
        return torch.stack([flat[:, list(group)].sum(1) for group in self.groups], 1)

    def squared_norm(self, delta: Tensor) -> Float[Tensor, "n units"]:
        """Squared Euclidean length of a difference inside every unit."""
        return self.total(delta.square())


def as_units(units: Any, latent_shape: Sequence[int]) -> Units:
    """Read units as people write them.

    Args:
        units: ``None`` (scalars of a vector, channels of a spatial latent, places where there is one channel), flat
            latent indices such as ``[0, 1]`` (these scalars, each a unit), groups of them such as ``[[0, 1], [2]]``, or
            ``Units`` made for these latents.
        latent_shape: of the model.

    Raises:
        InputError: no index, an index out of range or in two groups, no integers, or units of another latent shape.

    >>> as_units([0, 2], (3,)).groups, as_units([[0, 1], [2]], (3,)).groups, len(as_units(None, (3, 8, 8)))
    (((0,), (2,)), ((0, 1), (2,)), 3)
    """
    if units is None:
        return Units.default(latent_shape)
    if not isinstance(units, Units):
        return Units(tuple(map(_group, units)), tuple(latent_shape))
    if units.latent_shape != tuple(latent_shape):
        raise InputError(f"units were made for latents {units.latent_shape}, the model has {tuple(latent_shape)}")
    return units


def _place(index: int, sides: Sequence[int]) -> str:
    """Coordinates of a place, as spatial findings write them."""
    at = []
    for side in reversed(sides):
        index, along = divmod(index, side)
        at.append(str(along))
    return f"({', '.join(reversed(at))})"


def _group(indices: Any) -> tuple[int, ...]:
    """One latent, or several; whatever counts as an index does, of numpy and torch, too."""
    try:
        several = tuple(indices)
    except TypeError:  # a number, or a tensor without dimensions
        several = (indices,)
    try:
        return tuple(map(operator.index, several))
    except TypeError:
        raise InputError(f"units must be latent indices or groups of them, got {indices!r}") from None
