"""Active units (Burda, Grosse and Salakhutdinov 2016, "Importance Weighted Autoencoders")."""

from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from latentassay.core.errors import InputError
from latentassay.metrics.arrays import codes_only, reals
from latentassay.metrics.laws import NO_FACTORS, Laws, Near
from latentassay.metrics.metric import metric


class ActiveUnits(NamedTuple):
    """Which of ``d`` units the encoder uses.

    Attributes:
        score: number of units that are active.
        active: ``(d,)``, true where ``variance`` exceeds the threshold.
        variance: ``(d,)``, variance of every unit's posterior mean over the rows (divided by n).
        posterior_variance: ``(d,)``, mean variance of the posterior itself, if ``std`` was given: near the prior's
            for a unit that has been pruned, near 0 for one that is known well.
        n: number of rows.
        variant: threshold in words.
    """

    score: int
    active: Bool[np.ndarray, " d"]
    variance: Float[np.ndarray, " d"]
    posterior_variance: Float[np.ndarray, " d"] | None
    n: int
    variant: str


def _doubled(score: float, units: int) -> float:
    """Each copy counts."""
    return 2 * score


LAWS = Laws(
    highest=inf,
    perfect=Near(3, 0),
    chance=Near(4, 0),
    rescaled="the variance is taken in the codes' own scale",
    copies=_doubled,
    falls=NO_FACTORS,
)


@metric(
    label="Active units",
    formula="units whose posterior mean varies",
    source="Burda et al. 2016",
    needs="codes",
    variants=({"threshold": 0.25},),
    laws=LAWS,
    order=120,
)
def active_units(codes: Any, *, threshold: float = 0.01, std: Any = None) -> ActiveUnits:
    """Find the units whose posterior mean moves with the data: ``Var_x(E[z_j | x]) > threshold``.

    The variance is taken as it is, so this is one of few metrics that the scale of codes decides: the threshold
    supposes a standard normal prior.

    Args:
        codes: ``(n, d)`` array or tensor of posterior means, n at least 2.
        threshold: 0.01 as published; 0.25 asks for a standard deviation of ½.
        std: ``(n, d)`` standard deviations of the posteriors; only reported.

    Raises:
        InputError: codes that are not finite or have another shape, stds of another shape or below 0, a negative
            threshold.

    >>> found = active_units(np.array([[0.0, 0.1], [1.0, 0.1], [2.0, 0.2]]))
    >>> found.score, found.active.tolist()
    (1, [True, False])
    """
    if not threshold >= 0:
        raise InputError(f"threshold must be 0 or more, got {threshold}")
    c = codes_only(codes)
    variance = c.var(0)
    active = variance > threshold
    posterior = None if std is None else _mean_variance(std, c.shape)
    return ActiveUnits(
        score=int(active.sum()),
        active=active,
        variance=variance,
        posterior_variance=posterior,
        n=len(c),
        variant=f"variance of the posterior mean above {threshold:g}, in the codes' own scale",
    )


def _mean_variance(std: Any, shape: tuple[int, ...]) -> Float[np.ndarray, " d"]:
    s = reals(std, "std")
    if s.shape != shape:
        raise InputError(f"std must have the shape of codes, {shape}, got {s.shape}")
    if not (np.isfinite(s) & (s >= 0)).all():
        raise InputError("std must be finite and 0 or more; give standard deviations, not logarithms of variances")
    mean: Float[np.ndarray, " d"] = np.square(s).mean(0)
    return mean
