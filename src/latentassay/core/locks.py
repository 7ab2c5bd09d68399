"""One writer of a folder or file: a lock that its owner's death opens, and that says who holds it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from latentassay.core.errors import FileError
from latentassay.core.processes import parse_process, this_process

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
"""Of a folder that is being written: who writes it, as JSON; of a file, behind its name."""

TRIES = 100
"""Owners that may give a lock back between looking and taking it."""


@contextmanager
def sole_writer(path: Path, fix: str, error: type[FileError] = FileError) -> Iterator[None]:
    """Hold a folder, or a single file, so that no second process, and no second thread, writes it.

    Where the file system knows locks, the system opens this one when its owner dies. Elsewhere the owner's process is
    looked up, and if it is of another machine, it is believed to live.

    Args:
        path: an existing folder; or a file, which need not exist yet, in one.
        fix: what to do if somebody else holds it.
        error: the kind of error raised.

    Raises:
        FileError: another process holds the lock, or it cannot be written.
    """
    lock = path / LOCK if path.is_dir() else path.with_name(f".{path.name}{LOCK}")
    try:
        handle = _take(lock)
    except OSError as refusal:
        raise error(path, f"cannot be written: {refusal.strerror or refusal}", fix) from refusal
    if handle is None:
        raise error(path, f"is being written by {_describe_owner(lock)}", fix)
    try:
        yield
    finally:
        with suppress(OSError):  # gone with its folder, perhaps
            lock.unlink()  # first, so that whoever waits for it finds that it is not the folder's any more
        os.close(handle)


def _take(path: Path) -> int | None:
    """Return the open lock file; ``None`` if somebody else holds it."""
    for _ in range(TRIES):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            if not _is_free(handle, path):
                os.close(handle)
                return None
            if _is_at(handle, path):  # not one that its owner has removed since
                _sign(handle)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)
    return None


def _is_free(handle: int, path: Path) -> bool:
    if fcntl is not None:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            return False
        except OSError:
            pass  # a file system without locks
    owner = parse_process(_owner(path).get("process", ""))
    return owner is None or owner.is_dead


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sign(handle: int) -> None:
    facts = {"process": str(this_process()), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    with suppress(OSError):  # on a full disk the lock holds as well without a name
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps(facts).encode())


def _owner(path: Path) -> dict[str, str]:
    try:
        facts = json.loads(path.read_text("utf-8", errors="replace")[:1000])
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(key): str(value) for key, value in facts.items()} if isinstance(facts, dict) else {}


def _describe_owner(path: Path) -> str:
    facts = _owner(path)
    process = parse_process(facts.get("process", ""))
    if process is None:
        return "another process"
    return f"process {process.pid} on {process.host} since {facts.get('since', 'a while')}"
