"""Many small models on one machine: a process of one thread for each, as many at a time as there are cores."""

import copy
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple, TypeVar

import torch

from latentassay.core.errors import LatentAssayError
from latentassay.core.processes import end_with_parent
from latentassay.core.progress import bar
from latentassay.core.threads import cores

T = TypeVar("T")


def run_each(work: Callable[[T], object], items: Sequence[T], label: str, *, processes: int | None = None) -> None:
    """Call ``work`` on every item, each in a process of its own with one thread, several at a time.

    A small network gains nothing from a second thread, but two of them train in the time of one. Every item begins
    with fresh memory; what it makes it has to leave on disk.

    Args:
        work: a function of a module, since processes find it by its name.
        items: its arguments, plain enough to be pickled; begun in this order.
        label: what the progress bar counts.
        processes: how many at a time; one for each core where left out.

    Raises:
        Exception: the first error of any, once those at work have ended; none is begun after it.
        LatentAssayError: a process was killed.
        KeyboardInterrupt: Ctrl-C came; each process at work was interrupted, and has ended.
    """
    waiting, at_work = deque(items), list[_Worker]()
    try:
        with bar(len(items), label) as line:
            while waiting or at_work:
                while waiting and len(at_work) < (processes or cores()):
                    at_work.append(_start(work, waiting.popleft()))
                for worker in _wait_for_some(at_work):
                    at_work.remove(worker)
                    worker.raise_error()
                    line.update()
    except KeyboardInterrupt:
        for worker in at_work:
            worker.interrupt()
        raise
    finally:
        for worker in at_work:
            worker.process.join()


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Let torch use one thread: small networks gain nothing from more, and numbers do not depend on their count."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class _Worker(NamedTuple):
    process: Any
    errors: Connection

    def raise_error(self) -> None:
        """Wait for the process, and raise its error if it had one."""
        self.process.join()
        with suppress(EOFError), self.errors:
            raise self.errors.recv()
        if self.process.exitcode:
            raise LatentAssayError(
                f"a process was ended from outside (exit code {self.process.exitcode}); "
                "is there enough memory? what the others did is kept"
            )

    def interrupt(self) -> None:
        if self.process.is_alive():
            os.kill(self.process.pid, signal.SIGINT)


def _start(work: Callable[[T], object], item: T) -> _Worker:
    context = get_context("spawn")
    errors, other = context.Pipe(duplex=False)
    process = context.Process(target=_run_alone, args=(work, item, other))
    with _hold_interrupts():
        process.start()
    other.close()
    return _Worker(process, errors)


def _wait_for_some(at_work: Sequence[_Worker]) -> list[_Worker]:
    ready = wait([worker.process.sentinel for worker in at_work])
    return [worker for worker in at_work if worker.process.sentinel in ready]


def _run_alone(work: Callable[[T], object], item: T, errors: Connection) -> None:
    # In a group of its own a terminal's Ctrl-C does not reach it: the process that started it interrupts it, once.
    if hasattr(os, "setpgrp"):
        os.setpgrp()
    os.environ["LATENTASSAY_PROGRESS"] = "0"
    torch.set_num_threads(1)
    end_with_parent()
    try:
        _release_interrupts()
        work(item)
    except BaseException as error:
        errors.send(_make_portable(error))


def _make_portable(error: BaseException) -> BaseException:
    """Return an error that another process can read."""
    try:
        copy.copy(error)  # rebuilt as the other process will rebuild it
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return error


@contextmanager
def _hold_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back meanwhile; processes started inside hold it back until they are ready.

    A process inherits the mask. Without it, Ctrl-C would end one that is still importing, where nothing catches it.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _release_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
