"""Whether what a diagnoser said of a plant is right: named or not, of whom, and what else it accused."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from latentassay.core.errors import ContractError
from latentassay.core.levels import GRAVE
from latentassay.truth.plant import Claim, Plant


class Accusation(NamedTuple):
    """What a diagnoser said: a defect, whom it is about, and how grave it is, if it says so."""

    defect: str
    subjects: frozenset[str]
    level: str | None = None


class Verdict(NamedTuple):
    """What is right and wrong about all that was said of one plant.

    Attributes:
        named: the defect was named, and not of others alone.
        subjects_right: the subjects are exactly those of the plant; ``None`` where it was not named, or it is about the
            whole model.
        level: at which level; ``None`` where the diagnoser has none, or did not name it.
        wrong: keys that were accused and are not true; of a clean model any.
    """

    named: bool
    subjects_right: bool | None
    level: str | None
    wrong: tuple[str, ...]


def read_answer(said: Iterable[Any], name: str) -> tuple[Accusation, ...]:
    """Read what a diagnoser returned.

    Raises:
        ContractError: something else than pairs ``(defect, subjects)`` or triples with a level.

    >>> read_answer({("units.dead", ("3",))}, "mine")
    (Accusation(defect='units.dead', subjects=frozenset({'3'}), level=None),)
    """
    found = []
    for one in said:
        if not isinstance(one, tuple) or len(one) not in (2, 3) or not isinstance(one[0], str):
            raise ContractError(
                f"diagnoser {name} returned {one!r}; expected pairs such as ('units.dead', ('3',)), or triples with a "
                "level at the end"
            )
        subjects = (one[1],) if isinstance(one[1], str) else one[1]
        found.append(Accusation(one[0], frozenset(map(str, subjects)), one[2] if len(one) == 3 else None))
    return tuple(sorted(found, key=lambda each: (each.defect, sorted(each.subjects))))


def judge(plant: Plant, said: tuple[Accusation, ...]) -> Verdict:
    """Compare what was said with the truth."""
    hits = [one for one in said if any(_is_about(one, true) for true in plant.truth)]
    aimed = [true for true in plant.truth if true.subjects]
    exact = [one for one in hits if any(_same(one, true) for true in aimed)]
    best = min(exact or hits, key=_gravity, default=None)
    keys = {true.defect for true in plant.truth}
    wrong = {one.defect for one in said if _is_wrong(one, plant, keys)}
    return Verdict(
        named=bool(hits),
        subjects_right=bool(exact) if hits and aimed else None,
        level=best.level if best else None,
        wrong=tuple(sorted(wrong)),
    )


def _is_wrong(one: Accusation, plant: Plant, keys: set[str]) -> bool:
    if one.defect in plant.never:
        return True
    if one.defect in keys:
        # The right defect, but of none whom it concerns.
        return not any(_is_about(one, true) for true in plant.truth)
    # A note that describes accuses of nothing, unless nothing is there to describe.
    accuses = one.level is None or one.level in GRAVE or not plant.truth
    return accuses and one.defect not in plant.consequences


def _is_about(one: Accusation, true: Claim) -> bool:
    if one.defect != true.defect:
        return False
    return not true.subjects or not one.subjects or bool(members(one.subjects) & members(true.subjects))


def _same(one: Accusation, true: Claim) -> bool:
    if one.defect != true.defect:
        return False
    directed = any(">" in label for label in true.subjects)
    return one.subjects == true.subjects if directed else members(one.subjects) == members(true.subjects)


def members(subjects: frozenset[str]) -> frozenset[str]:
    """Return the single units of labels, of which some are pairs.

    >>> sorted(members(frozenset({"3+5", "7"})))
    ['3', '5', '7']
    """
    return frozenset(part for label in subjects for part in label.replace(">", "+").split("+"))


def _gravity(one: Accusation) -> int:
    order = ("problem", "warning", "note")
    return order.index(one.level) if one.level in order else len(order)
