"""How often 95 % intervals hold the truth, on processes whose truth is known: 200 repetitions of 128 and of 1024 rows.

A case is one function in a file ``coverage_….py`` beside this one, and stands in the list ``GROUPS`` here. Rows that
were measured replace those of the same quantity, n and process in ``bench/results/coverage.json``; the others stay.
Run: ``OMP_NUM_THREADS=1 python bench/coverage.py [--metric NAME] [--process WORDS] [--n N] [--repetitions N]``.
"""

import argparse
import json
from pathlib import Path
from typing import Any

from coverage_case import REPETITIONS, Case, measure
from coverage_causal import causal_cases
from coverage_metrics import FAINT, FITTED, OF_N, QUICK, SLOW, VOTED, metric_cases, metric_cases_of_n
from coverage_responses import response_cases
from coverage_udr import udr_cases
from record import record

GROUPS: dict[str, tuple[Case, ...]] = {
    "information": (*metric_cases(QUICK),),
    "predictors": (*metric_cases(SLOW),),
    "of n": (*metric_cases_of_n(OF_N),),
    "votes": (*metric_cases_of_n(VOTED, FAINT),),
    "trees": (*metric_cases_of_n(FITTED),),
    "models": (*udr_cases(),),
    "causes": (*causal_cases(),),
    "responses": (*response_cases(),),
}

RESULTS = Path(__file__).parent / "results" / "coverage.json"


def join_rows(before: list[dict[str, Any]], measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows of both, those measured in the place of those of the same quantity, n and process."""
    rows = {(row["quantity"], row["process"], row["n"]): row for row in [*before, *measured]}
    return [rows[key] for key in sorted(rows)]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--group", choices=GROUPS, help="only this group of cases")
    parser.add_argument("--metric", default="", help="only cases of this metric")
    parser.add_argument("--process", default="", help="only cases whose process has these words")
    parser.add_argument("--n", type=int, help="only this number of rows")
    parser.add_argument("--repetitions", type=int, default=REPETITIONS)
    chosen = parser.parse_args()
    for name, cases in GROUPS.items():
        for case in cases:
            if chosen.group in (None, name) and chosen.metric in ("", case.metric) and chosen.process in case.process:
                for n in case.sizes:
                    if chosen.n in (None, n):
                        keep(measure(case, n, chosen.repetitions))


def keep(measured: list[dict[str, Any]]) -> None:
    """Join rows with those of the file at once, so that a long run may end early."""
    before = json.loads(RESULTS.read_text("utf-8"))["rows"] if RESULTS.exists() else []
    record("coverage", {"what": "coverage of 95 % intervals, aim 0.93 to 0.97", "rows": join_rows(before, measured)})


if __name__ == "__main__":
    main()
