"""Rows that repeat others, exactly or nearly: so many of them count as one, and intervals are too narrow."""

import math
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds
from latentassay.core.observations import Observations
from latentassay.core.randomness import as_generator

COMPARED = 512
"""Rows that are compared with each other, at most; half as many of long ones, which take longest to read."""

BUCKETS = 256
"""Numbers of a row that are compared; of longer rows, so many signed sums."""

NEAR = 0.1
"""Copies lie nearer to each other than this share of the distance to the next row,"""

CHANCE = 1e-3
"""and so near that of this share of rows two are by chance, in as many dimensions as the data have."""

MOST = 20
"""Of so many rows one, at most, may be a copy of a row: larger groups are classes, or discrete data."""

WIDER = 3.0
"""Copies are told from others if fewer rows have a gap that is smaller by up to this factor: else gaps are a matter of
degree, as on a line, where each share of the distance is as common as it is large."""

SPREAD = 3.0
"""Distances to the next row must vary by so many times what copies differ by; those of noisy classes do not."""

FEWEST = 64
"""Of large pictures as few rows are compared,"""

NUMBERS = 30_000_000
"""so that no more numbers than these are read."""

COLUMNS = 64
"""Columns in which the smallest step of the data is looked for, at most."""

ROUNDING = 1e-7
"""A smaller distance, as a share of that of other rows, is none."""

COPIES = Bounds(1.0, 1.1, 1.5, "rows that count as one; intervals are too narrow by the root of this")
"""How many of the rows may be copies: at 1.1 intervals are too narrow by a twentieth, at 1.5 by a fifth."""


class Repeats(NamedTuple):
    """How many rows repeat others.

    Attributes:
        each: how many rows count as one independent one, ``n / n_effective`` (Kish's design effect of clusters).
        exact: rows that equal another, of those compared.
        near: rows that nearly equal another, and equal none.
        compared: rows that were compared.
    """

    each: Estimate
    exact: int
    near: int
    compared: int


def repeated_rows(
    data: Observations, rows: Int[Tensor, " n"], *, batch_size: int = 128, generator: Generator | int = 0
) -> Repeats | None:
    """Count the rows that repeat others, of some drawn ones, and say how many of all count as one.

    A row has copies where its j nearest neighbours lie nearer than a share ``t = min(0.1, 0.001^(1/d))`` of the
    distance to the next one. Of independent rows of a density in d dimensions ``(r_j / r_{j+1})^d`` is the largest of j
    uniform numbers, so that one in a thousand does; d is the slope of ``log P(distance < r)`` over ``log r`` between
    the twentieth and the fourth part of all pairs. Where rows have fewer dimensions near by, gaps of all sizes are
    common: there are no copies unless more rows have a gap of 1/t than have one of 1/(3t) to 1/t. If a share p of pairs
    are copies, n rows are worth ``n / (1 + (n − 1) p)``.

    Rows of discrete data repeat by chance, and are no copies: the smallest step between two values of a column counts
    as the distance of equal rows, and of equal rows one half of the columns at least must equal that of no other row.

    Args:
        data: observations.
        rows: numbers of the n rows that are worth fewer.
        batch_size: rows that are read at once.
        generator: what draws the signed sums, and halves of the columns.

    Returns:
        ``None`` where rows are too few to tell, or more than a twentieth of all pairs are equal.

    Source: L. Kish, *Survey Sampling*, 1965, 5.4; ratios of neighbours' distances as in E. Facco et al. 2017, eq. 5.

    >>> x = torch.randn(64, 5, generator=torch.Generator().manual_seed(0))
    >>> from latentassay.core.observations import TensorObservations
    >>> found = repeated_rows(TensorObservations(x.repeat(3, 1)), torch.arange(192))
    >>> found.exact, round(float(found.each), 2)
    (192, 3.0)
    """
    generator = as_generator(generator)
    size = math.prod(data.x_shape)
    most = COMPARED if size <= BUCKETS else min(COMPARED // 2, max(FEWEST, NUMBERS // size))
    x = _sketch(data, rows[:most], batch_size, generator)
    if len(x) < 2 * MOST or not x.shape[1]:
        return None
    apart = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
    near, usual = (float(each) for each in _quantiles(apart))
    if near <= ROUNDING * usual:
        return None
    dimension = math.log(5) / max(math.log(usual / near), 1e-9)
    equal = apart <= ROUNDING * near
    recurs = _recurs_by_chance(x, equal.sum(1), generator)
    copies = torch.zeros(len(x), dtype=torch.long)
    copies[~recurs] = _copies(apart[~recurs], _step(x), min(NEAR, CHANCE ** (1 / dimension)))
    exact = (copies > 0) & (equal.sum(1) > 1)
    return Repeats(
        each=_rows_for_one(copies, len(rows)),
        exact=int(exact.sum()),
        near=int(((copies > 0) & ~exact).sum()),
        compared=len(x),
    )


def _sketch(data: Observations, rows: Int[Tensor, " m"], batch_size: int, generator: Generator) -> Float[Tensor, "m d"]:
    """Return rows as vectors without constant columns; long ones as signed sums, which keep distances about."""
    size = math.prod(data.x_shape)
    bucket = torch.randint(BUCKETS, (size,), generator=generator)
    sign = 2.0 * torch.randint(2, (size,), generator=generator) - 1
    parts = []
    for part in torch.split(rows, batch_size):
        x = data.batch(part).flatten(1).double()
        parts.append(x if size <= BUCKETS else x.new_zeros(len(x), BUCKETS).index_add_(1, bucket, x * sign))
    x = torch.cat(parts) if parts else torch.zeros(0, 0)
    return x[:, (x != x[:1]).any(0)]


def _quantiles(apart: Float[Tensor, "m m"]) -> Float[Tensor, " 2"]:
    """Distances that a twentieth, and a fourth, of all pairs of rows do not exceed."""
    m = len(apart)
    pairs = apart[tuple(torch.triu_indices(m, m, 1))]
    return torch.stack([pairs.kthvalue(max(1, round(share * len(pairs)))).values for share in (0.05, 0.25)])


def _step(x: Float[Tensor, "m d"]) -> float:
    """Return the smallest difference of two values of a column that is none by rounding."""
    columns = torch.linspace(0, x.shape[1] - 1, min(COLUMNS, x.shape[1])).round().long()
    steps = x[:, columns].sort(0).values.diff(dim=0)
    return float(torch.where(steps > ROUNDING * x.std(0)[columns], steps, torch.inf).min())


def _copies(apart: Float[Tensor, "k m"], step: float, share: float) -> Int[Tensor, " k"]:
    """Return how many copies rows have, by their distances to all: neighbours before the first gap."""
    near = apart.sort(1).values[:, 1 : apart.shape[1] // MOST + 2]
    inner, outer = near[:, :-1].clamp(min=step), near[:, 1:]
    gap = inner <= share * outer
    found, first = gap.any(1), gap.int().argmax(1)
    blurred = (inner <= WIDER * share * outer).any(1) & ~found
    if int(found.sum()) <= int(blurred.sum()):
        return torch.zeros(len(apart), dtype=torch.long)
    # Groups of what is discrete but for some noise lie all equally far from each other.
    following = outer.gather(1, first[:, None])[:, 0][found]
    within = inner.gather(1, first[:, None])[:, 0][found].median()
    low, high = following.quantile(torch.tensor([0.25, 0.75], dtype=following.dtype))
    return torch.where(found, first + 1, 0) if high - low >= SPREAD * within else torch.zeros_like(first)


def _recurs_by_chance(x: Float[Tensor, "m d"], equal: Int[Tensor, " m"], generator: Generator) -> Bool[Tensor, " m"]:
    """Which rows equal others that they are no copies of, in each half of the columns, as nothing but atoms do."""
    if x.shape[1] < 2:
        return torch.zeros(len(x), dtype=torch.bool)
    recurs = torch.ones(len(x), dtype=torch.bool)
    for half in torch.randperm(x.shape[1], generator=generator).chunk(2):
        _, group, sizes = torch.unique(x[:, half], dim=0, return_inverse=True, return_counts=True)
        recurs &= sizes[group] > equal
    return recurs


def _rows_for_one(copies: Int[Tensor, " m"], n: int) -> Estimate:
    """How many of n rows count as one, from the share of pairs that are copies."""
    m, each = len(copies), copies.double()
    value = 1 + (n - 1) * float(each.mean()) / (m - 1)
    # Twice that of independent rows, as both rows of a pair count it; or as many groups as a Poisson variable draws.
    errors = 2 * float(each.std()) / math.sqrt(m), float(((each + 1) * each.square()).sum().sqrt()) / m
    stderr = (n - 1) / (m - 1) * min(errors)
    whole = Estimate(value, stderr=stderr, n=m)
    return Estimate(value, low=max(1.0, whole.low or 1.0), high=whole.high, stderr=stderr, n=m)
