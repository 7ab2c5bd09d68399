"""Files that are whole or not there at all, and a look at what a damaged one really is."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from latentassay.core.errors import FileError


@contextmanager
def replacing(path: Path, fix: str = "Choose another place, or free some space there.") -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place on success and vanishes on failure.

    The file is flushed to disk before it is renamed and the folder after, so a power cut leaves the old
    file or the new one, never a part.

    Raises:
        FileError: if it cannot be written; ``fix`` says what to do.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        os.close(handle)
        yield Path(part)
        Path(part).chmod(0o644)
        _flush(Path(part))
        Path(part).replace(path)
        _flush(path.parent)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror or error}", fix) from error
    finally:
        if part is not None:
            Path(part).unlink(missing_ok=True)


def write_whole(path: Path, payload: bytes) -> None:
    """Write a file in one piece through ``replacing``."""
    with replacing(path) as part:
        part.write_bytes(payload)


def read_whole(path: Path, fix: str, error: type[FileError] = FileError) -> bytes:
    """Read a file into memory.

    Raises:
        FileError: it does not exist, or cannot be read; ``error`` is a kind of it, ``fix`` says what to do.
    """
    try:
        return path.read_bytes()
    except OSError as refusal:
        missing = isinstance(refusal, FileNotFoundError)
        cause = "does not exist" if missing else f"cannot be read ({refusal.strerror or refusal})"
        raise error(path, cause, fix) from refusal


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    with suppress(OSError):  # some file systems refuse to flush a folder
        os.fsync(handle)
    os.close(handle)


def kind_of(start: bytes) -> str | None:
    """Say what the first bytes of a damaged file look like, if they look like something.

    >>> kind_of(b"<!DOCTYPE html>")
    'is a web page, not data: the server answered with an error or a form'
    """
    if not start:
        return "is empty"
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        return "is a web page, not data: the server answered with an error or a form"
    torch_zip = start.startswith(b"PK\x03\x04") and b"data.pkl" in start[:128]
    # A safetensors file begins with the length of its header in 8 bytes, which may be 0x0280 and look like protocol 2.
    stream = start[0] == 0x80 and start[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05") and start[2:9] != bytes(6) + b"{"
    if torch_zip or stream:
        return "is a Python pickle, which can run code and is never loaded"
    return None
