"""What holds over a whole report: no grades for what is about the wrong input, and few false accusations."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from latentassay.core.findings import Finding, Section
from latentassay.core.levels import FALSE_DISCOVERIES, discoveries

DECISIVE = ("input_checks.range", "input_checks.output", "input_checks.belong")
"""Problems of the input after which nothing else can be graded."""


STAND = ("input_checks", "budget")
"""Sections that are right whatever the input is."""

WRONG = {"input_checks.output": "output", "input_checks.belong": "pair of coders"}
"""What all else is then about, if not the wrong input."""


SUSPECTED = 0.5
"""A p-value up to which a claim looks serious: its estimate lies beyond the bound."""


class Control(NamedTuple):
    """A report whose accusations stand together.

    Attributes:
        sections: in their order.
        claims: how many findings were graded by an estimate.
        false_alarms: how many of the warnings and problems may be expected to be false, at most.
    """

    sections: tuple[Section, ...]
    claims: int
    false_alarms: float


def doubted(sections: Sequence[Section]) -> set[str]:
    """Return the keys of sections of which an accusation may be chance among so many claims."""
    before = {(section.key, f.key): f.is_grave for section in sections for f in section.findings}
    after = {(section.key, f.key): f.level for section in control(sections).sections for f in section.findings}
    return {where[0] for where, grave in before.items() if grave and after[where] == "unsure"}


def control(sections: Sequence[Section]) -> Control:
    """Withdraw grades from what is about the wrong input, and accusations that may be chance among so many claims.

    Over all claims of the report the false discovery rate of warnings and problems is held at 5 % (Benjamini and
    Hochberg 1995); those beyond become unsure. Claims whose estimate is not even as bad as what is serious take no part
    in the count: given that it is, the p-value of the others is ``p / 0.5``, which is as valid where the truth is just
    serious, and smaller than chance where it is less.

    Source: Zhao, Small and Su 2019, Multiple testing when many p-values are uniformly conservative (τ = 0.5).
    """
    found = _mark_wrong_input(sections)
    claims = [finding for section in found for finding in section.findings if finding.p_value is not None]
    kept, suspected = _keep(claims)
    sections = tuple(
        replace(
            section,
            findings=tuple(_withdraw(f, suspected) if not kept.get(id(f), True) else f for f in section.findings),
        )
        for section in found
    )
    grave = [f for section in sections for f in section.findings if f.is_grave and f.p_value is not None]
    return Control(sections, len(claims), FALSE_DISCOVERIES * len(grave))


def _keep(claims: Sequence[Finding]) -> tuple[dict[int, bool], int]:
    """Tell by identity which claims stand, and among how many that look serious."""
    p_values = {id(claim): claim.p_value for claim in claims}
    suspected = {key: p / SUSPECTED for key, p in p_values.items() if p is not None and p <= SUSPECTED}
    stand = dict(zip(suspected, discoveries(list(suspected.values())), strict=True))
    return {key: stand.get(key, False) for key in p_values}, len(suspected)


def _withdraw(finding: Finding, suspected: int) -> Finding:
    if not finding.is_grave:
        return finding
    settle = (
        f"One of {suspected} claims that look serious at once, so that this may be chance; more rows, or another seed, "
        "would tell."
    )
    return replace(finding, level="unsure", remedy=None, brief=None, settle=settle)


def _mark_wrong_input(sections: Sequence[Section]) -> tuple[Section, ...]:
    """Grade nothing that was measured on the wrong input."""
    causes = [f for section in sections for f in section.findings if f.key in DECISIVE and f.level == "problem"]
    if not causes:
        return tuple(sections)
    what = WRONG.get(causes[0].key, "input")
    caveat = f"About the wrong {what}, and not graded: {causes[0].brief or causes[0].sentence.rstrip('.')}."
    return tuple(section if section.key in STAND else _ungraded(section, caveat) for section in sections)


def _ungraded(section: Section, caveat: str) -> Section:
    findings = tuple(
        f if f.key.endswith(".failed") else replace(f, level="note", remedy=None, settle=None, brief=None)
        for f in section.findings
    )
    return replace(section, findings=findings, caveat=caveat)
