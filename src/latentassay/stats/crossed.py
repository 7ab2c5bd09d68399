"""Crossed replicates: errors of means over every pairing of rows and values, and spreads by blocks of rows."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.estimate import Z95
from latentassay.stats.intervals import student

ROUNDING = 4
"""What varies by fewer units of rounding than this, relative to its size, does not vary."""


def crossed_stderr(*replicates: Float[Tensor, "_ *shape"]) -> Float[Tensor, "*shape"]:
    """Return the standard error of a mean, from what each kind of replicate adds to it: ``√ Σ s²/k``.

    Every argument holds k independent replicates of one kind, each averaged over all other kinds. What belongs to a
    pairing alone is counted once for each kind, a little too often. A kind with one replicate tells nothing, and adds
    nothing. Student's t is inside, so that 1.96 standard errors make a 95 % interval, with degrees of freedom after
    Satterthwaite (1946).

    Args:
        replicates: ``(k, *shape)`` each, with at least one dimension behind the first; one k at least is above 1.

    >>> ten = torch.tensor([[1.0], [-1.0]]).repeat(5, 1)  # variance 10/9
    >>> crossed_stderr(ten, ten, ten[:1]), (20 / 90) ** 0.5 * student(torch.tensor([18.0])) / Z95
    (tensor([0.5053], dtype=torch.float64), tensor([0.5053], dtype=torch.float64))
    """
    several = [part.double() for part in replicates if len(part) > 1]
    variances = torch.stack([part.var(0) / len(part) for part in several])
    total = variances.sum(0)
    shares = variances / torch.where(total > 0, total, 1.0)
    freedom = [share.square() / (len(part) - 1) for share, part in zip(shares, several, strict=True)]
    degrees = 1 / torch.where(total > 0, torch.stack(freedom).sum(0), 1.0)
    return total.sqrt() * student(degrees) / Z95


def effective_size(values: Float[Tensor, " n"], block: Int[Tensor, " n"]) -> float:
    """Return how many independent values have a mean as sure as that of n values which depend on others of their block.

    ``n² s² / (b/(b−1) Σ_b S_b²)``, with S_b the sum of a block's deviations from the mean, less what Student's t takes
    for so few blocks; at most n.

    Args:
        values: ``(n,)``.
        block: number of the block of each, ``(n,)``, from 0 on.

    Source: Kish, Survey Sampling, 1965 (design effect).

    >>> effective_size(torch.tensor([0.0, 0.0, 1.0, 1.0]), torch.arange(2).repeat_interleave(2)) < 2
    True
    """
    away, n = values.double() - values.double().mean(), len(values)
    sums = torch.zeros(int(block.max()) + 1, dtype=torch.float64).index_add_(0, block, away)
    b, total = len(sums), float(away.square().sum())
    if b < 2 or total == 0:
        return float(n)
    effect = b / (b - 1) * float(sums.square().sum()) / (total * n / (n - 1))
    return n / max(1.0, effect * float(student(torch.tensor([b - 1.0])) / Z95) ** 2)


def block_inflation(rows: Float[Tensor, "n u"], block: Int[Tensor, " n"]) -> Float[Tensor, " u"]:
    """Return by how much standard errors are larger than those of independent rows, see ``effective_size``.

    >>> block_inflation(torch.tensor([[1.0], [-1.0]]).repeat(8, 1), torch.arange(16) // 2)  # blocks do not differ
    tensor([1.], dtype=torch.float64)
    """
    sizes = torch.tensor([effective_size(column, block) for column in rows.T], dtype=torch.float64)
    return (len(rows) / sizes).sqrt()


class Squares(NamedTuple):
    """Squared deviations from the mean of d variables.

    Attributes:
        blocks: their sum in each block, times blocks over rows; the mean over blocks is the variance, ``(b, d)``.
        weight: rows of each block over their mean, ``(b, 1)``.
        mean: ``(d,)``.
        n: number of rows.
    """

    blocks: Float[Tensor, "b d"]
    weight: Float[Tensor, "b 1"]
    mean: Float[Tensor, " d"]
    n: int


def row_squares(x: Float[Tensor, "n *shape"]) -> Squares:
    """Return squared deviations with every row a block of its own.

    >>> row_squares(torch.tensor([[1.0], [3.0]])).blocks.flatten()
    tensor([1., 1.], dtype=torch.float64)
    """
    flat = x.flatten(1).cpu().double()
    mean = flat.mean(0)
    return Squares((flat - mean).square(), flat.new_ones(len(flat), 1), mean, len(flat))


class BlockSquares:
    """Streams squared deviations, about the first row at first, lest a large mean drown them.

    >>> sums = BlockSquares()
    >>> for row in torch.tensor([[1.0], [3.0], [5.0], [5.0]]):
    ...     sums.add(torch.tensor([[0.25], [0.25]]).double(), row[None])  # half of every row in each of two blocks
    >>> sums.squares().blocks.flatten()
    tensor([2.7500, 2.7500], dtype=torch.float64)
    """

    def __init__(self) -> None:
        self._first: Tensor | None = None
        self._sums = torch.zeros(3, 1, 1, dtype=torch.float64)
        self._n = 0

    def add(self, shares: Float[Tensor, "b n"], x: Float[Tensor, "n *shape"]) -> None:
        """Take rows, and what each counts in each block: blocks over all rows in its own, 0 in others."""
        flat = x.flatten(1).cpu().double()
        self._first = flat[0] if self._first is None else self._first
        self._n += len(flat)
        away = flat - self._first
        self._sums = self._sums + torch.stack([shares @ part for part in (torch.ones_like(away), away, away.square())])

    def squares(self) -> Squares:
        """Return them about the mean of all rows."""
        weight, first, second = self._sums
        mean = first.mean(0)
        about = torch.zeros_like(mean) if self._first is None else self._first
        return Squares(second - 2 * mean * first + mean.square() * weight, weight[:, :1], mean + about, self._n)


def varies(variance: Tensor, power: Tensor, epsilon: float) -> Tensor:
    """Tell which variances are more than the rounding of numbers of this mean square.

    >>> varies(torch.tensor([1e-9, 1e-9]), torch.tensor([1.0, 1e6]), torch.finfo(torch.float32).eps)
    tensor([ True, False])
    """
    return variance > (ROUNDING * epsilon) ** 2 * power
