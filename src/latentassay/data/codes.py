"""Codes of factors: all combinations of a grid, and refusals of codes and images that are not as expected."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int, Integer

from latentassay.core.arrays import as_array
from latentassay.core.errors import FileError, InputError
from latentassay.data.factors import FactorData, Layout, Store


def grid_codes(sizes: Sequence[int]) -> Int[np.ndarray, "n m"]:
    """Return all combinations of codes, the last factor varying fastest.

    >>> grid_codes((1, 2, 2)).tolist()
    [[0, 0, 0], [0, 0, 1], [0, 1, 0], [0, 1, 1]]
    """
    return np.indices(tuple(sizes)).reshape(len(sizes), -1).T.copy()


def check_codes(codes: Any, names: Sequence[str], sizes: Sequence[int]) -> Integer[np.ndarray, "n m"]:
    """Return ``codes`` as an integer array ``(n, m)``, each column below its size.

    Raises:
        InputError: if they are of another shape, not integers, or out of range.
    """
    array = as_array(codes)
    if array.ndim != 2 or array.shape[1] != len(sizes):
        raise InputError(
            f"codes must have shape (n, {len(sizes)}), one column for each of {tuple(names)}; got {array.shape}"
        )
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"codes must be integers that number the values 0, 1, 2 …, got {array.dtype}")
    for name, size, column in zip(names, sizes, array.T, strict=True):
        if len(column) and (column.min() < 0 or column.max() >= size):
            raise InputError(f"codes of {name!r} must lie in 0..{size - 1}, got {column.min()}..{column.max()}")
    return array


def factor_data(store: Store, codes: Any, sizes: Mapping[str, int], name: str, layout: Layout) -> FactorData:
    """Put a store and its codes together under the names and sizes of its factors."""
    return FactorData(store, codes, tuple(sizes), tuple(sizes.values()), layout=layout, name=name)


def expect_images(path: Any, store: Store, n: int, shape: tuple[int, ...]) -> None:
    """Refuse a file whose images are not ``n`` arrays of uint8 of this shape.

    Raises:
        FileError: with both shapes.
    """
    if tuple(store.shape) != (n, *shape) or store.dtype != np.uint8:
        cause = f"images are {store.dtype} {tuple(store.shape)}, expected uint8 {(n, *shape)}"
        raise FileError(path, cause, "Get the official file; this one is laid out otherwise.")


def expect_codes(path: Any, codes: Any, sizes: Sequence[int]) -> None:
    """Refuse codes that are not integers within ``sizes``.

    Raises:
        FileError: naming what they are.
    """
    good = codes.ndim == 2 and codes.shape[1] == len(sizes) and np.issubdtype(codes.dtype, np.integer)
    if not good or (codes < 0).any() or (codes >= np.array(sizes)).any():
        cause = f"factor codes ({codes.dtype} {codes.shape}) are not integers below {tuple(sizes)}"
        raise FileError(path, cause, "Get the official file; this one is laid out otherwise.")
