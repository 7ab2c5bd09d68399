"""What is said of units in each state, from the ledger alone: one finding for every state that some unit is in."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from latentassay.assay.ledger import Ledger, State
from latentassay.assay.principal import MOST
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import name_units
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding
from latentassay.core.levels import Bounds, Level, grade

BLIND = Bounds(0.0, 1e-3, 0.01, "moved by units that the encoder does not vary, as a share of the variance of the data")
"""How much the decoder may paint with what no observation sets: under 1 % of the variance nobody sees it."""

Words = tuple[str, str]
"""Sentence and remedy."""


UNHEARD = 1e-6
"""A smaller share of the variance of the output is rounding."""

UNREAD = Bounds(1.0, 0.35, 0.1, "share of a change of a unit that comes back; under a tenth it is not read")
"""A unit is not read back if surely less than this share of a change of it returns."""


def state_findings(ledger: Ledger, *, beta: bool) -> Iterator[Finding]:
    """Yield a finding for every state but "alive" and "entangled" that some unit is in.

    Args:
        ledger: of all units.
        beta: whether the weight of a prior can still be changed.
    """
    for state, (key, level, describe) in STATES.items():
        units = ledger.of(state)
        if units:
            sentence, remedy = describe(ledger, units, beta)
            unread = _unread(ledger, units) if state == "faint" else []
            finding = Finding(
                key, sentence, level, ("units.alive",), subjects=_subjects(ledger, state, units), remedy=remedy
            )
            if state == "encoder-blind":
                finding = _grade_blind(finding, ledger, units)
            yield _grade_unread(finding, ledger, unread) if unread else finding


def _grade_blind(finding: Finding, ledger: Ledger, units: list[int]) -> Finding:
    """Grade by how much of the decodings all of these units move; what is too little to be seen is a note."""
    effects = _shares_of_data(ledger, units)
    stderr = math.hypot(*(each.stderr or 0.0 for each in effects))
    painted = Estimate(sum(effects), stderr=stderr, n=effects[0].n)
    level = grade(painted, BLIND)
    if level == "good":
        return replace(finding, level="note", remedy=None)
    return replace(finding, level=level, estimate=painted, bounds=BLIND, settle=how_to_settle(painted, BLIND))


def _shares_of_data(ledger: Ledger, units: list[int]) -> list[Estimate]:
    """How much of the variance of the data these units move: of little output a large share is little.

    Units that were moved by hand, whose effects have no error, were measured so.
    """
    effects = [ledger.entries[unit].effect for unit in units]
    return [effect if effect.stderr is None else effect.scaled(ledger.visible) for effect in effects]


def _grade_unread(finding: Finding, ledger: Ledger, unread: list[int]) -> Finding:
    """Warn of units that the encoder does not read, with the response of the one that is read most."""
    response = max((ledger.entries[unit].response for unit in unread), key=float)
    return replace(finding, level=grade(response, UNREAD), estimate=response, bounds=UNREAD)


def _subjects(ledger: Ledger, state: State, units: list[int]) -> tuple[str, ...]:
    """Units by name; twins by the group that repeats the same."""
    if state != "twin":
        return tuple(ledger.labels(units))
    return tuple("+".join(ledger.labels(group)) for group in _groups(ledger, units))


def _groups(ledger: Ledger, units: list[int]) -> list[tuple[int, ...]]:
    """Those of the units that are in one group, which may hold others that they move and do not repeat."""
    groups = [tuple(unit for unit in group if unit in units) for group in ledger.variables]
    return [group for group in groups if group]


def _pick(units: Sequence[object], one: str, many: str) -> str:
    return one if len(units) == 1 else many


def _dead(ledger: Ledger, units: list[int], beta: bool) -> Words:
    written = [unit for unit in units if ledger.entries[unit].spread > 0]
    it = _pick(units, "it", "them")
    cause = f"the encoder writes {it}"
    if not written:
        cause = f"the encoder never varies {it}"
    elif len(written) < len(units):
        cause = f"the encoder writes {name_units(ledger.labels(written))} and never varies the others"
    unheard = f"and the decoder {_unheard(ledger, units, it)}"
    sentence = f"{_names(ledger, units)} {_pick(units, 'is', 'are')} dead: {cause}, {unheard}."
    return sentence, f"{_pick(units, 'It', 'They')} can be dropped."


def _unheard(ledger: Ledger, units: list[int], it: str) -> str:
    """Say that the decoder does not read units, or how little, where exchanging them moves anything at all."""
    share = max(float(ledger.entries[unit].effect) for unit in units)
    if share < UNHEARD:
        return f"does not read {it}"
    return f"hardly reads {it} (exchanging {_pick(units, 'it', 'one')} moves at most {100 * share:.2g} % of the output)"


def _collapsed(ledger: Ledger, units: list[int], beta: bool) -> Words:
    it = _pick(units, "it", "them")
    sentence = (
        f"{_names(ledger, units)} {_pick(units, 'is', 'are')} collapsed: the encoder puts only noise into {it}, and "
        f"the decoder ignores {it}."
    )
    lower = f"; lower β or warm it up from 0 if you want {it} used" if beta else ""
    return sentence, f"{_pick(units, 'It', 'They')} can be dropped{lower}."


def _encoder_blind(ledger: Ledger, units: list[int], beta: bool) -> Words:
    it, share = _pick(units, "it", "them"), max(_shares_of_data(ledger, units))
    strongest = _pick(units, "it", "the strongest of them")
    sentence = (
        f"The decoder paints with {name_units(ledger.labels(units))}, which the encoder does not vary with the data: "
        f"a change of {strongest} moves the output by {share.scaled(100)} % of the variance of the data."
    )
    return sentence, f"Do not drop {it}: samples differ in {it}, though no observation can be encoded there."


def _unread(ledger: Ledger, units: list[int]) -> list[int]:
    """Units of which next to nothing comes back, though the width of the posterior would let more."""
    entries = {unit: ledger.entries[unit] for unit in units}
    return [
        unit for unit, e in entries.items() if (e.response.high or 0.0) < UNREAD.serious and e.response < e.signal / 2
    ]


def _faint(ledger: Ledger, units: list[int], beta: bool) -> Words:
    it = _pick(units, "it", "them")
    sizes = sorted(100 * float(ledger.entries[unit].response) for unit in units)
    extent = f"{sizes[0]:.0f} %" if round(sizes[0]) == round(sizes[-1]) else f"{sizes[0]:.0f} to {sizes[-1]:.0f} %"
    sentence = (
        f"{_names(ledger, units)} {_pick(units, 'is', 'are')} faint: the decoder uses {it}, but a change of "
        f"{_pick(units, 'it', 'one')} comes back in part only ({extent} of its size)."
    )
    unread = _unread(ledger, units)
    if unread:
        sentence += f" The encoder does not read what the decoder paints with {name_units(ledger.labels(unread))}."
    return sentence, f"Keep {it}, and do not rely on {_pick(units, 'it', 'one of them')} alone."


def _twins(ledger: Ledger, units: list[int], beta: bool) -> Words:
    groups = _groups(ledger, units)
    named = "; ".join(name_units(ledger.labels(group)) for group in groups)
    return (
        f"{named[0].upper()}{named[1:]} repeat each other: their codes are the same, and the decoder uses them all.",
        f"One of {_pick(groups, 'them', 'each group')} is enough; changed alone, they contradict each other.",
    )


def _redundant(ledger: Ledger, units: list[int], beta: bool) -> Words:
    most = max(float(ledger.entries[unit].response) for unit in units)
    if len(units) == 1:
        return (
            f"{_names(ledger, units)} comes back only together with others: of a change of it alone at most "
            f"{100 * most:.0f} % comes back, and most where the others move as in real codes.",
            "To change what it holds, go along principal directions of the codes, not along this unit.",
        )
    sentence = (
        f"{_names(ledger, units)} are redundant: of a change of one alone at most {100 * most:.0f} % comes back, of "
        f"all together most{_directions(ledger.directions)}."
    )
    return sentence, "To change what they hold, go along principal directions of the codes, not unit by unit."


def _directions(directions: Estimate | None) -> str:
    if directions is None:
        return ""
    count = int(directions)
    many = f"all {count} widest" if count == MOST else str(count)
    return (
        f"; asked again in principal directions, {many} of them answer{_pick(range(count), 's', '')} when changed alone"
    )


def _names(ledger: Ledger, units: list[int]) -> str:
    names = name_units(ledger.labels(units))
    return names[0].upper() + names[1:]


STATES: dict[State, tuple[str, Level, Callable[[Ledger, list[int], bool], Words]]] = {
    "dead": ("units.dead", "note", _dead),
    "collapsed": ("units.collapsed", "note", _collapsed),
    "encoder-blind": ("units.encoder_blind", "warning", _encoder_blind),
    "faint": ("units.faint", "note", _faint),
    "twin": ("units.twins", "note", _twins),
    "redundant": ("units.redundant", "note", _redundant),
}
"""State → key and level of its finding, and its words. Idle units cost nothing, so most of these only inform."""
