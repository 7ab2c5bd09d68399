"""Arrays as people have them: torch or numpy goes in, and the same kind comes back."""

from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor

from latentassay.core.errors import InputError

Array = TypeVar("Array", Tensor, np.ndarray)
"""A tensor or an array: what a function that is annotated with it returns has the kind of its argument."""


def as_tensor(values: Any, name: str) -> Tensor:
    """Return a tensor of the same numbers; a numpy array shares its memory with it where torch can read that.

    Args:
        values: a tensor or a numpy array of any number type; read-only, big-endian and reversed arrays are copied.
        name: what to call it in a message.

    Raises:
        InputError: neither of both, or an array of something else than numbers.

    >>> as_tensor(np.arange(3.0)[::-1], "z")
    tensor([2., 1., 0.], dtype=torch.float64)
    """
    if isinstance(values, Tensor):
        return values
    if not isinstance(values, np.ndarray):
        raise InputError(f"{name} must be a tensor or a numpy array, got {type(values).__name__}")
    native = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("=")).reshape(values.shape)
    try:
        return torch.from_numpy(native if native.flags.writeable else native.copy())
    except TypeError as error:
        raise InputError(f"{name} must hold numbers that torch has, got an array of {values.dtype}") from error


def as_float_tensor(values: Any, name: str) -> Tensor:
    """Return a tensor of floating-point numbers, cut off from any graph.

    Raises:
        InputError: no array, or integers.
    """
    tensor = as_tensor(values, name)
    if not tensor.is_floating_point():
        raise InputError(f"{name} must be a floating-point tensor or array, got {tensor.dtype}")
    return tensor.detach()


def like(values: Tensor, original: Array) -> Array:
    """Return ``values`` as the kind of array that ``original`` is.

    >>> like(torch.ones(2), np.zeros(1)), like(torch.ones(2), torch.zeros(1))
    (array([1., 1.], dtype=float32), tensor([1., 1.]))
    """
    return values if isinstance(original, Tensor) else values.detach().cpu().numpy()
