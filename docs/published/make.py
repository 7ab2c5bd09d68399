"""Hold every number that the five papers print in a table beside ours, and write the page that shows them.

``python docs/published/make.py`` writes ``docs/published-and-measured.md`` from ``docs/published/*.toml``, which hold
what is printed, and ``docs/results/*.json``, which hold what was measured; a test says whether the page is in step.
"""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scipy.stats import t as student

from latentassay.core.estimate import Estimate
from latentassay.papers.results import Cell, Table

HERE = Path(__file__).resolve().parent
RESULTS = HERE.parent / "results"
PAGE = HERE.parent / "published-and-measured.md"
PAPERS = ("latent-responses", "interventional-consistency", "vaes-and-pca", "structure-by-architecture")
PAPERS += ("geometry-of-latents",)

AGREES, DIRECTION, DIFFERS, NOT_RUN = "agrees", "direction only", "differs", "not run"
VERDICTS = (AGREES, DIRECTION, DIFFERS, NOT_RUN)

WIDEST = 0.1
"""Half an interval of ours, as a share of a value printed without one, beyond which it says too little to agree."""

INTRODUCTION = """# Published and measured

Every number that the five papers print in a table, and the two ranges in the text of the one that has no table,
beside ours. Written by `python docs/published/make.py` from what is printed (`docs/published/*.toml`) and what was
measured (`docs/results/*.json`).

- **agrees**: each mean lies inside the other's 95 % interval. Where the paper prints no interval, its value lies inside
  ours, and ours is at most a tenth of that value wide to either side; where it prints a range, ours lies inside; counts
  are equal. A mean over one seed has no interval and agrees with nothing.
- **direction only**: not that, but beside every other cell of its column (or row, as stated) whose printed value
  differs by more than the printed intervals, ours lies on the same side, and by more than our own intervals. One seed
  has none: then "direction only, one seed" says no more than that single numbers stand in the printed order.
- **differs**: neither; the reason, or the best guess at it, is under the table by its number.
- **not run**: what it would take is under the table by its number.

The thesis' tables 3.1 and 4.1 are settings, and are not here. Values of figures are, where the paper prints them as a
table.
"""


@dataclass(frozen=True)
class Published:
    """A printed number: its words, its value, and half the width of its interval or range where there is one."""

    words: str
    value: float
    half: float | None
    is_range: bool


@dataclass(frozen=True)
class Entry:
    """A cell of the page: where it stands, what is printed, what was measured, from which file, in which factor."""

    row: str
    column: str
    published: Published
    ours: Cell | None
    source: str
    factor: float

    @property
    def printed_ends(self) -> tuple[float, float]:
        """Ends of the printed interval, twice the value where there is none."""
        half = self.published.half or 0.0
        return self.published.value - half, self.published.value + half

    @property
    def our_ends(self) -> tuple[float, float]:
        """Ends of our interval in the unit of the paper, twice the value where there is none; NaN without a value."""
        if self.ours is None or self.ours.ours is None:
            return float("nan"), float("nan")
        low, high = self.ours.low, self.ours.high
        value = self.ours.ours
        return self.factor * (value if low is None else low), self.factor * (value if high is None else high)

    def scaled(self, value: float | None) -> float | None:
        """Return one of our values in the unit of the paper."""
        return None if value is None else self.factor * value


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


def page() -> str:
    """Return the whole page."""
    papers = [read_paper(name) for name in PAPERS]
    summary = ["| | " + " | ".join(VERDICTS) + " | cells |", "|---|" + "---|" * (len(VERDICTS) + 1)]
    for paper in papers:
        found = [judge(table, entry, own) for table in paper["tables"] for own in [entries(table)] for entry in own]
        counts = [found.count(verdict) for verdict in VERDICTS]
        summary.append(f"| {paper['paper']} | " + " | ".join(map(str, [*counts, len(found)])) + " |")
    return "\n".join([INTRODUCTION, *summary, *(line for paper in papers for line in show_paper(paper)), ""])


def read_paper(name: str) -> dict[str, Any]:
    """Return what a paper prints."""
    return tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))


def show_paper(paper: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of one paper."""
    yield from ("", f"## {paper['paper']}")
    for table in paper["tables"]:
        yield from show_table(table)


def show_table(table: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of one table: what it is, a line for each cell, and reasons by number."""
    own, reasons = entries(table), list[str]()
    yield from ("", f"### {table['name']}: {table['what']}", "", f"Variant: {table['variant']}.")
    if table["direction"]:
        yield f"Direction: within a {table['direction']}."
    for source in dict.fromkeys(entry.source for entry in own if entry.ours):
        yield f"Measured by `{command(source)}` ([results/{source}.json](results/{source}.json))."
    yield from ("", "| row | column | published | ours | seeds | scale | |", "|---|---|---|---|---|---|---|")
    for entry in own:
        verdict = judge(table, entry, own)
        words = f"**{verdict}**" if verdict == AGREES else verdict
        if verdict == DIRECTION and entry.ours is not None and entry.ours.seeds == 1:
            words += ", one seed"
        if verdict in (DIFFERS, NOT_RUN):
            reason = find_reason(table["differs" if verdict == DIFFERS else "needs"], entry)
            reasons += [] if reason in reasons else [reason]
            words += f" ({reasons.index(reason) + 1})"
        ours, seeds, scale = ("", "", "")
        if entry.ours is not None:
            ours, seeds, scale = show_ours(entry, entry.ours), str(entry.ours.seeds), entry.ours.scale
        yield f"| {entry.row} | {entry.column} | {entry.published.words} | {ours} | {seeds} | {scale} | {words} |"
    yield ""
    yield from (f"{number}. {reason}" for number, reason in enumerate(reasons, 1))


def show_ours(entry: Entry, cell: Cell) -> str:
    """Write our value with its interval in the paper's unit."""
    if cell.ours is None:
        return ""
    value, low, high = (entry.scaled(each) for each in (cell.ours, cell.low, cell.high))
    if low is None and float(value or 0).is_integer():
        return f"{value:,.0f}"
    return str(Estimate(float(value or 0), low=low, high=high, n=cell.seeds)) if low is not None else f"{value:.3g}"


def entries(table: dict[str, Any]) -> list[Entry]:
    """Return every cell that the paper prints, with ours where there is one."""
    return [
        Entry(row, column, read_published(words, table), *find_ours(table, row, column), table.get("factor", 1.0))
        for row, printed in table["rows"].items()
        for column, words in zip(table["columns"], printed, strict=True)
        if words
    ]


def read_published(words: str, table: dict[str, Any]) -> Published:
    """Read a printed number: a value, a value ± half an interval (or a standard deviation), or a range."""
    plain = words.replace(",", "")
    if table.get("range", False):
        low, high = map(float, plain.split("–"))
        return Published(words, (low + high) / 2, (high - low) / 2, is_range=True)
    value, _, spread = plain.partition(" ± ")
    half = float(spread) if spread else None
    if half is not None and (runs := table.get("deviations_of")):
        half *= float(student.ppf(0.975, runs - 1)) / runs**0.5
    return Published(words, float(value), half, is_range=False)


def find_ours(table: dict[str, Any], row: str, column: str) -> tuple[Cell | None, str]:
    """Return our cell from the first of the table's results that has it, and the name of these results."""
    names = table.get("names", {})
    words = {"row": names.get(row, row), "column": names.get(column, column)}
    if re.fullmatch(table.get("none", ""), row):
        return None, ""
    where = table.get("ours_row", ""), table.get("ours_column", "{column}").format(**words)
    # A template may hold an expression, such as any number of epochs; without one a row is named as in the paper.
    pattern = where[0].format(**words) if where[0] else re.escape(words["row"])
    for source in table["results"]:
        found = [cell for cell in read_cells(source) if cell.column == where[1] and re.fullmatch(pattern, cell.row)]
        if found and found[-1].ours is not None:
            return found[-1], source
    return None, ""


@cache
def read_cells(source: str) -> tuple[Cell, ...]:
    """Return all cells of a file of results; none where it is not there."""
    path = RESULTS / f"{source}.json"
    return Table.from_json(path).cells if path.exists() else ()


def judge(table: dict[str, Any], entry: Entry, own: Sequence[Entry]) -> str:
    """Return what becomes of a printed cell."""
    if entry.ours is None:
        return NOT_RUN
    if agrees(entry, exact=table.get("exact", False)):
        return AGREES
    return DIRECTION if keeps_order(entry, own, table["direction"]) else DIFFERS


def agrees(entry: Entry, *, exact: bool) -> bool:
    """Whether our cell agrees with the printed one, as the page's introduction defines it."""
    if entry.ours is None or entry.ours.ours is None:
        return False
    published, value = entry.published, entry.factor * entry.ours.ours
    if exact:
        return value == published.value
    is_within = published.half is None or abs(value - published.value) <= published.half + 1e-12
    if published.is_range:
        return is_within
    low, high = entry.scaled(entry.ours.low), entry.scaled(entry.ours.high)
    if low is None or high is None:
        return False
    is_narrow = published.half is not None or (high - low) / 2 <= WIDEST * abs(published.value)
    return is_within and is_narrow and low <= published.value <= high


def keeps_order(entry: Entry, own: Sequence[Entry], along: str) -> bool:
    """Whether ours lies on the printed side of every cell of its row or column that is printed as different."""
    if not along:
        return False
    near = [other for other in own if getattr(other, along) == getattr(entry, along) and other.ours is not None]
    others = [other for other in near if compare(entry.printed_ends, other.printed_ends)]
    return bool(others) and all(
        compare(entry.our_ends, other.our_ends) == compare(entry.printed_ends, other.printed_ends) for other in others
    )


def compare(a: tuple[float, float], b: tuple[float, float]) -> int:
    """Return 1 where interval ``a`` lies above ``b``, −1 where below, and 0 where they meet."""
    return int(a[0] > b[1]) - int(a[1] < b[0])


def find_reason(reasons: Sequence[dict[str, str]], entry: Entry) -> str:
    """Return the first reason that is meant for a cell."""
    return next(
        each["text"] for each in reasons if re.fullmatch(each.get("cells", ".*"), f"{entry.row}, {entry.column}")
    )


def command(source: str) -> str:
    """Return the command that makes a file of results."""
    stated = Table.from_json(RESULTS / f"{source}.json").command
    name, _, scale = source.rpartition("-")
    return stated or f"latentassay reproduce {name} --scale {scale}"


if __name__ == "__main__":
    main()
