"""Two answers to the same question: where they differ, and by how much."""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

TIMES = ("seconds", "preparing", "images_per_second")
"""Fields that say how long something took, which no seed fixes."""

DEPTH = 10
"""How far records inside records are followed."""


def difference(first: Any, second: Any, tolerance: float = 0.0) -> str:
    """Return where two results differ first, or nothing.

    Args:
        first: numbers, arrays, words, models, and records, tuples, lists and dictionaries of them.
        second: the same, as it should be.
        tolerance: numbers may differ by this share of the greatest of their array, or of 1 if that is less; without
            it every bit counts. NaN is like NaN.

    >>> difference({"a": [1.0, "x"]}, {"a": [1.0, "x"]}), difference({"a": [1.0, 2.0]}, {"a": [1.0, 2.1]}, 1e-5)
    ('', '.a[1]: 2.0 and 2.1')
    """
    ours, theirs = (dict(_walk(value, "", DEPTH)) for value in (first, second))
    for place in (*ours, *theirs):
        if place not in ours or place not in theirs:
            return f"{place}: only in one"
        if not _alike(ours[place], theirs[place], tolerance):
            return f"{place}: {_shown(ours[place], theirs[place])}"
    return "" if tolerance or list(ours) == list(theirs) else "in another order"


def listed(value: Any) -> list[tuple[str, str]]:
    """Return every number, array and word in a result with its place, in order; numbers by their bits.

    >>> listed({"a": ("x", 1)})
    [('.', "'dict'"), ('.a.', "'tuple'"), ('.a[0]', "'x'"), ('.a[1]', 'int64 () 0100000000000000')]
    """
    return [(place, _bits(leaf)) for place, leaf in _walk(value, "", DEPTH)]


def _bits(leaf: Any) -> str:
    number = _number(leaf)
    return _words(leaf) if number is None else f"{number.dtype} {number.shape} {number.tobytes().hex()}"


def _walk(value: Any, place: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Yield every leaf with its place."""
    parts = None if depth == 0 else _parts(value)
    if parts is None:
        yield place, value
        return
    yield f"{place}.", type(value).__name__
    for name, part in parts:
        yield from _walk(part, place + name, depth - 1)


def _parts(value: Any) -> list[tuple[str, Any]] | None:
    """Return what a record or a container holds; ``None`` of a leaf."""
    if isinstance(value, nn.Module):
        return [(f".{name}", part) for name, part in value.state_dict().items()]
    if isinstance(value, Mapping):
        return [(f".{name}", part) for name, part in value.items() if name not in TIMES]
    if isinstance(value, tuple | list):
        names = getattr(value, "_fields", range(len(value)))
        named = [(f".{name}" if isinstance(name, str) else f"[{name}]", name) for name in names]
        return [(shown, part) for (shown, name), part in zip(named, value, strict=True) if name not in TIMES]
    if is_dataclass(value) and not isinstance(value, float | type):
        return [(f".{f.name}", getattr(value, f.name)) for f in fields(value) if f.name not in TIMES]
    if isinstance(value, Tensor | np.ndarray | float) or not type(value).__module__.startswith("latentassay."):
        return None
    return [(f".{name}", part) for name, part in getattr(value, "__dict__", {}).items() if name not in TIMES]


def _alike(first: Any, second: Any, tolerance: float) -> bool:
    ours, theirs = _number(first), _number(second)
    if ours is None or theirs is None:
        return ours is theirs and _words(first) == _words(second)
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    has_nan = ours.dtype.kind in "fc"
    if not tolerance or not has_nan:
        return ours.tobytes() == theirs.tobytes() or bool(np.array_equal(ours, theirs, equal_nan=has_nan))
    finite = np.abs(ours[np.isfinite(ours)])
    size = max(1.0, float(finite.max())) if finite.size else 1.0
    return bool(np.allclose(ours, theirs, rtol=0, atol=tolerance * size, equal_nan=True))


def _number(value: Any) -> np.ndarray | None:
    if isinstance(value, Tensor) and not value.is_sparse and not value.is_meta:
        detached = value.detach().cpu().resolve_conj()
        return (detached.float() if detached.dtype == torch.bfloat16 else detached).numpy()
    if isinstance(value, np.ndarray | np.generic | bool | int | float):
        found = np.asarray(value)
        return None if found.dtype.hasobject else found
    return None


def _words(value: Any) -> str:
    """What can be compared of anything else: words as they are, of objects their type."""
    return repr(value) if isinstance(value, str | bytes | torch.dtype | torch.Size) else type(value).__name__


def _shown(first: Any, second: Any) -> str:
    ours, theirs = _number(first), _number(second)
    if ours is None or theirs is None:
        return f"{_words(first)[:60]} and {_words(second)[:60]}"
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return f"{ours.dtype} {ours.shape} and {theirs.dtype} {theirs.shape}"
    if ours.ndim == 0:
        return f"{ours.item()!r} and {theirs.item()!r}"
    unlike = ~np.isclose(ours, theirs, rtol=0, atol=0, equal_nan=ours.dtype.kind in "fc")
    most = float(np.nanmax(np.abs(ours[unlike].astype(float) - theirs[unlike].astype(float)))) if unlike.any() else 0.0
    return f"{int(unlike.sum())} of {ours.size} numbers, by up to {most:.3g}"
