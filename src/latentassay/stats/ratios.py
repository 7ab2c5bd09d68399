"""Ratios of sums over rows, with their standard errors."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import widen


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
