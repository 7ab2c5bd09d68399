"""What a run of the bench of faults found, as one record that JSON can hold, and as tables."""

import json
import platform
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentassay._version import __version__
from latentassay.core.grids import Grid, markdown_of
from latentassay.core.storage import write_whole
from latentassay.faults.exceptions import find_known
from latentassay.faults.judging import FAULTS, FINE, Outcome

FORMAT = "latentassay-bench-faults-1"

TITLES = {
    "value": "value",
    "typed": "typed error",
    "raw": "raw error",
    "nan": "NaN",
    "input": "input changed",
    "state": "state changed",
    "hang": "hang",
    "differs": "differs",
    "canary": "canary",
    "secret": "secret",
    "survivor": "survivor",
    "died": "died",
    "lost": "lost",
}
"""Verdict → heading of its column."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """All calls of a run.

    Attributes:
        outcomes: of every call.
        quick: whether only some were made.
        commit: of the code, where it is known.
        seconds: what all took.
    """

    outcomes: tuple[Outcome, ...]
    quick: bool
    commit: str
    seconds: float

    @property
    def faults(self) -> tuple[Outcome, ...]:
        """What should not have happened and is not known."""
        return tuple(one for one in self.outcomes if one.is_fault and _known(one) is None)

    @property
    def known(self) -> tuple[Outcome, ...]:
        """What is listed with its reason."""
        return tuple(one for one in self.outcomes if one.is_fault and _known(one) is not None)

    def count(self, axis: str) -> Counter[str]:
        """Count the verdicts of an axis; what is known is ``"known"``."""
        return Counter("known" if _known(one) else one.verdict for one in self.outcomes if one.axis == axis)

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes in the order of their calls."""
        return tuple(dict.fromkeys(one.axis for one in self.outcomes))

    def save(self, path: Path) -> None:
        """Write everything as JSON."""
        write_whole(path, (json.dumps(pack(self), indent=1, ensure_ascii=False) + "\n").encode())


def _known(outcome: Outcome) -> str | None:
    if not outcome.is_fault:
        return None
    return find_known(outcome.function, outcome.case, outcome.verdict)


def pack(found: Faults) -> dict[str, Any]:
    """Return a run as plain facts.

    The schema: ``counts`` (axis → verdict → calls), ``faults`` and ``known`` (every one with axis, function, argument,
    case, verdict, detail and seconds; known ones with the reason why they stand), ``functions`` (name → calls),
    versions, commit and seconds.
    """
    return {
        "format": FORMAT,
        "commit": found.commit,
        "quick": found.quick,
        "seconds": round(found.seconds, 1),
        "versions": {
            "latentassay": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
        "calls": len(found.outcomes),
        "counts": {axis: dict(found.count(axis)) for axis in found.axes},
        "faults": [_pack(one) for one in found.faults],
        "known": [{**_pack(one), "reason": _known(one)} for one in found.known],
        "functions": dict(Counter(one.function for one in found.outcomes)),
    }


def _pack(outcome: Outcome) -> dict[str, Any]:
    return {**asdict(outcome), "seconds": round(outcome.seconds, 3)}


def scoreboard(found: Faults) -> Grid:
    """Return a row for every axis: its calls, what is fine, what is known, and the faults."""
    counts = {axis: found.count(axis) for axis in found.axes}
    rows = tuple(
        (
            axis,
            *map(
                str, (total(each), *(each[verdict] for verdict in (*FINE, "known")), sum(each[kind] for kind in FAULTS))
            ),
        )
        for axis, each in counts.items()
    )
    return Grid("", ("", "calls", *(TITLES[verdict] for verdict in FINE), "known", "faults"), rows)


def by_kind(found: Faults) -> Grid:
    """Return a row for every kind of fault, and how many calls of all axes showed it."""
    counts = Counter(one.verdict for one in found.faults)
    return Grid("Kinds of faults", ("fault", "calls"), tuple((TITLES[kind], str(counts[kind])) for kind in FAULTS))


def total(counts: Counter[str]) -> int:
    """Return how many calls were counted."""
    return sum(counts.values())


def listing(outcomes: Sequence[Outcome]) -> Grid:
    """Return a row for every fault of a function, with the cases that show it."""
    groups: dict[tuple[str, str, str], list[Outcome]] = {}
    for one in outcomes:
        groups.setdefault((one.function, one.verdict, one.detail), []).append(one)
    rows = [(name, verdict, detail, _cases(each)) for (name, verdict, detail), each in sorted(groups.items())]
    return Grid("Faults", ("function", "fault", "what", "cases"), tuple(rows))


def _cases(outcomes: Sequence[Outcome], most: int = 4) -> str:
    words = [f"{one.argument}: {one.case}" if one.argument else one.case for one in outcomes]
    rest = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(words[:most]) + rest


def grids(found: Faults) -> tuple[Grid, ...]:
    """Return the scoreboard, the kinds of faults, and every fault if there are any."""
    return (scoreboard(found), by_kind(found), *([listing(found.faults)] if found.faults else []))


def markdown(found: Faults) -> str:
    """Return the tables in Markdown below the commit that was asked."""
    said = f"{len(found.outcomes):,} calls at {found.commit or __version__}, {found.seconds:.0f} s."
    return f"{said}\n\n{markdown_of(grids(found))}\n"
