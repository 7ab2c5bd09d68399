"""Gaps of mutual information: MIG by factor (Chen et al. 2018), and DCIMIG by unit (Sepliarskaia et al. 2019)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.core.units import as_units
from latentassay.metrics.arrays import codes_and_factors
from latentassay.stats.information import Binning, binned, entropy, information_matrix
from latentassay.stats.intervals import Interval, half_sampled


class MIG(NamedTuple):
    """The gap and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors of their gaps.
        per_factor: the gap of every factor as a share of its entropy, ``(m,)``.
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        entropy: entropy of every factor in nats, ``(m,)``.
        interval: 95 % interval from random halves, if asked for.
        n: number of rows.
        variant: bins and normaliser in words.
    """

    score: float
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m u"]
    entropy: Float[np.ndarray, " m"]
    interval: Interval | None
    n: int
    variant: str


def mig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    units: Any = None,
    resamples: int = 0,
    seed: int = 0,
) -> MIG:
    """Measure ``mean_m (I(c_1; f_m) − I(c_2; f_m)) / H(f_m)``, c_1 and c_2 the two most informative units.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes.
        bins: number of bins of every code.
        binning: ``"quantile"`` (equal counts) or ``"width"`` (equal width, the literature's way, which a
            few outliers wreck).
        units: groups of columns that count as one unit, which knows what the best of its columns knows; single columns
            if left out.
        resamples: random halves for the interval; none by default.
        seed: seed of the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit, a factor that never varies, bins below 2.

    Source: Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs", equation 6.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(mig(factors.astype(float), factors).score, 3)
    1.0
    """
    found = _measured(codes, factors, bins, binning, units, _by_factor, np.ones_like, resamples, seed)
    return found._replace(variant=f"{found.variant}, divided by factor entropy")


def dcimig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    units: Any = None,
    resamples: int = 0,
    seed: int = 0,
) -> MIG:
    """Measure the same by units: ``Σ_m max_j gap_j / Σ_m H(f_m)`` over the units j that know most about factor m.

    A unit's gap is what it knows about its best factor beyond what it knows about its second. A unit that mixes two
    factors is charged here, and copies are not; with MIG it is the other way round. Arguments and errors as for
    ``mig``; a single factor has no second, and its gap is all that is known.

    Source: Sepliarskaia et al. 2019, "How to Not Measure Disentanglement", section 4.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(dcimig(np.hstack([factors, factors]).astype(float), factors).score, 3)
    1.0
    """
    found = _measured(codes, factors, bins, binning, units, _by_unit, np.asarray, resamples, seed)
    return found._replace(variant=f"{found.variant}, sum of gaps divided by sum of factor entropies")


Gaps = Callable[[Float[np.ndarray, "m u"]], Float[np.ndarray, " m"]]
Weights = Callable[[Float[np.ndarray, " m"]], Float[np.ndarray, " m"]]


def _measured(
    codes: Any,
    factors: Any,
    bins: int,
    binning: Binning,
    units: Any,
    gaps: Gaps,
    weights: Weights,
    resamples: int,
    seed: int,
) -> MIG:
    """Gaps as shares of entropies, and their mean with weights that follow from the entropies."""
    c, f = codes_and_factors(codes, factors)
    groups = as_units(units, c.shape[1:]).groups
    if len(groups) < 2:
        raise InputError(f"codes must have at least 2 units for a gap between two, got {len(groups)}")
    numbered = binned(c, bins, binning)

    def of_rows(rows: Any) -> MIG:
        entropies = np.array([entropy(column) for column in f[rows].T])
        by_column = information_matrix(numbered[rows], f[rows])
        information = np.stack([by_column[:, list(group)].max(1) for group in groups], 1)
        positive = np.maximum(entropies, 1e-300)
        per_factor, shares = gaps(information) / positive, information / positive[:, None]
        score = np.average(per_factor, weights=weights(positive))
        return MIG(float(score), per_factor, shares, entropies, None, len(c), "")

    found = of_rows(slice(None))
    interval = half_sampled(lambda rows: of_rows(rows).score, found.score, len(c), resamples=resamples, seed=seed)
    words = f"{bins} {'equal-count' if binning == 'quantile' else 'equal-width'} bins"
    return found._replace(interval=interval, variant=words)


def _by_factor(information: Float[np.ndarray, "m u"]) -> Float[np.ndarray, " m"]:
    first_two = np.sort(information, axis=1)[:, -2:]
    gaps: Float[np.ndarray, " m"] = first_two[:, 1] - first_two[:, 0]
    return gaps


def _by_unit(information: Float[np.ndarray, "m u"]) -> Float[np.ndarray, " m"]:
    best = information.argmax(0)
    ordered = np.sort(np.vstack([np.zeros(information.shape[1]), information]), axis=0)
    gaps = np.zeros(len(information))
    np.maximum.at(gaps, best, ordered[-1] - ordered[-2])
    return gaps
