"""What an experiment found: cells with the paper's value beside ours, kept as JSON and shown as one page."""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from latentassay.core.errors import CheckpointError
from latentassay.core.estimate import Estimate
from latentassay.core.storage import TEXT_LIMIT, kind_of, read_whole, write_whole
from latentassay.stats.intervals import student, wilson

Unit = Literal["", "%", "yes or no"]
Printed = float | tuple[float | None, float | None] | None
"""What a paper prints in a cell: a value, or a value and half the width of its interval."""

FIX = "Run `latentassay reproduce` again; trainings that are done are not done again."


class FileRecord(BaseModel):
    """Plain values that go to a file and are read back strictly, because the file may have been altered."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


R = TypeVar("R", bound=FileRecord)


class Cell(FileRecord):
    """One number of a table, ours beside the paper's.

    Attributes:
        row: which row of the table.
        column: which column.
        ours: the mean over seeds, or ``None`` where nothing could be measured (the notes say why).
        low: lower end of its 95 % interval; ``None`` where one seed allows none.
        high: upper end.
        seeds: on how many seeds it rests.
        paper: the value that the paper prints, if it prints one.
        paper_half: half the width of the interval that the paper prints beside it.
        scale: how much was trained: smoke, laptop or paper.
        unit: ``"%"`` for a share of seeds, ``"yes or no"`` for 1 or 0.
        values: what every seed gave, in the order of the seeds.
        variant: which of several definitions ours is, where the table's notes do not say it for all cells.
    """

    row: str
    column: str
    ours: float | None
    low: float | None = None
    high: float | None = None
    seeds: Annotated[int, Field(ge=0)]
    paper: float | None = None
    paper_half: float | None = None
    scale: str
    unit: Unit = ""
    values: tuple[float, ...] = ()
    variant: str = ""

    @model_validator(mode="after")
    def _check_seeds(self) -> "Cell":
        if (self.ours is None) != (self.seeds == 0):
            raise ValueError("a cell has a value exactly if it rests on seeds")
        return self

    def __str__(self) -> str:
        """Our value with its interval.

        >>> str(Cell(row="a", column="b", ours=0.5, low=0.4, high=0.6, seeds=3, scale="smoke"))
        '0.50 ± 0.10'
        """
        if self.ours is None:
            return "not measured"
        if self.unit == "yes or no":
            return "yes" if self.ours else "no"
        estimate = Estimate(self.ours, low=self.low, high=self.high, n=self.seeds)
        return f"{estimate.scaled(100)} %" if self.unit == "%" else str(estimate)

    @property
    def published(self) -> str:
        """The paper's value as the paper prints it; nothing where it prints none."""
        if self.paper is None:
            return ""
        return f"{self.paper:g}" if self.paper_half is None else f"{self.paper:g} ± {self.paper_half:g}"


class Table(FileRecord):
    """A table of a paper, made again.

    Attributes:
        title: which table of which paper.
        what: what is measured on what, in a sentence or two.
        scale: how much was trained and measured, label → words: steps, rows, batch, network …
        cells: in the order of the table, row by row.
        notes: whatever stands between these numbers and the paper's.
        command: the command line that makes it, but for the folder of data files.
    """

    format: Literal["latentassay-table-1"] = "latentassay-table-1"
    title: str
    what: str
    scale: dict[str, str]
    cells: tuple[Cell, ...]
    notes: tuple[str, ...] = ()
    command: str = ""

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows in the order of their first cells."""
        return tuple(dict.fromkeys(cell.row for cell in self.cells))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns in the order of their first cells."""
        return tuple(dict.fromkeys(cell.column for cell in self.cells))

    @property
    def blocks(self) -> tuple["Table", ...]:
        """Parts that share no column, each with the rows and columns that belong together, in their first order."""
        parts: list[tuple[set[str], set[str]]] = []
        for row in self.rows:
            own = {cell.column for cell in self.cells if cell.row == row}
            near = [part for part in parts if part[1] & own]
            parts = [part for part in parts if part not in near]
            parts.append(({row}.union(*(rows for rows, _ in near)), own.union(*(columns for _, columns in near))))
        parts.sort(key=lambda part: min(self.rows.index(row) for row in part[0]))
        return tuple(
            self.model_copy(update={"cells": tuple(cell for cell in self.cells if cell.row in rows)})
            for rows, _ in parts
        )

    def cell(self, row: str, column: str) -> Cell | None:
        """Return the cell at a place, or ``None`` where the table has a gap."""
        return next((cell for cell in self.cells if (cell.row, cell.column) == (row, column)), None)

    def to_json(self, path: str | Path | None = None) -> str:
        """Return the table as JSON, and write it to ``path`` in one piece if one is given."""
        text = self.model_dump_json(indent=1)
        if path is not None:
            write_whole(Path(path), text.encode())
        return text

    @classmethod
    def from_json(cls, path: str | Path) -> "Table":
        """Read what ``to_json`` wrote.

        Raises:
            CheckpointError: the file is missing, damaged or of another form.
        """
        return read_record(cls, Path(path), FIX)


def read_record(kind: type[R], path: Path, fix: str) -> R:
    """Read a file of plain values strictly.

    Raises:
        CheckpointError: the file is missing, damaged or of another form; ``fix`` says what to do.
    """
    payload = read_whole(path, fix, CheckpointError, limit=TEXT_LIMIT)
    try:
        return kind.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        cause = kind_of(payload[:512]) or f"is damaged or of another form ({where}: {first['msg']})"
        raise CheckpointError(path, cause, fix) from error


def over_seeds(
    row: str,
    column: str,
    values: Sequence[float],
    *,
    scale: str,
    paper: float | int | None = None,
    paper_half: float | int | None = None,
) -> Cell:
    """Return the mean of one value per seed with its 95 % interval by Student's t; one seed has no interval.

    No values at all make a cell that says so, beside the paper's.

    >>> str(over_seeds("4-VAE", "MIG", [0.1, 0.2, 0.3], scale="smoke"))
    '0.20 ± 0.25'
    """
    n = len(values)
    mean = statistics.fmean(values) if n else None
    low, high = None, None
    if mean is not None and n > 1:
        half = float(student(torch.tensor([n - 1.0]))) * statistics.stdev(values) / math.sqrt(n)
        low, high = mean - half, mean + half
    return Cell(
        row=row,
        column=column,
        ours=mean,
        low=low,
        high=high,
        seeds=n,
        paper=_to_float(paper),
        paper_half=_to_float(paper_half),
        scale=scale,
        values=tuple(map(float, values)),
    )


def row_over_seeds(
    row: str,
    columns: Iterable[str],
    scores: Sequence[Mapping[str, float]],
    *,
    scale: str,
    paper: Mapping[str, Printed] = MappingProxyType({}),
    skip_empty: bool = False,
) -> Iterator[Cell]:
    """Yield the cells of one row: each column's mean over seeds, beside what the paper prints.

    Args:
        row: name of the row.
        columns: names of scores, each a column.
        scores: name → value, of every seed; a seed without a score does not count in that column.
        scale: how much was trained.
        paper: column → what the paper prints.
        skip_empty: leave out columns that no seed has a value for, instead of a cell that says so.

    >>> [str(cell) for cell in row_over_seeds("VAE", ("MIG", "SAP"), [{"MIG": 0.5}], scale="smoke")]
    ['0.5', 'not measured']
    """
    for column in columns:
        values = [found[column] for found in scores if column in found]
        if values or not skip_empty:
            printed = paper.get(column)
            mean, half = printed if isinstance(printed, tuple) else (printed, None)
            yield over_seeds(row, column, values, scale=scale, paper=mean, paper_half=half)


def share_of_seeds(row: str, column: str, values: Sequence[bool], *, scale: str) -> Cell:
    """Return the share of seeds for which something holds, with Wilson's 95 % interval.

    >>> str(share_of_seeds("all", "followed", [True, True, True, False], scale="smoke"))
    '75 (30 to 95) %'
    """
    low, high = wilson(sum(values), len(values))
    return Cell(
        row=row,
        column=column,
        ours=sum(values) / len(values),
        low=low,
        high=high,
        seeds=len(values),
        scale=scale,
        unit="%",
        values=tuple(map(float, values)),
    )


def _to_float(value: float | int | None) -> float | None:
    return None if value is None else float(value)
