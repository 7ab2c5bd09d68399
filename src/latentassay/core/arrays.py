"""Arrays as people have them: torch or numpy goes in, and the same kind comes back."""

from collections.abc import Iterator
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import InputError

Array = TypeVar("Array", Tensor, np.ndarray)
"""A tensor or an array: what a function that is annotated with it returns has the kind of its argument."""

Result = TypeVar("Result")


def as_tensor(values: Any, name: str) -> Tensor:
    """Return a tensor of the same numbers; a numpy array shares its memory with it where torch can read that.

    Args:
        values: a tensor or a numpy array of any number type; read-only, big-endian and reversed arrays are copied.
        name: what to call it in a message.

    Raises:
        InputError: neither of both, an array of something else than numbers, or a tensor that is sparse, quantised, or
            without data ("meta").

    >>> as_tensor(np.arange(3.0)[::-1], "z")
    tensor([2., 1., 0.], dtype=torch.float64)
    """
    if isinstance(values, Tensor):
        return _plain(values, name)
    if not isinstance(values, np.ndarray):
        raise InputError(f"{name} must be a tensor or a numpy array, got {type(values).__name__}")
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")).reshape(values.shape)
    try:
        return torch.from_numpy(native if native.flags.writeable else native.copy())
    except TypeError as error:
        raise InputError(f"{name} must hold numbers that torch has, got an array of {values.dtype}") from error


def _plain(tensor: Tensor, name: str) -> Tensor:
    if tensor.is_meta:
        raise InputError(
            f"{name} has a shape and no data (it is on the device 'meta'); give a tensor that holds numbers"
        )
    if tensor.layout != torch.strided:
        raise InputError(f"{name} must be a dense tensor, got {tensor.layout}; call its to_dense()")
    if tensor.is_quantized:
        raise InputError(f"{name} must hold plain numbers, got {tensor.dtype}; call its dequantize()")
    return tensor


def as_array(values: Any) -> np.ndarray:
    """Return a numpy array of the same numbers; a tensor is cut off from its graph and brought to the CPU.

    Half precision that numpy has not (bfloat16) becomes float32. Lists and numbers are read as numpy reads them.

    Raises:
        InputError: a tensor that is sparse, quantised, or without data ("meta").

    >>> as_array(torch.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if not isinstance(values, Tensor):
        return np.asarray(values)
    plain = _plain(values, "the tensor").detach().cpu()
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()


def as_float_tensor(values: Any, name: str, fix: str = "") -> Tensor:
    """Return a tensor of floating-point numbers, as ``as_tensor`` does; ``fix`` says what to do in its message.

    Raises:
        InputError: no array, or integers.
    """
    if not isinstance(values, Tensor | np.ndarray) or not (tensor := as_tensor(values, name)).is_floating_point():
        kind = getattr(values, "dtype", type(values).__name__)
        raise InputError(f"{name} must be a floating-point tensor or array, got {kind}{'; ' if fix else ''}{fix}")
    return tensor


def like(values: Tensor, original: Array) -> Array:
    """Return ``values`` as the kind of array that ``original`` is.

    >>> like(torch.ones(2), np.zeros(1)), like(torch.ones(2), torch.zeros(1))
    (array([1., 1.], dtype=float32), tensor([1., 1.]))
    """
    return values if isinstance(original, Tensor) else values.detach().cpu().numpy()


def in_kind_of(result: Result, *given: Any) -> Result:
    """Return a record with numpy arrays for all its tensors, if arrays were ``given`` and no tensor; else as it is.

    Args:
        result: a tuple, named tuple or dictionary with tensors inside.
        given: what the caller gave: arrays, tuples such as ``(mean, std)``, or anything else.

    >>> in_kind_of((torch.zeros(1), 3), np.ones(2)), in_kind_of((torch.zeros(1), 3), torch.ones(2))
    ((array([0.], dtype=float32), 3), (tensor([0.]), 3))
    """
    arrays = [leaf for leaf in _leaves(given) if isinstance(leaf, Tensor | np.ndarray)]
    numpy_alone = bool(arrays) and not any(isinstance(array, Tensor) for array in arrays)
    return cast(Result, _as_numpy(result)) if numpy_alone else result


def _leaves(given: Any) -> Iterator[Any]:
    if isinstance(given, tuple | list):
        for part in given:
            yield from _leaves(part)
    else:
        yield given


def _as_numpy(result: Any) -> Any:
    if isinstance(result, Tensor):
        return result.detach().cpu().numpy()
    if isinstance(result, dict):
        return {key: _as_numpy(value) for key, value in result.items()}
    if isinstance(result, tuple):
        parts = [_as_numpy(value) for value in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return result
