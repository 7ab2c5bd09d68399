"""Tables as text (.csv, .tsv): columns of numbers, and columns of labels beside them."""

import csv
import io
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.errors import FileError
from latentassay.core.labels import encode_labels
from latentassay.core.storage import check_regular, read_whole
from latentassay.data.limits import TABLE_LIMIT, check_size

LABEL = re.compile(r"(label|class|target|factor|category|cell_?type|batch|y)s?([ _:.-].*|\d*)", re.IGNORECASE)
"""Names of columns that are labels though they hold numbers."""

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
"""How empty cells are written."""

NAMELESS = ("", "Unnamed: 0")
"""What a column of row numbers is called that pandas wrote unasked."""

DECIMAL_COMMA = re.compile(r"\s*[+-]?\d+,\d+([eE][+-]?\d+)?\s*")

FIX = "Save an array instead: np.save('x.npy', values), or np.savez('codes.npz', codes=codes, factors=factors)."
"""What to do about a table that is not read."""


class TextTable(NamedTuple):
    """A table: numbers and labels of the same rows.

    Attributes:
        numbers: ``(n, d)``; NaN where a cell is empty.
        names: of these columns.
        factors: labels as integer codes, ``(n, m)``.
        factor_names: of these columns.
        notes: which columns were taken for what.
    """

    numbers: Float[np.ndarray, "n d"]
    names: tuple[str, ...]
    factors: Int[np.ndarray, "n m"]
    factor_names: tuple[str, ...]
    notes: tuple[str, ...]


def read_table(path: Path, *, allow_large: bool = False) -> TextTable:
    """Read a table of one line a row, with or without names in the first line.

    Columns of words are labels, and so are columns of numbers called ``label``, ``class``, ``target``, ``factor…``;
    all others are numbers, but for a first column without a name that counts the rows, which is left out. Commas,
    semicolons or tabs part the cells; where it is not commas, ``1,5`` is a number.

    Raises:
        FileError: no text, too much of it, no rows, rows of several lengths, or no column of numbers; names the line.
        InputError: labels that are missing in a row.
    """
    check_regular(path, FIX)
    check_size(path, "the table", path.stat().st_size, TABLE_LIMIT, allow_large=allow_large)
    rows, header = _cells(path)
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    numbers = [_as_numbers(column) for column in columns]
    numbered = header[0] in NAMELESS and _counts_rows(numbers[0])
    if numbered:
        columns, numbers, header = columns[1:], numbers[1:], header[1:]
    is_label = [values is None or bool(LABEL.fullmatch(name)) for values, name in zip(numbers, header, strict=True)]
    values = [found for found, label in zip(numbers, is_label, strict=True) if found is not None and not label]
    if not values:
        raise FileError(path, "has no column of numbers", FIX)
    labels = [
        encode_labels(column if found is None else found, name=f"column {name!r} of {path.name}").codes
        for column, found, label, name in zip(columns, numbers, is_label, header, strict=True)
        if label
    ]
    names = tuple(name for name, label in zip(header, is_label, strict=True) if not label)
    factor_names = tuple(name for name, label in zip(header, is_label, strict=True) if label)
    said = f"{len(rows):,} rows: {len(names)} columns of numbers"
    said += ", without the first, which numbers the rows" if numbered else ""
    return TextTable(
        np.stack(values, 1),
        names,
        np.concatenate(labels, 1) if labels else np.zeros((len(rows), 0), np.int64),
        factor_names,
        (f"{said}, labels {', '.join(factor_names)}" if labels else said,),
    )


def _cells(path: Path) -> tuple[list[list[str]], list[str]]:
    """Rows of cells, and the names of the columns."""
    payload = read_whole(path, FIX)
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(path, f"is no text in UTF-8 ({error.reason} at byte {error.start})", FIX) from error
    first = text.partition("\n")[0]
    mark = max(",;\t", key=first.count)
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), delimiter=mark) if any(row)]
    except csv.Error as error:
        raise FileError(path, f"is no table ({error})", FIX) from error
    if not rows:
        raise FileError(path, "is empty", FIX)
    if mark != ",":
        rows = [[_as_point(cell) for cell in row] for row in rows]
    for line, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise FileError(path, f"has {len(row)} cells in line {line} and {len(rows[0])} in the first", FIX)
    named = all(_as_numbers(np.array([cell])) is None for cell in rows[0])
    header = [cell.strip() for cell in rows[0]] if named else [f"column {m}" for m in range(len(rows[0]))]
    if len(rows) == named:
        raise FileError(path, "has names of columns and no rows", FIX)
    return rows[named:], header


def _counts_rows(column: Float[np.ndarray, " n"] | None) -> bool:
    return column is not None and len(column) > 1 and bool((column == column[0] + np.arange(len(column))).all())


def _as_point(cell: str) -> str:
    """A decimal comma as a point, where commas do not part the cells: else ``1,5`` would be taken for a word."""
    return cell.replace(",", ".") if DECIMAL_COMMA.fullmatch(cell) else cell


def _as_numbers(column: np.ndarray) -> Float[np.ndarray, " n"] | None:
    """Numbers of a column of text, NaN where a cell is empty; ``None`` where there is a word, or nothing at all."""
    cells = [cell.strip() for cell in column.tolist()]
    if all(cell.lower() in MISSING for cell in cells):
        return None
    try:
        return np.array([np.nan if cell.lower() in MISSING else float(cell) for cell in cells])
    except ValueError:
        return None
