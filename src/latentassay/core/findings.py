"""What an assay is made of: scores with company, findings in plain words, and sections with their evidence."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

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
        scale, unit = (100.0, " %") if self.unit == "%" else (1.0, f" {self.unit}" if self.unit else "")
        if self.low is None or self.high is None or self.low == self.high:
            return f"{_short(self.value * scale)}{unit}"
        if all(isinstance(end, int) for end in (self.value, self.low, self.high)):
            return f"{self.value} ({self.low} to {self.high}){unit}"
        value, low, high = (end * scale for end in (self.value, self.low, self.high))
        if high - low < 2e-4:
            return f"{_short(value)} ± {(high - low) / 2:.1e}{unit}"
        digits = _digits((high - low) / 2)
        if abs((high - value) - (value - low)) <= 0.2 * (high - low):
            return f"{value:.{digits}f} ± {(high - low) / 2:.{digits}f}{unit}"
        return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f}){unit}"


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


def _digits(error: float) -> int:
    """Decimals that show an error with two significant digits; whole numbers stay whole.

    >>> _digits(0.0123), _digits(2.5), _digits(40.0)
    (3, 1, 0)
    """
    return max(0, 1 - math.floor(math.log10(error)))


def _short(value: float) -> str:
    """Three significant digits, without an exponent where a person would not write one.

    >>> _short(0.071234), _short(1234.5), _short(7.0), _short(0.0000123)
    ('0.0712', '1234', '7', '1.23e-05')
    """
    if value != 0 and not 1e-3 <= abs(value) < 1e5:
        return f"{value:.2e}" if value == value else "nan"
    digits = 3 if abs(value) < 1000 else 4
    text = f"{value:.{digits}g}"
    return f"{value:.0f}" if "e" in text else text
