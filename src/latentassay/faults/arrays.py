"""Arrays as nobody should give them: each way to spoil a valid one, by name."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

Spoil = Callable[[Tensor], Any]


def _with(value: float) -> Spoil:
    """Put one value into a copy, in the middle of the first row."""

    def spoil(array: Tensor) -> Tensor:
        spoilt = array.float().contiguous().clone()
        if spoilt.numel():
            spoilt.view(-1)[min(1, spoilt.numel() - 1)] = value
        return spoilt

    return spoil


def _object(array: Tensor) -> np.ndarray:
    spoilt = np.empty(tuple(array.shape), dtype=object)
    spoilt[...] = "a"
    return spoilt


def _structured(array: Tensor) -> np.ndarray:
    return np.zeros(len(array) if array.ndim else 1, dtype=[("a", "f4"), ("b", "i4")])


def _ragged(array: Tensor) -> list[list[float]]:
    return [[0.0] * (1 + row % 3) for row in range(max(2, len(array) if array.ndim else 2))]


def _ragged_objects(array: Tensor) -> np.ndarray:
    spoilt = np.empty(2, dtype=object)
    spoilt[:] = [np.zeros(2), np.zeros(3)]
    return spoilt


def _nested(array: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that these are a prototype
        return torch.nested.nested_tensor([torch.zeros(2), torch.zeros(3)])


def _csr(array: Tensor) -> Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch says that these are in beta
        return array.reshape(max(1, len(array) if array.ndim else 1), -1).to_sparse_csr()


def _wide(array: Tensor) -> Tensor:
    return torch.cat([array, array[..., :1]], -1) if array.ndim else array


def _narrow(array: Tensor) -> Tensor:
    return array[..., :-1]


def _numpy(array: Tensor) -> np.ndarray:
    return array.detach().numpy()


def _read_only(array: Tensor) -> np.ndarray:
    spoilt = _numpy(array).copy()
    spoilt.flags.writeable = False
    return spoilt


ARRAYS: dict[str, Spoil] = {
    "NaN": _with(float("nan")),
    "inf": _with(float("inf")),
    "-inf": _with(-float("inf")),
    "3e38": _with(3e38),
    "all NaN": lambda array: torch.full(tuple(array.shape), float("nan")),
    "all inf": lambda array: torch.full(tuple(array.shape), float("inf")),
    "all 3e38": lambda array: torch.full(tuple(array.shape), 3e38),
    "all 1e-40": lambda array: torch.full(tuple(array.shape), 1e-40),
    "constant": lambda array: torch.zeros_like(array),
    "no row": lambda array: array[:0],
    "one row": lambda array: array[:1],
    "two rows": lambda array: array[:2],
    "two distinct rows": lambda array: array[[0, 1] * (len(array) // 2)],
    "no column": lambda array: array[..., :0],
    "one more column": _wide,
    "one column less": _narrow,
    "one axis more": lambda array: array[None],
    "flat": lambda array: array.reshape(-1),
    "single number": lambda array: array.reshape(-1)[0],
    "transposed": lambda array: array.mT if array.ndim > 1 else array.flip(0),
    "int64": lambda array: array.long(),
    "uint8": lambda array: array.to(torch.uint8),
    "bool": lambda array: array > 0,
    "float64": lambda array: array.double(),
    "float16": lambda array: array.half(),
    "bfloat16": lambda array: array.bfloat16(),
    "complex": lambda array: array.to(torch.complex64),
    "complex, numpy": lambda array: _numpy(array).astype(np.complex128),
    "float8": lambda array: array.float().to(torch.float8_e4m3fn),
    "requires_grad": lambda array: array.float().clone().requires_grad_(),
    "meta": lambda array: array.to("meta"),
    "sparse": lambda array: array.to_sparse(),
    "sparse rows": _csr,
    "nested": _nested,
    "quantised": lambda array: torch.quantize_per_tensor(array.float(), 0.1, 0, torch.qint8),
    "not contiguous": lambda array: torch.stack([array, array], -1)[..., 0],
    "expanded": lambda array: array[:1].expand(array.shape),
    "numpy": _numpy,
    "read-only": _read_only,
    "negative strides": lambda array: _numpy(array)[::-1],
    "big-endian": lambda array: _numpy(array).astype(_numpy(array).dtype.newbyteorder(">")),
    "longdouble": lambda array: _numpy(array).astype(np.longdouble),
    "masked": lambda array: np.ma.masked_less(_numpy(array), 0),
    "objects": _object,
    "ragged objects": _ragged_objects,
    "strings": lambda array: _numpy(array).astype(str),
    "dates": lambda array: _numpy(array.long()).astype("datetime64[s]"),
    "structured": _structured,
    "list": lambda array: array.tolist(),
    "ragged list": _ragged,
    "text": lambda array: "array",
    "None": lambda array: None,
    "dictionary": lambda array: {"x": array},
    "an object": lambda array: object(),
    "a function": lambda array: len,
}
"""Name of a way to spoil a tensor → what makes it of a valid one, which stays as it is."""
