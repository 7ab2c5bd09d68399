"""Residuals x − D(E(x)) of rows, summed by blocks: what of the error is a constant, and what every column keeps."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import jackknife_stderr, student_estimate

BLOCKS = 16
"""Blocks of rows for the jackknife: each keeps a sum of residuals as large as an observation."""

NEARLY_ALL = 0.95
"""Columns that together hold this share of the variance hold nearly all of it."""


class Residuals(NamedTuple):
    """Sums over the rows of every block; groups are columns of vectors and channels of what has places.

    Attributes:
        rows: rows of every block, ``(b,)``.
        residual: sums of x − D(E(x)), ``(b, p)``.
        value_square: sum of their squares over all rows, by value, ``(p,)``.
        residual_square: sums of their squares over rows and values, by group, ``(b, g)``.
        spread: sums of (x − x̄)² over rows and values, by group, ``(b, g)``.
    """

    rows: Float[Tensor, " b"]
    residual: Float[Tensor, "b p"]
    value_square: Float[Tensor, " p"]
    residual_square: Float[Tensor, "b g"]
    spread: Float[Tensor, "b g"]


def sum_residuals(pairs: Iterable[tuple[Tensor, Tensor]], mean: Tensor, n: int) -> Residuals:
    """Sum residuals and squares of n rows by blocks, every 16th row in one; memory does not grow with the rows.

    Args:
        pairs: batches of observations and of their reconstructions, ``(m, *x_shape)`` each.
        mean: mean observation, ``x_shape``.
        n: number of rows in all batches.
    """
    b, groups = min(BLOCKS, n), mean.shape[0]
    rows = torch.zeros(b, dtype=torch.float64)
    total, value_square = (torch.zeros(*shape, mean.numel(), dtype=torch.float64) for shape in ((b,), ()))
    residual_square, spread = (torch.zeros(b, groups, dtype=torch.float64) for _ in range(2))
    begun = 0
    for x, decoded in pairs:
        residual, away = x.double() - decoded.double(), x.double() - mean
        block = torch.arange(begun, begun + len(x)) % b
        rows.index_add_(0, block, torch.ones(len(x), dtype=torch.float64))
        total.index_add_(0, block, residual.flatten(1))
        value_square += residual.square().sum(0).flatten()
        residual_square.index_add_(0, block, _by_group(residual, groups))
        spread.index_add_(0, block, _by_group(away, groups))
        begun += len(x)
    return Residuals(rows, total, value_square, residual_square, spread)


def _by_group(values: Float[Tensor, "m *x"], groups: int) -> Float[Tensor, "m g"]:
    return values.square().reshape(len(values), groups, -1).sum(-1)


class Parts(NamedTuple):
    """What the error consists of, each number with its interval; shares of the variance of the data.

    Attributes:
        constant: squared mean residual, corrected for what sampling adds to it.
        constant_of_error: the same as a share of the mean squared error; 0 where there is no error.
        kept_without_constant: share of the variance that reconstructions would keep without the constant.
        bias: mean residual of every value in standard deviations of its column or channel, ``(p,)``.
        bias_stderr: its standard error.
        column_share: share of the variance that each group holds, ``(g,)``.
        column_kept: share of its own variance that each group keeps, ``(g,)``; NaN where it has none.
        column_kept_stderr: its standard error.
        mean_kept: mean over groups of what each keeps of its own, with less than nothing counted as nothing.
        drowned: share kept of all the variance less ``mean_kept``: how far the whole says too much of the parts.
        largest: share of the variance in the group that holds most.
        few: fewest groups that hold nearly all of the variance.
    """

    constant: Estimate
    constant_of_error: Estimate
    kept_without_constant: Estimate
    bias: Float[Tensor, " p"]
    bias_stderr: Float[Tensor, " p"]
    column_share: Float[Tensor, " g"]
    column_kept: Float[Tensor, " g"]
    column_kept_stderr: Float[Tensor, " g"]
    mean_kept: Estimate
    drowned: Estimate
    largest: Estimate
    few: int


class _Sums(NamedTuple):
    """The sums that every part is a function of, of all rows, or ``(b, …)`` without each block."""

    constant: Tensor
    residual_square: Tensor
    spread: Tensor


def take_apart(sums: Residuals) -> Parts:
    """Return the parts of the error, with intervals of a jackknife over blocks (Student's t).

    ‖E r‖² is estimated by products of residuals of different blocks, which sampling does not make larger:
    ``(‖Σ S_k‖² − Σ‖S_k‖²) / (n² − Σ n_k²)`` with the sum S_k of the n_k residuals in block k.
    """
    whole, without = _whole(sums), _without_each(sums)
    n = int(sums.rows.sum())

    def estimate(statistic: Callable[[_Sums], Tensor]) -> Estimate:
        stderr = float(jackknife_stderr(statistic(without)))
        return student_estimate(float(statistic(whole)), stderr, len(sums.rows), n=n)

    bias, bias_stderr = _bias(sums)
    kept = _column_kept(whole)
    shares = whole.spread / whole.spread.sum()
    descending = shares.sort(descending=True).values.cumsum(0)
    first = int(shares.argmax())
    return Parts(
        constant=estimate(lambda s: s.constant / s.spread.sum(-1)),
        constant_of_error=estimate(lambda s: s.constant / s.residual_square.sum(-1).clamp(min=1e-300)),
        kept_without_constant=estimate(lambda s: 1 - (s.residual_square.sum(-1) - s.constant) / s.spread.sum(-1)),
        bias=bias,
        bias_stderr=bias_stderr,
        column_share=shares,
        column_kept=kept,
        column_kept_stderr=jackknife_stderr(_column_kept(without)),
        mean_kept=estimate(_mean_kept),
        drowned=estimate(_drowned),
        largest=estimate(lambda s: s.spread[..., first] / s.spread.sum(-1)),
        few=int((descending < NEARLY_ALL).sum()) + 1,
    )


def _whole(sums: Residuals) -> _Sums:
    inner = sums.residual @ sums.residual.T
    constant = _cross(inner.sum(), inner.diagonal().sum(), sums.rows.sum(), sums.rows.square().sum())
    return _Sums(constant, sums.residual_square.sum(0), sums.spread.sum(0))


def _without_each(sums: Residuals) -> _Sums:
    inner, n = sums.residual @ sums.residual.T, sums.rows
    own = inner.diagonal()
    total, trace = inner.sum() - 2 * inner.sum(1) + own, own.sum() - own
    constant = _cross(total, trace, n.sum() - n, n.square().sum() - n.square())
    rest = (part.sum(0) - part for part in (sums.residual_square, sums.spread))
    return _Sums(constant, *rest)


def _cross(total: Tensor, trace: Tensor, n: Tensor, squares: Tensor) -> Tensor:
    """Squared mean residual from products between blocks, times the rows: on the scale of sums of squares."""
    return (total - trace) / (n.square() - squares) * n


def _column_kept(sums: _Sums) -> Tensor:
    spread = torch.where(sums.spread > 0, sums.spread, torch.nan)
    return 1 - sums.residual_square / spread


def _mean_kept(sums: _Sums) -> Tensor:
    return _column_kept(sums).clamp(min=0).nanmean(-1)


def _drowned(sums: _Sums) -> Tensor:
    kept = 1 - sums.residual_square.sum(-1) / sums.spread.sum(-1)
    return kept.clamp(min=0) - _mean_kept(sums)


def _bias(sums: Residuals) -> tuple[Float[Tensor, " p"], Float[Tensor, " p"]]:
    """Mean residual of every value and its standard error, in standard deviations of its group."""
    n, groups = sums.rows.sum(), sums.spread.shape[1]
    mean = sums.residual.sum(0) / n
    stderr = ((sums.value_square / n - mean.square()).clamp(min=0) / (n - 1)).sqrt()
    values = len(mean) // groups
    variance = sums.spread.sum(0) / (n * values)
    # A column that is constant has no deviation of its own to compare with: that of a mean column stands in.
    std = torch.where(variance > 0, variance, variance.mean()).sqrt().repeat_interleave(values)
    # The deviation that it is measured in is an estimate as well, of relative error 1 / √(2n) for normal data.
    bias = mean / std
    return bias, ((stderr / std).square() + bias.square() / (2 * n * values)).sqrt()
