"""What an assay is made of: scores with company, findings in plain words, and sections with their evidence."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from latentassay.core.estimate import Estimate

Level = Literal["good", "note", "warning", "problem"]

LEVELS: tuple[Level, ...] = ("problem", "warning", "good", "note")
"""The order in which findings are read."""


@dataclass(frozen=True)
class Score:
    """One number and everything needed to trust it.

    Attributes:
        name: dotted key, e.g. ``"holes.prior"``.
        label: what a table calls it.
        value: the number.
        definition: one sentence with the formula or its source, and the variant where the field has several.
        n: how many samples it rests on.
        seed: the seed they were drawn with.
        low: lower end of its 95 % interval, or ``None`` where no interval is known.
        high: upper end.
        unit: ``""``, ``"%"`` (the value is a fraction), ``"nats"`` …
    """

    name: str
    label: str
    value: float
    definition: str
    n: int
    seed: int
    low: float | None = None
    high: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        ends = (self.value, self.low, self.high)
        if all(isinstance(end, int) for end in ends) and self.low != self.high:  # a count
            return f"{self.value} ({self.low} to {self.high}) {self.unit}".rstrip()
        estimate = Estimate(self.value, low=self.low, high=self.high)
        return f"{estimate.scaled(100)} %" if self.unit == "%" else f"{estimate} {self.unit}".rstrip()


@dataclass(frozen=True)
class Finding:
    """One verdict sentence, the scores it rests on, and what to do about it.

    ``brief`` is its clause in the one-sentence summary of a whole assay; most findings have none.

    >>> Finding("units.alive", "11 of 24 units are alive.", "note", ("units.alive",)).remedy is None
    True
    """

    key: str
    sentence: str
    level: Level
    scores: tuple[str, ...] = ()
    remedy: str | None = None
    brief: str | None = None


@dataclass(frozen=True)
class Section:
    """One question put to a model: its answer in scores and findings, and the arrays that figures are drawn from."""

    key: str
    title: str
    question: str
    scores: tuple[Score, ...] = ()
    findings: tuple[Finding, ...] = ()
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
