"""How squared responses of many groups become one entry of the conditioned response matrix, and its standard error."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.estimate import Z95
from latentassay.stats.intervals import student

AVERAGES = ("squares", "roots")
"""Root of the mean over groups and samples, as LR prints it; mean over groups of the root of each group's mean."""

Sums = Float[Tensor, "g u"]
Sizes = Int[Tensor, " g"]
Counts = Int[Tensor, " u"]
Row = Float[Tensor, " u"]


def average_groups(sums: Sums, sizes: Sizes, used: Counts, average: str) -> tuple[Row, Row]:
    """Return the entries of one factor's row and their standard errors, groups being the independent pieces.

    - ``"squares"``: ``√(Σ_g s_g / Σ_g n_g)``, by the linearised ratio.
    - ``"roots"``: ``1/G Σ_g √(s_g / n_g)``.

    Args:
        sums: squared responses of every unit summed inside each group, s.
        sizes: latents in each group, n.
        used: how many of the groups every entry rests on, G, the first ones.
        average: one of ``AVERAGES``.

    >>> average_groups(torch.tensor([[1.0], [9.0]]), torch.tensor([1, 1]), torch.tensor([2]), "roots")[0]
    tensor([2.])
    """
    counted, count = _counted(len(sums), used), used.double()
    few = (count - 1).clamp(min=1)
    margin = student(few) / Z95
    if average == "roots":
        roots = counted * (sums / sizes[:, None]).sqrt()
        mean = roots.sum(0) / count
        spread = (counted * (roots - mean).square()).sum(0) / few
        return mean.to(sums), (spread / count).sqrt() * margin
    weights = counted * sizes[:, None]
    total = weights.sum(0)
    mean = sums.sum(0) / total
    residual = (sums - mean * weights).square().sum(0)
    stderr_of_mean = (residual * count / few).sqrt() / total * margin
    return mean.sqrt(), stderr_of_mean / (2 * mean.sqrt()).clamp(min=1e-300)


def leave_one_out(sums: Sums, sizes: Sizes, used: Counts, average: str) -> Sums:
    """Return the entries of one factor's row with each group left out in turn, a row for each group."""
    counted = _counted(len(sums), used)
    if average == "roots":
        roots = counted * (sums / sizes[:, None]).sqrt()
        return (roots.sum(0) - roots) / (counted.sum(0) - counted).clamp(min=1)
    weights = counted * sizes[:, None]
    return ((sums.sum(0) - sums) / (weights.sum(0) - weights).clamp(min=1)).clamp(min=0).sqrt()


def _counted(groups: int, used: Counts) -> Float[Tensor, "g u"]:
    return (torch.arange(groups)[:, None] < used).double()
