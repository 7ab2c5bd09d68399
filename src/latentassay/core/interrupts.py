"""Signals that end programs: Ctrl-C, SIGTERM of clusters, SIGHUP of closed terminals."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if hasattr(signal, "SIGHUP") else []))
"""Signals that ask a program to end, on this system."""


class Terminated(KeyboardInterrupt):
    """A signal other than Ctrl-C asked the program to end.

    Attributes:
        number: which.
    """

    def __init__(self, number: int):
        self.number = number
        super().__init__(f"ended by {signal.Signals(number).name}")


@contextmanager
def raise_on_signals() -> Iterator[None]:
    """Let signals that end programs raise ``Terminated``, so that whoever keeps things at Ctrl-C keeps them there, too.

    Only those that nobody handles or ignores, and only in the main thread; a second one ends the program at once.
    """
    before: dict[int, Any] = {}

    def handle(number: int, frame: Any) -> None:
        _restore(before)
        raise Terminated(number)

    try:
        for number in ENDING:
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.SIG_DFL
                signal.signal(number, handle)
    except ValueError:  # not the main thread
        before.clear()
    try:
        yield
    finally:
        _restore(before)


def exit_code(interruption: BaseException | None) -> int:
    """Return the code that a shell reads of a program ended by this or its cause: 130 for Ctrl-C, 143 for SIGTERM.

    >>> exit_code(KeyboardInterrupt()), exit_code(Terminated(signal.SIGTERM))
    (130, 143)
    """
    while interruption is not None and not isinstance(interruption, Terminated):
        interruption = interruption.__cause__
    return 128 + (signal.SIGINT if interruption is None else interruption.number)


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        signal.signal(number, handler)
