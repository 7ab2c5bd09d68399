"""Covariances of units: their correlation, and which units are linear functions of others."""

from typing import Any

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.metrics.arrays import reals
from latentassay.metrics.disentanglement.splits import standardise

ROUNDING = 1e-14
"""An eigenvalue of a correlation matrix below this, times its size, is 0 but for rounding."""

NAMED = 1e-6
"""A unit is part of a linear dependence if its weight in it, of a unit vector, exceeds this."""


def linearly_dependent(covariance: Any) -> tuple[int, ...]:
    """Return the units of a ``(d, d)`` covariance that take part in a linear dependence; units of variance 0 do not.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> linearly_dependent([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [2.0, 0.0, 4.0]])
    (0, 2)
    """
    correlation = correlation_of(covariance)
    alive = np.flatnonzero(correlation.diagonal())
    values, vectors = np.linalg.eigh(correlation[np.ix_(alive, alive)])
    null = vectors[:, values <= len(alive) * ROUNDING]
    return tuple(alive[np.sqrt(np.square(null).sum(1)) > NAMED].tolist())


def correlation_of(covariance: Any) -> Float[np.ndarray, "d d"]:
    """Return the correlation of a ``(d, d)`` covariance; 0 where a unit has no variance.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.
    """
    s = reals(covariance, "covariance")
    if s.ndim != 2 or s.shape[0] != s.shape[1]:
        raise InputError(f"covariance must have shape (units, units), got {s.shape}")
    if not np.isfinite(s).all() or not np.allclose(s, s.T, rtol=1e-6, atol=0):
        raise InputError("covariance must be finite and symmetric; give that of the codes, e.g. np.cov(codes.T)")
    variance = s.diagonal()
    deviation = np.sqrt(np.where(variance > 0, variance, 1))
    correlation: Float[np.ndarray, "d d"] = s / deviation[:, None] / deviation
    if (variance < 0).any() or s[variance == 0].any() or np.linalg.eigvalsh(correlation).min(initial=0) < -1e-6:
        raise InputError("covariance must be positive semi-definite; give that of the codes, e.g. np.cov(codes.T)")
    return correlation


def correlate(codes: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d d"]:
    """Return the correlation of every pair of units; 0 in rows and columns of units that never vary."""
    seen = standardise(codes)
    correlation: Float[np.ndarray, "d d"] = seen.T @ seen / len(seen)
    return correlation


def check_rows(rows: int, units: int) -> None:
    """Refuse so few rows that units depend on one another whatever they are.

    Raises:
        InputError: no more rows than units.
    """
    if rows <= units:
        raise InputError(
            f"codes must have more rows than the {units} units compared (twice as many for an interval), got {rows} to "
            "fit; with fewer, units depend on one another whatever they are. Give more rows or fewer units"
        )
