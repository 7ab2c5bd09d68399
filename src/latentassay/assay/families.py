"""Verdicts on families: many places, pairs or moves at once, of which only those beyond doubt are named."""

from collections.abc import Sequence
from typing import NamedTuple

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, Level, exceeding, grade
from latentassay.stats.extremes import largest, smallest


class FamilyVerdict(NamedTuple):
    """What is said of a family.

    Attributes:
        estimate: the worst of those that are named; where none is, the worst of all, whose interval holds its choice.
        level: what follows from it.
        named: numbers of the members beyond what is serious, false discoveries controlled over the family.
        noted: the same, or, where the level is a note, those beyond what is negligible.
        worst: number of the member of that estimate.
    """

    estimate: Estimate
    level: Level
    named: tuple[int, ...]
    noted: tuple[int, ...]
    worst: int


def judge_family(estimates: Sequence[Estimate], bounds: Bounds) -> FamilyVerdict:
    """Name the members of a family that are beyond what is serious, and grade the worst.

    Args:
        estimates: of all members, at least one.
        bounds: what is negligible and what is serious, for each of them.

    Raises:
        InputError: an empty family.

    >>> bounds = Bounds(0, 0.05, 0.25, "share of a change")
    >>> judge_family([Estimate(0.5, stderr=0.01), Estimate(0.0, stderr=0.01)], bounds)
    FamilyVerdict(estimate=0.500 ± 0.020, level='warning', named=(0,), noted=(0,), worst=0)
    >>> judge_family([Estimate(0.01, stderr=0.01), Estimate(0.0, stderr=0.01)], bounds)[1:]
    ('good', (), (), 0)
    """
    serious = _beyond(estimates, bounds, bounds.serious)
    of_all, best = (largest, max) if bounds.direction == "above" else (smallest, min)
    worst = best(serious or range(len(estimates)), key=lambda k: float(estimates[k]))
    # Bonferroni over all, so that a worst that would be serious by its interval is always one that was named.
    estimate = estimates[worst] if serious else of_all(estimates, family=len(estimates))
    level = grade(estimate, bounds)
    noted = _beyond(estimates, bounds, bounds.negligible) if level == "note" else serious
    return FamilyVerdict(estimate, level, named=serious, noted=noted, worst=worst)


def _beyond(estimates: Sequence[Estimate], bounds: Bounds, bound: float) -> tuple[int, ...]:
    return tuple(k for k, is_beyond in enumerate(exceeding(estimates, bound, bounds.direction)) if is_beyond)


def mildest(first: tuple[Estimate, Bounds], second: tuple[Estimate, Bounds]) -> tuple[Estimate, Bounds]:
    """Return which of two claims, each an estimate with its bounds, has the milder level: both are needed to accuse.

    >>> large, cheap = (Estimate(5.0), Bounds(1, 1.25, 2, "ratio")), (Estimate(0.001), Bounds(0, 0.01, 0.1, "cost"))
    >>> mildest(large, cheap)[0]
    0.001
    """
    order: tuple[Level, ...] = ("good", "note", "unsure", "warning", "problem")
    return min(first, second, key=lambda claim: order.index(grade(*claim)))
