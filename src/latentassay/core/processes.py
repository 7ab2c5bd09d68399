"""Which process is which: who owns a file, whether it still lives, and workers that end with their parent."""

import multiprocessing
import os
import re
import socket
import threading
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path
from typing import NamedTuple

PATTERN = re.compile(r"(\d+)-(\d+)-([0-9A-Za-z_]+)")
"""Of the text of a ``Process``."""


UNKNOWN = 0
"""Instead of the ticks at which a process began, where nobody says them."""

ENDED = 1
"""The same of one that has ended, and whose parent has not asked how."""


class Process(NamedTuple):
    """A process by what no other one has: the number alone is given again after it has ended.

    Attributes:
        pid: its number.
        start: when it began, in ticks since the machine did; ``UNKNOWN`` where the system does not say.
        host: name of the machine, letters, digits and ``_`` only.
    """

    pid: int
    start: int
    host: str

    def __str__(self) -> str:
        return f"{self.pid}-{self.start}-{self.host}"

    @property
    def is_dead(self) -> bool:
        """Whether it has ended for certain; of other machines nobody knows."""
        if self.host != _host():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:  # it belongs to somebody else
            pass
        now = _start_of(self.pid)
        return now != UNKNOWN and now != self.start


def this_process() -> Process:
    """Return the process that asks.

    >>> this_process().is_dead, parse_process(str(this_process())) == this_process()
    (False, True)
    """
    return Process(os.getpid(), _start_of(os.getpid()), _host())


def parse_process(text: str) -> Process | None:
    """Read the text of a process; ``None`` if it is none."""
    found = PATTERN.fullmatch(text)
    return Process(int(found[1]), int(found[2]), found[3]) if found else None


def end_with_parent() -> None:
    """End this worker at once when the process that started it ends, whatever ended that; called first in a worker.

    A parent that is killed can tell nobody, and its workers would wait for orders, or train, for good.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True, name="end with parent").start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)  # without cleaning up: other threads are at work, and files are whole or not there


def _host() -> str:
    return re.sub(r"\W", "_", socket.gethostname(), flags=re.ASCII)[:32] or "_"


def _start_of(pid: int) -> int:
    """When a process began, in ticks since the machine did."""
    with suppress(OSError, ValueError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", errors="replace").rpartition(")")[2].split()
        return ENDED if fields[0] in "ZX" else int(fields[19])
    return UNKNOWN
