"""Mutual information gap (Chen et al. 2018, "Isolating Sources of Disentanglement")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.errors import InputError
from latentassay.math.information import Binning, binned, entropy, information_matrix
from latentassay.math.intervals import Interval, half_sampled
from latentassay.metrics.arrays import codes_and_factors


class MIG(NamedTuple):
    """The gap and its evidence.

    Attributes:
        score: mean over factors of the gap between the two most informative codes.
        per_factor: the gap of every factor, ``(m,)``.
        information: mutual information as a share of the factor's entropy, ``(m, d)``.
        entropy: entropy of every factor in nats, ``(m,)``.
        interval: 95 % interval from random halves, if asked for.
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
        resamples: random halves for the interval; none by default.
        seed: seed of the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single code, a factor that never varies, bins below 2.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(mig(factors.astype(float), factors).score, 3)
    1.0
    """
    if bins < 2:
        raise InputError(f"bins must be at least 2, got {bins}")
    c, f = codes_and_factors(codes, factors, fewest=2)
    numbered = binned(c, bins, binning)
    gaps, information, entropies = _gaps(numbered, f)
    interval = half_sampled(
        lambda rows: _gaps(numbered[rows], f[rows])[0].mean(), gaps.mean(), len(c), resamples=resamples, seed=seed
    )
    variant = f"{bins} {'equal-count' if binning == 'quantile' else 'equal-width'} bins, divided by factor entropy"
    return MIG(float(gaps.mean()), gaps, information, entropies, interval, len(c), variant)


def _gaps(
    bins: Int[np.ndarray, "n d"], factors: Int[np.ndarray, "n m"]
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, "m d"], Float[np.ndarray, " m"]]:
    entropies = np.array([entropy(column) for column in factors.T])
    information = information_matrix(bins, factors) / np.maximum(entropies, 1e-300)[:, None]
    first_two = np.sort(information, axis=1)[:, -2:]
    return first_two[:, 1] - first_two[:, 0], information, entropies
