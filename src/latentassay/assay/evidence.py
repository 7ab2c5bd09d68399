"""Evidence as arrays and plain facts: how its fields are saved, and read again as what they were.

A field is a numpy array, or a plain fact (a string, a number, a truth value, an ``Estimate``, ``None``, or a tuple or
dictionary of such). Arrays go into safetensors, facts into JSON; nothing else is taken, so nothing is ever executed.
"""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np

from latentassay.core.errors import ContractError
from latentassay.core.estimate import Estimate

Record = TypeVar("Record")
Arrays = dict[str, np.ndarray]
Facts = dict[str, Any]

TAG = "estimate"


def pack(evidence: Any) -> tuple[Arrays, Facts]:
    """Take a record of evidence apart into arrays and facts that JSON can hold.

    Raises:
        ContractError: a field holds something else.

    >>> import dataclasses
    >>> @dataclasses.dataclass(frozen=True)
    ... class Seen:
    ...     spread: np.ndarray
    ...     labels: tuple[str, ...]
    >>> pack(Seen(np.ones(2), ("a", "b")))
    ({'spread': array([1., 1.])}, {'labels': ['a', 'b']})
    """
    arrays, facts = {}, {}
    for field in dataclasses.fields(evidence):
        value = getattr(evidence, field.name)
        if isinstance(value, np.ndarray):
            arrays[field.name] = np.ascontiguousarray(value)
        else:
            facts[field.name] = _plain(value, f"{type(evidence).__name__}.{field.name}")
    return arrays, facts


def unpack(kind: type[Record], arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> Record:
    """Put a record of evidence together again.

    Raises:
        TypeError: the fields are not those of ``kind``; it was saved by another version.
    """
    return kind(**dict(arrays), **{name: _restore(value) for name, value in facts.items()})


def _plain(value: Any, name: str) -> Any:
    if isinstance(value, Estimate):
        return {TAG: [float(value), value.low, value.high, value.stderr, value.n]}
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, tuple | list):
        return [_plain(item, name) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _plain(item, name) for key, item in value.items()}
    raise ContractError(f"{name} must be a numpy array or a plain fact, got {type(value).__name__}")


def _restore(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_restore(item) for item in value)
    if isinstance(value, dict) and set(value) == {TAG}:
        number, low, high, stderr, n = value[TAG]
        return Estimate(number, low=low, high=high, stderr=stderr, n=n)
    if isinstance(value, dict):
        return {key: _restore(item) for key, item in value.items()}
    return value
