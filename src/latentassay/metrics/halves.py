"""Scores as estimates: measured on all rows, with an interval from random halves of them where that is asked for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import student

T = TypeVar("T")


def measure_halves(
    measure: Callable[[Any], T], scores: Callable[[T], Sequence[float]], n: int, *, resamples: int, seed: int
) -> tuple[T, tuple[Estimate, ...]]:
    """Return what is measured on all rows, and its scores with intervals from random halves of the rows.

    The rows are parted in two again and again, so that halves come in pairs. What both halves of a pair find differs by
    twice the error of the whole, whatever few rows do to both alike::

        stderr² = mean over pairs of (s₁ − s₂)² / 4
        drift² = (s − mean of all halves)² − what the means of pairs vary by, where that is positive
        s − t stderr  to  s + t stderr + drift          t Student's for as many degrees as there are pairs

    Halves hold no row twice. So they suit what a bootstrap would flatter: predictors that would meet in the test what
    they learned, neighbours that would be their own copies. What halves find less (or more) than the whole, beyond what
    luck explains, is about what the whole finds less than many rows would: that end is moved by it.

    Args:
        measure: rows (a slice, or an array of indices) → result; called once for all rows, and once for each half.
        scores: result → its scores.
        n: number of rows.
        resamples: number of halves, an odd one counts as the next; 0 for estimates without an interval.
        seed: seed of the halves.

    Raises:
        InputError: one half, or a negative number of them.

    >>> x = np.random.default_rng(0).normal(size=400)
    >>> whole, (mean,) = measure_halves(lambda rows: x[rows], lambda part: (part.mean(),), 400, resamples=200, seed=0)
    >>> len(whole), round(mean.stderr, 2), mean.n  # 1 / √400
    (400, 0.05, 400)
    """
    whole = measure(slice(None))
    values = scores(whole)
    if not wants_interval(resamples):
        return whole, tuple(Estimate(value, n=n) for value in values)
    pairs = [[scores(measure(rows)) for rows in pair] for pair in _pairs(n, resamples, seed)]
    found = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2, len(values))
    return whole, tuple(_estimate(value, found[:, :, k], n) for k, value in enumerate(values))


def estimate_by_halves(
    value: float, statistic: Callable[[Int[np.ndarray, " half"]], float], n: int, *, resamples: int, seed: int
) -> Estimate:
    """Return a value of n rows with an interval from what the statistic is of random halves of them.

    Args:
        value: what the statistic is of all rows.
        statistic: rows → value; called once for each half.
        n: number of rows.
        resamples: number of halves; 0 for an estimate without an interval, else at least 2.
        seed: seed of the halves.

    >>> estimate_by_halves(0.5, lambda rows: 0.5, 100, resamples=0, seed=0).stderr is None
    True
    """

    def measure(rows: Any) -> float:
        return value if isinstance(rows, slice) else statistic(rows)

    return measure_halves(measure, lambda found: (found,), n, resamples=resamples, seed=seed)[1][0]


def wants_interval(resamples: int) -> bool:
    """Return whether an interval is asked for.

    Raises:
        InputError: ``resamples`` is 1 or negative: there is no spread of one half.

    >>> wants_interval(0), wants_interval(20)
    (False, True)
    """
    if resamples < 0 or resamples == 1:
        raise InputError(f"resamples must be 0 (no interval) or at least 2, got {resamples}")
    return resamples > 0


def _pairs(n: int, resamples: int, seed: int) -> Iterator[tuple[Int[np.ndarray, " h"], Int[np.ndarray, " k"]]]:
    """Partings of the rows in two, each half in ascending order."""
    rng = np.random.default_rng(seed)
    for _ in range((resamples + 1) // 2):
        order = rng.permutation(n)
        yield np.sort(order[: n // 2]), np.sort(order[n // 2 :])


def _estimate(value: float, pairs: Float[np.ndarray, "p 2"], n: int) -> Estimate:
    # Halves of an odd number of rows are not alike: then 1 / h + 1 / (n − h), and not 4 / n, is what differs.
    share = np.sqrt((n // 2) * (n - n // 2)) / n
    stderr = share * float(np.sqrt(np.square(pairs[:, 0] - pairs[:, 1]).mean()))
    # Which rows a predictor holds out is luck: in a pair as in the whole, so pairs that differ in their means show it.
    means, count = pairs.mean(1), len(pairs)
    luck = float(means.var(ddof=1)) * (1 + 1 / count) if count > 1 else stderr**2
    more = value - float(means.mean())
    drift = float(np.sign(more)) * max(0.0, more**2 - luck) ** 0.5
    half = float(student(torch.tensor([float(count)]))) * stderr
    low, high = value - half + min(0.0, drift), value + half + max(0.0, drift)
    return Estimate(value, low=low, high=high, stderr=stderr, n=n)
