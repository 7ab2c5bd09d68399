"""Fréchet distance between two sets of features (Heusel et al. 2017; of Inception features it is called FID)."""

import warnings
from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import reals
from latentassay.metrics.halves import estimate_by_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import Near, SampleLaws
from latentassay.metrics.metric import metric
from latentassay.metrics.quality.samples import FewRowsWarning, blocks, two_samples

BLOCK = 2048
"""Rows that are centred at a time, so that no centred copy of all features is kept."""


@keeps_interval
class Frechet(NamedTuple):
    """The distance and its parts.

    Attributes:
        score: ``mean_term + covariance_term``; 0 for equal means and covariances, in squared units of the features. Its
            interval, from random halves if that is asked for, says how far chance moves it, and knows nothing of its
            bias.
        mean_term: ``‖μ_a − μ_b‖²``.
        covariance_term: what differs in spread and correlation.
        extrapolated: the score at 1 / n → 0, if asked for; may be negative.
        n: rows of the first set.
        m: rows of the second set.
        variant: features and estimator in words.
    """

    score: Estimate
    mean_term: float
    covariance_term: float
    extrapolated: Estimate | None
    n: int
    m: int
    variant: str


LAWS = SampleLaws(
    highest=inf,
    equal=Near(0, 1e-9),
    # Of two sets of 200 rows the score lies above 0 by about c / n.
    alike=Near(0.1, 0.03),
    apart=Near(4 * 100**2, 1e-6),
    rescaled="it is in squared units of the features",
)


@metric(
    label="Fréchet distance",
    formula="‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)",
    source="Heusel et al. 2017",
    needs="samples",
    laws=LAWS,
    order=200,
)
def frechet_distance(
    a: Any,
    b: Any,
    *,
    extrapolate: bool = False,
    resamples: int = 0,
    paired: bool = False,
    generator: Generator | int = 0,
) -> Frechet:
    """Measure ``‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)``, with unbiased covariances Σ.

    With any factors ``F_aᵀ F_a = Σ_a`` and ``F_bᵀ F_b = Σ_b``, the trace of the root is the sum of the singular values
    of ``F_a F_bᵀ``. So no root of a matrix is taken, and the distance of a set to itself is 0 to rounding. A set of no
    more rows than features is its own factor (the centred rows over ``√(n − 1)``); of others the eigenvectors are.

    The estimate lies above the truth, by about c / n: compare scores of equal features, n and m only. As halves of both
    sets lie twice as far above it, ``2 score − mean score of the two halves`` takes out what falls as 1 / n (Chong and
    Forsyth 2020 fit a line through many sizes); what is left is small once n is several times k.

    Args:
        a: features ``(n, k)``, array or tensor.
        b: features ``(m, k)``.
        extrapolate: also measure two random halves against each other for ``extrapolated``; three times the work.
        resamples: random halves of both sets for the interval; none by default.
        paired: row i of b was made from row i of a, as a reconstruction is: halves are then of the same rows. Chance
            moves both sets alike, so the score lies below that of two sets drawn apart, and is 0 where b equals a.
        generator: a generator or a seed, for all halves.

    Raises:
        InputError: shapes that do not fit, fewer than 4 rows, NaN.

    Warns:
        FewRowsWarning: a set has no more rows than features.

    >>> a = np.random.default_rng(0).normal(size=(500, 3))
    >>> round(frechet_distance(a, a + [3, 0, 4]).score, 6)
    25.0
    """
    x, y = two_samples(a, b, fewest=4, paired=paired)
    if min(len(x), len(y)) <= x.shape[1]:
        warnings.warn(
            f"{min(len(x), len(y))} rows are too few for {x.shape[1]} features: their covariance has no full rank and "
            "the Fréchet distance lies far above the truth; give more rows, or use kernel_distance, which is unbiased",
            FewRowsWarning,
            stacklevel=2,
        )
    mean, covariance = _terms(x, y)
    seed = as_seed(generator)
    rng = np.random.default_rng((seed, 1))
    score = estimate_by_halves(
        mean + covariance,
        lambda rows: sum(_terms(x[rows], y[rows if paired else _halves(len(y), rng)[0]])),
        len(x),
        resamples=resamples,
        seed=seed,
    )
    extrapolated = None
    if extrapolate:
        halves = _of_halves(x, y, np.random.default_rng((seed, 2)), paired)
        extrapolated = Estimate(2 * (mean + covariance) - halves, n=len(x))
    return Frechet(
        score=score,
        mean_term=mean,
        covariance_term=covariance,
        extrapolated=extrapolated,
        n=len(x),
        m=len(y),
        variant=f"{x.shape[1]} features as given, n = {len(x)} and {len(y)}{', in pairs' if paired else ''}, "
        "covariances over n − 1, biased upwards",
    )


def gaussian_frechet(mean_a: Any, covariance_a: Any, mean_b: Any, covariance_b: Any) -> float:
    """Return the squared 2-Wasserstein distance of two Gaussians (Dowson and Landau 1982).

    It is ``‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)``, means ``(k,)`` and covariances ``(k, k)``.

    Raises:
        InputError: shapes that do not fit, or a matrix that is no covariance.

    >>> gaussian_frechet([0, 0], np.eye(2), [3, 0], 4 * np.eye(2))
    11.0
    """
    means = [reals(mean, "means") for mean in (mean_a, mean_b)]
    covariances = [reals(covariance, "covariances") for covariance in (covariance_a, covariance_b)]
    for mean, covariance in zip(means, covariances, strict=True):
        _check_moments(mean, covariance, len(means[0].ravel()))
    factors = [_root(covariance) for covariance in covariances]
    return float(np.square(means[0] - means[1]).sum()) + _covariance_term(*factors)


def _halves(n: int, rng: np.random.Generator) -> list[Int[np.ndarray, " half"]]:
    order = rng.permutation(n)
    return [np.sort(order[: n // 2]), np.sort(order[n // 2 :])]


def _of_halves(
    x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "m k"], rng: np.random.Generator, paired: bool
) -> float:
    """Mean distance of a half of x and a half of y, over two such pairs that share no row."""
    first = _halves(len(x), rng)
    both = zip(first, first if paired else _halves(len(y), rng), strict=True)
    return float(np.mean([sum(_terms(x[rows], y[others])) for rows, others in both]))


def _terms(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "m k"]) -> tuple[float, float]:
    mean = float(np.square(x.mean(0) - y.mean(0)).sum())
    return mean, _covariance_term(_factor(x), _factor(y))


def _covariance_term(f: Float[np.ndarray, "r k"], g: Float[np.ndarray, "s k"]) -> float:
    """``tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½)`` from factors of both."""
    shared = np.linalg.svd(f @ g.T, compute_uv=False).sum()
    # What rounding leaves of equal covariances may be negative.
    return max(0.0, float(np.square(f).sum() + np.square(g).sum() - 2 * shared))


def _factor(x: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "r k"]:
    """A matrix F of at most k rows with ``Fᵀ F = Σ``."""
    mean = x.mean(0)
    if len(x) <= x.shape[1]:
        centred: Float[np.ndarray, "n k"] = x - mean
        centred /= (len(x) - 1) ** 0.5
        return centred
    covariance = np.zeros((x.shape[1], x.shape[1]))
    for rows in blocks(len(x), BLOCK):
        part = x[rows] - mean
        covariance += part.T @ part
    return _root(covariance / (len(x) - 1))


def _root(covariance: Float[np.ndarray, "k k"]) -> Float[np.ndarray, "k k"]:
    values, vectors = np.linalg.eigh(covariance)
    root: Float[np.ndarray, "k k"] = np.sqrt(np.clip(values, 0, None))[:, None] * vectors.T
    return root


def _check_moments(mean: np.ndarray, covariance: np.ndarray, k: int) -> None:
    if mean.shape != (k,) or covariance.shape != (k, k):
        raise InputError(f"means must have shape (k,) and covariances (k, k), got {mean.shape} and {covariance.shape}")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise InputError("means and covariances must be finite, got NaN or infinite values")
    size = max(float(np.abs(covariance).max()), 1e-300)
    if np.abs(covariance - covariance.T).max() > 1e-8 * size or np.linalg.eigvalsh(covariance)[0] < -1e-8 * k * size:
        raise InputError("a covariance must be symmetric with no negative eigenvalue, got another matrix")
