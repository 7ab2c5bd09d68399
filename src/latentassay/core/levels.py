"""Levels of findings: they follow from an estimate and from what is negligible and serious, and from nothing else.

A finding is *good* only if its whole interval is negligible, a *warning* or a *problem* only if the whole interval lies
beyond what is serious, a *note* if it surely lies between, and *unsure* where the interval reaches across a bound.
"""

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Literal, NamedTuple

from latentassay.core.estimate import Z95, Estimate

Level = Literal["good", "note", "unsure", "warning", "problem"]

LEVELS: tuple[Level, ...] = ("problem", "warning", "unsure", "good", "note")
"""The order in which findings are read."""

GRAVE: tuple[Level, ...] = ("problem", "warning")
"""Levels that accuse, and whose rate of false alarms is therefore controlled."""

FALSE_DISCOVERIES = 0.05
"""Share of the accusations of a report that may be false on average, at most (Benjamini and Hochberg 1995)."""

Direction = Literal["above", "below"]


class Bounds(NamedTuple):
    """From which sizes on an effect counts; it grows worse upwards if ``serious`` lies above ``negligible``.

    Attributes:
        null: value where nothing is wrong.
        negligible: as far from it as nobody needs to care.
        serious: from here on a warning.
        reason: why these, in a few words.
        problem: from here on a problem; ``None`` where nothing is.

    >>> Bounds(0, 0.05, 0.25, "of a change, squared").direction
    'above'
    """

    null: float
    negligible: float
    serious: float
    reason: str
    problem: float | None = None

    @property
    def direction(self) -> Direction:
        """On which side of ``negligible`` it is bad."""
        return "above" if self.serious > self.negligible else "below"


def grade(estimate: Estimate | float, bounds: Bounds) -> Level:
    """Return the level of an effect from the whole of its 95 % interval; a plain number counts as exact.

    ``good`` if no end of the interval is worse than ``negligible``, ``problem`` and ``warning`` if both are worse than
    those bounds, ``note`` if both lie between ``negligible`` and ``serious``, ``unsure`` else and for NaN.

    >>> bounds = Bounds(0, 0.05, 0.25, "share of a change")
    >>> [grade(Estimate(x, stderr=0.01), bounds) for x in (0.0, 0.04, 0.15, 0.24, 0.5)]
    ['good', 'unsure', 'note', 'unsure', 'warning']
    >>> grade(Estimate(0.5, stderr=0.01), Bounds(1, 0.9, 0.6, "of the variance", problem=0.1))
    'warning'
    """
    best, worst = _ends(estimate, bounds.direction)
    sign = 1 if bounds.direction == "above" else -1
    if not math.isfinite(float(estimate)) and not math.isinf(float(estimate)):
        return "unsure"
    if worst * sign <= bounds.negligible * sign:
        return "good"
    if bounds.problem is not None and best * sign > bounds.problem * sign:
        return "problem"
    if best * sign > bounds.serious * sign:
        return "warning"
    between = best * sign > bounds.negligible * sign and worst * sign <= bounds.serious * sign
    return "note" if between else "unsure"


def may_exceed(estimate: Estimate | float, bounds: Bounds) -> bool:
    """Return whether the interval reaches beyond what is serious.

    >>> bounds = Bounds(0, 0.05, 0.25, "share of a change")
    >>> [may_exceed(Estimate(x, stderr=0.01), bounds) for x in (0.2, 0.24, 0.5)]
    [False, True, True]
    """
    sign = 1 if bounds.direction == "above" else -1
    return _ends(estimate, bounds.direction)[1] * sign > bounds.serious * sign


def worst(levels: Sequence[Level], *, default: Level = "note") -> Level:
    """Return the gravest of several levels: problem, warning, unsure, note, good.

    >>> worst(["good", "unsure", "note"]), worst([])
    ('unsure', 'note')
    """
    order: tuple[Level, ...] = ("problem", "warning", "unsure", "note", "good")
    return min(levels, key=order.index, default=default)


def p_value(estimate: Estimate | float, bound: float, direction: Direction) -> float:
    """Return how likely so bad an estimate is where the truth is just at the bound (one-sided, normal).

    >>> round(p_value(Estimate(0.3, stderr=0.025), 0.25, "above"), 3), p_value(0.3, 0.25, "above")
    (0.023, 0.0)
    """
    best, _ = _ends(estimate, direction)
    away = (float(estimate) - bound) * (1 if direction == "above" else -1)
    # Intervals need not be even: what counts is the half that looks to the bound.
    stderr = abs(float(estimate) - best) / Z95
    if math.isnan(away):
        return 1.0
    if stderr == 0 or math.isinf(away):
        return 0.0 if away > 0 else 1.0
    return 1 - NormalDist().cdf(away / stderr) if away < 8 * stderr else 0.0


def discoveries(p_values: Sequence[float], *, rate: float = FALSE_DISCOVERIES) -> list[bool]:
    """Tell which of several hypotheses may be rejected so that at most ``rate`` of the rejections are false on average.

    The procedure of Benjamini and Hochberg (1995): with p-values in order, all up to the last with p_(k) ≤ k·rate/m.

    >>> discoveries([0.001, 0.9, 0.02, 0.04])
    [True, False, True, False]
    """
    m = len(p_values)
    order = sorted(range(m), key=lambda k: p_values[k])
    last = max((k for k, i in enumerate(order, start=1) if p_values[i] <= rate * k / m), default=0)
    rejected = set(order[:last])
    return [i in rejected for i in range(m)]


def exceeding(estimates: Sequence[Estimate | float], bound: float, direction: Direction = "above") -> list[bool]:
    """Tell which members of a family lie beyond a bound, false discoveries controlled over all of it.

    >>> exceeding([Estimate(0.3, stderr=0.02), Estimate(0.26, stderr=0.02), Estimate(0.0, stderr=0.02)], 0.25)
    [True, False, False]
    """
    # One-sided at half of the level of a two-sided interval, as a single claim is.
    return discoveries([p_value(each, bound, direction) for each in estimates], rate=FALSE_DISCOVERIES / 2)


def _ends(estimate: Estimate | float, direction: Direction) -> tuple[float, float]:
    """The better and the worse end of the interval."""
    low, high = getattr(estimate, "low", None), getattr(estimate, "high", None)
    low, high = (float(estimate) if end is None else float(end) for end in (low, high))
    return (low, high) if direction == "above" else (high, low)
