"""Rates of a bench: how often defects are named, of whom, at which level, and how often clean models are blamed."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from latentassay.core.estimate import Estimate
from latentassay.stats.intervals import proportion
from latentassay.truth.judging import Verdict
from latentassay.truth.runs import Outcome


@dataclass(frozen=True, kw_only=True)
class Rate:
    """How a diagnoser did with one kind at one dose, or with one kind of clean models.

    Attributes:
        name: kind, or clean twin.
        dose: 0 for clean ones.
        diagnoser: who.
        n: how many plants.
        named: share in which the defect was named, with Wilson's interval.
        subjects_right: share of those whose subjects were exactly right; ``None`` where there are none.
        blamed: share with an accusation that is wrong; of a clean model, any.
        levels: level → how often it was given.
        wrong: key → how often it was wrong.
        seconds: mean time of an answer.
    """

    name: str
    dose: int
    diagnoser: str
    n: int
    named: Estimate
    subjects_right: Estimate | None
    blamed: Estimate
    levels: dict[str, int]
    wrong: dict[str, int]
    seconds: float


def rates(outcomes: Iterable[Outcome]) -> list[Rate]:
    """Return rates of every diagnoser, kind and dose, in order of appearance; each plant counts once."""
    groups: dict[tuple[str, int, str], list[Outcome]] = {}
    for one in outcomes:
        if one.repeat == 0:
            groups.setdefault((one.name, one.dose, one.diagnoser), []).append(one)
    return [_rate(*key, found) for key, found in groups.items()]


def _rate(name: str, dose: int, diagnoser: str, found: list[Outcome]) -> Rate:
    verdicts = [one.verdict for one in found]
    aimed = [one for one in verdicts if one.subjects_right is not None]
    return Rate(
        name=name,
        dose=dose,
        diagnoser=diagnoser,
        n=len(found),
        named=_share(verdicts, lambda one: one.named),
        subjects_right=_share(aimed, lambda one: bool(one.subjects_right)) if aimed else None,
        blamed=_share(verdicts, lambda one: bool(one.wrong)),
        levels=dict(Counter(one.level for one in verdicts if one.level)),
        wrong=dict(Counter(key for one in verdicts for key in one.wrong)),
        seconds=sum(one.seconds for one in found) / len(found),
    )


def _share(verdicts: Sequence[Verdict], holds: Callable[[Verdict], bool]) -> Estimate:
    return proportion(sum(map(holds, verdicts)), len(verdicts))


def coverage(outcomes: Iterable[Outcome]) -> dict[str, Estimate]:
    """Return for every score of known truth how often its 95 % interval held it."""
    held: dict[str, list[bool]] = {}
    for one in outcomes:
        for name, inside in one.held.items() if one.repeat == 0 else ():
            held.setdefault(name, []).append(inside)
    return {name: proportion(sum(found), len(found)) for name, found in held.items()}


def flips(outcomes: Iterable[Outcome], diagnoser: str = "ours") -> dict[str, Estimate]:
    """Return for every kind in how many pairs of seeds of the diagnoser what it accuses differs.

    What is unsure in one and accused in the other is no flip, nor is a subject that the other doubts.
    """
    groups: dict[tuple[str, int, int], list[Outcome]] = {}
    for one in outcomes:
        if one.diagnoser == diagnoser:
            groups.setdefault((one.name, one.dose, one.seed), []).append(one)
    pairs: dict[str, list[bool]] = {}
    for (name, _, _), found in groups.items():
        pairs.setdefault(name, []).extend(differ(a, b) for a, b in combinations(found, 2))
    return {name: proportion(sum(found), len(found)) for name, found in pairs.items() if found}


def differ(first: Outcome, second: Outcome) -> bool:
    """Whether one accuses somebody whom the other does not, and is not unsure of either."""
    return _lacks(first, second) or _lacks(second, first)


def _lacks(one: Outcome, other: Outcome) -> bool:
    """Whether the other is silent where the first accuses."""
    said, there, doubted = (_by_key(texts) for texts in (one.accused, other.accused, other.doubted))
    return any(
        key not in there or bool(who - there[key] - doubted.get(key, set()))
        for key, who in said.items()
        if key not in other.unsure
    )


def _by_key(texts: Iterable[str]) -> dict[str, set[str]]:
    """Return of whom each key is said, given as ``"key subject …"``."""
    found: dict[str, set[str]] = {}
    for text in texts:
        key, *who = text.split(" ")
        found.setdefault(key, set()).update(who)
    return found
