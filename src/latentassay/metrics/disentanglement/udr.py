"""Unsupervised disentanglement ranking.

Duan et al. 2020, "Unsupervised Model Selection for Variational Disentangled Representation Learning".
"""

import warnings
from collections.abc import Sequence
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.imports import importing
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import FURTHEST, reals
from latentassay.metrics.disentanglement.splits import deviations, standardise
from latentassay.metrics.halves import measure_halves, student_stderr
from latentassay.stats.ranks import average_ranks

ALPHA = 0.1
"""Weight of the lasso's penalty, as published."""

SIMILARITIES = {
    "lasso": f"absolute lasso weights (penalty {ALPHA}, standardised codes) over {1 - ALPHA}, at most 1",
    "spearman": "absolute Spearman correlations",
}


class UDR(NamedTuple):
    """The ranking and its evidence, ``k`` models.

    Attributes:
        scores: ``(k,)``, how well each model agrees with the others unit by unit: median of its row of ``pairs``.
        scores_stderr: ``(k,)``, standard error of every score from random halves of the rows, Student's t inside, if
            that is asked for, else ``None``. Which models are there to agree with matters as much and is not in it.
            1.96 of it hold what n rows score on average in 94 to 96 % of samples, by rank correlation in 90 to 93 %.
        best: the model with the largest score.
        pairs: ``(k, k)``, agreement of model i with model j; 0 on the diagonal, which does not count.
        informative: the units of every model that were compared, ``(d_i,)`` each.
        n: number of rows.
        variant: similarity and what counts as informative, in words.
    """

    scores: Float[np.ndarray, " k"]
    scores_stderr: Float[np.ndarray, " k"] | None
    best: int
    pairs: Float[np.ndarray, "k k"]
    informative: tuple[Bool[np.ndarray, " _"], ...]
    n: int
    variant: str


def udr(
    codes_of_models: Sequence[Any],
    *,
    kl: Sequence[Any] | None = None,
    similarity: str = "lasso",
    threshold: float = 0.01,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> UDR:
    """Rank models without any factor: disentangled models of different seeds have the same units, entangled ones not.

    R is the similarity of the informative units a of model i and b of model j, and ``r`` its largest entry in a row
    or a column (the published code divides each sum by its own number of units, then takes the mean)::

        UDR_ij = (Σ_b r_b² / Σ_a R_ab + Σ_a r_a² / Σ_b R_ab) / (d_i + d_j)
        score_i = median over j ≠ i of UDR_ij           d_i informative units of model i

    1 if every unit has one partner that is just as it, up to sign, and nothing else in common with the rest. A unit
    that resembles nothing counts as 0, as does a model without informative units.

    - ``"lasso"``: |weight| of unit b in the prediction of unit a, blind to what other units explain already. The
      penalty shrinks the weight of a perfect copy to 1 − 0.1; here weights are divided by that. Published scores are
      not, so that the best there is 0.9.
    - ``"spearman"``: |rank correlation|, for units that agree up to a monotonic bend. Correlations by chance count as
      things in common, so that the score of few rows is too low: by up to 0.12 at 128 rows and 0.04 at 1024, measured
      for linear encoders of the same three units. Compare scores of one n only.

    Args:
        codes_of_models: codes of the **same** rows by k ≥ 2 models that differ in their seed, ``(n, d_i)`` each.
        kl: KL divergence of every unit from its prior, mean over rows in nats, ``(d_i,)`` for each model. Units
            above ``threshold`` are informative. Where left out, units whose variance is more than ``threshold`` of
            the model's largest one are, which takes a model that collapsed altogether for one that did not.
        similarity: ``"lasso"`` or ``"spearman"``.
        threshold: in nats with ``kl``, else a share of variance.
        resamples: random halves for the standard errors; none by default.
        generator: a generator or a seed, for the halves.

    Raises:
        InputError: fewer than two models, arrays of different rows, NaN, ``kl`` that does not fit the units, an
            unknown similarity.

    >>> a = np.indices((5, 5, 5)).reshape(3, -1).T.astype(float)
    >>> udr([a, -a[:, [2, 0, 1]]]).scores.round(3).tolist()
    [1.0, 1.0]
    >>> udr([a, a @ [[1, 1, 0], [-1, 1, 0], [0, 0, 1]]]).scores.round(3).tolist()
    [0.558, 0.558]
    """
    if similarity not in SIMILARITIES:
        raise InputError(f"similarity must be one of {', '.join(SIMILARITIES)}, got {similarity!r}")
    codes = _read(codes_of_models)
    informative = tuple(_varying(c, threshold) for c in codes) if kl is None else _diverging(kl, codes, threshold)
    compared = [c[:, mask] for c, mask in zip(codes, informative, strict=True)]
    pairs, scores = measure_halves(
        lambda rows: _pairs(_prepare(compared, rows, similarity), similarity),
        _medians,
        len(codes[0]),
        resamples=resamples,
        seed=as_seed(generator),
    )
    unit = f"mean KL above {threshold:g} nats" if kl is not None else f"variance above {threshold:g} of the largest"
    values = np.array(scores)
    return UDR(
        scores=values,
        scores_stderr=np.array([student_stderr(score, resamples=resamples) for score in scores]) if resamples else None,
        best=int(values.argmax()),
        pairs=pairs,
        informative=informative,
        n=len(codes[0]),
        variant=f"{SIMILARITIES[similarity]}; units of {unit}; median over the other {len(codes) - 1} models",
    )


def agreement(similarity: Float[np.ndarray, "a b"]) -> float:
    """Return how far the units of two models pair up: UDR of one pair of models, from the similarity of their units.

    >>> agreement(np.eye(3)), agreement(np.ones((2, 2))), agreement(np.zeros((0, 2)))
    (1.0, 0.5, 0.0)
    """
    best = _concentration(similarity) + _concentration(similarity.T)
    return best / max(1, sum(similarity.shape))


def _concentration(rows: Float[np.ndarray, "a b"]) -> float:
    """Sum over rows of largest² / sum; 0 for a row of zeros."""
    total = rows.sum(1)
    return float((rows.max(1, initial=0) ** 2 / np.where(total > 0, total, 1)).sum())


def _prepare(codes: list[Float[np.ndarray, "n _"]], rows: Any, similarity: str) -> list[Float[np.ndarray, "_n _d"]]:
    return [standardise(average_ranks(c[rows]) if similarity == "spearman" else c[rows]) for c in codes]


def _pairs(codes: list[Float[np.ndarray, "n _"]], similarity: str) -> Float[np.ndarray, "k k"]:
    """Agreement of every model with every other; 0 on the diagonal."""
    similar, pairs = _lasso if similarity == "lasso" else _correlate, np.zeros((len(codes), len(codes)))
    for i, j in permutations(range(len(codes)), 2):
        pairs[i, j] = agreement(similar(codes[i], codes[j]))
    return pairs


def _medians(pairs: Float[np.ndarray, "k k"]) -> list[float]:
    """Median of every row without its entry on the diagonal."""
    return [float(np.median(np.delete(row, i))) for i, row in enumerate(pairs)]


def _correlate(a: Float[np.ndarray, "n a"], b: Float[np.ndarray, "n b"]) -> Float[np.ndarray, "a b"]:
    correlation: Float[np.ndarray, "a b"] = np.minimum(np.abs(a.T @ b) / len(a), 1.0)
    return correlation


def _lasso(a: Float[np.ndarray, "n a"], b: Float[np.ndarray, "n b"]) -> Float[np.ndarray, "a b"]:
    """Weight of every unit of b in the prediction of every unit of a; 1 for a copy."""
    with importing():
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import Lasso

    if not a.shape[1] or not b.shape[1]:
        return np.zeros((a.shape[1], b.shape[1]))
    with warnings.catch_warnings():
        # Copies among the predictors may share a weight in more than one way; any of them will do.
        warnings.simplefilter("ignore", ConvergenceWarning)
        # Coordinates are visited in turn, so the seed changes nothing; without one, numpy's global generator moves on.
        fitted = Lasso(alpha=ALPHA, fit_intercept=False, precompute=True, random_state=0).fit(b, a)
    weights: Float[np.ndarray, "a b"] = np.abs(fitted.coef_).reshape(a.shape[1], b.shape[1])
    return np.minimum(weights / (1 - ALPHA), 1.0)


def _read(codes_of_models: Sequence[Any]) -> list[Float[np.ndarray, "n _"]]:
    codes = [reals(c, "codes") for c in codes_of_models]
    shapes = [c.shape for c in codes]
    if len(codes) < 2:
        raise InputError(f"UDR needs the codes of at least 2 models to compare, got {len(codes)}")
    if any(len(shape) != 2 or shape[0] < 2 or shape[0] != shapes[0][0] or not shape[1] for shape in shapes):
        raise InputError(f"codes must have shape (samples, latents), the same samples for every model, got {shapes}")
    wrong = [i for i, c in enumerate(codes) if not (np.abs(c) <= FURTHEST).all()]
    if wrong:
        raise InputError(
            f"codes of models {wrong} hold NaN, infinite or too large values; remove those rows from all models"
        )
    return codes


def _varying(codes: Float[np.ndarray, "n d"], threshold: float) -> Bool[np.ndarray, " d"]:
    """Units whose variance is more than ``threshold`` of the largest; constant ones never."""
    variance = np.square(deviations(codes))
    varying: Bool[np.ndarray, " d"] = variance > threshold * variance.max()
    return varying


def _diverging(
    kl: Sequence[Any], codes: list[Float[np.ndarray, "n _"]], threshold: float
) -> tuple[Bool[np.ndarray, " _"], ...]:
    """Units whose divergence is above ``threshold``; infinite where the posterior is a point."""
    divergences = [reals(values, "kl") for values in kl]
    shapes, expected = [values.shape for values in divergences], [(c.shape[1],) for c in codes]
    if shapes != expected or any(np.isnan(values).any() for values in divergences):
        raise InputError(f"kl must hold one number for each unit, shapes {expected} without NaN, got {shapes}")
    return tuple(values > threshold for values in divergences)
