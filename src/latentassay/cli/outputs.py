"""Files that a command writes at its end: places that cannot be written are found before its work is begun."""

from collections.abc import Callable
from pathlib import Path

from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import check_writable


def check_outputs(*paths: Path | None) -> None:
    """Refuse places that a command could not write its results to; ``None`` is one that was not named.

    Raises:
        FileError: one is a folder, or its folder cannot be made or written, or has no room.
        InputError: two are the same file.
    """
    named = [path for path in paths if path is not None]
    places = [path.resolve() for path in named]
    for path, place in zip(named, places, strict=True):
        if places.count(place) > 1:
            raise InputError(f"{path} was named for two results, and the second would replace the first; name another")
        check_writable(path)


def write_all(*writers: tuple[Path | None, Callable[[Path], object]]) -> list[FileError]:
    """Write every file that was named, also after one that cannot be written; return the errors."""
    failures = []
    for path, write in writers:
        try:
            if path is not None:
                write(path)
        except FileError as error:
            failures.append(error)
    return failures
