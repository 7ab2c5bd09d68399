"""How many cores there are, and how many threads small matrix products take: one."""

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager

from threadpoolctl import ThreadpoolController


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
