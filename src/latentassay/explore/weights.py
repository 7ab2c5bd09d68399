"""Weights in one block of bytes: matrices as integers of 16 bits with a scale for every row, all else as floats."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

SMALL = 256
"""Constants of fewer numbers stay floats: their precision costs nothing."""

MOST = 32767
"""Greatest integer of 16 bits."""


@dataclass(frozen=True)
class Packed:
    """Constants of one or more graphs.

    Attributes:
        tensors: of each constant its kind, shape, and where it begins, as the page reads them.
        payload: all of them.
    """

    tensors: tuple[dict[str, Any], ...]
    payload: bytes


def pack(constants: Iterable[Tensor], *, exact: bool = False) -> Packed:
    """Pack constants; in 32 bits each where they must be ``exact``.

    A row of a matrix, such as all weights that make one output of a convolution, is divided by 1/32767 of its greatest
    absolute value and rounded: half a step of that is 1.5e-5 of the greatest, where half precision keeps 5e-4 of each.
    """
    tensors, parts, at = [], list[bytes](), 0
    for constant in constants:
        values = constant.detach().to("cpu", torch.float32).contiguous().numpy()
        entry, payload = _floats(values) if exact or not _is_matrix(constant) else _integers(values)
        tensors.append({**entry, "at": at, "shape": list(constant.shape), "count": constant.numel()})
        payload += b"\0" * (-len(payload) % 4)  # floats begin at multiples of four bytes
        parts.append(payload)
        at += len(payload)
    return Packed(tuple(tensors), b"".join(parts))


def rounded(constant: Tensor) -> Tensor:
    """Return a constant as the page will read it."""
    if not _is_matrix(constant):
        return constant
    _, scales, integers = _quantise(constant.detach().cpu().float().numpy())
    values = (integers * scales[:, None]).reshape(constant.shape)
    return torch.from_numpy(values).to(constant)


def _is_matrix(constant: Tensor) -> bool:
    return constant.ndim > 1 and constant.numel() >= SMALL


def _floats(values: np.ndarray) -> tuple[dict[str, Any], bytes]:
    return {"kind": "f32"}, values.astype("<f4").tobytes()


def _integers(values: np.ndarray) -> tuple[dict[str, Any], bytes]:
    rows, scales, integers = _quantise(values)
    return {"kind": "i16", "rows": rows}, scales.astype("<f4").tobytes() + integers.astype("<i2").tobytes()


def _quantise(values: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
    rows = _rows(values.shape)
    table = values.reshape(rows, -1)
    scales = (np.abs(table).max(1) / MOST).astype(np.float32)
    return rows, scales, np.rint(table / np.where(scales > 0, scales, 1)[:, None]).astype(np.float32)


def _rows(shape: Sequence[int]) -> int:
    """Rows with a scale of their own: the first dimension that is more than one."""
    return int(next((size for size in shape if size > 1), 1))
