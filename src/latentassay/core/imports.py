"""Imports that leave no trace where nobody expects one. Light: adapters are listed before torch is there."""

import random
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Keep the state of Python's global generator while something is imported.

    Rich, which scikit-learn imports, draws from it when it is imported.

    >>> import random
    >>> before = random.getstate()
    >>> with importing():
    ...     _ = random.random()
    >>> random.getstate() == before
    True
    """
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
