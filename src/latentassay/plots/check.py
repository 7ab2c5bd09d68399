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
        wanted = " or ".join(map(str, dimensions))
        raise InputError(f"{name} must have {wanted} dimensions and hold something, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} hold NaN or infinite values; remove them")
    if array.min() < low or array.max() > high:
        raise InputError(f"{name} must lie from {low:g} to {high:g}, got {array.min():.3g} to {array.max():.3g}")
    return array


def shaped_array(values: Any, name: str, *shape: int | str) -> np.ndarray:
    """Return values as a float64 array of a shape, where words stand for lengths of one or more.

    Raises:
        InputError: its shape is another.

    >>> shaped_array([[1, 2], [3, 4]], "matrix", 2, "units").shape
    (2, 2)
    """
    array = np.asarray(values, dtype=np.float64)
    fits = len(shape) == array.ndim and all(
        length > 0 if isinstance(wanted, str) else length == wanted
        for wanted, length in zip(shape, array.shape, strict=True)
    )
    if not fits:
        comma = "," if len(shape) == 1 else ""
        raise InputError(f"{name} must have shape ({', '.join(map(str, shape))}{comma}), got {array.shape}")
    return array


def names_of(labels: Sequence[Any] | np.ndarray, count: int, name: str = "labels") -> list[str]:
    """Return labels as texts, of which there must be ``count``.

    Raises:
        InputError: there are more or fewer.
    """
    texts = [str(label) for label in labels]
    if len(texts) != count:
        raise InputError(f"{name} must be {count} names, got {len(texts)}")
    return texts
