"""Evidence as what can be drawn: fields over places as maps of two dimensions, and what is there of optional arrays."""

from collections.abc import Mapping

import numpy as np
from torch import Tensor


def flat_map(field: Tensor) -> Tensor:
    """Return a map of two dimensions: a row for a field of one, the mean over depth for one of three."""
    if field.ndim == 1:
        return field[None]
    return field.mean(0) if field.ndim == 3 else field


def present(arrays: Mapping[str, np.ndarray | None]) -> dict[str, np.ndarray]:
    """Leave out what was not measured."""
    return {name: array for name, array in arrays.items() if array is not None}


def shown_units(alive: np.ndarray) -> np.ndarray:
    """Return the numbers of the alive units, or of all where none is.

    >>> shown_units(np.array([False, True])), shown_units(np.array([False, False]))
    (array([1]), array([0, 1]))
    """
    return np.flatnonzero(alive) if alive.any() else np.arange(len(alive))
