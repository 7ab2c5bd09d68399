"""Verdicts on families: many places, pairs or moves at once, of which only those beyond doubt are named."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from latentassay.assay.wording import LISTED, listing
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import GRAVE, Bounds, Level, exceeding, grade, may_exceed
from latentassay.stats.extremes import largest, smallest


class FamilyVerdict(NamedTuple):
    """What is said of a family.

    Attributes:
        estimate: the worst of those that are named; where none is, the worst of all, whose interval holds its choice.
        level: what follows from it.
        named: numbers of the members beyond what is serious, false discoveries controlled over the family.
        noted: the same, or, where the level is a note, those beyond what is negligible.
        worst: number of the member of that estimate.
        doubtful: numbers of those that are not named and whose own interval reaches beyond what is serious, the worst
            first: with other rows they might be.
    """

    estimate: Estimate
    level: Level
    named: tuple[int, ...]
    noted: tuple[int, ...]
    worst: int
    doubtful: tuple[int, ...] = ()


def judge_family(estimates: Sequence[Estimate], bounds: Bounds) -> FamilyVerdict:
    """Name the members of a family that are beyond what is serious, and grade the worst.

    Args:
        estimates: of all members, at least one.
        bounds: what is negligible and what is serious, for each of them.

    Raises:
        InputError: an empty family.

    >>> bounds = Bounds(0, 0.05, 0.25, "share of a change")
    >>> judge_family([Estimate(0.5, stderr=0.01), Estimate(0.0, stderr=0.01)], bounds)
    FamilyVerdict(estimate=0.500 ± 0.020, level='warning', named=(0,), noted=(0,), worst=0, doubtful=())
    >>> judge_family([Estimate(0.01, stderr=0.01), Estimate(0.0, stderr=0.01)], bounds)[1:]
    ('good', (), (), 0, ())
    """
    serious = _beyond(estimates, bounds, bounds.serious)
    of_all, best = (largest, max) if bounds.direction == "above" else (smallest, min)
    worst = best(serious or range(len(estimates)), key=lambda k: float(estimates[k]))
    # Bonferroni over all, so that a worst that would be serious by its interval is always one that was named.
    estimate = estimates[worst] if serious else of_all(estimates, family=len(estimates))
    level = grade(estimate, bounds)
    noted = _beyond(estimates, bounds, bounds.negligible) if level == "note" else serious
    return FamilyVerdict(estimate, level, serious, noted, worst, doubtful=_in_doubt(estimates, bounds, serious))


def _in_doubt(estimates: Sequence[Estimate], bounds: Bounds, named: Sequence[int]) -> tuple[int, ...]:
    sign = 1 if bounds.direction == "above" else -1
    doubtful = [k for k, each in enumerate(estimates) if k not in named and may_exceed(each, bounds)]
    return tuple(sorted(doubtful, key=lambda k: -sign * float(estimates[k])))


def add_doubtful(finding: Finding, names: Sequence[str]) -> Finding:
    """Return an accusation that also says of whom it is not sure; any other finding as it is.

    Args:
        finding: what names its subjects.
        names: of those who may belong to them, the worst first.

    >>> add_doubtful(Finding("aggregate.shift", "Codes of unit 3 do not lie about 0.", "warning"), ["5", "2"]).sentence
    'Codes of unit 3 do not lie about 0. So it may be with 5 and 2.'
    """
    if not names or finding.level not in GRAVE:
        return finding
    more = [f"{len(names) - LISTED} more"] if len(names) > LISTED else []
    said = f"{finding.sentence} So it may be with {listing([*names[:LISTED], *more])}."
    return replace(finding, sentence=said, doubtful=tuple(names))


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
