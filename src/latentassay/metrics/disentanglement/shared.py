"""Units that serve several factors: how much each unit tells of each factor, with errors, and of its second best."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.metrics.disentanglement.information_gaps import AT_ONCE, UNSURE_SHARE, BinnedUnits, bin_units
from latentassay.stats.information import Binning, Counts, information_matrix


class SharedUnits(NamedTuple):
    """What units tell of factors, of ``u`` units and ``m`` factors.

    Attributes:
        share: mutual information as a share of the factor's entropy, ``(m, u)``, within [0, 1].
        stderr: its standard error, ``(m, u)``.
        best: the first factor of every unit, ``(u,)``.
        second: the other one, of which it tells less, ``(u,)``.
        besides: share of the second factor's entropy that the unit tells, without what the best factor itself tells of
            it; of all pairs of factors, the greatest.
        n: number of rows.
        variant: bins and correction, in words.
    """

    share: Float[np.ndarray, "m u"]
    stderr: Float[np.ndarray, "m u"]
    best: Int[np.ndarray, " u"]
    second: Int[np.ndarray, " u"]
    besides: tuple[Estimate, ...]
    n: int
    variant: str


def shared_units(
    codes: Any, factors: Any, *, bins: int = 20, binning: Binning = "quantile", units: Any = None
) -> SharedUnits:
    """Measure how much of a second factor every unit tells.

    Shares are ``I(c_j; f_m) / H(f_m)`` of binned codes, corrected for few rows (Zahl's jackknife), with standard errors
    by leaving out every row in turn. Factors may depend on each other, so that who knows one knows something of
    another: of factor m besides k only what exceeds ``I(f_k; f_m) / H(f_m)`` counts, and of every pair the lesser of
    both directions.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        bins: number of bins of every code.
        binning: as in ``mig``.
        units: groups of columns that count as one unit, which knows what the best of its columns knows.

    Raises:
        InputError: as ``mig``, or a single factor.

    >>> factors = np.indices((4, 5, 3)).reshape(3, -1).T.repeat(20, 0)
    >>> both = factors[:, :1] + 10 * factors[:, 1:2]
    >>> [round(x, 2) for x in shared_units(np.hstack([both, factors[:, 2:]]).astype(float), factors).besides]
    [1.0, 0.0]
    """
    table = bin_units(codes, factors, bins, binning, units)
    if table.factors.shape[1] < 2:
        raise InputError("units can share factors only where there are at least 2, got 1")
    share, stderr = _shares(table)
    entropies = Counts(table.codes, table.factors).entropies("removed")
    known = np.clip(information_matrix(table.factors, table.factors, bias="removed") / entropies[:, None], 0, 1)
    found = [_best_pair(share[:, j], stderr[:, j], known, len(table.codes)) for j in range(share.shape[1])]
    best, second = (np.array([pair[k] for pair in found]) for k in (0, 1))
    besides = tuple(pair[2] for pair in found)
    variant = f"{table.bins}, corrected for few rows (jackknife)"
    return SharedUnits(
        share=share, stderr=stderr, best=best, second=second, besides=besides, n=len(table.codes), variant=variant
    )


def _best_pair(
    share: Float[np.ndarray, " m"], stderr: Float[np.ndarray, " m"], known: Float[np.ndarray, "m m"], n: int
) -> tuple[int, int, Estimate]:
    """The two factors of which a unit tells most of the lesser one, and how much that is."""
    beyond = share[:, None] - known  # of a factor (row) besides what another (column) tells of it
    np.fill_diagonal(beyond, -np.inf)
    lesser, greater = np.unravel_index(np.minimum(beyond, beyond.T).argmax(), beyond.shape)
    if beyond[lesser, greater] > beyond[greater, lesser]:
        lesser, greater = greater, lesser
    besides = Estimate(max(0.0, float(beyond[lesser, greater])), stderr=float(stderr[lesser]), n=n)
    return int(greater), int(lesser), besides


def _shares(table: BinnedUnits) -> tuple[Float[np.ndarray, "m u"], Float[np.ndarray, "m u"]]:
    """Shares with their standard errors, which hold the doubt about the correction where rows are few for the bins."""
    counts = Counts(table.codes, table.factors)
    share, kept = (
        _of_units(counts.information(bias) / counts.entropies(bias)[:, None], table.units)
        for bias in ("removed", "kept")
    )
    n, tables = counts.n, max(1, AT_ONCE // (counts.a.shape[1] * counts.b.shape[1]))
    without = []
    for first in range(0, n, tables):
        by_column, entropies = counts.without_each(slice(first, first + tables))
        without.append(_of_units(by_column / np.maximum(entropies, 1e-300)[..., None], table.units))
    jackknife = np.concatenate(without).std(0) * (n - 1) ** 0.5
    stderr = np.hypot(jackknife, UNSURE_SHARE * (counts.cells() / n) ** 3 * (kept - share))
    return np.clip(share, 0, 1), stderr


def _of_units(
    by_column: Float[np.ndarray, "*rows m d"], units: tuple[tuple[int, ...], ...]
) -> Float[np.ndarray, "*rows m u"]:
    """A unit knows what the best of its columns knows."""
    return np.stack([by_column[..., list(group)].max(-1) for group in units], -1)
