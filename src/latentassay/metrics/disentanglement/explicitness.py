"""Explicitness (Ridgeway and Mozer 2018, "Learning Deep Disentangled Embeddings with the F-Statistic Loss")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.probe import PENALTY, logistic, roc_areas, with_one
from latentassay.metrics.disentanglement.splits import HELD_OUT, split_rows, standardise
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import FIT, Laws, Near
from latentassay.metrics.metric import metric


@keeps_interval
class Explicitness(NamedTuple):
    """Explicitness and its evidence, ``m`` factors.

    Attributes:
        score: mean of ``per_factor``, with an interval from random halves if that is asked for.
        per_factor: ``(m,)``, mean over the factor's values; 1 if every value can be separated from the rest.
        per_value: for every factor ``(k,)``, its values in order; NaN for a value of a single row, which cannot be
            both learned and tested, and is left out of the mean.
        n: number of rows.
        variant: predictor, split and scale in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    per_value: tuple[Float[np.ndarray, " _"], ...]
    n: int
    variant: str


LAWS = Laws(
    lowest=-1,
    perfect=Near(1, 1e-3),
    chance=Near(0, 0.06),
    permuted=FIT,
    negated=FIT,
    rescaled=FIT,
    renamed=FIT,
    shuffled=0.2,
    copied=0.01,
    refuses=("rare values",),
)


@metric(
    label="Explicitness",
    formula="how well a linear map of all units separates values",
    source="Ridgeway and Mozer 2018",
    needs="factors",
    variants=({"rescaled": False},),
    laws=LAWS,
    order=70,
)
def explicitness(
    codes: Any, factors: Any, *, rescaled: bool = True, resamples: int = 0, generator: Generator | int = 0
) -> Explicitness:
    """Measure how well a linear map of all units separates each value of each factor from the rest.

    With ``A[m,v]`` the area under the ROC curve of the probability that multinomial logistic regression gives value v
    of factor m, on held-out rows::

        score = mean_m mean_v (A[m,v] − ½) / ½

    So 1 is perfect and 0 is chance; noise may fall a little below 0.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means. Their scale does not matter.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        rescaled: stretch the area from [½, 1] to [0, 1] as in the paper; the usual library does not.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the split and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a factor that never varies or whose values are too rare to learn.

    >>> factors = np.indices((5, 4, 10)).reshape(3, -1).T[:, :2]
    >>> explicitness(factors.astype(float), factors).score
    1
    """
    c, f = codes_and_factors(codes, factors)
    check_learnable(f)
    seed = as_seed(generator)

    def measure(rows: Any) -> tuple[Float[np.ndarray, " _"], ...]:
        seen = standardise(c[rows])
        areas = tuple(_areas(seen, column, seed) for column in f[rows].T)
        return tuple(2 * area - 1 for area in areas) if rescaled else areas

    per_value, (score,) = measure_halves(
        measure, lambda part: (float(_means(part).mean()),), len(c), resamples=resamples, seed=seed
    )
    scale = "(area − ½) / ½" if rescaled else "area as it is, ½ is chance"
    variant = (
        f"ROC area of multinomial logistic regression on standardised units (C = {PENALTY:g}), 1 row in {HELD_OUT} "
        f"held out of every value; {scale}; mean over values, then over factors"
    )
    return Explicitness(score, _means(per_value), per_value, len(c), variant)


def _means(per_value: Any) -> Float[np.ndarray, " m"]:
    tested = [area[np.isfinite(area)] for area in per_value]
    return np.array([area.mean() if len(area) else 0.0 for area in tested])


def _areas(seen: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], seed: int) -> Float[np.ndarray, " k"]:
    train, test = split_rows(factor, seed)
    scores = with_one(seen[test]) @ logistic(seen[train], factor[train]).T
    weights = np.exp(scores - scores.max(1, keepdims=True))
    truth = factor[test, None] == np.arange(scores.shape[1])
    return roc_areas(weights / weights.sum(1, keepdims=True), truth)
