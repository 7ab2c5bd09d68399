"""Scores as estimates: measured on all rows, with an interval from random halves of them where that is asked for."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import half_errors

T = TypeVar("T")


def measure_halves(
    measure: Callable[[Any], T], scores: Callable[[T], Sequence[float]], n: int, *, resamples: int, seed: int
) -> tuple[T, tuple[Estimate, ...]]:
    """Return what is measured on all rows, and its scores with intervals from random halves of the rows.

    Args:
        measure: rows (a slice, or an array of indices) → result; called once for all rows, and once for each half.
        scores: result → its scores.
        n: number of rows.
        resamples: number of halves; 0 for estimates without an interval, else at least 2.
        seed: seed of the halves.

    >>> x = np.random.default_rng(0).normal(size=400)
    >>> whole, (mean,) = measure_halves(lambda rows: x[rows], lambda part: (part.mean(),), 400, resamples=200, seed=0)
    >>> len(whole), round(mean.stderr, 2), mean.n  # 1 / √400
    (400, 0.05, 400)
    """
    whole = measure(slice(None))
    values = scores(whole)
    errors = half_errors(lambda rows: scores(measure(rows)), n, resamples=resamples, seed=seed)
    known = [None] * len(values) if errors is None else errors
    return whole, tuple(Estimate(value, stderr=error, n=n) for value, error in zip(values, known, strict=True))


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
    errors = half_errors(lambda rows: (statistic(rows),), n, resamples=resamples, seed=seed)
    return Estimate(value, stderr=None if errors is None else errors[0], n=n)


def wants_interval(resamples: int) -> bool:
    """Return whether an interval is asked for, by metrics that find theirs without random halves.

    Raises:
        InputError: ``resamples`` is 1 or negative, as no number of halves may be.

    >>> wants_interval(0), wants_interval(20)
    (False, True)
    """
    check_resamples(resamples)
    return resamples > 0


def check_resamples(resamples: int) -> None:
    """Refuse a number of halves of which there is no spread.

    Raises:
        InputError: ``resamples`` is 1 or negative.
    """
    if resamples < 0 or resamples == 1:
        raise InputError(f"resamples must be 0 (no interval) or at least 2, got {resamples}")
