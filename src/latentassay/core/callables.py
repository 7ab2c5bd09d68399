"""Plain callables that compute: which numbers they refer to, and in which float type they can be called."""

import functools
import inspect
from collections.abc import Callable, Iterator
from itertools import islice
from types import FunctionType, ModuleType
from typing import Any

import torch
from torch import Tensor, nn

DEPTH, MOST = 4, 64
"""How far references are followed from a callable, and how many members of a container are looked at."""


class AnyFloat:
    """A callable of one tensor, called in the float type that it computes in.

    A function whose weights stand in a closure says nowhere whether they are float32 or float64. Where a call fails,
    the other type is tried; the one that works is remembered, and its inputs are converted from then on.

    >>> weights = torch.ones(2, 1, dtype=torch.float64)
    >>> AnyFloat(lambda z: z @ weights)(torch.ones(1, 2))
    tensor([[2.]], dtype=torch.float64)
    """

    def __init__(self, function: Callable[[Tensor], Any]):
        self._function = function
        self._dtype: torch.dtype | None = None

    def __call__(self, values: Tensor) -> Any:
        """Call the function; whatever it raises in every type is raised as it was first."""
        values = values if self._dtype is None else values.to(self._dtype)
        try:
            return self._function(values)
        # Frameworks report a wrong float type by errors of all kinds, so no kind can be singled out here. Nothing is
        # hidden: where the other type does not help, the first error is raised.
        except Exception:
            for dtype in (dtype for dtype in (torch.float32, torch.float64) if dtype != values.dtype):
                found, answer = self._try(values.to(dtype))
                if found:
                    self._dtype = dtype
                    return answer
            raise

    def _try(self, values: Tensor) -> tuple[bool, Any]:
        try:
            return True, self._function(values)
        except Exception:
            return False, None


def tensors_behind(*things: Any) -> Iterator[Tensor]:
    """Yield the floating-point tensors that callables refer to: in closures, globals, partials, attributes, containers.

    Modules are left out, whose parameters are found otherwise; of other functions, only those of the same module are
    followed.

    >>> weights = torch.ones(3)
    >>> next(tensors_behind(functools.partial(lambda scale, z: z * scale, weights)))
    tensor([1., 1., 1.])
    """
    for thing in things:
        yield from _inside(thing, DEPTH, getattr(thing, "__module__", None))


def _inside(thing: Any, depth: int, home: str | None) -> Iterator[Tensor]:
    if isinstance(thing, Tensor):
        if thing.is_floating_point():
            yield thing
    elif depth:
        for part in islice(_parts(thing, home), MOST):
            yield from _inside(part, depth - 1, home)


def _parts(thing: Any, home: str | None) -> Iterator[Any]:
    """What a thing refers to directly."""
    if isinstance(thing, functools.partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif inspect.ismethod(thing):
        yield from (thing.__self__, thing.__func__)
    elif inspect.isfunction(thing) and (home is None or thing.__module__ == home):
        yield from _used_by(thing)
    elif isinstance(thing, dict):
        yield from thing.values()
    elif isinstance(thing, list | tuple):
        yield from thing
    elif not isinstance(thing, nn.Module | type | ModuleType):
        yield from getattr(thing, "__dict__", {}).values()


def _used_by(function: FunctionType) -> tuple[Any, ...]:
    """Variables of the surroundings, and defaults; nothing for a function that is still being defined."""
    try:
        used = inspect.getclosurevars(function)
    except ValueError:  # a variable of the surroundings has no value yet
        return ()
    return (*used.nonlocals.values(), *used.globals.values(), *(function.__defaults__ or ()))
