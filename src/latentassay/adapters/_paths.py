"""Which adapter a path is for; looked at without opening more than a small text file, and without torch."""

from pathlib import Path
from typing import Any


def as_path(model: Any) -> Path | None:
    """Return the path that ``model`` is, with ``~`` expanded, or ``None`` where it is something else.

    >>> as_path("model.skops"), as_path(3)
    (PosixPath('model.skops'), None)
    """
    return Path(model).expanduser() if isinstance(model, str | Path) else None


def mentions(file: Path, words: str) -> bool:
    """Say whether a text file exists and has these words in it; a damaged one may still have them."""
    try:
        return words in file.read_text("utf-8", errors="replace")
    except OSError:
        return False
