"""Several threads ask one model at once, which was left in train mode: they are told what one alone is told."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial, wraps
from inspect import ismethod
from threading import Barrier
from typing import Any

import torch
from torch import nn

from latentassay.core.progress import bar
from latentassay.faults.arguments import ARGUMENTS, Arguments
from latentassay.faults.comparing import difference
from latentassay.faults.determinism import ASSAYS, ROUNDING, essence
from latentassay.faults.exceptions import CHANGED
from latentassay.faults.judging import Outcome, judge_kept, timed
from latentassay.faults.models import Small
from latentassay.faults.names import public_functions

AXIS = "threads"

COUNTS = {"two threads": 2, "three threads": 3}
"""Name of a case → how many ask at once."""


def with_norm(model: Small) -> Small:
    """Put batch norm before the encoder of a model, which in train mode answers by the batch and remembers it."""
    kind = nn.BatchNorm2d if len(model.x_shape) == 3 else nn.BatchNorm1d
    norm: nn.Module = kind(model.x_shape[0])
    model.inwards = nn.Sequential(norm, model.inwards)
    return model.train()


def crowded(arguments: Arguments) -> Arguments | None:
    """Return arguments whose model has dropout and batch norm in train mode; ``None`` where there is no such model."""
    models = [value for value in arguments.values() if isinstance(value, nn.Module)]
    models += [
        value.__self__ for value in arguments.values() if ismethod(value) and isinstance(value.__self__, nn.Module)
    ]
    if not models:
        return None
    for model in models:
        if isinstance(model, Small):
            with_norm(model)
        model.train()
    return arguments


def at_once(function: Callable[..., Any], count: int) -> Callable[..., list[Any]]:
    """Return a function that calls another from several threads at once, with the same arguments.

    >>> at_once(lambda x: 2 * x, 3)(x=1)
    [2, 2, 2]
    """

    @wraps(function)
    def call(**arguments: Any) -> list[Any]:
        start, threads = Barrier(count), torch.get_num_threads()

        def one() -> Any:
            torch.set_num_threads(threads)  # new threads begin with as many as there are cores
            start.wait()
            return function(**arguments)

        with ThreadPoolExecutor(count) as pool:
            return [each.result() for each in [pool.submit(one) for _ in range(count)]]

    return call


def run_threads(names: Sequence[str] | None = None, *, quick: bool = False) -> list[Outcome]:
    """Ask every function that takes a model from two and from three threads.

    Args:
        names: public names; all, and whole assays, where left out.
        quick: two threads alone.
    """
    functions, found = public_functions(), list[Outcome]()
    rows: dict[str, tuple[Callable[..., Any], Callable[[], Arguments]]] = {
        name: (functions[name], ARGUMENTS[name]) for name in names or ARGUMENTS if name not in CHANGED
    }
    if names is None or "assay" in names:
        rows |= {name: (functions["assay"], row) for name, row in ASSAYS.items()}
        rows.pop("assay", None)  # of a small budget, which others use up
    with bar(len(rows), "several threads") as line:
        for name, (function, row) in rows.items():
            if crowded(row()) is not None:
                found += _crowd(name, function, row, COUNTS if not quick else ("two threads",))
            line.update(1)
    return found


def _crowd(
    name: str, function: Callable[..., Any], row: Callable[[], Arguments], cases: Mapping[str, int] | Sequence[str]
) -> list[Outcome]:
    judge_kept(function, crowded(row()) or {})  # what is imported first
    _, _, alone = judge_kept(function, crowded(row()) or {})
    found = []
    for case in cases:
        together = at_once(function, COUNTS[case])
        (verdict, detail, answers), seconds = timed(partial(judge_kept, together, crowded(row()) or {}))
        for answer in answers or ():
            unlike = difference(essence(alone, ROUNDING), essence(answer, ROUNDING), ROUNDING)
            if unlike and verdict == "value":
                verdict, detail = "differs", unlike
        found.append(
            Outcome(
                axis=AXIS,
                function=name,
                argument="model",
                case=case,
                verdict="raw" if verdict == "typed" else verdict,
                detail=detail,
                seconds=seconds,
            )
        )
    return found
