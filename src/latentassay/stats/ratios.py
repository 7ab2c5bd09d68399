"""Ratios of sums over rows, with their standard errors."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Z95, Estimate
from latentassay.stats.intervals import widen
from latentassay.stats.skewed import skewed_interval


class Ratio(NamedTuple):
    """A ratio of two sums over rows.

    Attributes:
        value: 0 where the denominator is.
        stderr: its standard error over rows (linearised), Student's t inside, so that 1.96 of them make a 95 %
            interval.
        n: number of rows.
    """

    value: Float[Tensor, "*shape"]
    stderr: Float[Tensor, "*shape"]
    n: int

    @property
    def estimate(self) -> Estimate:
        """A single ratio, as an estimate."""
        return Estimate(float(self.value), stderr=float(self.stderr), n=self.n)


def ratio(over: Float[Tensor, "n *shape"], under: Float[Tensor, "n *shape"]) -> Ratio:
    """Return ``Σ over / Σ under``, each entry on its own.

    Args:
        over: the numerator's share of every row, ``(n, *shape)``, n at least 2.
        under: the denominator's, likewise.

    >>> ratio(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])).value
    tensor(2., dtype=torch.float64)
    """
    over, under = over.double(), under.double()
    n, total = len(over), under.sum(0)
    per = torch.where(total > 0, 1 / total.clamp(min=1e-300), 0.0)
    value = over.sum(0) * per
    # The ratio is linearised about its value: rows deviate by what they have over that share of their denominator.
    stderr = (over - value * under).std(0) * n**0.5 * per
    return Ratio(value, widen(stderr, n), n)


def ratio_of_means(over: Float[Tensor, " n"], under: Float[Tensor, " m"]) -> Estimate:
    """Return the ratio of the means of two independent samples, none negative, with a 95 % interval.

    Both may be skewed: each mean has the interval of ``skewed_interval``, and the two are joined on the logarithm, to
    each side on its own (the MOVER method, Donner and Zou 2012). n of the estimate is that of the numerator.

    Args:
        over: n of at least 2 values.
        under: m of at least 2 values, of positive mean.

    >>> ratio_of_means(torch.tensor([2.0, 4.0, 6.0, 4.0]), torch.tensor([2.0, 2.0]))
    2.0 ± 1.1
    """
    ends = []
    for values in (over.double(), under.double()):
        mean = values.mean()
        found = skewed_interval(mean, values)
        logs = torch.stack([mean, found.low, found.high]).clamp(min=1e-300).log()
        ends.append((float(logs[0]), float(logs[0] - logs[1]), float(logs[2] - logs[0])))
    (top, top_down, top_up), (bottom, bottom_down, bottom_up) = ends
    value = top - bottom
    low, high = value - math.hypot(top_down, bottom_up), value + math.hypot(top_up, bottom_down)
    return Estimate(math.exp(value), low=math.exp(low), high=math.exp(high), n=len(over))


def geometric_mean(ratios: Float[Tensor, " n"]) -> Estimate:
    """Return the geometric mean of positive ratios with Student's 95 % interval of their mean logarithm.

    >>> geometric_mean(torch.tensor([0.25, 1.0, 1.0, 4.0]).double())
    1.0 (0.2 to 6.1)
    """
    logs, n = ratios.double().log(), len(ratios)
    half = Z95 * float(widen(logs.std(), n)) / n**0.5
    middle = float(logs.mean())
    return Estimate(math.exp(middle), low=math.exp(middle - half), high=math.exp(middle + half), n=n)
