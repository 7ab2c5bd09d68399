"""Is a cyclic factor embedded along one axis of two, or around a circle: Cartesian or polar?"""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.imports import importing
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import codes_only, reals
from latentassay.metrics.disentanglement.splits import split_rows
from latentassay.stats.intervals import half_errors

ONE_IN = 5
"""One row in so many is held out."""

NEIGHBOURS = 5
"""The factor of a row is predicted from so many of the others."""

PREDICTORS = ("angle", "radius", "first", "second", "both")
"""What predicts the factor: polar coordinates around the mean, each coordinate, and the plane."""

Kind = Literal["polar", "cartesian", "unsure"]


class Embedding(NamedTuple):
    """How two units hold a cyclic factor.

    Attributes:
        kind: "polar" if the angle explains more than either coordinate alone, beyond doubt where there is an interval;
            "cartesian" if a coordinate does; "unsure" between, or if neither explains a tenth.
        score: share explained by the angle, less that by the better coordinate, −1 to 1; its interval is from random
            halves, if asked for.
        explained: by each of ``PREDICTORS``, ``1 − E‖t − t̂‖² / E‖t − t̄‖²`` on held-out rows, not below 0; intervals
            likewise.
        n: number of rows.
        variant: how it was predicted, in words.
    """

    kind: Kind
    score: Estimate
    explained: dict[str, Estimate]
    n: int
    variant: str


def embedding_geometry(
    codes: Any,
    factor: Any,
    *,
    period: float | int,
    centre: Any = None,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> Embedding:
    """Compare how well the angle and how well one coordinate predict a cyclic factor.

    The factor w is the target ``t = (cos 2πw/P, sin 2πw/P)``, which has no cut where the cycle closes. It is predicted
    from the angle (as a point on the circle), the radius, each coordinate, and the plane, by the mean of the 5 nearest
    of four fifths of the rows, and judged on the others.

    Args:
        codes: ``(n, 2)`` array or tensor, two units, usually posterior means; they are standardised first.
        factor: ``(n,)`` values of the factor, an array or tensor, integers or not.
        period: P, its value after one turn: the number of values of a factor numbered from 0.
        centre: around which angles are taken, ``(2,)``; the mean of the codes where left out.
        resamples: random halves for the interval; none by default.
        generator: of split and halves; or a seed.

    Raises:
        InputError: codes of another shape, fewer than 20 rows, NaN, a unit or factor that never varies, or a period
            that is not positive.

    Source: "VAEs and principal components", 4.3.6 and figures 4.10 and 4.11, which show it in pictures.

    >>> turn = np.linspace(0, 1, 400, endpoint=False)
    >>> circle = np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], 1)
    >>> embedding_geometry(circle, turn, period=1).kind
    'polar'
    """
    z, w, seed = *_read(codes, factor, period), as_seed(generator)
    middle = z.mean(0) if centre is None else reals(centre, "centre")
    if middle.shape != (2,) or not np.isfinite(middle).all():
        raise InputError(f"centre must be two finite numbers, got {centre!r}")
    offset = (z - middle) / z.std(0)
    target = np.stack([np.cos(2 * np.pi * w / period), np.sin(2 * np.pi * w / period)], 1)

    def explain(rows: Int[np.ndarray, " rows"]) -> tuple[float, ...]:
        # The split depends on the seed and the number of rows alone, so that all predictors are judged on the same.
        shares = {name: _explain(_predictor(offset[rows], name), target[rows], seed) for name in PREDICTORS}
        return shares["angle"] - max(shares["first"], shares["second"]), *shares.values()

    values = explain(np.arange(len(z)))
    errors = half_errors(explain, len(z), resamples=resamples, seed=seed) or (None,) * len(values)
    score, *explained = (Estimate(value, stderr=error, n=len(z)) for value, error in zip(values, errors, strict=True))
    by_name = dict(zip(PREDICTORS, explained, strict=True))
    variant = f"{NEIGHBOURS} nearest of {ONE_IN - 1} in {ONE_IN} rows, period {period:g}, codes standardised"
    return Embedding(_classify(by_name, score), score, by_name, len(z), variant)


def _read(codes: Any, factor: Any, period: float | int) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    z, w = codes_only(codes), reals(factor, "factor").astype(float)
    w = w[:, 0] if w.ndim == 2 and w.shape[1] == 1 else w
    if z.shape[1] != 2 or w.shape != (len(z),) or len(z) < 20:
        raise InputError(f"codes must be (n, 2) and factor (n,) with n at least 20, got {z.shape} and {w.shape}")
    if not np.isfinite(w).all() or not 0 < period < np.inf:
        raise InputError(f"factor must be finite and period positive, got period {period}")
    if (z.std(0) == 0).any() or w.std() == 0:
        raise InputError("a unit or the factor never varies, so there is nothing to compare")
    return z, w


def _predictor(offset: Float[np.ndarray, "n 2"], name: str) -> Float[np.ndarray, "n k"]:
    """What the factor is predicted from, of codes around the centre."""
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    predictors: dict[str, np.ndarray] = {
        "angle": offset / np.maximum(radius, 1e-12),
        "radius": radius,
        "first": offset[:, :1],
        "second": offset[:, 1:],
        "both": offset,
    }
    return predictors[name]


def _explain(predictor: Float[np.ndarray, "n k"], target: Float[np.ndarray, "n 2"], seed: int) -> float:
    """Share of the target's variance over held-out rows that their nearest neighbours predict."""
    with importing():
        from sklearn.neighbors import KNeighborsRegressor

    learn, judge = split_rows(np.zeros(len(predictor), dtype=np.int64), seed, one_in=ONE_IN)
    fitted = KNeighborsRegressor(NEIGHBOURS).fit(predictor[learn], target[learn])
    error = np.square(fitted.predict(predictor[judge]) - target[judge]).sum()
    return max(0.0, 1 - float(error / np.square(target[judge] - target[judge].mean(0)).sum()))


def _classify(explained: dict[str, Estimate], score: Estimate) -> Kind:
    if max(explained["angle"], explained["first"], explained["second"]) < 0.1:
        return "unsure"
    if score.low is not None and score.high is not None and score.low < 0 < score.high:
        return "unsure"
    return "polar" if score > 0 else "cartesian"
