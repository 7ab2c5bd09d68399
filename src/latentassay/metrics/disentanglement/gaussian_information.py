"""Mutual information between pairs of units, as far as a fitted Gaussian knows it."""

from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Generator

from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import codes_only
from latentassay.metrics.disentanglement.covariance import (
    ROUNDING,
    check_rows,
    correlate,
    correlation_of,
)
from latentassay.metrics.halves import estimate_by_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import NO_FACTORS, Laws, Near, infinite
from latentassay.metrics.metric import metric


@keeps_interval
class GaussianInformation(NamedTuple):
    """Mutual information between units, ``d`` of them.

    Attributes:
        score: mean over the pairs of units that vary, in nats; ``inf`` if two are linear functions of each other.
            With an interval from random halves if that is asked for and the score is finite.
        matrix: ``(d, d)``, information of every pair in nats; 0 on the diagonal and for units that never vary.
        n: number of rows.
        variant: distribution and units in words.
    """

    score: Estimate
    matrix: Float[np.ndarray, "d d"]
    n: int
    variant: str


LAWS = Laws(
    highest=inf,
    perfect=Near(0, 1e-9),
    # Finite rows add 1 / 2n to a pair: here of 480 rows.
    chance=Near(1 / (2 * 480), 0.001),
    copies=infinite,
    falls=NO_FACTORS,
    refuses=("one unit", "few rows"),
)


@metric(
    label="Gaussian information",
    formula="mean over pairs of units of −½ log(1 − ρ²)",
    source="Cover and Thomas 2006",
    needs="codes",
    unit="nats",
    laws=LAWS,
    panel=False,
    order=140,
)
def gaussian_information(codes: Any, *, resamples: int = 0, generator: Generator | int = 0) -> GaussianInformation:
    """Measure ``I[i,j] = −½ log(1 − ρ_ij²)`` between all pairs of units, and its mean over pairs.

    It is exact for Gaussian codes. Units that never vary are left out of the mean. Finite rows add about ``1 / 2n``
    to a pair.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2, n at least 3.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the halves.

    Raises:
        InputError: another shape, NaN, or 2 rows (in a half, if intervals are asked for), through which there is always
            a line.

    Source: the mutual information of a bivariate Gaussian, Cover and Thomas 2006, "Elements of Information Theory".

    >>> codes = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> gaussian_information(codes @ [[1.0, 0.6], [0.0, 0.8]]).matrix.round(4).tolist()  # −½ log(1 − 0.36)
    [[0.0, 0.2231], [0.2231, 0.0]]
    """
    c = codes_only(codes, fewest=2)
    check_rows(len(c) // 2 if resamples else len(c), 2)
    correlation = correlate(c)
    matrix = gaussian_pairs(correlation)
    mean = _mean_pair(correlation, matrix)
    score = estimate_by_halves(
        mean,
        lambda rows: _mean_pair(correlation, _pairs(correlate(c[rows]))),
        len(c),
        resamples=resamples if np.isfinite(mean) else 0,
        seed=as_seed(generator),
    )
    return GaussianInformation(score, matrix, len(c), "bivariate Gaussian, pairs of units that vary, nats")


def gaussian_pairs(covariance: Any) -> Float[np.ndarray, "d d"]:
    """Return ``−½ log(1 − ρ_ij²)`` of every pair, ρ the correlations of this ``(d, d)`` covariance, in nats.

    It is 0 on the diagonal and for units of variance 0, and ``inf`` where ``|ρ| = 1``.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> gaussian_pairs([[4.0, 1.8], [1.8, 1.0]]).round(4).tolist()
    [[0.0, 0.8304], [0.8304, 0.0]]
    """
    correlation = correlation_of(covariance)
    one = (1 - np.abs(correlation) <= 2 * ROUNDING) & ~np.eye(len(correlation), dtype=bool)
    return np.where(one, np.inf, _pairs(correlation))


def _pairs(correlation: Float[np.ndarray, "d d"]) -> Float[np.ndarray, "d d"]:
    """Information of pairs with ``1 − ρ²`` kept above rounding, so that it is always finite."""
    matrix = -0.5 * np.log(np.maximum(1 - np.square(correlation), 2 * ROUNDING))
    np.fill_diagonal(matrix, 0)
    pairs: Float[np.ndarray, "d d"] = np.maximum(matrix, 0)
    return pairs


def _mean_pair(correlation: Float[np.ndarray, "d d"], matrix: Float[np.ndarray, "d d"]) -> float:
    alive = np.flatnonzero(correlation.diagonal())
    pairs = matrix[np.ix_(alive, alive)][np.triu_indices(len(alive), 1)]
    return float(pairs.mean()) if len(pairs) else 0.0
