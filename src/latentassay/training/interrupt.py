"""A signal that ends training ends it after the step at hand, so that it is saved; a second one ends it at once."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from latentassay.core.interrupts import ENDING


@contextmanager
def catch_interrupt() -> Iterator[Callable[[], bool]]:
    """Hold back signals that end programs and yield a function that says whether one came; old handlers return.

    These are Ctrl-C, SIGTERM of clusters, and SIGHUP of closed terminals, but none that the program ignores, as under
    ``nohup``. After a Ctrl-C the caller goes on; any other signal is sent again at the end, so that the program ends
    by it once its work is saved.

    Outside the main thread Python lets nobody handle signals, so there nothing is caught.
    """
    caught: list[int] = []
    before: dict[int, Any] = {}

    def handle(number: int, frame: Any) -> None:
        caught.append(number)
        _restore(before)  # at once, so that a second one is the caller's again

    try:
        for number in ENDING:
            # None means that something other than Python handled it before.
            held = signal.getsignal(number)
            if held is not signal.SIG_IGN:
                before[number] = held or signal.SIG_DFL
                signal.signal(number, handle)
    except ValueError:
        yield lambda: False
        return
    try:
        yield lambda: bool(caught)
    except KeyboardInterrupt:  # the caller's way to end at the signal that it was told of
        _restore(before)
        _send_again(caught)
        raise
    finally:
        _restore(before)
    _send_again(caught)


def _send_again(caught: list[int]) -> None:
    if caught and caught[0] != signal.SIGINT:
        signal.raise_signal(caught[0])


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
