"""Which adapter a path is for; looked at without opening more than a small text file, and without torch."""

from pathlib import Path
from typing import Any

from latentassay.core.errors import FileError
from latentassay.core.storage import TEXT_LIMIT, read_whole


def as_path(model: Any) -> Path | None:
    """Return the path that ``model`` is, with ``~`` expanded, or ``None`` where it is something else.

    >>> as_path("model.skops"), as_path(3)
    (PosixPath('model.skops'), None)
    """
    return Path(model).expanduser() if isinstance(model, str | Path) else None


def mentions(file: Path, words: str) -> bool:
    """Say whether a text file exists and has these words in it; a damaged one may still have them."""
    try:
        return words in read_whole(file, "", limit=TEXT_LIMIT).decode("utf-8", errors="replace")
    except FileError:
        return False
