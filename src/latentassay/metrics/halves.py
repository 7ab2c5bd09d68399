"""Scores as estimates: measured on all rows, with an interval from random halves of them where that is asked for."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from jaxtyping import Float, Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.stats.intervals import student
from latentassay.stats.skewed import UNSEEN

T = TypeVar("T")


def measure_halves(
    measure: Callable[[Any], T],
    scores: Callable[[T], Sequence[float]],
    n: int,
    *,
    resamples: int,
    seed: int,
    unsettled: Callable[[T], Sequence[float]] | None = None,
) -> tuple[T, tuple[Estimate, ...]]:
    """Return what is measured on all rows, and its scores with intervals from random halves of the rows.

    The rows are parted in two again and again, so that halves come in pairs. What both halves of a pair find differs by
    twice the error of the whole, whatever few rows do to both alike::

        stderr² = mean over pairs of (s₁ − s₂)² / 4
        drift = s − mean of all halves
        s − t stderr  to  s + t stderr + drift          t Student's for as many degrees as there are pairs

    Halves hold no row twice. So they suit what a bootstrap would flatter: predictors that would meet in the test what
    they learned, neighbours that would be their own copies. What halves find less (or more) than the whole is about
    what the whole finds less than many rows would: that end is moved by it. All of it counts, though part may be luck
    of the whole's own split: without what luck explains, the end would on average be moved by too little.

    Args:
        measure: rows (a slice, or an array of indices) → result; called once for all rows, and once for each half.
        scores: result → its scores.
        n: number of rows.
        resamples: number of halves, an odd one counts as the next; 0 for estimates without an interval.
        seed: seed of the halves.
        unsettled: result → the part of each score that varies as much however many rows there are, such as what units
            of pure noise add; none by default. Halves differ in it by no more than wholes do, so that its part of
            s₁ − s₂ counts √2 times; and it comes near no value, so that its part does not drift.

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
    halves = [[measure(rows) for rows in pair] for pair in _pairs(n, resamples, seed)]
    found = _of_halves(halves, scores)
    differences, drifts = found[:, 0] - found[:, 1], np.asarray(values, dtype=np.float64) - found.mean((0, 1))
    if unsettled is not None:
        parts = _of_halves(halves, unsettled)
        differences += (2**0.5 - 1) * (parts[:, 0] - parts[:, 1])
        drifts -= np.asarray(unsettled(whole), dtype=np.float64) - parts.mean((0, 1))
    return whole, tuple(_estimate(value, differences[:, k], float(drifts[k]), n) for k, value in enumerate(values))


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


def student_stderr(score: Estimate, *, resamples: int) -> float:
    """Return the standard error of a score from halves with Student's t inside: 1.96 of it are half of an interval.

    >>> round(student_stderr(Estimate(0.5, stderr=0.1), resamples=20), 4)  # 2.2281 / 1.96
    0.1137
    """
    return _student(resamples) / Z95 * (score.stderr or 0.0)


def allow_unseen(score: Estimate, trials: int) -> Estimate:
    """Return the share of trials that succeed with a lower end that allows for failures which none of them showed.

    What has not been seen in k trials happens in up to 3 / k of all (95 %). Halves without a failure would differ in
    nothing, and leave an interval of no width.

    >>> allow_unseen(Estimate(1.0, low=1.0, high=1.0), 1000)
    1.0000 (0.9970 to 1.0000)
    """
    if score.low is None:
        return score
    low = min(score.low, score - UNSEEN / trials)
    return Estimate(score, low=low, high=score.high, stderr=score.stderr, n=score.n)


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


def _student(resamples: int) -> float:
    return float(student(torch.tensor([float((resamples + 1) // 2)])))


def _of_halves(halves: list[list[T]], scores: Callable[[T], Sequence[float]]) -> Float[np.ndarray, "p 2 k"]:
    return np.array([[scores(half) for half in pair] for pair in halves], dtype=np.float64)


def _estimate(value: float, differences: Float[np.ndarray, " p"], drift: float, n: int) -> Estimate:
    # Halves of an odd number of rows are not alike: then 1 / h + 1 / (n − h), and not 4 / n, is what differs.
    share = np.sqrt((n // 2) * (n - n // 2)) / n
    stderr = share * float(np.sqrt(np.square(differences).mean()))
    half = _student(2 * len(differences)) * stderr
    low, high = value - half + min(0.0, drift), value + half + max(0.0, drift)
    return Estimate(value, low=low, high=high, stderr=stderr, n=n)
