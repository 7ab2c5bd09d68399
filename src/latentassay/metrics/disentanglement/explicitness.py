"""Explicitness (Ridgeway and Mozer 2018, "Learning Deep Disentangled Embeddings with the F-Statistic Loss")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.metrics.arrays import codes_and_factors, learnable
from latentassay.metrics.disentanglement.probe import PENALTY, logistic, roc_areas, with_one
from latentassay.metrics.disentanglement.splits import HELD_OUT, held_out, standardised
from latentassay.stats.intervals import Interval, half_sampled


class Explicitness(NamedTuple):
    """Explicitness and its evidence, ``m`` factors.

    Attributes:
        score: mean of ``per_factor``.
        per_factor: ``(m,)``, mean over the factor's values; 1 if every value can be told from the rest.
        per_value: for every factor ``(k,)``, its values in order; NaN for a value of a single row, which cannot be
            both learned and tested, and is left out of the mean.
        interval: 95 % interval from random halves, if asked for.
        n: number of rows.
        variant: predictor, split and scale in words.
    """

    score: float
    per_factor: Float[np.ndarray, " m"]
    per_value: tuple[Float[np.ndarray, " _"], ...]
    interval: Interval | None
    n: int
    variant: str


def explicitness(codes: Any, factors: Any, *, rescaled: bool = True, resamples: int = 0, seed: int = 0) -> Explicitness:
    """Measure how well all units together tell each value of each factor from the rest, linearly.

    With ``A[m,v]`` the area under the ROC curve of the probability that multinomial logistic regression gives value v
    of factor m, on held-out rows::

        score = mean_m mean_v (A[m,v] − ½) / ½

    So 1 is perfect and 0 is chance; noise may fall a little below 0.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means. Their scale does not matter.
        factors: ``(n, m)`` integer codes.
        rescaled: stretch the area from [½, 1] to [0, 1] as in the paper; the usual library does not.
        resamples: random halves for the interval; none by default.
        seed: seed of the split and of the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a factor that never varies or whose values are too rare to learn.

    >>> factors = np.indices((5, 4, 10)).reshape(3, -1).T[:, :2]
    >>> explicitness(factors.astype(float), factors).score
    1.0
    """
    c, f = codes_and_factors(codes, factors)
    learnable(f)

    def measured(rows: Any) -> list[Float[np.ndarray, " _"]]:
        seen = standardised(c[rows])
        areas = [_areas(seen, column, seed) for column in f[rows].T]
        return [2 * area - 1 for area in areas] if rescaled else areas

    per_value = tuple(measured(slice(None)))
    per_factor = _means(per_value)
    interval = half_sampled(
        lambda rows: float(_means(measured(rows)).mean()), per_factor.mean(), len(c), resamples=resamples, seed=seed
    )
    scale = "(area − ½) / ½" if rescaled else "area as it is, ½ is chance"
    variant = (
        f"ROC area of multinomial logistic regression on standardised units (C = {PENALTY:g}), 1 row in {HELD_OUT} "
        f"held out of every value; {scale}; mean over values, then over factors"
    )
    return Explicitness(float(per_factor.mean()), per_factor, per_value, interval, len(c), variant)


def _means(per_value: Any) -> Float[np.ndarray, " m"]:
    tested = [area[np.isfinite(area)] for area in per_value]
    return np.array([area.mean() if len(area) else 0.0 for area in tested])


def _areas(seen: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], seed: int) -> Float[np.ndarray, " k"]:
    train, test = held_out(factor, seed)
    scores = with_one(seen[test]) @ logistic(seen[train], factor[train]).T
    weights = np.exp(scores - scores.max(1, keepdims=True))
    truth = factor[test, None] == np.arange(scores.shape[1])
    return roc_areas(weights / weights.sum(1, keepdims=True), truth)
