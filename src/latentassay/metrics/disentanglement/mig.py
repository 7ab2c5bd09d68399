"""Mutual information gap (Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.estimate import Estimate
from latentassay.metrics.disentanglement.gaps import best_gaps
from latentassay.metrics.disentanglement.information_gaps import GapKind, InformationGaps, bin_units, measure_gaps
from latentassay.metrics.halves import wants_interval
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import EDGES, Laws, Near, zero
from latentassay.metrics.metric import metric
from latentassay.stats.information import Bias, Binning


@keeps_interval
class MIG(NamedTuple):
    """The gap and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors of their gaps, with an interval if that is asked for.
        per_factor: the gap of every factor as a share of its entropy, ``(m,)``.
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        entropy: entropy of every factor in nats, ``(m,)``.
        n: number of rows.
        variant: bins, correction and normaliser in words, and a word where the rows are too few for the bins.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m u"]
    entropy: Float[np.ndarray, " m"]
    n: int
    variant: str


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
    Laws(
        variant="not corrected",
        options={"bias": "kept"},
        perfect=Near(1, 1e-9),
        chance=Near(0, 0.02),
        negated=EDGES,
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
    variants=(
        {"bias": "kept"},
        {"binning": "width"},
        {"binning": "width", "bias": "kept"},
        {"bins": 10, "binning": "width"},
        {"bins": 50, "binning": "width"},
        {"bins": 50},
    ),
    laws=LAWS,
    order=10,
)
def mig(
    codes: Any,
    factors: Any,
    *,
    bins: int = 20,
    binning: Binning = "quantile",
    bias: Bias = "removed",
    units: Any = None,
    resamples: int = 0,
) -> MIG:
    """Measure ``mean_m (I(c_1; f_m) − I(c_2; f_m)) / H(f_m)``, c_1 and c_2 the two most informative units.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        bins: number of bins of every code.
        binning: ``"quantile"`` (equal counts) or ``"width"`` (equal width, the literature's way, which a
            few outliers wreck).
        bias: ``"removed"``, with entropies corrected for few rows (Zahl's jackknife), so that the score of 128 rows is
            about that of a million; or ``"kept"``, as published: information of few rows is too large, and more so
            for units that know little.
        units: groups of columns that count as one unit, which knows what the best of its columns knows; single columns
            if left out.
        resamples: 0 for no interval; with any other number there is one, by leaving out every row in turn.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit, a factor that never varies, bins below 2, an unknown
            ``bias``, one resample.

    Source: Chen et al. 2018, "Isolating Sources of Disentanglement in VAEs", equation 6.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(mig(factors.astype(float), factors).score, 3)
    1.0
    """
    table = bin_units(codes, factors, bins, binning, units)
    found = measure_gaps(table, GapKind(best_gaps, np.ones_like), bias=bias, interval=wants_interval(resamples))
    return mig_of(found, len(table.codes), f"{found.variant}, divided by factor entropy")


def mig_of(found: InformationGaps, n: int, variant: str) -> MIG:
    """Return gaps as a result of n rows, with its variant in words."""
    return MIG(
        score=found.score,
        per_factor=found.per_factor,
        information=found.information,
        entropy=found.entropy,
        n=n,
        variant=variant,
    )
