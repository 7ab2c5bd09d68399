"""Ratios of sums over rows, with their standard errors."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Z95
from latentassay.stats.intervals import Interval, normal, student


class Ratio(NamedTuple):
    """A ratio of two sums over rows.

    Attributes:
        value: 0 where the denominator is.
        stderr: its standard error over rows (linearised), Student's t inside, so that 1.96 of them make a 95 %
            interval.
    """

    value: Float[Tensor, "*shape"]
    stderr: Float[Tensor, "*shape"]

    @property
    def interval(self) -> Interval:
        """The 95 % interval of a single ratio."""
        return normal(float(self.value), float(self.stderr))


def ratio(over: Float[Tensor, "n *shape"], under: Float[Tensor, "n *shape"]) -> Ratio:
    """Return ``Σ over / Σ under``, each entry on its own.

    >>> ratio(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 1.0])).value
    tensor(2., dtype=torch.float64)
    """
    over, under = over.double(), under.double()
    n, total = len(over), under.sum(0)
    moves = total > 0
    per = torch.where(moves, 1 / total.clamp(min=1e-300), 0.0)
    value = over.sum(0) * per
    stderr = (over - value * under).std(0) * n**0.5 * per
    return Ratio(value, stderr * float(student(torch.tensor([n - 1.0]))) / Z95)
