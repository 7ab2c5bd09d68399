"""The same seed is the same answer: whatever the block size, the threads, the order of hashes and the clock are."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import torch

from latentassay.assay.result import Assay
from latentassay.core.progress import bar
from latentassay.faults.arguments import ARGUMENTS, Arguments, picture_assay, vector_assay
from latentassay.faults.comparing import difference
from latentassay.faults.exceptions import CHANGED, is_repeated
from latentassay.faults.hash_seeds import AMPLE, compare_hash_seeds, steadied
from latentassay.faults.judging import Outcome, judge_kept, timed
from latentassay.faults.names import public_functions

AXIS = "determinism"

ROUNDING = 1e-5
"""Share of the greatest number of an array by which it may differ where sums are taken in another order."""

SEEDS = ("seed", "generator")
"""What arguments are called that fix what is drawn."""

ASSAYS: dict[str, Callable[[], Arguments]] = {"assay of vectors": vector_assay, "assay of pictures": picture_assay}
"""Whole assays, asked beside the functions."""


LEFT_TO_FULL = ("two threads", "batch size 64", "clock × 3")
"""Ways that a quick run leaves out: another of its kind is asked, or they take seconds on a busy machine."""


class Way(NamedTuple):
    """One way to ask again: what it is called, what else is said, how far numbers may differ, and around what."""

    case: str
    more: Arguments
    tolerance: float
    around: Callable[[], Any] = nullcontext
    may_cut: bool = False


@contextmanager
def _moved_chance() -> Iterator[None]:
    """Put the global generators elsewhere: nobody may draw from them."""
    kept = torch.get_rng_state(), np.random.get_state(), random.getstate()  # noqa: NPY002 - it is what is watched
    torch.manual_seed(12345)
    np.random.seed(12345)  # noqa: NPY002
    random.seed(12345)
    try:
        yield
    finally:
        torch.set_rng_state(kept[0])
        np.random.set_state(kept[1])  # noqa: NPY002
        random.setstate(kept[2])


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def scaled_clock(factor: float) -> Iterator[None]:
    """Let the clocks by which work is measured run faster, as they seem to on a slow machine.

    >>> with scaled_clock(1e6):
    ...     begun = time.perf_counter()
    ...     time.sleep(0.001)
    ...     time.perf_counter() - begun > 900
    True
    """
    kept = time.perf_counter, time.monotonic
    time.perf_counter, time.monotonic = (_scale(clock, factor) for clock in kept)
    try:
        yield
    finally:
        time.perf_counter, time.monotonic = kept


def _scale(clock: Callable[[], float], factor: float) -> Callable[[], float]:
    return lambda: factor * clock()


def ways(function: Callable[..., Any], *, quick: bool = False) -> list[Way]:
    """Return the ways to ask a function again that its parameters allow, in a quick run those that are not alike."""
    parameters = signature(function).parameters
    found = [Way("same seed", {}, 0.0, _moved_chance), Way("two threads", {}, ROUNDING, partial(_threads, 2))]
    if "batch_size" in parameters:
        found += [Way(f"batch size {size}", {"batch_size": size}, ROUNDING) for size in (64, 7)]
    if "budget" in parameters:
        found += [Way(f"clock × {k}", {}, ROUNDING, partial(scaled_clock, k)) for k in (3, 10)]
        found += [Way("clock × 10, small budget", {"budget": 1.0}, ROUNDING, partial(scaled_clock, 10), may_cut=True)]
    return [way for way in found if not (quick and way.case in LEFT_TO_FULL)]


def takes_seed(name: str, function: Callable[..., Any]) -> bool:
    """Whether a function is asked again: it takes a seed, a block size or a budget."""
    return name in ARGUMENTS and not {*SEEDS, "batch_size", "budget"}.isdisjoint(signature(function).parameters)


def run_determinism(names: Sequence[str] | None = None, *, quick: bool = False) -> list[Outcome]:
    """Ask every function that takes a seed, a block size or a budget again, in every way.

    Args:
        names: public names; all, and whole assays, where left out.
        quick: two hash seeds in place of three, and fewer ways.
    """
    functions = public_functions()
    chosen = [name for name in names or functions if takes_seed(name, functions[name])]
    rows = {name: (functions[name], ARGUMENTS[name]) for name in chosen}
    if names is None or "assay" in names:
        rows |= {name: (functions["assay"], row) for name, row in ASSAYS.items()}
    found: list[Outcome] = []
    with bar(len(rows), "the same again") as line:
        for name, (function, row) in rows.items():
            found += _repeat(name, function, row, quick=quick)
            line.update(1)
    return found + compare_hash_seeds(tuple(chosen), quick=quick)


def _repeat(
    name: str, function: Callable[..., Any], row: Callable[[], Arguments], *, quick: bool = False
) -> Iterator[Outcome]:
    """Ask once, and again in every way; in blocks of 128 where nothing else is said."""
    batch = steadied(function, {"batch_size": 128, "budget": AMPLE})
    changes = CHANGED.get(name, ())
    judge_kept(function, {**row(), **batch})  # what is imported or drawn first
    _, _, first = judge_kept(function, {**row(), **batch}, changes=changes)
    for way in (way for way in ways(function, quick=quick) if is_repeated(name, way.case)):
        (verdict, detail, answer), seconds = timed(
            partial(_ask, function, {**row(), **batch, **way.more}, way, changes)
        )
        if verdict in ("value", "typed"):
            unlike = difference(essence(first, way.tolerance), essence(answer, way.tolerance), way.tolerance)
            if unlike and not (way.may_cut and says_cut(answer, first)):
                verdict, detail = "differs", unlike
        yield Outcome(
            axis=AXIS,
            function=name,
            argument="",
            case=way.case,
            verdict=verdict,
            detail=detail,
            seconds=seconds,
        )


def _ask(
    function: Callable[..., Any], arguments: Mapping[str, Any], way: Way, changes: Sequence[str]
) -> tuple[str, str, Any]:
    with way.around():
        return judge_kept(function, arguments, changes=changes)


def essence(result: Any, tolerance: float) -> Any:
    """Return what of a result must be the same; of an assay its scores and verdicts, and every word if to the bit."""
    if not isinstance(result, Assay):
        return result
    scores = {name: (score.value, score.low, score.high) for name, score in result.scores.items()}
    verdicts = [(finding.key, finding.level, finding.subjects) for finding in result.findings]
    return result.sections if tolerance == 0 else (scores, verdicts)


def says_cut(result: Any, whole: Any) -> bool:
    """Whether a result says that a budget ended it: by rows that were used, or by a finding that names the budget.

    Args:
        result: what was found in little time.
        whole: what was found in enough.
    """
    if not isinstance(result, Assay):
        return getattr(result, "used", None) is not None
    ours, theirs = ([score.n for score in found.scores.values()] for found in (result, whole))
    fewer = (result.meta.rows, result.meta.used, ours) != (whole.meta.rows, whole.meta.used, theirs)
    return fewer or any(
        "budget" in f"{finding.sentence} {finding.remedy} {finding.settle}" for finding in result.findings
    )
