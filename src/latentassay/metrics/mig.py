"""Mutual information gap (Chen et al. 2018, "Isolating Sources of Disentanglement")."""

from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.errors import InputError
from latentassay.math.intervals import Interval, normal
from latentassay.metrics.arrays import codes_and_factors

Binning = Literal["quantile", "width"]


class MIG(NamedTuple):
    """The gap and its evidence.

    Attributes:
        score: mean over factors of the gap between the two most informative codes.
        per_factor: the gap of every factor, ``(m,)``.
        information: mutual information as a share of the factor's entropy, ``(m, d)``.
        entropy: entropy of every factor in nats, ``(m,)``.
        interval: 95 % interval from the bootstrap's standard error, if asked for.
        n: number of rows.
        variant: bins and normaliser in words.
    """

    score: float
    per_factor: Float[np.ndarray, " m"]
    information: Float[np.ndarray, "m d"]
    entropy: Float[np.ndarray, " m"]
    interval: Interval | None
    n: int
    variant: str


def mig(
    codes: Any, factors: Any, *, bins: int = 20, binning: Binning = "quantile", resamples: int = 0, seed: int = 0
) -> MIG:
    """Measure ``mean_m (I(c_1; f_m) − I(c_2; f_m)) / H(f_m)``, c_1 and c_2 the two most informative codes.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes.
        bins: number of bins of every code.
        binning: ``"quantile"`` (equal counts) or ``"width"`` (equal width, the literature's way, which a
            few outliers wreck).
        resamples: bootstrap resamples for the interval; none by default.
        seed: seed of the bootstrap.

    Raises:
        InputError: shapes that do not fit, NaN, a single code, a factor that never varies, bins below 2.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(mig(factors.astype(float), factors).score, 3)
    1.0
    """
    if bins < 2:
        raise InputError(f"bins must be at least 2, got {bins}")
    c, f = codes_and_factors(codes, factors, fewest=2)
    binned = np.stack([_bin(column, bins, binning) for column in c.T], 1)
    gaps, information, entropy = _gaps(binned, f)
    interval = None
    if resamples:
        rng = np.random.default_rng(seed)
        draws = (rng.integers(len(c), size=len(c)) for _ in range(resamples))
        stderr = float(np.std([_gaps(binned[rows], f[rows])[0].mean() for rows in draws], ddof=1))
        interval = normal(float(gaps.mean()), stderr)
    variant = f"{bins} {'equal-count' if binning == 'quantile' else 'equal-width'} bins, divided by factor entropy"
    return MIG(float(gaps.mean()), gaps, information, entropy, interval, len(c), variant)


def _bin(column: Float[np.ndarray, " n"], bins: int, binning: Binning) -> Int[np.ndarray, " n"]:
    if binning == "width":
        edges = np.linspace(column.min(), column.max(), bins + 1)[1:-1]
    else:
        edges = np.unique(np.quantile(column, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.searchsorted(edges, column, side="right")


def _gaps(
    binned: Int[np.ndarray, "n d"], factors: Int[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m d"], Float[np.ndarray, " m"]]:
    entropy = np.array([_entropy(column) for column in factors.T])
    shared = np.array([[mutual_information(code, column) for code in binned.T] for column in factors.T])
    information = shared / np.maximum(entropy, 1e-300)[:, None]
    first_two = np.sort(information, axis=1)[:, -2:]
    return first_two[:, 1] - first_two[:, 0], information, entropy


def mutual_information(a: Int[np.ndarray, " n"], b: Int[np.ndarray, " n"]) -> float:
    """I(a; b) in nats between two discrete columns, from their contingency table; never negative.

    >>> round(mutual_information(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])), 4)
    0.6931
    """
    joint = np.bincount(a * (int(b.max()) + 1) + b)
    return max(0.0, _entropy(a) + _entropy(b) - _entropy_of_counts(joint))


def _entropy(column: Int[np.ndarray, " n"]) -> float:
    return _entropy_of_counts(np.bincount(column))


def _entropy_of_counts(counts: Int[np.ndarray, " k"]) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
