"""Files that are whole or not there at all, and a look at what a damaged one really is."""

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any

from latentassay.core.errors import FileError
from latentassay.core.processes import parse_process, this_process

TEXT_LIMIT = 1 << 28
"""Bytes that a configuration, a manifest or a log may have."""

MEMORY_SHARE = 0.5
"""Share of the machine's memory that a file may take which is read whole."""

ELSEWHERE = "Choose another place, or free some space there."
"""What to do about a file that cannot be written."""

ROOM = 4 << 20
"""Bytes that must be free where a result is to be written; most are smaller."""

PART_NAME = 64
"""Bytes of a file's name that the name of its part begins with."""

CHECK = "Check the path and its permissions."
"""What to do about a file that cannot be opened."""


@contextmanager
def replacing(path: Path, fix: str = ELSEWHERE) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place on success and vanishes on failure.

    The file is flushed to disk before it is renamed and the folder after, so a power cut leaves the old
    file or the new one, never a part. What killed processes left half written in the folder is removed first.

    Raises:
        FileError: if it cannot be written; ``fix`` says what to do.
    """
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(path.parent)
        part = _begin_part(path)
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


def _begin_part(path: Path) -> str:
    """Make an empty file beside ``path`` whose name says which process writes it; long names are cut to fit."""
    start = os.fsencode(path.name)[:PART_NAME].decode("utf-8", errors="ignore")
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{start}.", suffix=f".{this_process()}.part")
    os.close(handle)
    return part


def remove_parts(folder: Path, *, unowned: bool = False) -> None:
    """Remove what processes that have ended left half written in a folder; what others are writing stays.

    Args:
        folder: an existing folder.
        unowned: also files ``.*.part`` whose name does not say who wrote them, as earlier versions left them.
    """
    own = this_process()
    for part in folder.glob(".*.part"):
        writer = parse_process(part.name.split(".")[-2])
        if unowned if writer is None else writer != own and writer.is_dead:
            with suppress(OSError):
                part.unlink()


def check_writable(path: Path, fix: str = ELSEWHERE) -> None:
    """Refuse a place that a file could not be written to, before the work whose result it is to hold.

    Its folder is made. A file of ``ROOM`` bytes is written there and removed; one that is at ``path`` stays as it is.

    Raises:
        FileError: a folder is there, or the folder cannot be made or written, or has no room.
    """
    if path.is_dir():
        raise FileError(path, "is a folder, and a file is to be written there", "Name a file in it.")
    part = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        remove_parts(path.parent)
        part = Path(_begin_part(path))
        part.write_bytes(bytes(ROOM))
        _flush(part)
    except OSError as error:
        raise FileError(path, f"cannot be written: {error.strerror or error}", fix) from error
    finally:
        if part is not None:
            part.unlink(missing_ok=True)


def open_regular(
    path: str | Path, fix: str = CHECK, *, limit: int | None = None, error: type[FileError] = FileError
) -> BufferedReader:
    """Open a regular file for reading; everything that could block or never end is refused before a byte is read.

    Args:
        path: the file; links are followed.
        fix: what to do if it cannot be used.
        limit: bytes it may have.
        error: the kind of error raised.

    Raises:
        FileError: it does not exist, may not be read, is a folder, a pipe, a socket or a device, or is too large.
    """
    try:
        # Without O_NONBLOCK the call would wait for ever for somebody to write into a pipe. What was opened is looked
        # at, not the path, which may name something else a moment later.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError as refusal:
        raise error(path, "does not exist", fix) from refusal
    except (OSError, ValueError) as refusal:  # ValueError: a zero byte in the path
        raise error(path, f"cannot be read ({getattr(refusal, 'strerror', None) or refusal})", fix) from refusal
    state = os.fstat(handle)
    cause = None
    if not stat.S_ISREG(state.st_mode):
        cause = f"is {_special_kind(state.st_mode)}, not a file"
    elif limit is not None and state.st_size > limit:
        cause = f"has {state.st_size:,} bytes, and at most {limit:,} are read"
    if cause is not None:
        os.close(handle)
        raise error(path, cause, fix)
    return os.fdopen(handle, "rb")


def check_regular(path: str | Path, fix: str = CHECK, *, error: type[FileError] = FileError) -> bytes:
    """Return the first 512 bytes of a file, for libraries that open it by its path themselves.

    Raises:
        FileError: as ``open_regular``.
    """
    with open_regular(path, fix, error=error) as stream:
        return stream.read(512)


def read_whole(path: Path, fix: str, error: type[FileError] = FileError, *, limit: int | None = None) -> bytes:
    """Read a file into memory, up to ``limit`` bytes, or ``MEMORY_SHARE`` of the machine's memory.

    Raises:
        FileError: as ``open_regular``; ``error`` is a kind of it, ``fix`` says what to do.
    """
    with open_regular(path, fix, limit=_memory() if limit is None else limit, error=error) as stream:
        try:
            return stream.read()
        except OSError as refusal:
            raise error(path, f"cannot be read ({refusal.strerror or refusal})", fix) from refusal


def read_json(path: Path, fix: str, error: type[FileError] = FileError) -> dict[str, Any]:
    """Read a JSON object from a file of at most ``TEXT_LIMIT`` bytes.

    Raises:
        FileError: as ``open_regular``; or it is no JSON, is nested too deep, or holds another value than an object.
    """
    try:
        value = json.loads(read_whole(path, fix, error, limit=TEXT_LIMIT))
    except RecursionError as refusal:
        raise error(path, "cannot be read (its values are nested too deep)", fix) from refusal
    except ValueError as refusal:
        raise error(path, f"cannot be read ({refusal})", fix) from refusal
    if not isinstance(value, dict):
        raise error(path, "holds no JSON object", fix)
    return value


def _special_kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _memory() -> int:
    try:
        return int(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * MEMORY_SHARE)
    except (AttributeError, ValueError, OSError):
        return 1 << 34


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
