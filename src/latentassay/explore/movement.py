"""Operations that only move numbers: found by moving their places, whichever operation it is."""

import math
from typing import Any

import torch
from torch import Tensor

from latentassay.explore.graph import Builder, unknown
from latentassay.explore.tracing import Call

ABSENT = -1.0
"""Place of a number that was not in the input but filled in."""

MOST = 1 << 17
"""Most places that are listed one by one."""

EXACT = 1 << 24
"""Whole numbers below this are exact in single precision."""


def add_movement(build: Builder, call: Call) -> None:
    """Add nodes for an operation every output of which is its input's numbers at other places.

    The operation is asked to move the places 0, 1, 2 … themselves. What comes out is nothing but another shape of the
    same, or a view with strides, or rows and columns that are taken from each channel, or else a list of places.
    """
    a = call.arguments
    x = call.subject
    places = torch.arange(x.numel(), dtype=torch.float64).view(x.shape)
    filled = 0.0
    if call.name == "constant_pad_nd":
        filled, moved = float(a["value"]), [torch.ops.aten.constant_pad_nd(places, a["pad"], ABSENT)]
    else:
        moved = call.again({id(x): places})
    for number, (made, where) in enumerate(zip(call.outputs, moved, strict=True)):
        if made is not None:
            _add_one(build, call, x, where, number, filled)


def _add_one(build: Builder, call: Call, x: Tensor, where: Tensor, number: int, filled: float) -> None:
    flat = where.reshape(-1)
    if len(flat) == x.numel() and torch.equal(flat, torch.arange(len(flat), dtype=torch.float64)):
        build.add(call, "reshape", x, output=number)
        return
    strides = _strides(where)
    if strides is not None:
        build.add(call, "strided", x, output=number, offset=int(where.reshape(-1)[0]), strides=strides)
        return
    taken = _rows_and_columns(x, where)
    if taken is not None:
        build.add(call, "take", x, output=number, rows=taken[0], columns=taken[1], filled=filled)
    elif len(flat) <= MOST and x.numel() < EXACT and not filled:
        build.add(call, "gather", x, flat.float(), output=number)
    else:
        raise unknown(call, f"with {len(flat)} places that are neither strided nor whole rows and columns")


def _strides(where: Tensor) -> list[int] | None:
    """Steps along each dimension, if places are regular."""
    first = where.reshape(-1)[0]
    steps = [float(where.select(d, 1).reshape(-1)[0] - first) if n > 1 else 0.0 for d, n in enumerate(where.shape)]
    regular: Any = first
    for d, (step, n) in enumerate(zip(steps, where.shape, strict=True)):
        along = torch.arange(n, dtype=torch.float64) * step
        regular = regular + along.view([-1 if k == d else 1 for k in range(where.ndim)])
    if where.ndim == 0 or not torch.equal(regular.expand(where.shape), where) or first < 0:
        return None
    return [int(step) for step in steps]


def _rows_and_columns(x: Tensor, where: Tensor) -> tuple[list[int], list[int]] | None:
    """Rows and columns of every channel that are taken; −1 where something is filled in."""
    if x.ndim < 3 or where.ndim != x.ndim or x.shape[:2] != where.shape[:2]:
        return None
    height, width = (1, x.shape[-1]) if x.ndim == 3 else tuple(x.shape[-2:])
    one = where.reshape(math.prod(where.shape[:2]), -1 if x.ndim > 3 else 1, where.shape[-1])
    first = one[0]
    shown = first >= 0
    rows = torch.where(shown, first // width, ABSENT).amax(1)
    columns = torch.where(shown, first % width, ABSENT).amax(0)
    at = torch.where((rows[:, None] < 0) | (columns < 0), ABSENT, rows[:, None] * width + columns)
    channels = torch.arange(len(one), dtype=torch.float64)[:, None, None] * height * width
    if not torch.equal(torch.where(at < 0, ABSENT, at + channels), one):
        return None
    return [int(row) for row in rows], [int(column) for column in columns]
