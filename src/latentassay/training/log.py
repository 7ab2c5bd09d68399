"""The log of a run: one JSON object a line in ``metrics.jsonl``, a row of its history each."""

import json
from pathlib import Path

from latentassay.core.errors import CheckpointError
from latentassay.core.storage import read_whole, write_whole

LOG_FILE = "metrics.jsonl"
"""Of a run's folder: losses, step by step."""

LOG_LIMIT = 1 << 32
"""Bytes that a log may have."""

Row = dict[str, int | float]


def append_row(folder: Path | None, row: Row) -> None:
    """Add a line to the log of a run, if the run is kept.

    Raises:
        CheckpointError: it cannot be written, e.g. on a full disk.
    """
    if folder is None:
        return
    try:
        with (folder / LOG_FILE).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
    except OSError as error:
        cause = f"cannot be written: {error.strerror or error}"
        raise CheckpointError(folder / LOG_FILE, cause, "Free some space there") from error


def read_rows(folder: Path, last_step: int) -> list[Row]:
    """Read the log up to a step; what a killed run wrote after its last checkpoint is left out.

    Raises:
        CheckpointError: a line that is no JSON object with a step, other than a last one cut short.
    """
    path = folder / LOG_FILE
    fix = "Remove it; only the history of losses is lost"
    payload = read_whole(path, fix, CheckpointError, limit=LOG_LIMIT) if path.exists() else b""
    lines = payload.decode("utf-8", errors="replace").splitlines()
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        try:
            row = json.loads(line)
            keep = row["step"] <= last_step
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            if number == len(lines):
                break  # a killed run leaves its last line half written
            raise CheckpointError(path, f"line {number} is no row of losses", "Remove the line, or the file") from error
        if keep:
            rows.append(row)
    return rows


def rewrite_rows(folder: Path, rows: list[Row]) -> None:
    """Begin the log of a run with ``rows``, those before the step it goes on from."""
    write_whole(folder / LOG_FILE, "".join(json.dumps(row) + "\n" for row in rows).encode())
