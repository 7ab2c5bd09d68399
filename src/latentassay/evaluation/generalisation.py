"""Training rows and others: how much better the first are reconstructed, and whether the second are among them."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import as_float_tensor
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import Observations, as_observations, finite, select_rows
from latentassay.core.randomness import as_generator
from latentassay.sampling import BATCH_SIZE
from latentassay.stats.intervals import proportion, student
from latentassay.stats.ratios import ratio

DIRECTIONS = 8
"""Random directions that rows are compared along."""

SAME = 1e-4
"""Rows are the same if they differ along none by more than this share of the spread, which is more than rounding."""

TINY = 1e-12
"""Share of the variance below which an error is rounding."""


class Gap(NamedTuple):
    """Errors of other rows beside those of training rows.

    Attributes:
        ratio: mean error of the others over that of the training rows.
        train: share of the variance of training rows that is lost.
        other: share of the variance of the others that is lost.
        difference: ``other − train``.
    """

    ratio: Estimate
    train: Estimate
    other: Estimate
    difference: Estimate


class SharedRows(NamedTuple):
    """Which rows are among others.

    Attributes:
        mask: whether each row is, ``(n,)``.
        share: of the rows, Wilson's interval.
        repeats: share of the others that occur among them more than once: where many do, rows are alike by chance.
    """

    mask: Bool[np.ndarray, " n"]
    share: Estimate
    repeats: float


def generalisation_gap(train_error: Any, train_spread: Any, other_error: Any, other_spread: Any) -> Gap:
    """Compare reconstruction errors of training rows with those of rows that the model has not seen.

    The ratio's interval is even in its logarithm, whose variance is ``Σ s²/(n m²)`` over both means m.

    Args:
        train_error: mean squared error of every training row, ``(n,)``.
        train_spread: mean squared distance of the same rows to their mean, ``(n,)``.
        other_error: likewise of the others, ``(m,)``.
        other_spread: likewise.

    Raises:
        InputError: fewer than two rows of a kind, or NaN.

    >>> one = torch.ones(9)
    >>> gap = generalisation_gap(one, 4 * one, 2 * one, 4 * one)
    >>> float(gap.ratio), float(gap.difference)
    (2.0, 0.25)
    """
    parts = {
        "train_error": train_error,
        "train_spread": train_spread,
        "other_error": other_error,
        "other_spread": other_spread,
    }
    a, b, c, d = (finite(as_float_tensor(x, name), name).double() for name, x in parts.items())
    if any(x.ndim != 1 for x in (a, b, c, d)):
        raise InputError(f"errors and spreads must be (n,), got {[tuple(x.shape) for x in (a, b, c, d)]}")
    if min(len(a), len(c)) < 2 or len(a) != len(b) or len(c) != len(d):
        raise InputError(f"errors and spreads must be of the same 2 rows or more, got {[len(x) for x in (a, b, c, d)]}")
    train, other = ratio(a, b).estimate, ratio(c, d).estimate
    stderr = ((train.stderr or 0.0) ** 2 + (other.stderr or 0.0) ** 2) ** 0.5
    difference = Estimate(other - train, stderr=stderr, n=len(c))
    return Gap(_ratio_of_means(c, a, TINY * float(b.mean())), train, other, difference)


def _ratio_of_means(over: Float[Tensor, " m"], under: Float[Tensor, " n"], floor: float) -> Estimate:
    """Errors that are nothing but rounding count as equal."""
    first, second = (max(float(x.mean()), floor, 1e-300) for x in (over, under))
    variance = sum(float(x.var()) / len(x) / mean**2 for x, mean in ((over, first), (under, second)))
    student_reach = float(student(torch.tensor([min(len(over), len(under)) - 1.0])))
    value, reach = first / second, math.exp(student_reach * variance**0.5)
    return Estimate(value, low=value / reach, high=value * reach, n=len(over))


def shared_rows(
    data: Any,
    others: Any,
    *,
    rows: Any = None,
    other_rows: Any = None,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> SharedRows:
    """Find rows of ``data`` that are among ``others``, up to rounding, whatever their float type.

    All rows are projected onto 8 random directions, where only rows that are the same lie within 1e-4 of the spread of
    each other; a k-d tree of the others finds them.

    Args:
        data: an array or tensor ``(n, *x_shape)`` or ``Observations``.
        others: likewise, of the same shape; training rows, mostly.
        rows: numbers of the rows of ``data`` to look for; all where left out.
        other_rows: numbers of the rows of ``others`` to look among, likewise.
        generator: for the directions.
        batch_size: rows read at once.

    Raises:
        InputError: observations of another shape.
    """
    from scipy.spatial import cKDTree

    data, others = as_observations(data), as_observations(others)
    if tuple(data.x_shape) != tuple(others.x_shape):
        raise InputError(f"others must have rows of shape {tuple(data.x_shape)}, got {tuple(others.x_shape)}")
    index, among = select_rows(data, rows), select_rows(others, other_rows)
    generator = as_generator(generator)
    values = int(np.prod(data.x_shape))
    directions = torch.randn(values, DIRECTIONS, generator=generator, dtype=torch.float64) / values**0.5
    wanted, known = (
        _project(part, numbers, directions, batch_size) for part, numbers in ((data, index), (others, among))
    )
    if not np.isfinite([*wanted.std(0), *known.std(0)]).all():
        raise InputError("the rows hold values too large for distances between them; are they damaged?")
    spread = np.maximum(known.std(0), np.maximum(1e-12 * np.abs(known).max(0), 1e-300))
    tree = cKDTree(known / spread)
    distance, _ = tree.query(wanted / spread, distance_upper_bound=SAME * DIRECTIONS**0.5)
    mask = np.isfinite(distance)
    nearest = tree.query(known / spread, k=2, distance_upper_bound=SAME * DIRECTIONS**0.5)[0][:, 1]
    return SharedRows(mask, proportion(int(mask.sum()), len(mask)), float(np.isfinite(nearest).mean()))


def _project(
    data: Observations, numbers: Int[Tensor, " n"], directions: Float[Tensor, "values d"], batch_size: int
) -> Float[np.ndarray, "n d"]:
    parts = [numbers[start : start + batch_size] for start in range(0, len(numbers), batch_size)]
    return torch.cat([data.batch(part).double().flatten(1) @ directions for part in parts]).numpy()
