"""Intervals of mean errors, which are not negative, where few rows may carry most of the error."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import student

UNSEEN = 3.0
"""What has not been seen in n rows happens in up to 3/n of all (95 %, Jovanovic and Levy 1997)."""

FEW = 5.0
"""With fewer degrees of freedom than this one or two rows carry the error, unless there are no more replicates."""


class SkewedInterval(NamedTuple):
    """95 % intervals of mean errors.

    Attributes:
        low: lower ends, not negative, ``(*shape,)``.
        high: upper ends, likewise.
        degrees: degrees of freedom of the standard errors.
        rare: where one or two rows carry the error, so that the interval may be too short.
    """

    low: Float[Tensor, "*shape"]
    high: Float[Tensor, "*shape"]
    degrees: Float[Tensor, "*shape"]
    rare: Bool[Tensor, "*shape"]


def skewed_interval(
    mean: Float[Tensor, "*shape"], *replicates: Float[Tensor, "_ *shape"], unseen: Float[Tensor, "*shape"] | float = 0.0
) -> SkewedInterval:
    """Return an interval of a mean error from replicates of every kind, longer towards large errors if they are skewed.

    ``high = m + c + √((t s)² + c²)`` with ``c = 3 κ₃/κ₂`` for the cumulants of the mean: for K equal events in n rows
    it is the score interval of a Poisson number, up to rounding (3 for ½ · 1.96², as in the rule of three).
    ``low = m exp(−t s/m)``. Where errors are skewed to the other side, c is added below. Student's t has the degrees of
    freedom of s² (Satterthwaite), ``1/ν = Σ w² (k₄ − 1)/(2 n)`` for a kurtosis k₄ and the share w of each kind of
    replicate, which is 1/n for normal numbers and 1/(2K) for K equal events.

    Args:
        mean: not negative.
        replicates: n independent replicates of one kind each, ``(n, *shape)``, averaged over all other kinds.
        unseen: what events that no row showed may add; the upper end is at least the mean and this.

    >>> rows = torch.zeros(100, 1)
    >>> rows[0] = 10.0  # one event
    >>> found = skewed_interval(rows.mean(0), rows)
    >>> [round(float(end), 3) for end in found[:2]], round(float(found.degrees), 1)
    ([0.002, 0.901], 2.1)
    """
    kinds = [part.double() - part.double().mean(0) for part in replicates if len(part) > 1]
    parts = torch.stack([part.square().mean(0) / (len(part) - 1) for part in kinds])
    third = torch.stack([part.pow(3).mean(0) / len(part) ** 2 for part in kinds]).sum(0)
    variance = parts.sum(0)
    per = torch.where(variance > 0, 1 / variance.clamp(min=1e-300), 0.0)
    normal = torch.stack([(of * per).square() / (len(part) - 1) for part, of in zip(kinds, parts, strict=True)]).sum(0)
    terms = [(of * per).square() * _error_of_variance(part) for part, of in zip(kinds, parts, strict=True)]
    inverse = torch.maximum(torch.stack(terms).sum(0), normal).clamp(min=1e-9, max=1.0)
    degrees, rare = 1 / inverse, (inverse > 1 / FEW) & (inverse > 2 * normal)
    reach, lean = student(degrees) * variance.sqrt(), UNSEEN * third * per
    value, up, down = mean.double(), lean.clamp(min=0), (-lean).clamp(min=0)
    high = value + up + (reach.square() + up.square()).sqrt()
    below = down + (reach.square() + down.square()).sqrt()
    low = torch.where(value > 0, value * torch.exp(-below / value.clamp(min=1e-300)), value)
    return SkewedInterval(low, torch.maximum(high, value + unseen), degrees, rare)


def _error_of_variance(away: Float[Tensor, "n *shape"]) -> Float[Tensor, "*shape"]:
    """1/ν for the variance of deviations from their mean: half of its relative variance."""
    n, power = len(away), away.square().mean(0)
    kurtosis = away.pow(4).mean(0) / power.square().clamp(min=1e-300)
    return (kurtosis - 1) / (2 * n)


def complement(score: float, interval: SkewedInterval, *, n: int) -> Estimate:
    """Return a score, 1 less a mean error, with the interval of that error.

    >>> rows = torch.tensor([[0.1], [0.3]]).repeat(50, 1)
    >>> complement(0.8, skewed_interval(rows.mean(0), rows), n=100)
    0.800 ± 0.019
    """
    error = 1 - score
    return Estimate(
        score,
        low=score - max(0.0, float(interval.high) - error),
        high=score + max(0.0, error - float(interval.low)),
        n=n,
    )


def say_if_rare(interval: SkewedInterval) -> str:
    """Say so if one or two rows carry the error; its interval may be too short then."""
    words = "; rare events carry the error: the interval is a lower bound of its uncertainty"
    return words if interval.rare.any() else ""
