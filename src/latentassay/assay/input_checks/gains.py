"""Ratios of squared errors over the same rows, with intervals that cannot reach 0."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import student


def error_ratio(above: Float[Tensor, " n"], below: Float[Tensor, " n"]) -> Estimate:
    """Return the ratio of two sums over the same rows: ``Σ a / Σ b``, with Student's interval of its logarithm.

    The logarithm is linearised: its standard error is that of the mean of ``(a − ratio·b) / ā``. 0 if ``b`` is
    infinite somewhere, and if ``a`` is 0 everywhere.

    >>> error_ratio(torch.tensor([2.0, 4.0, 6.0]), torch.tensor([1.0, 2.0, 3.0]))
    2
    """
    n = len(above)
    if not bool(torch.isfinite(below).all()) or not float(above.sum()) > 0:
        return Estimate(0.0, low=0.0, high=0.0, n=n)
    ratio = float(above.sum() / below.sum())
    stderr = float((above - ratio * below).std() / above.mean()) / n**0.5
    half = math.exp(min(float(student(torch.tensor([n - 1.0]))) * stderr, 700.0))
    return Estimate(ratio, low=ratio / half, high=ratio * half, n=n)


def error_left(gain: Estimate) -> Estimate:
    """Return the share of the error that a gain leaves, its inverse: what is negligible of it lies near 1.

    Levels are graded on this scale, where normal approximations do not fail for great gains.

    >>> error_left(Estimate(4.0, low=2.0, high=8.0))
    0.25 (0.12 to 0.50)
    """
    ends = (1 / end if end else math.inf for end in (gain, gain.high, gain.low))
    value, low, high = ends
    return Estimate(value, low=low, high=high, n=gain.n)
