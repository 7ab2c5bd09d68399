"""Total correlation of units (Watanabe 1960), as far as a fitted Gaussian knows it."""

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
    linearly_dependent,
)
from latentassay.metrics.halves import estimate_by_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import NO_FACTORS, Laws, Near, infinite
from latentassay.metrics.metric import metric


@keeps_interval
class TotalCorrelation(NamedTuple):
    """Total correlation and its evidence, ``d`` units.

    Attributes:
        score: total correlation in nats; 0 for uncorrelated units, ``inf`` if some are linear functions of others. It
            has an interval from random halves if that is asked for and it is finite.
        dependent: the units of which some are linear functions of the others; empty unless ``score`` is infinite.
        correlation: ``(d, d)``, 0 in rows and columns of units that never vary.
        n: number of rows.
        variant: distribution and units in words.
    """

    score: Estimate
    dependent: tuple[int, ...]
    correlation: Float[np.ndarray, "d d"]
    n: int
    variant: str


LAWS = Laws(
    highest=inf,
    perfect=Near(0, 1e-9),
    # Finite rows add d (d − 1) / 4n: here of 4 units and 480 rows.
    chance=Near(4 * 3 / (4 * 480), 0.006),
    copies=infinite,
    falls=NO_FACTORS,
    refuses=("one unit", "few rows"),
)


@metric(
    label="Total correlation",
    formula="of a Gaussian with the codes' covariance",
    source="",
    needs="codes",
    unit="nats",
    laws=LAWS,
    order=130,
)
def total_correlation(codes: Any, *, resamples: int = 0, generator: Generator | int = 0) -> TotalCorrelation:
    """Measure ``TC = ½ (Σ_j log σ_j² − log det Σ) = −½ log det R``, Σ the covariance of the codes, R their correlation.

    It sees what is linear and no more. Of all distributions whose units are Gaussian each and correlated like this, the
    joint Gaussian has the least total correlation. Units that never vary are left out. Finite rows add about
    ``d (d − 1) / 4n``.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2, n above the number of units that vary.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the halves.

    Raises:
        InputError: another shape, NaN, or so few rows that units (in a half, if intervals are asked for) depend on
            one another whatever they are.

    Source: Watanabe 1960; as a score of codes, Locatello et al. 2019, "Challenging Common Assumptions".

    >>> codes = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> total_correlation(codes).score, total_correlation(codes[:, [0, 1, 0]]).dependent
    (0, (0, 2))
    """
    c = codes_only(codes, fewest=2)
    check_rows(len(c) // 2 if resamples else len(c), int((np.ptp(c, axis=0) > 0).sum()))
    correlation = correlate(c)
    dependent = linearly_dependent(correlation)
    score = estimate_by_halves(
        gaussian_total_correlation(correlation),
        lambda rows: _total(correlate(c[rows])),
        len(c),
        resamples=0 if dependent else resamples,
        seed=as_seed(generator),
    )
    return TotalCorrelation(score, dependent, correlation, len(c), "fitted Gaussian, units that vary, nats")


def gaussian_total_correlation(covariance: Any) -> float:
    """Return ``½ (Σ_j log Σ_jj − log det Σ)`` of a Gaussian of this ``(d, d)`` covariance, in nats.

    Units of variance 0 are left out; a singular covariance of the rest gives ``inf``.

    Raises:
        InputError: no covariance: not square, not finite, not symmetric, or negative somewhere.

    >>> round(gaussian_total_correlation([[4.0, 1.8], [1.8, 1.0]]), 4)  # correlation 0.9: −½ log(1 − 0.81)
    0.8304
    """
    correlation = correlation_of(covariance)
    return np.inf if linearly_dependent(correlation) else _total(correlation)


def _total(correlation: Float[np.ndarray, "d d"]) -> float:
    """Total correlation with eigenvalues kept above rounding, so that it is always finite."""
    alive = np.flatnonzero(correlation.diagonal())
    values = np.linalg.eigvalsh(correlation[np.ix_(alive, alive)])
    return max(0.0, float(-0.5 * np.log(np.maximum(values, max(1, len(alive)) * ROUNDING)).sum()))
