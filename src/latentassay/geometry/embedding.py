"""Is a cyclic factor embedded along one axis of two, or around a circle: Cartesian or polar?"""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from latentassay.core.errors import InputError
from latentassay.metrics.arrays import codes_only, reals
from latentassay.metrics.disentanglement.splits import held_out
from latentassay.stats.intervals import Interval, half_sampled

ONE_IN, NEIGHBOURS = 5, 5
"""One row in so many is held out, and told by so many of the others."""

WAYS = ("angle", "radius", "first", "second", "both")
"""What tells the factor: polar coordinates around the mean, each coordinate, and the plane."""


class Embedding(NamedTuple):
    """How two units hold a cyclic factor.

    Attributes:
        kind: "polar" if the angle explains more than either coordinate alone, beyond doubt where there is an interval;
            "cartesian" if a coordinate does; "unsure" between, or if neither explains a tenth.
        score: share explained by the angle, less that by the better coordinate, −1 to 1.
        interval: its 95 % interval by random halves, if asked for.
        explained: by each of ``WAYS``, ``1 − E‖t − t̂‖² / E‖t − t̄‖²`` on held-out rows, not below 0.
        n: number of rows.
        variant: how it was told, in words.
    """

    kind: Literal["polar", "cartesian", "unsure"]
    score: float
    interval: Interval | None
    explained: dict[str, float]
    n: int
    variant: str


def embedding_geometry(
    codes: Any, factor: Any, *, period: float | int, centre: Any = None, resamples: int = 0, seed: int = 0
) -> Embedding:
    """Compare how well the angle and how well one coordinate tell a cyclic factor.

    The factor w is the target ``t = (cos 2πw/P, sin 2πw/P)``, which has no cut where the cycle closes. It is told from
    the angle (as a point on the circle), the radius, each coordinate, and the plane by the mean of the 5 nearest of
    four fifths of the rows, and judged on the others.

    Args:
        codes: ``(n, 2)`` array or tensor, two units, usually posterior means; they are standardised first.
        factor: ``(n,)`` values of the factor, integers or not.
        period: P, its value after one turn: the number of values of a factor numbered from 0.
        centre: around which angles are taken, ``(2,)``; the mean of the codes where left out.
        resamples: random halves for the interval; none by default.
        seed: of split and halves.

    Raises:
        InputError: codes of another shape, fewer than 20 rows, NaN, a unit or factor that never varies, or a period
            that is not positive.

    Source: "VAEs and principal components", 4.3.6 and figures 4.10 and 4.11, which show it in pictures.

    >>> turn = np.linspace(0, 1, 400, endpoint=False)
    >>> circle = np.stack([np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)], 1)
    >>> embedding_geometry(circle, turn, period=1).kind
    'polar'
    """
    z, w = _checked(codes, factor, period)
    middle = z.mean(0) if centre is None else reals(centre, "centre")
    if middle.shape != (2,) or not np.isfinite(middle).all():
        raise InputError(f"centre must be two finite numbers, got {centre!r}")
    offset = (z - middle) / z.std(0)
    target = np.stack([np.cos(2 * np.pi * w / period), np.sin(2 * np.pi * w / period)], 1)

    def told(rows: np.ndarray) -> dict[str, float]:
        return {way: _explained(_seen(offset[rows], way), target[rows], seed) for way in WAYS}

    found = told(np.arange(len(z)))
    interval = half_sampled(lambda rows: _gap(told(rows)), _gap(found), len(z), resamples=resamples, seed=seed)
    variant = f"{NEIGHBOURS} nearest of {ONE_IN - 1} in {ONE_IN} rows, period {period:g}, codes standardised"
    return Embedding(_kind(found, interval), _gap(found), interval, found, len(z), variant)


def _checked(codes: Any, factor: Any, period: float | int) -> tuple[Float[np.ndarray, "n 2"], Float[np.ndarray, " n"]]:
    z, w = codes_only(codes), reals(factor, "factor").astype(float)
    if z.shape[1] != 2 or w.shape != (len(z),) or len(z) < 20:
        raise InputError(f"codes must be (n, 2) and factor (n,) with n at least 20, got {z.shape} and {w.shape}")
    if not np.isfinite(w).all() or not 0 < period < np.inf:
        raise InputError(f"factor must be finite and period positive, got period {period}")
    if (z.std(0) == 0).any() or w.std() == 0:
        raise InputError("a unit or the factor never varies, so there is nothing to compare")
    return z, w


def _seen(offset: Float[np.ndarray, "n 2"], way: str) -> Float[np.ndarray, "n k"]:
    radius = np.linalg.norm(offset, axis=1, keepdims=True)
    ways: dict[str, np.ndarray] = {
        "angle": offset / np.maximum(radius, 1e-12),
        "radius": radius,
        "first": offset[:, :1],
        "second": offset[:, 1:],
        "both": offset,
    }
    return ways[way]


def _explained(seen: Float[np.ndarray, "n k"], target: Float[np.ndarray, "n 2"], seed: int) -> float:
    from sklearn.neighbors import KNeighborsRegressor

    learn, judge = held_out(np.zeros(len(seen), dtype=np.int64), seed, one_in=ONE_IN)
    fitted = KNeighborsRegressor(NEIGHBOURS).fit(seen[learn], target[learn])
    error = np.square(fitted.predict(seen[judge]) - target[judge]).sum()
    return max(0.0, 1 - float(error / np.square(target[judge] - target[judge].mean(0)).sum()))


def _gap(explained: dict[str, float]) -> float:
    return explained["angle"] - max(explained["first"], explained["second"])


def _kind(explained: dict[str, float], interval: Interval | None) -> Literal["polar", "cartesian", "unsure"]:
    gap = _gap(explained)
    if max(explained["angle"], explained["first"], explained["second"]) < 0.1:
        return "unsure"
    if interval is not None and interval.low < 0 < interval.high:
        return "unsure"
    return "polar" if gap > 0 else "cartesian"
