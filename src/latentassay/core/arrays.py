"""Arrays as people have them: torch or numpy goes in, and the same kind comes out."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, overload

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import InputError

Array = Tensor | np.ndarray
"""What a public function takes where it says array."""

AnyArray = TypeVar("AnyArray", Tensor, np.ndarray)
"""A tensor where a tensor went in, a numpy array where a numpy array did."""

Result = TypeVar("Result")


def as_tensor(values: Any, name: str) -> Tensor:
    """Return a tensor, an array, or nested lists of numbers as a tensor without gradient, of the same memory if it can.

    Raises:
        InputError: no numbers, or no array of one shape.

    >>> as_tensor(np.ones(2), "z"), as_tensor([1.0, 2.0], "z").dtype
    (tensor([1., 1.], dtype=torch.float64), torch.float64)
    """
    if isinstance(values, Tensor):
        return values.detach()
    try:
        array = np.asarray(values)
    except ValueError as error:  # numpy refuses lists of unequal length
        raise InputError(f"{name} must be an array or tensor of one shape ({error})") from None
    if array.dtype.kind not in "fiub":
        raise InputError(f"{name} must be an array or tensor of real numbers, got {array.dtype} in {_kind(values)}")
    # torch warns of memory that it may not write to, and refuses what runs backwards or has its bytes swapped.
    plain = array.flags.writeable and min(array.strides, default=0) >= 0 and array.dtype.isnative
    return torch.from_numpy(array if plain else np.array(array, dtype=array.dtype.newbyteorder("="), order="C"))


def floating(values: Any, name: str, shape: str) -> Tensor:
    """Return an array as ``as_tensor`` does, and refuse integers, lest a caller's results be rounded.

    Args:
        values: what was given.
        name: of the argument, e.g. ``"z"``.
        shape: what it should have, for the message, e.g. ``"(n, *latent_shape)"``.

    Raises:
        InputError: no array, or no floating-point numbers; the message says what was given.

    >>> floating(torch.zeros(2, 3, dtype=torch.long), "z", "(n, d)")
    Traceback (most recent call last):
      ...
    latentassay.core.errors.InputError: z must be floating-point numbers (n, d), got torch.int64 (2, 3)
    """
    if not isinstance(values, Tensor | np.ndarray):
        raise InputError(f"{name} must be floating-point numbers {shape}, got {_kind(values)}")
    found = as_tensor(values, name)
    if not found.is_floating_point():
        raise InputError(f"{name} must be floating-point numbers {shape}, got {found.dtype} {tuple(found.shape)}")
    return found


@overload
def in_kind_of(result: Tensor, given: np.ndarray) -> np.ndarray: ...


@overload
def in_kind_of(result: Result, given: Any, *others: Any) -> Result: ...


def in_kind_of(result: Any, given: Any, *others: Any) -> Any:
    """Return a result with numpy arrays for all its tensors, if arrays went in and no tensor; else as it is.

    Args:
        result: a tensor, or a tuple, named tuple or dictionary with tensors inside.
        given: what the caller gave: an array, or a tuple such as ``(mean, std)``.
        others: likewise.

    >>> in_kind_of(torch.zeros(2), np.ones(2)), in_kind_of(torch.zeros(2), torch.ones(2))
    (array([0., 0.], dtype=float32), tensor([0., 0.]))
    """
    arrays = [leaf for leaf in _leaves((given, *others)) if isinstance(leaf, Tensor | np.ndarray)]
    return _as_numpy(result) if arrays and not any(isinstance(array, Tensor) for array in arrays) else result


def _leaves(given: Any) -> Iterator[Any]:
    if isinstance(given, tuple | list):
        for part in given:
            yield from _leaves(part)
    else:
        yield given


def _as_numpy(result: Any) -> Any:
    if isinstance(result, Tensor):
        return result.detach().cpu().numpy()
    if isinstance(result, Mapping):
        return {key: _as_numpy(value) for key, value in result.items()}
    if isinstance(result, tuple):
        parts = [_as_numpy(value) for value in result]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)
    return result


def _kind(values: object) -> str:
    return type(values).__name__
