"""Ctrl-C during training ends it after the step at hand; a second Ctrl-C ends it at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def catch_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold SIGINT back and yield a function that says whether it came; the old handler returns at the end.

    Outside the main thread Python lets nobody handle signals, so there nothing is caught.
    """
    caught: list[int] = []

    def handle(number: int, frame: Any) -> None:
        caught.append(number)
        signal.signal(signal.SIGINT, before)  # at once, so that a second Ctrl-C is the caller's again

    try:
        # None means that something other than Python handled it before.
        before = signal.signal(signal.SIGINT, handle) or signal.SIG_DFL
    except ValueError:
        yield lambda: False
        return
    try:
        yield lambda: bool(caught)
    finally:
        signal.signal(signal.SIGINT, before)
