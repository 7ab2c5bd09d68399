"""Progress on stderr for everything slow: a bar with an estimate of the time left, and only where someone looks."""

import os
import sys
from collections.abc import Iterable, Iterator, Sized
from contextlib import contextmanager, suppress
from typing import Any, Protocol, TypeVar

from tqdm import tqdm

T = TypeVar("T")
DELAY = 2.0
"""Seconds of work before a bar appears."""


class Bar(Protocol):
    """What ``bar`` hands out."""

    def update(self, n: int = 1, **fields: Any) -> None:
        """Advance by ``n`` and show ``fields`` behind the bar; without fields the last ones stay."""


class _Patient:
    """A stream that may have gone, as a terminal does whose window is closed: work goes on without it."""

    def __init__(self, stream: Any):
        self._stream = stream

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Shown:
    def __init__(self, line: Any):
        self._line = line

    def update(self, n: int = 1, **fields: Any) -> None:
        if fields:
            self._line.set_postfix(fields, refresh=False)
        self._line.update(n)


@contextmanager
def bar(
    total: int | None, label: str, *, unit: str = "it", start: int = 0, visible: bool = True, smoothing: float = 0.3
) -> Iterator[Bar]:
    """Hold a bar open; it appears after two seconds if stderr is a terminal, and bars inside it nest below.

    The time left is that of the speed of late, or, with ``smoothing=0``, of the mean speed.

    The environment decides otherwise if asked: ``LATENTASSAY_PROGRESS=1`` shows bars everywhere, ``0`` nowhere.

    >>> with bar(3, "counting") as line:
    ...     line.update(3, loss=0.5)
    """
    settings: dict[str, Any] = {"desc": label, "unit": unit, "initial": start, "dynamic_ncols": True, "leave": None}
    settings["smoothing"] = smoothing
    with tqdm(
        total=total, delay=DELAY, disable=not (visible and _wanted()), file=_Patient(sys.stderr), **settings
    ) as line:
        yield _Shown(line)


def track(iterable: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass the items of ``iterable`` through, counting them in a ``bar``.

    >>> sum(track(range(4), "adding"))
    6
    """
    length = len(iterable) if total is None and isinstance(iterable, Sized) else total
    with bar(length, label) as line:
        for item in iterable:
            yield item
            line.update()


def _wanted() -> bool:
    choice = os.environ.get("LATENTASSAY_PROGRESS", "")
    return choice == "1" or (choice != "0" and sys.stderr.isatty())
