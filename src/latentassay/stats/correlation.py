"""Pearson correlations of all pairs of columns with their intervals."""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Z95


def correlations(columns: Float[Tensor, "n d"]) -> Float[Tensor, "d d"]:
    """Return Pearson's r of every pair of columns; 0 where one does not vary beyond rounding, 1 on the diagonal.

    >>> x = torch.tensor([[1.0, 2.0, 5.0], [2.0, 4.0, 5.0], [3.0, 6.0, 5.0]])
    >>> correlations(x).round(decimals=6).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    away = columns.double() - columns.double().mean(0)
    size = away.norm(dim=0)
    varies = size > 1e-6 * columns.double().norm(dim=0)
    unit = torch.where(varies, away / size.clamp(min=1e-300), 0.0)
    return (unit.T @ unit).clamp(-1, 1).fill_diagonal_(1.0)


def correlation_ends(columns: Float[Tensor, "n d"]) -> tuple[Float[Tensor, "d d"], Float[Tensor, "d d"]]:
    """Return both ends of the 95 % intervals of the correlations (Fisher's z: artanh r ± 1.96 / √(n − 3)).

    Args:
        columns: rows of pairs drawn independently, n at least 4.
    """
    r = correlations(columns)
    z, half = torch.atanh(r.clamp(-1 + 1e-15, 1 - 1e-15)), Z95 / math.sqrt(max(len(columns) - 3, 1))
    return torch.tanh(z - half), torch.tanh(z + half)
