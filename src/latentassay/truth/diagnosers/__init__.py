"""Who looks for defects: our assay, and the measures that papers use, as callables ``(model, data) → claims``."""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from latentassay.core.errors import InputError
from latentassay.truth.diagnosers import baselines
from latentassay.truth.diagnosers.ours import diagnose

Diagnoser = Callable[..., Iterable[Any]]
"""``(model, data)``, and by keyword ``train`` and ``seed`` if it has such parameters → pairs (defect, subjects), or
triples with a level."""

KNOWN: Mapping[str, Diagnoser] = {
    "ours": diagnose,
    "active": baselines.active_units,
    "kl": baselines.kl_units,
    "max_z": baselines.largest_mean,
}
"""Diagnosers that have a name."""

FUNCTION = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def find_diagnoser(words: str, *, trust: bool = False) -> Diagnoser:
    """Return the diagnoser of a name, or the function that ``package.module:function`` is.

    Raises:
        InputError: an unknown name, code that is not trusted, or nothing that can be called.

    >>> find_diagnoser("kl").__name__
    'kl_units'
    """
    if words in KNOWN:
        return KNOWN[words]
    if not FUNCTION.fullmatch(words):
        raise InputError(f"no diagnoser is called {words!r}; there are {', '.join(KNOWN)}, or package.module:function")
    if not trust:
        raise InputError(f"{words} is code that would be imported and run; say --trust if you trust it")
    module, _, name = words.partition(":")
    try:
        function = getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError as error:
        raise InputError(f"{words} cannot be imported: {error}; run where Python finds it") from error
    if not callable(function):
        raise InputError(f"{module} has no function {name}")
    found: Diagnoser = function
    return found
