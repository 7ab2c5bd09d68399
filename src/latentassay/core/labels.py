"""Labels as people have them, numbered: names, whole floats, truth values, flat vectors, columns of tables."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError

SHOWN = 3
"""Values that a message lists."""

FEWEST_ROWS = 20
"""Rows from which on a column without repeats is taken for row numbers."""

REPEATS = 0.95
"""Share of rows with values of their own from which on a column is taken for row numbers."""

LARGEST = 1 << 53
"""Whole floats beyond this are numbered in order, since not every integer there is a float."""


class Labels(NamedTuple):
    """Factors as integer codes.

    Attributes:
        codes: ``(n, m)``; integers as they came, everything else numbered in order.
        notes: what was done to them, a clause a column; empty where they were integers already.
    """

    codes: Int[np.ndarray, "n m"]
    notes: tuple[str, ...]


def encode_labels(values: Any, *, name: str = "factors") -> Labels:
    """Number labels of any kind: one column of a vector ``(n,)``, or each column of a table ``(n, m)``.

    Integers stay as they are; whole floats become the integers that they are; truth values become 0 and 1; names are
    numbered in the order of the alphabet, and so are integers that int64 does not hold.

    Args:
        values: an array, a tensor, a list, or a column or table of pandas.
        name: what messages call them.

    Raises:
        InputError: another shape, missing values, decimals, or values that are no labels; names the first row.

    >>> encode_labels(np.array(["T", "B", "T"]))
    Labels(codes=array([[1],
           [0],
           [1]]), notes=("factors: names numbered in order (0 is 'B', 1 is 'T')",))
    >>> encode_labels([[1.0, 0.0], [2.0, 5.0]]).codes.tolist()
    [[1, 0], [2, 5]]
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise InputError(f"{name} must have no masked entries; leave their rows out")
    try:
        array = as_array(values)
    except (TypeError, ValueError, RuntimeError, OverflowError) as error:
        raise InputError(f"{name} must be an array or tensor (samples, …) of labels: {error}") from error
    table = array[:, None] if array.ndim == 1 else array
    if table.ndim != 2:
        raise InputError(f"{name} must have shape (n, m), or (n,) for one, got {array.shape}")
    if table.dtype.kind == "i":
        return Labels(table.astype(np.int64, copy=False), ())
    columns, notes = [], dict[str, None]()
    for m, column in enumerate(table.T):
        codes, note = _encode_column(column, name if table.shape[1] == 1 else f"column {m} of {name}")
        columns.append(codes)
        notes |= {note: None} if note else {}
    return Labels(np.stack(columns, 1) if columns else np.zeros(table.shape, np.int64), tuple(notes))


def row_numbers(codes: Int[np.ndarray, "n m"]) -> list[int]:
    """Return the columns that name nearly every row for itself, as row numbers and identifiers do.

    >>> row_numbers(np.stack([np.arange(40), np.arange(40) % 3], 1))
    [0]
    """
    if len(codes) < FEWEST_ROWS:
        return []
    return [m for m, column in enumerate(codes.T) if len(np.unique(column)) > REPEATS * len(codes)]


def refuse_row_numbers(codes: Int[np.ndarray, "n m"], *, name: str = "factors") -> None:
    """Refuse columns of row numbers: whatever is asked of them, the answer is about which rows came.

    Raises:
        InputError: names them.
    """
    if found := row_numbers(codes):
        counts = ", ".join(f"{len(np.unique(codes[:, m])):,} values in {len(codes):,} rows" for m in found[:1])
        raise InputError(
            f"{name} {found} have too few rows for their values ({counts}): they look like row numbers or identifiers, "
            "not labels; leave them out, or merge values, for example into ten bins with np.digitize"
        )


def _encode_column(column: np.ndarray, name: str) -> tuple[Int[np.ndarray, " n"], str]:
    """Codes of one column, and what was done to it."""
    if column.dtype.kind == "O":
        column = _plain(column, name)
    kind = column.dtype.kind
    if kind == "b":
        return column.astype(np.int64), f"{name}: False and True numbered 0 and 1"
    if kind == "f":
        return _number(_as_whole(column, name)), f"{name}: whole floats taken as integers"
    if kind in "iu":
        return _number(column), ""
    if kind not in "US":
        raise InputError(
            f"{name} must be labels, such as integer codes, got {column.dtype}; number the values 0, 1, 2 …"
        )
    values, codes = np.unique(column, return_inverse=True)
    words = [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values[:SHOWN]]
    shown = ", ".join(f"{code} is {word!r}" for code, word in enumerate(words))
    return codes.ravel().astype(np.int64), f"{name}: names numbered in order ({shown}{' …' * (len(values) > SHOWN)})"


def _number(column: np.ndarray) -> Int[np.ndarray, " n"]:
    """Integers as they are where int64 holds them, else numbered in order."""
    if column.dtype.kind == "i" or not column.size or (column.dtype.kind == "u" and column.max() <= LARGEST):
        return column.astype(np.int64)
    return np.unique(column, return_inverse=True)[1].ravel().astype(np.int64)


def _as_whole(column: np.ndarray, name: str) -> np.ndarray:
    bad = ~np.isfinite(column)
    if bad.any():
        raise InputError(
            f"{name} must have a label in every row, got {column[bad][0]} in row {int(bad.argmax())} "
            f"of {column.dtype}; leave such rows out"
        )
    broken = column % 1 != 0
    if broken.any():
        raise InputError(
            f"{name} must be integer codes, got {column.dtype} with decimals ({column[broken][0]:g} in row "
            f"{int(broken.argmax())}); number the values 0, 1, 2 …, or bin them with np.digitize"
        )
    return column if np.abs(column).max(initial=0) > LARGEST else column.astype(np.int64)


def _plain(column: np.ndarray, name: str) -> np.ndarray:
    """A column of Python objects, as pandas has them, as an array of one type."""
    values = column.tolist()
    for row, value in enumerate(values):
        missing = value is None or type(value).__name__ in ("NAType", "NaTType")
        if not missing and not isinstance(value, str | bytes | bool | int | float | np.generic):
            raise InputError(f"{name} must be labels, got {type(value).__name__} in row {row}")
        if missing or value != value:  # NaN
            raise InputError(f"{name} must have a label in every row, got {value} in row {row}; leave such rows out")
    types = {bool if isinstance(value, bool | np.bool_) else type(value) for value in values}
    if len(types & {str, bytes, bool}) and len(types) > 1:
        found = ", ".join(sorted(kind.__name__ for kind in types))
        raise InputError(f"{name} must hold labels of one type, got {found}; convert them, for example all to str")
    try:
        return np.array(values)
    except OverflowError as error:
        raise InputError(f"{name} hold a number too large for an integer: {error}") from error
