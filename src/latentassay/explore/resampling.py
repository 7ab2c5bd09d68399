"""Upsampling and pooling that mix rows and columns linearly: found by asking what becomes of each row and column."""

import torch
from torch import Tensor

from latentassay.explore.graph import Builder, unknown
from latentassay.explore.tracing import Call

FEW = 1e-7
"""Weights below this are rounding."""


def add_resampling(build: Builder, call: Call) -> None:
    """Add a node for an operation that is one matrix along rows times another along columns, for every channel."""
    x = call.subject
    height, width = (1, x.shape[-1]) if x.ndim == 3 else tuple(x.shape[-2:])
    generator = torch.Generator().manual_seed(0)
    u, v = (torch.rand(n, generator=generator, dtype=torch.float64) + 0.5 for n in (height, width))
    rows = _matrix(call, x, torch.eye(height, dtype=torch.float64), v.new_ones(width), along=0)
    columns = _matrix(call, x, u.new_ones(height), torch.eye(width, dtype=torch.float64), along=1)
    tried = _ask(call, x, u[:, None] * v)
    if not torch.allclose(tried, (rows @ u)[:, None] * (columns @ v), rtol=1e-6, atol=1e-9):
        raise unknown(call, "which does not treat rows and columns apart")
    build.add(call, "resample", x, rows=_taps(rows), columns=_taps(columns))


def _ask(call: Call, x: Tensor, picture: Tensor) -> Tensor:
    """What becomes of one picture."""
    shape = (1, 1, picture.shape[-1]) if x.ndim == 3 else (1, 1, *picture.shape)
    (made,) = call.again({id(x): picture.reshape(shape)})
    rows: Tensor = made.reshape(-1, made.shape[-1]).double()
    return rows


def _matrix(call: Call, x: Tensor, rows: Tensor, columns: Tensor, *, along: int) -> Tensor:
    """What becomes of each row, or column, alone: ``(outputs, inputs)``."""
    pictures = [row[:, None] * columns for row in rows] if along == 0 else [rows[:, None] * one for one in columns]
    made = [_ask(call, x, picture) for picture in pictures]
    return torch.stack([one.mean(1 - along) for one in made], 1)


def _taps(matrix: Tensor) -> list[list[float]]:
    """Of every output the inputs it is mixed of and their weights, as ``[place, weight, place, weight …]``."""
    return [
        [value for place in (row.abs() > FEW).nonzero().flatten().tolist() for value in (place, float(row[place]))]
        for row in matrix
    ]
