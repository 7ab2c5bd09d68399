"""All calls of the bench: every function with every spoilt array and model among its arguments."""

import random
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from inspect import ismethod
from typing import Any
from zlib import crc32

import numpy as np
import torch
from torch import Tensor, nn

from latentassay.core.progress import bar
from latentassay.faults.arguments import ARGUMENTS, Arguments
from latentassay.faults.arrays import ARRAYS
from latentassay.faults.exceptions import CHANGED, is_spoilt
from latentassay.faults.judging import Outcome, judge, timed
from latentassay.faults.models import MODELS
from latentassay.faults.names import public_functions

QUICK = 6
"""Cases of every argument that a quick run draws."""


@dataclass(frozen=True)
class Call:
    """One call to come.

    Attributes:
        axis: "bad arrays" or "bad models".
        function: public name.
        argument: its argument that is spoilt, with ``[0]`` behind it if only its first part is.
        case: how.
    """

    axis: str
    function: str
    argument: str
    case: str


def calls(names: Sequence[str] | None = None, *, quick: bool = False, seed: int = 0) -> list[Call]:
    """Return every call, or of every argument a few that are drawn.

    Args:
        names: public names of functions; all of the table where left out.
        quick: draw ``QUICK`` cases of every argument.
        seed: of that draw.
    """
    found = []
    for name in ARGUMENTS if names is None else names:
        for axis, argument, cases in _places(ARGUMENTS[name]()) if is_spoilt(name) else ():
            chance = random.Random(crc32(f"{name} {argument} {seed}".encode()))
            drawn = chance.sample(cases, min(QUICK, len(cases))) if quick else cases
            found += [Call(axis, name, argument, case) for case in drawn]
    return found


def _places(arguments: Arguments) -> Iterator[tuple[str, str, list[str]]]:
    """Find what can be spoilt."""
    for name, value in arguments.items():
        if isinstance(value, Tensor | np.ndarray):
            yield "bad arrays", name, list(ARRAYS)
        elif type(value) in (tuple, list) and value and isinstance(value[0], Tensor):
            yield "bad arrays", f"{name}[0]", list(ARRAYS)
        elif (isinstance(value, nn.Module) and hasattr(value, "latent_shape")) or _is_method(value):
            yield "bad models", name, list(MODELS)


def _is_method(value: Any) -> bool:
    return ismethod(value) and isinstance(value.__self__, nn.Module)


def spoil(arguments: Arguments, call: Call) -> Arguments:
    """Return the arguments with one of them spoilt."""
    name = call.argument.removesuffix("[0]")
    value = arguments[name]
    if call.axis == "bad models":
        return {**arguments, name: _spoil_model(value, MODELS[call.case])}
    if name != call.argument:
        return {**arguments, name: type(value)([ARRAYS[call.case](value[0]), *value[1:]])}
    if isinstance(value, np.ndarray):
        return {**arguments, name: _as_numpy(ARRAYS[call.case](torch.from_numpy(value.copy())))}
    return {**arguments, name: ARRAYS[call.case](value)}


def _as_numpy(spoilt: Any) -> Any:
    """Return an array of numpy where it has such; it knows no gradients, short floats or sparse arrays."""
    try:
        return spoilt.numpy() if type(spoilt) is Tensor else spoilt
    except (TypeError, RuntimeError):  # torch's words for those
        return spoilt


def _spoil_model(value: Any, change: Callable[[Any], Any]) -> Any:
    if not _is_method(value):
        return change(value)
    spoilt = change(value.__self__)
    return getattr(spoilt, value.__name__, spoilt)


def ask(call: Call, function: Callable[..., Any]) -> Outcome:
    """Make one call and judge it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that torch will drop quantised tensors
        arguments = spoil(ARGUMENTS[call.function](), call)
    (verdict, detail), seconds = timed(lambda: judge(function, arguments, changes=CHANGED.get(call.function, ())))
    return Outcome(**vars(call), verdict=verdict, detail=detail, seconds=seconds)


def run(chosen: Sequence[Call], names: Sequence[str] | None = ()) -> list[Outcome]:
    """Make calls, each function once with valid arguments before: imports change the environment.

    Args:
        chosen: calls.
        names: functions that are called with valid arguments in any case; all of the table if ``None``.
    """
    functions, found, warm = public_functions(), list[Outcome](), set[str]()
    spoilt = {call.function for call in chosen}
    for name in ARGUMENTS if names is None else names:
        if name not in spoilt:
            found += _valid(name, functions[name])
    with bar(len(chosen), "calls with bad arrays and models") as line:
        for call in chosen:
            if call.function not in warm:
                warm.add(call.function)
                found += _valid(call.function, functions[call.function])
            found.append(ask(call, functions[call.function]))
            line.update(1)
    return found


def _valid(name: str, function: Callable[..., Any]) -> list[Outcome]:
    """Call a function twice with what it takes; the second time must be like the first in everything."""
    row, changes = ARGUMENTS[name], CHANGED.get(name, ())
    judge(function, row())
    (verdict, detail), seconds = timed(lambda: judge(function, row(), changes=changes))
    verdict = "raw" if verdict == "typed" else verdict  # a valid call that is refused
    return [
        Outcome(
            axis="valid calls",
            function=name,
            argument="",
            case="valid",
            verdict=verdict,
            detail=detail,
            seconds=seconds,
        )
    ]
