"""The axes of kills, of small disks and of two writers: what is on the disk afterwards must be whole."""

import os
import random
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from zlib import crc32

from latentassay.core.errors import FileError
from latentassay.core.progress import bar
from latentassay.faults.children import Child, finish, processes_of, run_child, start
from latentassay.faults.disks import write_without_room
from latentassay.faults.judging import Outcome, timed
from latentassay.faults.writers import WRITERS, Lost, Writer, check_folder, find_writer, write_on, write_once

SIGNALS = ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT")
TIMES = 4
"""Kills of every writer by every signal, each at another moment."""

QUICK = 4
"""Cases of an axis that a quick run draws."""

LONGEST = 0.6
"""Seconds after its begin at which a writer is killed at the latest."""

SECONDS, GRACE = 60.0, 20.0
"""For a writer, and for its workers to end after it."""

ROOMS = {"no room": 0, "4 KiB": 1 << 12, "16 KiB": 1 << 14, "64 KiB": 1 << 16, "256 KiB": 1 << 18}
"""Name of a disk → bytes that are free on it."""

ON_DISKS = ("checkpoint", "snapshots", "log", "save", "report", "cache", "perturb")
TWO = ("checkpoint", "perturb")
"""Writers that hold their folder."""


def run_kills(*, quick: bool = False, seed: int = 0) -> list[Outcome]:
    """Kill every writer by every signal at random moments, and look at what it left."""
    cases = [(name, word, number) for name in WRITERS for word in SIGNALS for number in range(TIMES)]
    if quick:
        cases = random.Random(seed).sample([case for case in cases if not WRITERS[case[0]].workers], QUICK)
    return _run("kills", [(name, word, partial(kill, name, word, seed=seed + number)) for name, word, number in cases])


def run_disks(*, quick: bool = False, seed: int = 0) -> list[Outcome]:
    """Let every writer write where there is no room."""
    cases = [(name, room) for name in ON_DISKS for room in ROOMS]
    if quick:
        cases = random.Random(seed).sample(cases, QUICK)
    return _run("small disks", [(name, room, partial(fill, name, room)) for name, room in cases])


def run_two(*, quick: bool = False) -> list[Outcome]:
    """Let two processes write one folder."""
    return _run("two writers", [(name, "twice", partial(meet, name)) for name in (TWO[:1] if quick else TWO)])


def _run(axis: str, cases: list[tuple[str, str, Callable[[Path], tuple[str, str]]]]) -> list[Outcome]:
    found = []
    with bar(len(cases), axis) as line:
        for name, case, ask in cases:
            with tempfile.TemporaryDirectory(prefix="faults-", ignore_cleanup_errors=True) as work:
                (verdict, detail), seconds = timed(partial(ask, Path(work)))
            found.append(
                Outcome(
                    axis=axis,
                    function=name,
                    argument="",
                    case=case,
                    verdict=verdict,
                    detail=detail.replace(work, "…"),
                    seconds=seconds,
                )
            )
            line.update(1)
    return found


def kill(name: str | Writer, word: str, work: Path, *, seed: int = 0) -> tuple[str, str]:
    """Kill a writer by a signal, and return the verdict on what it left, with its detail."""
    child = _begin(name, work)
    time.sleep(random.Random(crc32(f"{name} {word} {seed}".encode())).uniform(0, LONGEST))
    with suppress(ProcessLookupError):
        os.kill(child.process.pid or 0, getattr(signal, word))
    verdict, detail = finish(child, SECONDS, grace=GRACE)
    if verdict not in ("value", "typed", "died"):
        return verdict, detail
    return _look(name, work)


def _begin(name: str | Writer, work: Path) -> Child:
    """Start a writer, and wait until it has begun."""
    (work / "folder").mkdir()
    child = start(write_on, {"name": name, "folder": work / "folder"}, work / "own", seconds=SECONDS, memory=4 << 30)
    deadline, wanted = time.monotonic() + SECONDS, find_writer(name).workers
    while child.process.is_alive() and time.monotonic() < deadline:
        if (work / "ready").exists() and (not wanted or len(processes_of(child.process.pid or 0)) > wanted):
            break
        time.sleep(0.005)
    return child


def _look(name: str | Writer, work: Path) -> tuple[str, str]:
    """Look at what a writer left, in a child; whatever that raises is something that was lost."""
    asked = {"name": name, "folder": work / "folder"}
    verdict, detail = run_child(check_folder, asked, work / "own", seconds=SECONDS)
    return ("value", "") if verdict in ("value", "state") else ("lost", detail)


def fill(name: str | Writer, room: str, work: Path) -> tuple[str, str]:
    """Let a writer write on a small disk and return the verdict."""
    asked = {"name": name, "folder": work, "room": ROOMS[room]}
    verdict, detail = run_child(write_without_room, asked, work / "own", seconds=SECONDS)
    return ("lost" if detail.startswith(Lost.__name__) else "value" if verdict == "state" else verdict), detail


def meet(name: str | Writer, work: Path) -> tuple[str, str]:
    """Start a second writer beside a first: it must be refused, and told of the first."""
    first = _begin(name, work)
    while first.process.is_alive() and not any((work / "folder").iterdir()):
        time.sleep(0.005)
    who = f"process {first.process.pid} "
    verdict, detail = run_child(
        write_beside, {"name": name, "folder": work / "folder", "who": who}, work / "second", seconds=SECONDS
    )
    if first.process.is_alive():
        first.process.kill()
    finish(first, SECONDS)
    return ("lost" if detail.startswith(Lost.__name__) else verdict), detail


def write_beside(name: str | Writer, folder: Path, who: str) -> None:
    """Write where another writes; raise ``Lost`` if that is not refused with who it is."""
    try:
        write_once(name, folder)
    except FileError as error:
        if who not in str(error):
            raise Lost(f"refused without saying who: {error}") from None
        raise
    raise Lost("both wrote")
