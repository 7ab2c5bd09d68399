"""Gaps of binned information, what MIG and DCIMIG share: corrected for few rows, with intervals of the same tables."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.units import as_units
from latentassay.metrics.arrays import codes_and_factors
from latentassay.metrics.disentanglement.gaps import excess_of_ties
from latentassay.stats.information import Bias, Binning, Counts, bin_at_valleys, bin_codes, describe_bins

Gaps = Callable[[Float[np.ndarray, "*rows m u"]], Float[np.ndarray, "*rows m"]]
Weights = Callable[[Float[np.ndarray, "*rows m"]], Float[np.ndarray, "*rows m"]]

AT_ONCE = 2**20
"""Entries of tables without a row that are held at once, 8 MB."""

UNSURE_SHARE = 0.15
"""Share of the correction that is itself in doubt where there are as many cells as rows, falling with their cube."""

TIES = 2.5
"""The lower end moves down by so many times what a gap as small as the one found is found too large: where the true
gap is 0, the one found is larger, and seems too large by less than it is."""

BIAS = {"removed": "corrected for few rows (jackknife)", "kept": "not corrected for few rows"}


class BinnedUnits(NamedTuple):
    """What gaps of information are measured on.

    Attributes:
        codes: the bin of every code, ``(n, d)``.
        factors: ``(n, m)``, numbered from 0.
        units: groups of columns.
        at_valleys: the same with the edges of bins where codes are thinnest; nothing where edges are not quantiles.
        bins: which bins, in words.
    """

    codes: Int[np.ndarray, "n d"]
    factors: Int[np.ndarray, "n m"]
    units: tuple[tuple[int, ...], ...]
    at_valleys: Int[np.ndarray, "n d"] | None
    bins: str


class GapKind(NamedTuple):
    """How gaps are taken and averaged.

    Attributes:
        gaps: information of m factors and u units, in nats → gap of every factor; leading axes are kept.
        weights: entropies of the factors → their weights in the mean.
    """

    gaps: Gaps
    weights: Weights


class InformationGaps(NamedTuple):
    """Gaps of ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors, weighted, within [0, 1].
        per_factor: the gap of every factor as a share of its entropy, ``(m,)``, within [0, 1].
        information: mutual information as a share of the factor's entropy, ``(m, u)``, within [0, 1].
        entropy: entropy of every factor in nats, ``(m,)``.
        variant: bins and correction in words, and whether the rows are few for the bins.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m u"]
    entropy: Float[np.ndarray, " m"]
    variant: str


def bin_units(codes: Any, factors: Any, bins: int, binning: Binning, units: Any) -> BinnedUnits:
    """Read codes, factors and units as ``mig`` takes them, and number the bin of every code.

    Raises:
        InputError: as ``mig``.
    """
    c, f = codes_and_factors(codes, factors)
    groups = as_units(units, c.shape[1:]).groups
    if len(groups) < 2:
        raise InputError(f"codes must have at least 2 units for a gap between two, got {len(groups)}")
    return BinnedUnits(
        codes=bin_codes(c, bins, binning),
        factors=f,
        units=groups,
        at_valleys=bin_at_valleys(c, bins) if binning == "quantile" and bins > 1 else None,
        bins=describe_bins(bins, binning),
    )


def measure_gaps(table: BinnedUnits, kind: GapKind, *, bias: Bias, interval: bool) -> InformationGaps:
    """Return gaps of information as shares of entropies, and their mean.

    The interval is of the jackknife: every row is left out in turn. Where two units know about as much of a factor,
    the gap is found too large by up to 0.8 standard errors, and the lower end is moved down for it. Where edges of bins
    may lie between clusters of codes but do not in these rows, too little is found, and the upper end is moved up by
    what edges at valleys find more; edges of bins of equal width are taken as they are.

    Args:
        table: bins and factors of the same rows.
        kind: how gaps are taken and averaged.
        bias: whether information and entropies are corrected for few rows; an interval is always that of the
            corrected mean, and is stretched to the one that is not where that is what is wanted.
        interval: whether to find how sure the mean is.
    """
    counts = Counts(table.codes, table.factors)
    if bias not in BIAS:
        raise InputError(f"bias must be one of {', '.join(BIAS)}, got {bias!r}")
    information, entropies = _join(counts.information(bias), table.units), counts.entropies(bias)
    per_factor = _per_factor(kind, information, entropies)
    mean = float(np.clip(_mean(kind, per_factor, entropies), 0, 1))
    ends = _interval(counts, table, kind) if interval else None
    return InformationGaps(
        score=Estimate(mean, n=counts.n) if ends is None else _estimate(mean, ends, counts.n),
        per_factor=np.clip(per_factor, 0, 1),
        information=np.clip(information / entropies[:, None], 0, 1),
        entropy=entropies,
        variant=f"{table.bins}, {BIAS[bias]}{_few(counts)}",
    )


def _few(counts: Counts) -> str:
    """A word about rows that are fewer than the cells of the tables."""
    if counts.n >= counts.cells():
        return ""
    return f" ({counts.n} rows are too few for {counts.cells()} cells of bins and values: biased; take fewer bins)"


def _estimate(mean: float, ends: tuple[float, float, float], n: int) -> Estimate:
    low, high, stderr = ends
    return Estimate(mean, low=min(mean, max(low, 0.0)), high=max(mean, min(high, 1.0)), stderr=stderr, n=n)


def _interval(counts: Counts, table: BinnedUnits, kind: GapKind) -> tuple[float, float, float]:
    """Lower end, upper end and standard error of the corrected mean."""
    entropies, mean = counts.entropies("removed"), _mean_of(counts, table.units, kind, "removed")
    per_factor = _per_factor(kind, _join(counts.information("removed"), table.units), entropies)
    of_factors, of_mean = _jackknife(counts, table.units, kind)
    ties = float(_mean(kind, excess_of_ties(np.maximum(per_factor, 0), of_factors), entropies))
    correction = mean - _mean_of(counts, table.units, kind, "kept")
    edges = 0.0
    if table.at_valleys is not None:
        at_valleys = Counts(table.at_valleys, table.factors)
        edges = max(0.0, _mean_of(at_valleys, table.units, kind, "removed") - mean)
    stderr = float(np.hypot(of_mean, UNSURE_SHARE * (counts.cells() / counts.n) ** 3 * correction))
    return mean - Z95 * stderr - TIES * ties, mean + Z95 * stderr + edges, stderr


def _mean_of(counts: Counts, units: tuple[tuple[int, ...], ...], kind: GapKind, bias: Bias) -> float:
    entropies = counts.entropies(bias)
    return float(_mean(kind, _per_factor(kind, _join(counts.information(bias), units), entropies), entropies))


def _jackknife(
    counts: Counts, units: tuple[tuple[int, ...], ...], kind: GapKind
) -> tuple[Float[np.ndarray, " m"], float]:
    """Standard errors of every factor's gap and of their mean, from tables without each row in turn."""
    n, tables = counts.n, max(1, AT_ONCE // (counts.a.shape[1] * counts.b.shape[1]))
    found = []
    for first in range(0, n, tables):
        by_column, entropies = counts.without_each(slice(first, first + tables))
        per_factor = _per_factor(kind, _join(by_column, units), entropies)
        found.append(np.column_stack([per_factor, _mean(kind, per_factor, entropies)]))
    stderr = np.concatenate(found).std(0) * (n - 1) ** 0.5
    return stderr[:-1], float(stderr[-1])


def _join(
    by_column: Float[np.ndarray, "*rows m d"], units: tuple[tuple[int, ...], ...]
) -> Float[np.ndarray, "*rows m u"]:
    """A unit knows what the best of its columns knows."""
    if all(len(group) == 1 for group in units):
        return by_column[..., [group[0] for group in units]]
    return np.stack([by_column[..., list(group)].max(-1) for group in units], -1)


def _per_factor(
    kind: GapKind, information: Float[np.ndarray, "*rows m u"], entropies: Float[np.ndarray, "*rows m"]
) -> Float[np.ndarray, "*rows m"]:
    # Without one row a factor may not vary: its gap is 0, whatever that is divided by.
    found: Float[np.ndarray, "*rows m"] = kind.gaps(information) / np.maximum(entropies, 1e-300)
    return found


def _mean(
    kind: GapKind, per_factor: Float[np.ndarray, "*rows m"], entropies: Float[np.ndarray, "*rows m"]
) -> Float[np.ndarray, "*rows"]:
    weights = kind.weights(np.maximum(entropies, 1e-300))
    return np.asarray((per_factor * weights).sum(-1) / weights.sum(-1))
