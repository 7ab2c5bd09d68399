"""The page of the bench of faults says what the committed run found."""

import json
import re
from pathlib import Path

from latentassay.faults.judging import FAULTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "robustness.md").read_text("utf-8")
RESULTS, BEFORE = (
    json.loads((ROOT / "bench/faults" / f"{name}.json").read_text("utf-8")) for name in ("results", "before")
)


def row(counts):
    faults = sum(counts.get(verdict, 0) for verdict in FAULTS)
    return [
        str(n) for n in (sum(counts.values()), *(counts.get(one, 0) for one in ("value", "typed", "known")), faults)
    ]


def test_the_scoreboard_is_that_of_the_run():
    shown = {cells[0]: cells[2:] for line in PAGE.splitlines() if len(cells := re.split(r"\s*\|\s*", line)[1:-1]) == 7}
    assert {name: cells for name, cells in shown.items() if name in RESULTS["counts"]} == {
        axis: row(counts) for axis, counts in RESULTS["counts"].items()
    }
    assert f"{RESULTS['calls']:,} calls at {RESULTS['commit']}" in PAGE and not RESULTS["quick"]


def test_the_numbers_before_are_those_of_the_first_run():
    faults = sum(sum(counts.get(verdict, 0) for verdict in FAULTS) for counts in BEFORE["counts"].values())
    assert f"at {BEFORE['commit']}" in PAGE and f"it found {faults} faults in {BEFORE['calls']:,} calls" in PAGE
