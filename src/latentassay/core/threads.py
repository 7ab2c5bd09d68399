"""How many cores there are, and how many threads work is done on: as many as it is fastest with."""

import functools
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from threadpoolctl import ThreadpoolController

WARM, WINDOW, WINDOWS, LONG = 0.01, 0.004, 3, 0.1
"""Seconds before anything is compared, seconds of work that are compared at least, how often, and when once will do."""

WORTHWHILE = 0.25
"""Seconds of work with one thread before others are tried: beside a busy core one look at them may take as long."""

GAIN, SLOWER = 0.85, 2.0
"""All threads are taken if they need less than this share of the time of one; and compared anew if they become slower.

One thread leaves the other cores to others, so it is taken where the difference is small.
"""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let numpy's matrix products run on one thread, and give the others back afterwards.

    A product of a few thousand rows and a dozen columns is done before a second thread has started. And where another
    program holds a core, the first waits for the second: a logistic regression took twelve times as long.

    >>> with one_blas_thread():
    ...     2 + 2
    4
    """
    with _libraries().limit(limits=1, user_api="blas"):
        yield


class ThreadChoice:
    """Runs torch on one thread or on all, whichever has taken less time for the same work.

    With all threads every product waits for the slowest: where another program holds a core, small networks take five
    times as long as with one thread. So pieces of the work are timed with one and with all in turn, and what was faster
    stays, all threads until they become slower by a lot. Nothing is done twice for it.

    Args:
        most: what "all" is; with 1 there is nothing to choose.
        warm: seconds of work with one thread before anything is compared.
    """

    def __init__(self, most: int, *, warm: float = WORTHWHILE):
        self.threads, self._most = most, most
        self._settled, self._best = most == 1, 0.0
        self._rates: dict[int, list[float]] = {1: [], most: []}
        self._seconds = self._amount = 0.0
        if not self._settled:
            self._set(1)
        self._warm, self._warm_seconds = self._settled, warm
        self._began = self._last = time.perf_counter()

    @property
    def settled(self) -> bool:
        """Whether it is known what is faster."""
        return self._settled

    def resume(self) -> None:
        """Count time from now on, not from the last piece of work."""
        self._last = time.perf_counter()

    def count(self, amount: float) -> None:
        """Note that so much work, in any unit, was done since the last call; choose what more is done with."""
        if self._settled and self.threads == 1:
            return
        now = time.perf_counter()
        self._seconds, self._amount, self._last = self._seconds + now - self._last, self._amount + amount, now
        if not self._warm:
            self._warm, self._seconds, self._amount = now - self._began >= self._warm_seconds, 0.0, 0.0
        elif self._seconds >= WINDOW:
            rate, once = self._seconds / max(self._amount, 1e-9), self._seconds > LONG
            self._seconds = self._amount = 0.0
            self._compare(rate, once)

    def _compare(self, rate: float, once: bool) -> None:
        if self._settled:
            if rate > SLOWER * self._best:
                self._settled, self._rates = False, {1: [], self._most: []}
                self._set(1)
            return
        self._rates[self.threads].append(rate)
        one, all_of_them = self._rates[1], self._rates[self._most]
        # Where they are far slower, another look would only cost as much again.
        hopeless = bool(all_of_them) and all_of_them[-1] > 1.5 * min(one)
        if hopeless or len(all_of_them) == WINDOWS or (once and all_of_them):
            faster = not hopeless and statistics.mean(all_of_them) < GAIN * statistics.mean(one)
            self._settled, self._best = True, statistics.mean(all_of_them)
            self._set(self._most if faster else 1)
        else:
            self._set(self._most if self.threads == 1 else 1)

    def _set(self, threads: int) -> None:
        self.threads = threads
        torch.set_num_threads(threads)


@contextmanager
def choose_threads(device: torch.device, *, warm: float = WORTHWHILE) -> Iterator[ThreadChoice]:
    """Let the work inside choose its threads as it goes (``ThreadChoice.count``); give the old number back afterwards.

    There is nothing to choose where the work is not the processor's, and work that is short is done with one thread.

    >>> before = torch.get_num_threads()
    >>> with choose_threads(torch.device("cpu")) as choice:
    ...     for _ in range(3):
    ...         choice.count(len(torch.ones(8).sin()))
    >>> torch.get_num_threads() == before
    True
    """
    before = torch.get_num_threads()
    try:
        yield ThreadChoice(before if device.type == "cpu" else 1, warm=warm)
    finally:
        torch.set_num_threads(before)


@contextmanager
def fastest_threads(sample: Callable[[], float], device: torch.device) -> Iterator[Callable[[], None]]:
    """Hold the number of torch's threads that a sample of the work is fastest with: one, or as many as there are.

    Args:
        sample: does some milliseconds of the work that comes inside and says how much; called about ten times, or not
            at all where torch has but one thread. What it raises is left to that work to raise again.
        device: where it is done; nothing is chosen but on the CPU.

    Yields:
        What may be called between pieces of work: it tries the sample again, if all threads were chosen, and chooses
        anew where they have become slower by a lot.
    """
    with choose_threads(device, warm=WARM) as choice:

        def check() -> None:
            going = choice.threads > 1 and _try(choice, sample)
            while going and not choice.settled:
                going = _try(choice, sample)

        while not choice.settled and _try(choice, sample):
            pass
        yield check


def _try(choice: ThreadChoice, sample: Callable[[], float]) -> bool:
    choice.resume()
    try:
        amount = sample()
    except Exception:  # a model that fails does so again where its answer is needed, and is reported there
        return False
    choice.count(amount)
    return True


def cores() -> int:
    """Cores that this process may use.

    >>> cores() >= 1
    True
    """
    # Not every system says which cores a process is bound to.
    bound = getattr(os, "sched_getaffinity", None)
    return len(bound(0)) if bound else os.cpu_count() or 1


@functools.cache
def _libraries() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  # brings a library of its own, which must be there to be found

    return ThreadpoolController()
