"""Parts of a section: a question that is asked in several steps joins what each has found."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from torch import Tensor

from latentassay.core.findings import Finding, Score, Section


class Part(NamedTuple):
    """What one step has found."""

    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()
    arrays: Mapping[str, Tensor] = {}
    details: Mapping[str, Any] = {}


def joined(key: str, title: str, question: str, parts: Sequence[Part]) -> Section:
    """Return a section with the scores, findings, arrays and details of all parts, in their order.

    >>> joined("a", "A", "Why?", [Part(details={"x": 1}), Part(details={"y": 2})]).details
    {'x': 1, 'y': 2}
    """
    return Section(
        key,
        title,
        question,
        tuple(score for part in parts for score in part.scores),
        tuple(finding for part in parts for finding in part.findings),
        {name: array.numpy() for part in parts for name, array in part.arrays.items()},
        {name: value for part in parts for name, value in part.details.items()},
    )
