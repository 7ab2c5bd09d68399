"""Distance correlation of several variables, each of any dimension: 0 only where two are independent."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.stats.intervals import jackknife_stderr, widen

BLOCKS = 16
"""Blocks of rows that are left out in turn for standard errors."""

LEAN = 3.0
"""The variance of R² of n rows grows with R² itself, as that of a squared correlation does: by about LEAN / 2 · R² / n.

Tried on normal numbers of any correlation: 95 to 99 % of intervals of 64 to 256 rows hold the truth."""

FEWEST = 2 * BLOCKS
"""Rows below which there is no distance correlation here."""


class DistanceCorrelations(NamedTuple):
    """Distance correlations of all pairs of u variables.

    Attributes:
        squared: bias-corrected squared distance correlation, ``(u, u)``; 0 on average for independent variables (and
            so a little negative now and then), 1 for a variable and itself or a rotation and scaling of it. For normal
            numbers of correlation 0.25 it is 0.05, for 0.5 it is 0.21.
        low: lower ends of 95 % intervals, ``(u, u)``, by leaving out blocks of rows.
        high: upper ends, likewise, at most 1: they reach further, as small values vary less than the truth above them.
        p_values: of independence, pair by pair, ``(u, u)``: the χ² test, which errs to the safe side.
        n: number of rows.
    """

    squared: Float[Tensor, "u u"]
    low: Float[Tensor, "u u"]
    high: Float[Tensor, "u u"]
    p_values: Float[Tensor, "u u"]
    n: int


def distance_correlations(variables: Sequence[Float[Tensor, "n _"]]) -> DistanceCorrelations:
    """Measure the squared distance correlation of all pairs of variables without bias, ``⟨A, B⟩ / √(⟨A, A⟩ ⟨B, B⟩)``.

    A and B are the matrices of distances between rows, U-centred: less the sums of rows and columns over n − 2, plus
    the sum of all over (n − 1)(n − 2), and 0 on the diagonal. The p-value is ``P(χ²₁ > n R² + 1)``.

    Args:
        variables: at least one, each ``(n, d)`` with the same n of at least 32; rows must be independent, in any order
            that has nothing to do with their values.

    Raises:
        InputError: too few rows.

    Source: Székely and Rizzo 2014, "Partial distance correlation with methods for dissimilarities"; Shen, Panda and
    Vogelstein 2022, "The chi-square test of distance correlation".

    >>> z = torch.randn(256, 1, generator=torch.Generator().manual_seed(0)).double()
    >>> found = distance_correlations([z, z.square(), 2 * z])  # the second depends on the first, uncorrelated
    >>> [round(float(r), 2) for r in found.squared[0]], float(found.p_values[0, 1]) < 1e-6
    ([1.0, 0.29, 1.0], True)
    """
    n = len(variables[0])
    if n < FEWEST:
        raise InputError(f"distance correlations need at least {FEWEST} rows, got {n}")
    distances = torch.stack(
        [torch.cdist(v.double(), v.double(), compute_mode="donot_use_mm_for_euclid_dist") for v in variables]
    )
    squared, without = _correlations(distances)
    reach = Z95 * widen(jackknife_stderr(without), BLOCKS)
    lean = LEAN / n * (1 - squared).square()
    statistic = (n * squared + 1).clamp(min=0)
    return DistanceCorrelations(
        squared=squared,
        low=squared - reach,
        high=(squared + lean + torch.hypot(reach, lean)).clamp(max=1),
        p_values=torch.erfc((statistic / 2).sqrt()),  # P(χ²₁ > t)
        n=n,
    )


def _correlations(distances: Float[Tensor, "u n n"]) -> tuple[Float[Tensor, "u u"], Float[Tensor, "b u u"]]:
    """R² of all rows, and without each block of them in turn.

    ``⟨A, B⟩ = Σ ab − 2/(n−2) Σ_i a_i b_i + Σa Σb/((n−1)(n−2))`` with the sums a_i of rows of distances; so what a block
    has to be taken off is known from its own rows, and nothing is centred again.
    """
    n, sums, products = distances.shape[1], distances.sum(2), _products(distances)
    without = []
    for block in range(BLOCKS):
        is_out = torch.arange(n) % BLOCKS == block
        out = distances[:, is_out]
        left = products - 2 * _products(out) + _products(out[:, :, is_out])
        without.append(_scaled(left, (sums - out.sum(1))[:, ~is_out]))
    return _scaled(products, sums), torch.stack(without)


def _products(distances: Float[Tensor, "u n m"]) -> Float[Tensor, "u u"]:
    flat = distances.flatten(1)
    return flat @ flat.T


def _scaled(products: Float[Tensor, "u u"], sums: Float[Tensor, "u n"]) -> Float[Tensor, "u u"]:
    """R² of all pairs, from sums of products of distances and the sums of their rows."""
    n, total = sums.shape[1], sums.sum(1)
    inner = products - 2 / (n - 2) * sums @ sums.T + total[:, None] * total / ((n - 1) * (n - 2))
    # What is left of a variable that never varies is rounding.
    own = torch.where(inner.diagonal() > 1e-12 * products.diagonal(), inner.diagonal(), 0.0).clamp(min=0).sqrt()
    scale = own[:, None] * own
    return torch.where(scale > 0, inner / scale.clamp(min=1e-300), 0.0).clamp(max=1)


def of_normal(correlation: float) -> float:
    """Return the squared distance correlation of two normal numbers (Székely, Rizzo and Bakirov 2007, theorem 7).

    >>> [round(of_normal(r), 3) for r in (0.0, 0.25, 0.5, 1.0)]
    [0.0, 0.05, 0.206, 1.0]
    """
    r = abs(correlation)
    over = r * math.asin(r) + (1 - r * r) ** 0.5 - r * math.asin(r / 2) - (4 - r * r) ** 0.5 + 1
    return float(over / (1 + math.pi / 3 - math.sqrt(3)))
