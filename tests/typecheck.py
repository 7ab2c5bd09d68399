"""The type checker that tests run under: beartype, with an int accepted where a float is asked for (PEP 484).

Loops call small functions thousands of times with arrays of the same kind; to check all of these calls took a third of
the suite's time. So every function is checked whenever a test calls it for the first ``FIRST`` times, and at every
``LATER``-th call after that.
"""

import functools
from collections.abc import Callable
from typing import Any

from beartype import BeartypeConf, beartype

FIRST, LATER = 50, 50

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))
test = 0
"""Number of the test that runs."""


def begin_test() -> None:
    """Check the first calls of every function again."""
    global test
    test += 1


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises as ``strict(function)`` does, at the first calls of a test and at some later ones.

    jaxtyping calls it with the arguments, and the result, of every call of a function of the package; it has the
    annotations and does nothing else. What checks it is made when it is needed: most functions are not called.
    """
    seen = since = 0
    checked: Callable[..., Any] | None = None

    @functools.wraps(function)
    def sometimes(*args: Any, **kwargs: Any) -> None:
        nonlocal seen, since, checked
        if since != test:
            seen, since = 0, test
        seen += 1
        if seen <= FIRST or seen % LATER == 0:
            if checked is None:
                checked = strict(function)
            checked(*args, **kwargs)

    return sometimes
