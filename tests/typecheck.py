"""The type checker that tests run under: beartype, with an int accepted where a float is asked for (PEP 484).

Loops call small functions thousands of times with arrays of the same kind; to check all of these calls took a third of
the suite's time. So the first ``FIRST`` calls of every function are checked, in every test anew.
"""

import functools
import sys
from collections.abc import Callable
from typing import Any

import jaxtyping
from beartype import BeartypeConf, beartype

FIRST = 50

strict = beartype(conf=BeartypeConf(is_pep484_tower=True))
test = 0
"""Number of the test that runs."""

unchecked: list[Any] = []
"""Functions that were called often enough in this test."""


def begin_test() -> None:
    """Check the first calls of every function again."""
    global test
    test += 1
    while unchecked:
        unchecked.pop().__no_type_check__ = False


def check(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that raises as ``strict(function)`` does, at its first calls in a test.

    jaxtyping calls it with the arguments, and the result, of every call of a function of the package; it has the
    annotations and does nothing else. What checks it is made when it is needed: most functions are not called.
    """
    seen = since = 0
    checked: Callable[..., Any] | None = None

    @functools.wraps(function)
    def at_first(*args: Any, **kwargs: Any) -> None:
        nonlocal seen, since, checked
        if since != test:
            seen, since = 0, test
        seen += 1
        if seen <= FIRST:
            checked = checked or strict(function)
            checked(*args, **kwargs)
        elif seen == FIRST + 1:
            leave_alone(function.__module__, function.__qualname__)

    return at_first


def leave_alone(module: str, name: str) -> None:
    """Have jaxtyping pass over a function for the rest of the test, where it can be found by its name."""
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
        found = getattr(found, "fget", None) or getattr(found, "__func__", found)
    while found is not None and not file_of(found).startswith(jaxtyping.__path__[0]):
        found = getattr(found, "__wrapped__", None)
    if found is not None:
        found.__no_type_check__ = True
        unchecked.append(found)


def file_of(function: Any) -> str:
    """Return where a function is written; nowhere, for what only acts as one."""
    return str(getattr(getattr(function, "__code__", None), "co_filename", ""))
