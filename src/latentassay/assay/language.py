"""Slips of language that no sentence of a report may hold, found by their form."""

import re

SINGULAR, PLURAL = "is|has|comes|holds|repeats|moves|answers", "are|have|come|hold|repeat|move|answer"

SLIPS = {
    "one unit in the plural": rf"(^|[.;:] )Unit [\w.]+ ({PLURAL})\b",
    "several units in the singular": rf"(^|[.;:] )Units [\w.]+(, [\w.]+)* and [\w.]+ ({SINGULAR})\b",
    "one of several": r"(?<![\w.–])1 (units|pairs|channels|places|rows|samples|variables|factors)\b",
    "no number": r"(?<![\w.])(nan|inf)\b",
    "two spaces or stops": r"\s{2,}|(?<!\.)\.\.(?!\.)|,,| [.,;:]( |$)",
}
"""Kind of slip → its form."""


def slips_in(sentence: str) -> list[str]:
    """Return the kinds of slips in a sentence, each with where it is.

    >>> slips_in("Unit 9 are redundant.")
    ['one unit in the plural: Unit 9 are']
    >>> slips_in("Units 1 and 9 are redundant; unit 3 comes back at −3 %.")
    []
    """
    found = ((kind, re.search(form, sentence)) for kind, form in SLIPS.items())
    return [f"{kind}: {match.group()}" for kind, match in found if match]
