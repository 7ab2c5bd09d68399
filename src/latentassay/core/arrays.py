"""Arrays as people have them: torch or numpy goes in, and the same kind comes back."""

from collections.abc import Iterator
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import InputError, first_line

Array = TypeVar("Array", Tensor, np.ndarray)
"""A tensor or an array: what a function that is annotated with it returns has the kind of its argument."""

Result = TypeVar("Result")

UNCOMPUTABLE = frozenset(getattr(torch, name) for name in dir(torch) if name.startswith(("float8_", "float4_", "bits")))
"""Types that hold numbers, and with which torch computes nothing."""


def as_tensor(values: Any, name: str) -> Tensor:
    """Return a tensor of the same numbers; a numpy array shares its memory with it where torch can read that.

    Args:
        values: a tensor or a numpy array of any number type; read-only, big-endian and reversed arrays are copied.
        name: what to call it in a message.

    Raises:
        InputError: neither of both, an array of something else than real numbers or with masked entries, or a tensor
            that is sparse, nested, quantised, of 8-bit floats, or without data.

    >>> as_tensor(np.arange(3.0)[::-1], "z")
    tensor([2., 1., 0.], dtype=torch.float64)
    """
    if isinstance(values, Tensor):
        return _plain(values, name)
    if not isinstance(values, np.ndarray):
        raise InputError(f"{name} must be a tensor or a numpy array, got {type(values).__name__}")
    _refuse_masked(values, name)
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")).reshape(values.shape)
    try:
        return _plain(torch.from_numpy(native if native.flags.writeable else native.copy()), name)
    except TypeError as error:
        raise InputError(f"{name} must hold numbers that torch has, got an array of {values.dtype}") from error


def as_array(values: Any, name: str = "the array") -> np.ndarray:
    """Return a numpy array of the same numbers; a tensor is cut off from its graph and brought to the CPU.

    Half precision that numpy has not (bfloat16) becomes float32. Lists and numbers are read as numpy reads them.

    Raises:
        InputError: no array of one shape, masked entries, or a tensor that ``as_tensor`` refuses.

    >>> as_array(torch.ones(2, requires_grad=True))
    array([1., 1.], dtype=float32)
    """
    if isinstance(values, Tensor):
        plain = _plain(values, name).detach().cpu().resolve_neg()
        return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy()
    _refuse_masked(values, name)
    try:
        return np.asarray(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:  # numpy's words for rows that differ
        raise InputError(f"{name} must be an array or tensor of one shape: {first_line(error)}") from error


def _refuse_masked(values: Any, name: str) -> None:
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name} must have no masked entries; leave their rows out")


def _plain(tensor: Tensor, name: str) -> Tensor:
    """Refuse tensors whose numbers cannot be read, compared and ordered as they are."""
    kinds = (
        (tensor.is_nested, "a nested one", "pad its rows to one length"),
        (tensor.layout != torch.strided, f"a sparse one ({tensor.layout})", "call its to_dense()"),
        (tensor.is_quantized, str(tensor.dtype), "call its dequantize()"),
        (tensor.is_meta, "one on the device 'meta', which has a shape and no data", "give a tensor that holds numbers"),
        (tensor.dtype in UNCOMPUTABLE, f"{tensor.dtype}, with which torch does not compute", "call its float()"),
        (tensor.is_complex(), f"complex ones ({tensor.dtype})", "give its real and imaginary parts (view_as_real)"),
    )
    for is_this, kind, fix in kinds:
        if is_this:
            raise InputError(f"{name} must be a dense tensor of real numbers, got {kind}; {fix}")
    return tensor


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
