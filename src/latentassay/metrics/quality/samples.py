"""Features of two sets of observations, as distances between them take them: read, checked, and refused by name."""

from typing import Any

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.metrics.arrays import reals


class FewRowsWarning(UserWarning):
    """There are fewer rows than features, so a covariance has no full rank and a distance that uses it is biased."""


def two_samples(
    a: Any, b: Any, *, fewest: int = 2, paired: bool = False
) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, "m k"]]:
    """Return two sets of features as float64.

    Args:
        a: ``(n, k)`` array or tensor.
        b: ``(m, k)`` array or tensor.
        fewest: rows that each needs at least.
        paired: rows belong together, so both need as many.

    Raises:
        InputError: too few rows, different numbers of features (or of rows, where paired), NaN or infinite values.

    >>> [x.shape for x in two_samples(np.zeros((5, 2)), torch.ones(3, 2))]
    [(5, 2), (3, 2)]
    """
    x, y = _sample(a, "the first features", fewest), _sample(b, "the second features", fewest)
    if x.shape[1] != y.shape[1]:
        raise InputError(
            f"both sets must have the same features, got {x.shape[1]} and {y.shape[1]} columns; "
            "embed both with one extractor"
        )
    if paired and len(x) != len(y):
        raise InputError(
            f"paired sets must have as many rows, row i of one made from row i of the other, got {len(x)} and {len(y)}"
        )
    return x, y


def _sample(values: Any, name: str, fewest: int) -> Float[np.ndarray, "n k"]:
    x = reals(values, name, copy=False)  # features are many, and nothing here writes to them
    if x.ndim != 2 or len(x) < fewest or x.shape[1] < 1:
        raise InputError(
            f"{name} must have shape (rows, features) with at least {fewest} rows, got {x.shape}; "
            "turn images into features with features.embed first"
        )
    if not np.isfinite(x).all():
        raise InputError(
            f"{name} hold NaN or infinite values in {int((~np.isfinite(x)).any(1).sum())} rows; remove them"
        )
    return x


def blocks(rows: int, size: int) -> list[slice]:
    """Cut ``range(rows)`` into slices of ``size``, the last one shorter.

    >>> blocks(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, rows)) for start in range(0, rows, size)]
