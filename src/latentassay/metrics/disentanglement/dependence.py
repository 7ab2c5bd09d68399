"""How far units depend on one another, as far as a fitted Gaussian can tell; in nats."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.metrics.arrays import codes_only, reals
from latentassay.metrics.disentanglement.splits import standardised
from latentassay.stats.intervals import Interval, half_sampled

ROUNDING = 1e-14
"""An eigenvalue of a correlation matrix below this, times its size, is 0 but for rounding."""

NAMED = 1e-6
"""A unit is part of a linear dependence if its weight in it, of a unit vector, exceeds this."""


class TotalCorrelation(NamedTuple):
    """Total correlation and its evidence, ``d`` units.

    Attributes:
        score: total correlation in nats; 0 for uncorrelated units, ``inf`` if some are linear functions of others.
        dependent: the units of which some are linear functions of the others; empty unless ``score`` is infinite.
        correlation: ``(d, d)``, 0 in rows and columns of units that never vary.
        interval: 95 % interval from random halves, if asked for and the score is finite.
        n: number of rows.
        variant: distribution and units in words.
    """

    score: float
    dependent: tuple[int, ...]
    correlation: Float[np.ndarray, "d d"]
    interval: Interval | None
    n: int
    variant: str


class GaussianInformation(NamedTuple):
    """Mutual information between units, ``d`` of them.

    Attributes:
        score: mean over the pairs of units that vary, in nats; ``inf`` if two are linear functions of each other.
        matrix: ``(d, d)``, information of every pair in nats; 0 on the diagonal and for units that never vary.
        interval: 95 % interval from random halves, if asked for and the score is finite.
        n: number of rows.
        variant: distribution and units in words.
    """

    score: float
    matrix: Float[np.ndarray, "d d"]
    interval: Interval | None
    n: int
    variant: str


def total_correlation(codes: Any, *, resamples: int = 0, seed: int = 0) -> TotalCorrelation:
    """Measure ``TC = ½ (Σ_j log σ_j² − log det Σ) = −½ log det R``, Σ the covariance of the codes, R their correlation.

    It sees what is linear and no more. Of all distributions whose units are Gaussian each and correlated like this, the
    joint Gaussian has the least total correlation. Units that never vary are left out. Finite rows add about
    ``d (d − 1) / 4n``.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2, n above the number of units that vary.
        resamples: random halves for the interval; none by default.
        seed: seed of the halves.

    Raises:
        InputError: another shape, NaN, or so few rows that units (in a half, if intervals are asked for) depend on
            one another whatever they are.

    Source: Watanabe 1960; as a score of codes, Locatello et al. 2019, "Challenging Common Assumptions".

    >>> codes = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> total_correlation(codes).score, total_correlation(codes[:, [0, 1, 0]]).dependent
    (0.0, (0, 2))
    """
    c = codes_only(codes, fewest=2)
    _enough(len(c) // 2 if resamples else len(c), int((np.ptp(c, axis=0) > 0).sum()))
    correlation = _correlation(c)
    score, dependent = gaussian_total_correlation(correlation), linearly_dependent(correlation)
    interval = half_sampled(
        lambda rows: _total(_correlation(c[rows])), score, len(c), resamples=0 if dependent else resamples, seed=seed
    )
    return TotalCorrelation(score, dependent, correlation, interval, len(c), "fitted Gaussian, units that vary, nats")


def gaussian_information(codes: Any, *, resamples: int = 0, seed: int = 0) -> GaussianInformation:
    """Measure ``I[i,j] = −½ log(1 − ρ_ij²)`` between all pairs of units, and its mean over pairs.

    It is exact for Gaussian codes. Units that never vary are left out of the mean. Finite rows add about ``1 / 2n``
    to a pair.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2, n at least 3.
        resamples: random halves for the interval; none by default.
        seed: seed of the halves.

    Raises:
        InputError: another shape, NaN, or 2 rows (in a half, if intervals are asked for), through which there is always
            a line.

    Source: the mutual information of a bivariate Gaussian, Cover and Thomas 2006, "Elements of Information Theory".

    >>> codes = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> gaussian_information(codes @ [[1.0, 0.6], [0.0, 0.8]]).matrix.round(4).tolist()  # −½ log(1 − 0.36)
    [[0.0, 0.2231], [0.2231, 0.0]]
    """
    c = codes_only(codes, fewest=2)
    _enough(len(c) // 2 if resamples else len(c), 2)
    correlation = _correlation(c)
    matrix = gaussian_pairs(correlation)
    score = _mean_pair(correlation, matrix)
    interval = half_sampled(
        lambda rows: _mean_pair(correlation, _pairs(_correlation(c[rows]))),
        score,
        len(c),
        resamples=resamples if np.isfinite(score) else 0,
        seed=seed,
    )
    return GaussianInformation(score, matrix, interval, len(c), "bivariate Gaussian, pairs of units that vary, nats")


def gaussian_total_correlation(covariance: Any) -> float:
    """Return ``½ (Σ_j log Σ_jj − log det Σ)`` of a Gaussian of this ``(d, d)`` covariance, in nats.

    Units of variance 0 are left out; a singular covariance of the rest gives ``inf``.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> round(gaussian_total_correlation([[4.0, 1.8], [1.8, 1.0]]), 4)  # correlation 0.9: −½ log(1 − 0.81)
    0.8304
    """
    correlation = _checked(covariance)
    return np.inf if linearly_dependent(correlation) else _total(correlation)


def gaussian_pairs(covariance: Any) -> Float[np.ndarray, "d d"]:
    """Return ``−½ log(1 − ρ_ij²)`` of every pair, ρ the correlations of this ``(d, d)`` covariance, in nats.

    It is 0 on the diagonal and for units of variance 0, and ``inf`` where ``|ρ| = 1``.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> gaussian_pairs([[4.0, 1.8], [1.8, 1.0]]).round(4).tolist()
    [[0.0, 0.8304], [0.8304, 0.0]]
    """
    correlation = _checked(covariance)
    one = (1 - np.abs(correlation) <= 2 * ROUNDING) & ~np.eye(len(correlation), dtype=bool)
    return np.where(one, np.inf, _pairs(correlation))


def linearly_dependent(covariance: Any) -> tuple[int, ...]:
    """Return the units of a ``(d, d)`` covariance that take part in a linear dependence; units of variance 0 do not.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> linearly_dependent([[1.0, 0.0, 2.0], [0.0, 1.0, 0.0], [2.0, 0.0, 4.0]])
    (0, 2)
    """
    correlation = _checked(covariance)
    alive = np.flatnonzero(correlation.diagonal())
    values, vectors = np.linalg.eigh(correlation[np.ix_(alive, alive)])
    null = vectors[:, values <= len(alive) * ROUNDING]
    return tuple(alive[np.sqrt(np.square(null).sum(1)) > NAMED].tolist())


def _checked(covariance: Any) -> Float[np.ndarray, "d d"]:
    """The correlation of a covariance, 0 where a unit has no variance."""
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


def _correlation(codes: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "d d"]:
    seen = standardised(codes)
    correlation: Float[np.ndarray, "d d"] = seen.T @ seen / len(seen)
    return correlation


def _total(correlation: Float[np.ndarray, "d d"]) -> float:
    """Total correlation with eigenvalues kept above rounding, so that it is always finite."""
    alive = np.flatnonzero(correlation.diagonal())
    values = np.linalg.eigvalsh(correlation[np.ix_(alive, alive)])
    return max(0.0, float(-0.5 * np.log(np.maximum(values, max(1, len(alive)) * ROUNDING)).sum()))


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


def _enough(rows: int, units: int) -> None:
    if rows <= units:
        raise InputError(
            f"codes must have more rows than the {units} units compared (twice as many for an interval), got {rows} to "
            "fit; with fewer, units depend on one another whatever they are. Give more rows or fewer units"
        )
