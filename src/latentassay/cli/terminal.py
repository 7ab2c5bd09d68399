"""What commands print: verdicts, panels of scores and tables of results, as a terminal shows them best."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from latentassay.assay.wording import span
from latentassay.cli.text import escape
from latentassay.core.estimate import Z95
from latentassay.core.findings import Score
from latentassay.core.grids import Grid
from latentassay.core.observations import Observations, describe_layout
from latentassay.responses.matrix import CAUSAL

COLOURS = {"problem": "bold red", "warning": "yellow", "unsure": "magenta", "good": "green", "note": "cyan"}

LONGEST_WORD = 13
"""Columns that a word may have before it is cut."""


def verdict(result: Any) -> tuple[str, Table]:
    """The summary of an assay, and its findings with their remedies, the gravest first."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in result.findings:
        advice = [text for text in (finding.remedy, finding.settle) if text]
        remedy = "".join(f"\n[dim]→ {escape(text)}[/]" for text in advice)
        table.add_row(f"[{COLOURS[finding.level]}]{finding.level}[/]", escape(finding.sentence) + remedy)
    return f"\n[bold]{escape(result.summary[0].upper() + result.summary[1:])}[/]\n", table


def describe(data: Any) -> tuple[str, ...]:
    """What was assumed of data of the user's own, and done to them; for other data their name."""
    notes = getattr(getattr(data, "store", None), "notes", ())
    return (f"{data.name}, {len(data):,} rows of {'×'.join(map(str, data.x_shape))}", *notes)


def print_data(data: Any, out: Console, *, before: Iterable[str] = ()) -> None:
    """Print what was assumed of data, after other lines."""
    out.print(escape("\n".join([*before, *(f"data: {note}" for note in describe(data))])))


def print_layout(data: Observations, fitted: Observations, out: Console) -> None:
    """Print in which layout data are passed, where it may be another; ``fitted`` are the same by ``fit_layout``."""
    if layout := describe_layout(data, fitted):
        out.print(escape(layout), soft_wrap=True)


def describe_assumptions(options: Mapping[str, Any]) -> str:
    """What was assumed of a model, as the words that say it; whoever changes one says the others, too.

    >>> describe_assumptions({"latent_shape": (4, 8)})
    'model: assumed is --model-option latent_shape=4,8; say these words otherwise, or leave out what is not so'
    """
    words = {key: ",".join(map(str, value)) if isinstance(value, tuple) else value for key, value in options.items()}
    said = " ".join(f"--model-option {key}={value}" for key, value in words.items())
    return f"model: assumed is {said}; say these words otherwise, or leave out what is not so"


def describe_cost(result: Any) -> str:
    """What the time was spent on, and which precision that bought."""
    meta, holes = result.meta, result.scores.get("holes.hybrid")
    return (
        f"assayed in {meta.seconds:.0f} s of {meta.budget:g} s: {meta.rows} rows, "
        f"{span(*meta.used)} for each unit's responses{_precision(result)}, "
        f"{holes.n if holes else 'no'} latents drawn of each kind"
    )


def _precision(result: Any) -> str:
    """Half-width of the widest 95 % interval in the response matrix, over the response that it is judged by."""
    sections = {section.key: section for section in result.sections}
    if "responses" not in sections:  # no unit is alive, or a selection of questions is without it
        return " (no unit answers)" if "units" in sections and not sections["units"].evidence.dimension else ""
    found = sections["responses"].evidence
    own = np.maximum(found.normalized.diagonal(), CAUSAL)
    return f" (known to ±{100 * Z95 * float((found.normalized_stderr.max(1) / own).max()):.0f} % of its own)"


def panel(scores: Iterable[Score]) -> Table:
    """Scores with the variant each is; scores of one metric tell it once."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("metric", "score", "which variant"):
        shown.add_column(heading, no_wrap=heading == "score", overflow="fold")
    last = ""
    for score in scores:
        chosen = score.name.partition("[")[2].rstrip("]")
        label = f"{escape(score.label)}\n[dim]{escape(chosen)}[/]" if chosen else escape(score.label)
        what, _, variant = score.definition.partition("; ")
        words = what if variant == last else score.definition
        last = variant
        shown.add_row(label, escape(str(score)), f"[dim]{escape(words)}[/]")
    return shown


def metrics_table(metrics: Iterable[Any]) -> Table:
    """Metrics by the names of their scores, with formulas and sources, for ``latentassay score --list``."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("name", "metric", "formula", "source"):
        shown.add_column(heading, no_wrap=heading == "name", overflow="fold")
    for metric in metrics:
        for row, score in enumerate(metric.scores):
            formula = f"{score.formula}, in {metric.unit}" if metric.unit else score.formula
            name = escape(metric.name) if row == 0 else f"[dim]{escape(score.name)}[/]"
            shown.add_row(name, escape(score.label), f"[dim]{escape(formula)}[/]", f"[dim]{escape(metric.source)}[/]")
    return shown


def grid_table(grid: Grid, width: int) -> Table:
    """A table of words; cells that are too long fold between words, and inside of them only where all must."""
    title = escape(grid.title) if grid.title else None
    shown = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column, room in zip(grid.columns, _rooms(grid, width), strict=True):
        shown.add_column(escape(column), overflow="fold", min_width=room)
    for row in grid.rows:
        shown.add_row(*map(escape, row))
    return shown


def _rooms(grid: Grid, width: int) -> list[int]:
    """What every column needs for its longest word, all cut alike where the terminal is too narrow for them."""
    texts = zip(grid.columns, *grid.rows, strict=True)
    longest = [max(len(word) for word in " ".join(column).split() or [""]) for column in texts]
    rooms = ([min(cap, length) for length in longest] for cap in range(LONGEST_WORD, 4, -1))
    return next((room for room in rooms if sum(room) + 2 * len(room) <= width), [1] * len(longest))


def print_results(table: Any, out: Console) -> None:
    """Print a table of an experiment, every number beside the paper's, upright or one number a line."""
    out.print(
        f"\n[bold]{escape(table.title)}[/]\n{escape(table.what)}\n", _wide_table(table, out) or _long_table(table)
    )
    for label, words in table.scale.items():
        out.print(f"[dim]{escape(label)}:[/] {escape(words)}")
    for note in table.notes:
        out.print(f"[dim]· {escape(note)}[/]")


def _wide_table(table: Any, out: Console) -> Table | None:
    """The table as it is, the paper's values under ours; ``None`` where the terminal is too narrow for it."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    shown.add_column("", no_wrap=True)
    for column in table.columns:
        shown.add_column(escape(column), justify="right")
    for row in table.rows:
        found = [table.cell(row, column) for column in table.columns]
        shown.add_row(escape(row), *("" if cell is None else escape(str(cell)) for cell in found))
        if any(cell and cell.published for cell in found):
            shown.add_row("  paper", *(escape(cell.published) if cell else "" for cell in found), style="dim")
    return shown if shown.__rich_measure__(out, out.options).minimum <= out.width else None


def _long_table(table: Any) -> Table:
    """Rows and columns exchanged, and one line for each number that there is."""
    shown = Table(box=None, padding=(0, 2, 0, 0))
    for heading in ("", "", "ours", "paper"):
        shown.add_column(heading, overflow="fold")
    for row in table.rows:
        cells = [(column, table.cell(row, column)) for column in table.columns]
        there = [(column, cell) for column, cell in cells if cell is not None and cell.ours is not None]
        for k, (column, cell) in enumerate(there):
            shown.add_row("" if k else escape(row), escape(column), escape(str(cell)), escape(cell.published or ""))
    return shown
