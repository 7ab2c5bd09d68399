"""What came of one call: a value, a typed error, or a fault of ours."""

import re
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from latentassay.core.errors import LatentAssayError, first_line
from latentassay.faults.global_state import read_state, restore_state

T = TypeVar("T")

FINE = ("value", "typed")
FAULTS = ("raw", "nan", "input", "state", "hang", "differs", "canary", "secret", "survivor", "died", "lost")
"""Verdicts: a raw error, NaN of which no documentation speaks, a changed input, a changed global state, no end, another
answer than before, foreign code that ran, a secret that was read, a process that stayed, a process that was killed,
something that was lost or left half written."""

SECONDS = 20.0
"""A call that takes longer hangs."""

_SAID = re.compile(r"\bnan\b|not finite|non-finite|infinite|undefined|not a number", re.IGNORECASE)


class Hang(BaseException):
    """A call took longer than its limit; no ``except Exception`` may catch it."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One call and its verdict.

    Attributes:
        axis: bad arrays, bad models, files, determinism or threads.
        function: its public name.
        argument: which argument was spoilt, or which file.
        case: how.
        verdict: one of ``FINE`` and ``FAULTS``.
        detail: the error's type and first line, or what changed.
        seconds: how long it took.
    """

    axis: str
    function: str
    argument: str
    case: str
    verdict: str
    detail: str = ""
    seconds: float = 0.0

    @property
    def is_fault(self) -> bool:
        """Whether it should not have happened."""
        return self.verdict not in FINE


def judge(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    *,
    changes: Sequence[str] = (),
    seconds: float = SECONDS,
) -> tuple[str, str]:
    """Call a function and return the verdict with its detail; the global state is put back.

    Args:
        function: what is called.
        arguments: by keyword.
        changes: names of those that it is there to change.
        seconds: it hangs if it takes longer.

    >>> judge(lambda x: x, {"x": 1}), judge(lambda x: 1 / x, {"x": 0})
    (('value', ''), ('raw', 'ZeroDivisionError: division by zero'))
    """
    kept = {name: value for name, value in arguments.items() if name not in changes}
    inputs, state = digest(kept), read_state()
    verdict, detail = _call(function, arguments, seconds)
    after = read_state()
    changed = [name for name, value in state.items() if after[name] != value]
    if changed:
        restore_state(state)
    if verdict in ("value", "typed"):
        if changed:
            return "state", ", ".join(changed)
        if digest(kept) != inputs:
            return "input", "an argument was changed"
    return verdict, detail


def judge_kept(
    function: Callable[..., Any], arguments: Mapping[str, Any], *, changes: Sequence[str] = ()
) -> tuple[str, str, Any]:
    """Judge a call as ``judge`` does, and return what it returned, too; ``None`` if it raised.

    >>> judge_kept(lambda x: 2 * x, {"x": 1})
    ('value', '', 2)
    """
    answers: list[Any] = []

    @wraps(function)
    def keep(**arguments: Any) -> Any:
        answers.append(function(**arguments))
        return answers[0]

    verdict, detail = judge(keep, arguments, changes=changes)
    return verdict, detail, answers[0] if answers else None


def _call(function: Callable[..., Any], arguments: Mapping[str, Any], seconds: float) -> tuple[str, str]:
    try:
        with limited(seconds), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            filters = list(warnings.filters)
            result = function(**arguments)
            filtered = warnings.filters != filters
            undocumented = holds_nan(result) and not documents_nan(function, result)
    except LatentAssayError as error:
        return "typed", f"{type(error).__name__}: {first_line(error)}"
    except Hang:
        return "hang", f"over {seconds:g} s"
    except Exception as error:  # that is what is looked for
        return "raw", f"{type(error).__name__}: {first_line(error)}"
    if filtered:
        return "state", "filters of warnings"
    return ("nan", f"in {type(result).__name__}") if undocumented else ("value", "")


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """Return what some work returns, and the seconds that it took."""
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise ``Hang`` in the main thread after some seconds; elsewhere there is no limit."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def stop(number: int, frame: Any) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def leaves(value: Any, depth: int = 6) -> Iterator[Any]:
    """Yield the numbers and arrays inside a result: of tuples, lists, dictionaries, dataclasses."""
    if depth == 0 or isinstance(value, str | bytes | type):
        return
    if isinstance(value, Mapping):
        parts: Any = value.values()
    elif isinstance(value, tuple | list):
        parts = value
    elif is_dataclass(value) and not isinstance(value, float):
        parts = [getattr(value, field.name, None) for field in fields(value)]
    else:
        yield value
        return
    for part in parts:
        yield from leaves(part, depth - 1)


def holds_nan(result: Any) -> bool:
    """Whether any number in a result is NaN.

    >>> holds_nan({"a": (1.0, torch.tensor([float("nan")]))}), holds_nan([1, "nan"])
    (True, False)
    """
    for leaf in leaves(result):
        if (
            isinstance(leaf, Tensor)
            and not leaf.is_nested
            and (leaf.is_floating_point() or leaf.is_complex())
            and not leaf.is_meta
        ):
            if bool(leaf.isnan().any()):
                return True
        elif _is_numpy(leaf) and bool(np.isnan(leaf).any()):
            return True
    return False


def _is_numpy(leaf: Any) -> bool:
    """Whether numpy can tell if it is NaN."""
    return isinstance(leaf, float) or (isinstance(leaf, np.ndarray | np.generic) and leaf.dtype.kind in "fc")


def documents_nan(function: Callable[..., Any], result: Any) -> bool:
    """Whether the function's documentation, or that of what it returned, says what is not finite in it."""
    kinds = [kind.__doc__ for kind in type(result).__mro__ if kind.__module__.startswith("latentassay.")]
    texts = [getattr(function, "__doc__", None), *kinds]
    return any(_SAID.search(text or "") for text in texts)


def digest(value: Any) -> str:
    """Return a digest of all numbers in arguments or results, of the parameters of models, too."""
    found = sha256()
    for leaf in leaves(value):
        found.update(_bytes(leaf))
    return found.hexdigest()[:16]


def _bytes(leaf: Any) -> bytes:
    model = getattr(leaf, "model", leaf)
    if isinstance(model, nn.Module):
        kept = b"".join(_bytes(values) for values in model.state_dict().values())
        return kept + repr([each.training for each in model.modules()]).encode()
    if isinstance(leaf, Tensor):
        shape = "nested" if leaf.is_nested else tuple(leaf.shape)
        facts = repr((shape, leaf.dtype, leaf.requires_grad, leaf.grad is not None)).encode()
        if leaf.is_nested or leaf.is_meta or leaf.layout != torch.strided or leaf.is_quantized:
            return facts
        return facts + leaf.detach().resolve_conj().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
    if isinstance(leaf, np.ndarray):
        return repr((leaf.shape, leaf.dtype)).encode() + (b"" if leaf.dtype.hasobject else leaf.tobytes())
    return repr(leaf).encode() if isinstance(leaf, int | float | np.generic) else type(leaf).__name__.encode()
