"""Arrays as every metric takes them, from numpy or torch: read, checked, and refused by name."""

from numbers import Real
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Integer

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError
from latentassay.core.labels import encode_labels, refuse_row_numbers

ROWS_PER_VALUE = 4
"""Fewer rows than this for each value of a factor, on average, and nothing about the factor can be learned."""

FURTHEST = 1e150
"""Codes beyond this cannot be squared."""


def codes_and_factors(
    codes: Any, factors: Any, *, fewest: int = 1, amounts: bool = False
) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, "n m"]]:
    """Return codes as float64 and factors with their values numbered 0, 1, 2 … in order.

    Args:
        codes: ``(n, d)`` array or tensor, n at least 2.
        factors: ``(n, m)`` labels of any kind that ``core.labels`` numbers, each factor with two values or more; or
            ``(n,)``, one factor.
        fewest: the metric makes sense of at least this many codes.
        amounts: values are amounts, which need not repeat; else a factor without repeats is taken for row numbers.

    Raises:
        InputError: shapes that do not fit, NaN or infinite codes, factors that are no labels, never vary, or
            number the rows.

    >>> codes_and_factors([[0.5], [1.5]], np.array([[7], [3]]))[1].tolist()
    [[1], [0]]
    """
    c, f = codes_only(codes, fewest=fewest), as_array(factors, "factors")
    shape, f = f.shape, as_columns(f)
    if f.ndim != 2 or len(f) != len(c) or f.shape[1] < 1:
        raise InputError(f"factors must have shape ({len(c)}, factors), got {shape}")
    f = encode_labels(f).codes
    constant = [m for m in range(f.shape[1]) if (f[:, m] == f[0, m]).all()]
    if constant:
        raise InputError(f"factors {constant} never vary, so they have no entropy to divide by; leave them out")
    if not amounts:
        refuse_row_numbers(f)
    return c, np.stack([_number(column) for column in f.T], 1)


def vary_alone(factors: Any) -> tuple[Int[np.ndarray, "n m"], tuple[str, ...]]:
    """Return the factors that vary as integer codes, and notes on what was done to them; all where none varies.

    >>> vary_alone([[0, 5], [1, 5]])
    (array([[0],
           [1]]), ('factors [1] never vary, and are left out',))
    """
    codes, notes = encode_labels(factors)
    varies = (codes != codes[:1]).any(0)
    if varies.all() or not varies.any():
        return codes, notes
    return codes[:, varies], (*notes, f"factors {np.flatnonzero(~varies).tolist()} never vary, and are left out")


def codes_only(codes: Any, *, fewest: int = 1) -> Float[np.ndarray, "n d"]:
    """Return codes as float64, for metrics that need no factors.

    Args:
        codes: ``(n, d)`` array or tensor, n at least 2.
        fewest: the metric makes sense of at least this many codes.

    Raises:
        InputError: another shape, NaN or infinite codes.

    >>> codes_only(torch.tensor([[1], [2]])).tolist()
    [[1.0], [2.0]]
    """
    c = reals(codes, "codes")
    if c.ndim != 2 or c.shape[1] < fewest or len(c) < 2:
        raise InputError(
            f"codes must have shape (samples, latents) with at least 2 samples and {fewest} latents, got {c.shape}"
        )
    if bad := int((~np.isfinite(c)).any(1).sum()):
        raise InputError(f"codes hold NaN or infinite values in {bad} rows; remove them")
    if (reach := np.abs(c).max()) > FURTHEST:
        raise InputError(f"codes reach {reach:.1g}, too large to be squared; scale them down")
    return c


def as_columns(factors: np.ndarray) -> np.ndarray:
    """Return labels ``(n,)`` as one column ``(n, 1)``, and anything else as it is.

    >>> as_columns(np.array([3, 1, 2])).shape, as_columns(np.zeros((3, 2))).shape
    ((3, 1), (3, 2))
    """
    return factors[:, None] if factors.ndim == 1 else factors


def rare_factors(factors: Int[np.ndarray, "n m"]) -> list[int]:
    """Return the factors whose values are too rare to learn from.

    That is fewer than 4 rows for each value on average, or fewer than two values that occur twice.

    >>> rare_factors(np.array([[0, 0], [0, 1], [1, 2], [1, 3], [0, 4], [1, 5], [0, 6], [1, 7]]))
    [1]
    """
    counts = [np.unique(column, return_counts=True)[1] for column in factors.T]
    return [m for m, c in enumerate(counts) if len(factors) < ROWS_PER_VALUE * len(c) or (c > 1).sum() < 2]


def check_learnable(factors: Int[np.ndarray, "n m"]) -> None:
    """Refuse factors whose values are too rare to learn from.

    Raises:
        InputError: names the factors, see ``rare_factors``.
    """
    if few := rare_factors(factors):
        raise InputError(
            f"factors {few} have too few rows for their values: {ROWS_PER_VALUE} rows a value on average are needed, "
            "and two values that occur twice; give more rows, merge values, or leave these factors out"
        )


def reals(values: Any, name: str, *, copy: bool = True) -> Float[np.ndarray, "..."]:
    """Return anything array-like as float64; what does not fit becomes infinite.

    Args:
        values: numbers of any kind and precision.
        name: what a message calls them.
        copy: never return the memory that was given; without, it is the caller who must not write to it.

    Raises:
        InputError: as ``as_array``, and for what are no real numbers.

    >>> reals([1, 2], "codes").dtype
    dtype('float64')
    """
    array = as_array(values, name)
    numbers = array.dtype.kind in "fiub" or (array.dtype.kind == "O" and all(isinstance(v, Real) for v in array.flat))
    if not numbers:
        raise InputError(f"{name} must be real numbers, got {array.dtype} {array.shape} from {type(values).__name__}")
    try:
        with np.errstate(over="ignore"):
            return array.astype(np.float64, copy=copy)
    except OverflowError as error:
        raise InputError(f"{name} hold a number too large for float64: {error}") from error


def _number(column: Integer[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    return np.unique(column, return_inverse=True)[1].astype(np.int64)
