"""Mutual information gap (Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders")."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.core.units import as_units
from latentassay.metrics.arrays import codes_and_factors
from latentassay.metrics.disentanglement.gaps import best_gaps
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import EDGES, Laws, Near, zero
from latentassay.metrics.metric import metric
from latentassay.stats.information import Binning, bin_codes, describe_bins, entropy, information_matrix

Gaps = Callable[[Float[np.ndarray, "m u"]], Float[np.ndarray, " m"]]
Weights = Callable[[Float[np.ndarray, " m"]], Float[np.ndarray, " m"]]


@keeps_interval
class MIG(NamedTuple):
    """The gap and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors of their gaps, with an interval from random halves if that is asked for.
        per_factor: the gap of every factor as a share of its entropy, ``(m,)``.
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        entropy: entropy of every factor in nats, ``(m,)``.
        n: number of rows.
        variant: bins and normaliser in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m u"]
    entropy: Float[np.ndarray, " m"]
    n: int
    variant: str


class BinnedUnits(NamedTuple):
    """What gaps of information are measured on.

    Attributes:
        codes: the bin of every code, ``(n, d)``.
        factors: ``(n, m)``, numbered from 0.
        units: groups of columns.
        bins: which bins, in words.
    """

    codes: Int[np.ndarray, "n d"]
    factors: Int[np.ndarray, "n m"]
    units: tuple[tuple[int, ...], ...]
    bins: str


class _Gaps(NamedTuple):
    """Gaps of all factors, on some rows."""

    mean: float
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m u"]
    entropy: Float[np.ndarray, " m"]


LAWS = (
    Laws(perfect=Near(1, 1e-9), chance=Near(0, 0.02), negated=EDGES, copies=zero, refuses=("one unit",)),
    Laws(
        variant="equal width",
        options={"binning": "width"},
        perfect=Near(1, 1e-9),
        chance=Near(0, 0.02),
        copies=zero,
        refuses=("one unit",),
    ),
)


@metric(
    label="Mutual information gap (MIG)",
    formula="mean over factors of (I₁ − I₂) / H",
    source="Chen et al. 2018",
    needs="factors",
    takes_units=True,
    variants=({"binning": "width"}, {"bins": 10, "binning": "width"}, {"bins": 50, "binning": "width"}, {"bins": 50}),
    laws=LAWS,
    order=10,
)
def mig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    units: Any = None,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> MIG:
    """Measure ``mean_m (I(c_1; f_m) − I(c_2; f_m)) / H(f_m)``, c_1 and c_2 the two most informative units.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        bins: number of bins of every code.
        binning: ``"quantile"`` (equal counts) or ``"width"`` (equal width, the literature's way, which a
            few outliers wreck).
        units: groups of columns that count as one unit, which knows what the best of its columns knows; single columns
            if left out.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit, a factor that never varies, bins below 2.

    Source: Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs", equation 6.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(mig(factors.astype(float), factors).score, 3)
    1.0
    """
    table = bin_units(codes, factors, bins, binning, units)
    found = measure_gaps(table, best_gaps, np.ones_like, resamples, as_seed(generator))
    return found._replace(variant=f"{table.bins}, divided by factor entropy")


def bin_units(codes: Any, factors: Any, bins: int, binning: Binning, units: Any) -> BinnedUnits:
    """Read codes, factors and units as ``mig`` takes them, and number the bin of every code."""
    c, f = codes_and_factors(codes, factors)
    groups = as_units(units, c.shape[1:]).groups
    if len(groups) < 2:
        raise InputError(f"codes must have at least 2 units for a gap between two, got {len(groups)}")
    return BinnedUnits(bin_codes(c, bins, binning), f, groups, describe_bins(bins, binning))


def measure_gaps(table: BinnedUnits, gaps: Gaps, weights: Weights, resamples: int, seed: int) -> MIG:
    """Return gaps of information as shares of entropies, and their mean.

    Args:
        table: bins and factors of the same rows.
        gaps: information of m factors and u units, in nats → gap of every factor.
        weights: entropies of the factors → their weights in the mean.
        resamples: random halves for the interval.
        seed: seed of the halves.
    """

    def measure(rows: Any) -> _Gaps:
        factors = table.factors[rows]
        entropies = np.array([entropy(column) for column in factors.T])
        by_column = information_matrix(table.codes[rows], factors)
        information = np.stack([by_column[:, list(group)].max(1) for group in table.units], 1)
        # In a half of the rows a factor may not vary: its gap is 0, whatever that is divided by.
        positive = np.maximum(entropies, 1e-300)
        per_factor = gaps(information) / positive
        mean = np.average(per_factor, weights=weights(positive))
        return _Gaps(float(mean), per_factor, information / positive[:, None], entropies)

    n = len(table.codes)
    found, (score,) = measure_halves(measure, lambda part: (part.mean,), n, resamples=resamples, seed=seed)
    return MIG(
        score=score,
        per_factor=found.per_factor,
        information=found.information,
        entropy=found.entropy,
        n=n,
        variant=table.bins,
    )
