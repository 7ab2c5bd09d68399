"""Pairs of findings that cannot both be true, and findings that contradict themselves: what no report may hold."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from latentassay.core.findings import Finding, Score
from latentassay.core.levels import GRAVE, Level, grade
from latentassay.responses.graph import join_pairs

IGNORED = ("units.dead", "units.collapsed")
"""States in which the decoder ignores a unit."""

USED = ("units.faint", "units.encoder_blind", "units.twins", "units.redundant", "graph.entangled", "graph.one_way")
"""What cannot be said of a unit that the decoder ignores."""

MUCH = 0.5
"""A share of the variance that a decoder cannot keep if it ignores every unit."""

SAME: tuple[tuple[str, str], ...] = (("aggregate.shift", "input_checks.shift"),)
"""Keys of one cause, which is said once."""

OPPOSITES: tuple[tuple[str, str], ...] = (
    ("graph", "consistency.invariance"),
    ("consistency.invariance", "graph.entangled"),
    ("consistency.invariance", "graph.one_way"),
)
"""Where the first is good, the second may not accuse: both are measured on one scale."""

WEAK: tuple[Level, ...] = ("good", "note")
"""Levels of couplings that are surely not strong."""

ONE_VARIABLE = re.compile(r"\bone variable\b")
BETA = re.compile(r"β|\bbeta\b", re.IGNORECASE)
TRAINING = re.compile(r"\b(re)?train\b|\bconsistency training|β|\bbeta\b|\bepochs?\b", re.IGNORECASE)


def contradictions(
    findings: Iterable[Finding],
    scores: Mapping[str, Score],
    *,
    units: int | None = None,
    has_prior: bool = True,
    is_trainable: bool = True,
) -> list[str]:
    """Return what contradicts itself in a report, one line each; nothing of a report that is right.

    Args:
        findings: all of the report.
        scores: all of the report, by name.
        units: how many units there are; where left out, nothing is concluded from all of them being named.
        has_prior: whether the model has one, so that something can be said of β.
        is_trainable: whether the model can be trained further.

    >>> of_three = [Finding(key, "…", "note", subjects=("3",)) for key in ("units.dead", "units.faint")]
    >>> contradictions(of_three, {})
    ['unit 3: units.dead and units.faint']
    """
    said = [one for one in findings if one.level != "unsure"]
    return [
        *_of_units(said),
        *_of_all_units(said, scores, units),
        *_of_opposites(said),
        *_of_one_cause(said),
        *_of_weak_couplings([*findings], scores),
        *_repeated(said),
        *(text for one in findings for text in _of_one(one, has_prior, is_trainable)),
    ]


def _of_units(findings: Sequence[Finding]) -> Iterator[str]:
    """A unit that the decoder ignores has one state, and none in which it is used."""
    for one in findings:
        if one.key not in IGNORED or one.level == "good":
            continue
        for other in findings:
            excluded = other.key in USED or (other.key in IGNORED and IGNORED.index(other.key) > IGNORED.index(one.key))
            if excluded and other.level != "good":
                for unit in sorted(_members(one.subjects) & _members(other.subjects)):
                    yield f"unit {unit}: {one.key} and {other.key}"


def _members(subjects: Iterable[str]) -> set[str]:
    return {part for label in subjects for part in re.split(r"[+>]", label)}


def _of_all_units(findings: Sequence[Finding], scores: Mapping[str, Score], units: int | None) -> Iterator[str]:
    """A decoder that ignores every unit keeps nothing, and as many units are alive as are not ignored, at most."""
    ignored = {unit for one in findings if one.key in IGNORED for unit in _members(one.subjects)}
    kept, alive = scores.get("reconstruction.explained"), scores.get("units.alive")
    if units is None or not ignored:
        return
    if len(ignored) >= units and kept is not None and kept.value > MUCH:
        yield f"every unit is ignored, and {kept.value:.0%} of the variance is kept"
    if alive is not None and alive.value > units - len(ignored):
        yield f"{alive.value:.0f} of {units} units are alive, and {len(ignored)} are ignored"


def _of_opposites(findings: Sequence[Finding]) -> Iterator[str]:
    for good, bad in OPPOSITES:
        if any(one.key == good and one.level == "good" for one in findings) and any(
            one.key == bad and one.level in GRAVE for one in findings
        ):
            yield f"{good} is good and {bad} accuses"


def _of_one_cause(findings: Sequence[Finding]) -> Iterator[str]:
    keys = {one.key for one in findings if one.level != "good"}
    for one, other in SAME:
        if {one, other} <= keys:
            yield f"{one} and {other} say the same"


def _of_weak_couplings(findings: Sequence[Finding], scores: Mapping[str, Score]) -> Iterator[str]:
    """Units that move each other a little are no variable: neither in words, nor in the number of variables."""
    entangled = [one for one in findings if one.key == "graph.entangled"]
    for one in entangled:
        if one.level in WEAK and ONE_VARIABLE.search(f"{one.remedy} {one.brief}"):
            yield f"{one.key} is {one.level}, and says that units form one variable"
    alive, variables = scores.get("units.alive"), scores.get("units.variables")
    joined = any(one.key in ("units.twins", "units.redundant") for one in findings)
    if alive is None or variables is None or joined or not entangled or not all(map(_is_weak, entangled)):
        return
    pairs = [label.split("+") for one in entangled for label in one.subjects]
    members = {unit for pair in pairs for unit in pair}
    numbers = {unit: k for k, unit in enumerate(sorted(members))}
    groups = join_pairs(numbers.values(), [(numbers[one], numbers[other]) for one, other in pairs])
    if variables.value == alive.value - len(members) + len(groups):
        yield f"graph.entangled is weak, and makes {variables.value:.0f} variables of {alive.value:.0f} units"


def _is_weak(one: Finding) -> bool:
    """Whether a coupling is surely not strong; a finding that is not graded, as on the wrong input, does not say."""
    return one.estimate is not None and one.bounds is not None and grade(one.estimate, one.bounds) in WEAK


def _repeated(findings: Sequence[Finding]) -> Iterator[str]:
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for one in findings:
        if (one.key, one.subjects) in seen:
            yield f"{one.key} is said twice of {', '.join(one.subjects) or 'the model'}"
        seen.add((one.key, one.subjects))


def _of_one(one: Finding, has_prior: bool, is_trainable: bool) -> Iterator[str]:
    """A finding's own level, estimate and advice."""
    if one.estimate is not None and one.bounds is not None:
        graded = grade(one.estimate, one.bounds)
        if (one.level == "good" and graded != "good") or (one.is_grave and graded not in GRAVE):
            yield f"{one.key} is {one.level}, and its interval {one.estimate} says {graded}"
    if one.level == "good" and one.remedy:
        yield f"{one.key} is good and has a remedy: {one.remedy}"
    if one.level == "unsure" and not one.settle:
        yield f"{one.key} is unsure, and nothing would settle it"
    if one.remedy and not has_prior and BETA.search(one.remedy):
        yield f"{one.key} speaks of β to a model without a prior: {one.remedy}"
    if one.remedy and not is_trainable and TRAINING.search(one.remedy):
        yield f"{one.key} speaks of training to a model that cannot be trained: {one.remedy}"
