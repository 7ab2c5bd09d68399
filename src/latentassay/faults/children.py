"""Work in child processes: each forked from a server that has imported all, in a session of its own, and judged."""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from latentassay.core.errors import InputError
from latentassay.core.processes import end_with_parent
from latentassay.faults.judging import judge

MEMORY = 768 << 20
"""Bytes that a child may use beyond what it begins with."""

GRACE = 5.0
"""Seconds after which a child that has not stopped itself is killed, and that its own children have to end."""

PRELOADED = [
    "latentassay.faults.doors",
    "latentassay.cli.app",
    "latentassay.training.many",
    "scipy.stats",
    "torch._dynamo",
    "torch.optim",
    "h5py",
    "PIL.Image",
    "diffusers.models.autoencoders.autoencoder_tiny",
]
"""What the server imports, once for all children, since some of it changes the environment; what is not installed is
left out."""


class Child(NamedTuple):
    """A child at work.

    Attributes:
        process: the child, which leads a session of its own.
        answers: where it answers.
        said: the file that all it prints goes to.
    """

    process: BaseProcess
    answers: Connection
    said: Path


def server() -> ForkServerContext:
    """Return the context whose children are forked from a process that has imported all and started no thread.

    Raises:
        InputError: the system does not fork.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods() or not Path("/proc/self/stat").exists():
        raise InputError(f"axes of files and processes need forks and /proc, which {sys.platform} does not have")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context


def start(
    function: Callable[..., Any], arguments: Mapping[str, Any], folder: Path, *, seconds: float, memory: int = MEMORY
) -> Child:
    """Start a child that calls a function with a folder of its own as its home and temporary place, and judges it.

    Args:
        function: something that can be pickled by its name.
        arguments: by keyword.
        folder: for all that it writes besides; made if it is not there.
        seconds: of time, and of processor time.
        memory: bytes beyond what it begins with.
    """
    folder.mkdir(parents=True, exist_ok=True)
    context = server()
    answers, end = context.Pipe(duplex=False)
    child = context.Process(target=_work, args=(end, function, dict(arguments), folder, seconds, memory))
    child.start()
    end.close()
    return Child(child, answers, folder / "said.txt")


def finish(child: Child, seconds: float, *, grace: float | None = None) -> tuple[str, str]:
    """Wait for a child, end it if it does not end, and return its verdict with the detail.

    One that was killed has "died", and what it started and left running is a "survivor"; it is ended after
    ``grace`` seconds.
    """
    verdict, detail = _wait(child, seconds)
    child.process.join(GRACE)
    if child.process.is_alive():
        child.process.kill()
        child.process.join()
    if verdict == "":
        verdict, detail = "died", f"with code {child.process.exitcode}"
    left = end_session(child.process.pid or 0, GRACE if grace is None else grace)
    child.answers.close()
    return (
        ("survivor", f"{left} processes stayed")
        if left and verdict in ("value", "typed", "died")
        else (verdict, detail)
    )


def run_child(
    function: Callable[..., Any], arguments: Mapping[str, Any], folder: Path, *, seconds: float, memory: int = MEMORY
) -> tuple[str, str]:
    """Do some work in a child and return the verdict with its detail; the arguments are those of ``start``."""
    return finish(start(function, arguments, folder, seconds=seconds, memory=memory), seconds)


def _wait(child: Child, seconds: float) -> tuple[str, str]:
    if not child.answers.poll(seconds + GRACE):
        child.process.kill()
        return "hang", f"over {seconds:g} s, and could not be stopped"
    try:
        verdict, detail = child.answers.recv()
    except EOFError:
        return "", ""
    return str(verdict), str(detail)


def end_session(leader: int, grace: float) -> int:
    """Wait until no process of a session lives; kill those that stay, and return how many they were."""
    deadline = time.monotonic() + grace
    while (living := processes_of(leader)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for pid in living:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(living)


def processes_of(leader: int) -> list[int]:
    """Return the living processes of a session."""
    found = []
    for place in Path("/proc").iterdir():
        with suppress(OSError, ValueError, IndexError):
            state, _, _, session = (place / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[:4]
            if int(session) == leader and state not in "ZX":
                found.append(int(place.name))
    return found


def _work(
    end: Connection, function: Callable[..., Any], arguments: dict[str, Any], folder: Path, seconds: float, memory: int
) -> None:
    end_with_parent()
    os.setsid()
    _settle(folder)
    _limit(seconds, memory)
    used = _peak()
    verdict, detail = judge(function, arguments, seconds=seconds)
    grown = _peak() - used
    if grown > memory and verdict in ("value", "typed"):
        verdict, detail = "died", f"took {grown >> 20} MiB, and {memory >> 20} were allowed"
    end.send((verdict, detail))


def _settle(folder: Path) -> None:
    """Let all that is printed and kept go into the folder of this child."""
    handle = os.open(folder / "said.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.environ.update(LATENTASSAY_HOME=str(folder / "home"), LATENTASSAY_PROGRESS="0", TMPDIR=str(folder))
    import torch

    torch.set_num_threads(1)


def _limit(seconds: float, memory: int) -> None:
    """Set the limits of this process; the address space may grow by four times the memory, as maps of files need."""
    import resource

    now = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (now + 4 * memory,) * 2)
    used = resource.getrusage(resource.RUSAGE_SELF)
    whole = int(used.ru_utime + used.ru_stime + seconds + GRACE) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
