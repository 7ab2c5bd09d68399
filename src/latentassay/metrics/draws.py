"""Rows that share the value of one factor: the samplers of the metrics that hold a factor and look at the codes.

Rows are drawn from codes that were encoded once. Encoding fresh observations for every draw, as is usual, asks for
960 000 encodings for the FactorVAE score and 1.9 million for the β-VAE score, and says nothing more about these rows.
"""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import InputError

AT_ONCE = 2**17
"""Rows or pairs drawn at once, so that memory stays near 10 MB however many are asked for."""


def draw_rows(
    factors: Int[np.ndarray, "n m"], factor: int, groups: int, size: int, rng: np.random.Generator
) -> Int[np.ndarray, "groups size"]:
    """Draw groups of rows, every group of one value of ``factor``.

    The value is drawn by its frequency, then the rows with replacement among those that have it. Values that only one
    row has are never drawn: a group of copies of one row would look as if everything were held.

    Args:
        factors: ``(n, m)`` integer codes from 0.
        factor: the column that a group agrees on.
        groups: number of groups.
        size: rows in each.
        rng: source of randomness.

    Raises:
        InputError: no value of the factor occurs twice.

    >>> factors = np.array([[0, 0], [1, 1], [0, 2], [1, 0], [0, 1], [1, 2]])
    >>> rows = draw_rows(factors, 0, 100, 8, np.random.default_rng(0))
    >>> rows.shape, bool((np.ptp(factors[rows, 0], axis=1) == 0).all())
    ((100, 8), True)
    """
    values = factors[:, factor]
    order = np.argsort(values, kind="stable")
    count = np.bincount(values)
    count[count == 1] = 0
    order = order[count[values[order]] > 0]
    if not len(order):
        raise InputError(f"no value of factor {factor} occurs twice, so no rows share one; give more rows")
    drawn = values[order][rng.integers(0, len(order), groups)]
    first, many = (np.cumsum(count) - count)[drawn], count[drawn]
    place = (rng.random((groups, size)) * many[:, None]).astype(np.int64)
    rows: Int[np.ndarray, "groups size"] = order[first[:, None] + place]
    return rows


def draw_pairs(
    factors: Int[np.ndarray, "n m"], factor: int, groups: int, size: int, rng: np.random.Generator
) -> tuple[Int[np.ndarray, "groups size"], Int[np.ndarray, "groups size"]]:
    """Draw groups of pairs of rows, every pair of one value of ``factor``; the pairs of a group need not agree.

    >>> factors = np.array([[0, 0], [1, 1], [0, 2], [1, 0], [0, 1], [1, 2]])
    >>> a, b = draw_pairs(factors, 1, 100, 8, np.random.default_rng(0))
    >>> a.shape, bool((factors[a, 1] == factors[b, 1]).all())
    ((100, 8), True)
    """
    both = draw_rows(factors, factor, groups * size, 2, rng)
    return both[:, 0].reshape(groups, size), both[:, 1].reshape(groups, size)


def share_groups(factors: int, groups: int, size: int) -> Iterator[tuple[int, int]]:
    """Share out groups alike over the factors to hold, as ``(factor, groups)`` small enough to draw at once.

    >>> list(share_groups(3, 10_000, 64))[:3]
    [(0, 2048), (0, 1286), (1, 2048)]
    """
    at_once = max(1, AT_ONCE // size)
    for factor in range(factors):
        many = groups // factors + (factor < groups % factors)
        for start in range(0, many, at_once):
            yield factor, min(at_once, many - start)
