"""The public functions of the package, found by walking its rooms."""

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

import latentassay as la

INSIDE = ("assay", "cli", "core", "faults", "nn", "papers", "stats", "truth")
"""Rooms that are no interface of their own: what is public in them is exported by others or by the package."""


def public_functions() -> dict[str, Callable[..., Any]]:
    """Return every public function by its shortest public name, each once.

    >>> "response_matrix" in public_functions(), "metrics.mig" in public_functions()
    (True, True)
    """
    found: dict[str, Callable[..., Any]] = {}
    for name in la.__all__:
        value = getattr(la, name)
        if _is_ours(value):
            found[name] = value
    for room in _rooms():
        place = room.__name__.removeprefix("latentassay.")
        for name in getattr(room, "__all__", None) or _defined(room):
            value = getattr(room, name)
            if _is_ours(value) and not any(value is other for other in found.values()):
                found[f"{place}.{name}"] = value
    return found


def _rooms() -> Iterator[ModuleType]:
    """Walk the public rooms; a room that exports nothing itself is entered."""
    for _, name, is_package in iter_modules(la.__path__):
        if name.startswith("_") or name in INSIDE:
            continue
        room = import_module(f"latentassay.{name}")
        if is_package and not hasattr(room, "__all__"):
            for _, inner, _ in iter_modules(room.__path__):
                if not inner.startswith("_"):
                    yield import_module(f"latentassay.{name}.{inner}")
        else:
            yield room


def _defined(module: ModuleType) -> list[str]:
    return [
        name
        for name, value in vars(module).items()
        if name[0] != "_" and getattr(value, "__module__", "") == module.__name__
    ]


def _is_ours(value: Any) -> bool:
    return inspect.isfunction(value) and value.__module__.startswith("latentassay.")
