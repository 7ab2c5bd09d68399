"""Heads: how the outputs of an encoder network become a posterior."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from latentassay.core.posteriors import DiagonalGaussian, FullCovarianceGaussian, Point, Posterior


class Head(NamedTuple):
    """How encoder outputs become a posterior.

    Attributes:
        width: outputs needed for ``d`` latents.
        read: outputs ``(n, width(d))`` to a posterior over ``d`` latents.
        codes: ``"points"``, or Gaussians that are ``"diagonal"`` or ``"full"``.
        has_prior: whether its models are trained towards N(0, I).
    """

    width: Callable[[int], int]
    read: Callable[[Tensor], Posterior]
    codes: str
    has_prior: bool


def _diagonal(outputs: Tensor) -> Posterior:
    mean, logvar = outputs.chunk(2, dim=1)
    return DiagonalGaussian.from_logvar(mean, logvar)


def _full(outputs: Tensor) -> Posterior:
    d = _latents(outputs.shape[1])
    mean, log_diagonal, below = torch.split(outputs, [d, d, outputs.shape[1] - 2 * d], dim=1)
    rows, columns = torch.tril_indices(d, d, offset=-1, device=outputs.device)
    scale_tril = torch.diag_embed(log_diagonal.exp())  # a positive diagonal makes the covariance positive definite
    scale_tril[:, rows, columns] = below
    return FullCovarianceGaussian(mean, scale_tril)


def _latents(width: int) -> int:
    """Invert ``width = d + d (d + 1) / 2``."""
    return next(d for d in range(1, width + 1) if d + d * (d + 1) // 2 == width)


POINT = Head(lambda d: d, Point, "points", has_prior=False)
"""The code itself."""

AIMED = POINT._replace(has_prior=True)
"""The code itself, of models whose codes, all together, are trained towards N(0, I), such as WAEs."""

DIAGONAL = Head(lambda d: 2 * d, _diagonal, "diagonal", has_prior=True)
"""Means, then log-variances."""

FULL = Head(lambda d: d + d * (d + 1) // 2, _full, "full", has_prior=True)
"""Means, then the log-diagonal of the Cholesky factor, then what lies below it (PCA, Eq. 3.30)."""
