"""Checks of what is to be drawn: arrays of the right dimensions, finite and in range, and more than nothing."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from latentassay.core.errors import InputError


def named_items(named: Mapping[Any, Any], name: str) -> Sequence[tuple[Any, Any]]:
    """Return the items of ``named``, of which there must be at least one.

    Raises:
        InputError: there is none; ``name`` says of what.
    """
    if not named:
        raise InputError(f"{name} must name at least one thing to draw, got none")
    return list(named.items())


def finite_array(values: Any, name: str, *dimensions: int, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    """Return values as a float64 array with one of so many dimensions, finite, from ``low`` to ``high``.

    Raises:
        InputError: it is empty, has other dimensions, or holds NaN, infinite values or values out of range.
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in dimensions or not array.size:
        raise InputError(f"{name} must have {' or '.join(map(str, dimensions))} dimensions, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} hold NaN or infinite values; remove them")
    if array.min() < low or array.max() > high:
        raise InputError(f"{name} must lie from {low:g} to {high:g}, got {array.min():.3g} to {array.max():.3g}")
    return array
