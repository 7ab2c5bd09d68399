"""Disks without room: one of the system's memory that only this process sees, or else a limit on the size of files."""

import ctypes
import os
import resource
from pathlib import Path

from latentassay.core.errors import FileError, LatentAssayError
from latentassay.faults.writers import Lost, Writer, find_writer

DISK = 32 << 20
"""Bytes of the disk; all but the room is filled."""

_NEW_MOUNTS, _PRIVATE = 0x00020000, (1 << 14) | (1 << 18)


def make_small(folder: Path) -> bool:
    """Put a small disk at a folder, in this process alone; return whether the system let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        if libc.unshare(_NEW_MOUNTS) or libc.mount(None, b"/", None, _PRIVATE, None):
            return False
        options = f"size={DISK}".encode()
        return not libc.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", 0, options)
    except AttributeError:  # not Linux
        return False


def fill_up(folder: Path, room: int) -> None:
    """Fill the disk of a folder until ``room`` bytes are left."""
    state = os.statvfs(folder)
    with (folder / "ballast").open("wb") as stream:
        stream.write(bytes(max(0, state.f_bavail * state.f_frsize - room)))


def write_without_room(name: str | Writer, folder: Path, room: int) -> None:
    """Let a writer write once with room and once without, and look at all that it wrote.

    Raises:
        FileError: as it should be.
        Lost: another error, or what was there before is not whole, or something half written is left.
    """
    disk, before = folder / "disk", os.environ["LATENTASSAY_HOME"]
    disk.mkdir()
    is_small = make_small(disk)
    os.environ["LATENTASSAY_HOME"] = str(disk / "home")
    try:
        refusal = _write_twice(find_writer(name), disk, room, is_small)
    finally:
        os.environ["LATENTASSAY_HOME"] = before
    if refusal is not None:
        raise refusal


def _write_twice(writer: Writer, disk: Path, room: int, is_small: bool) -> FileError | None:
    """Write with room, and without, and look; return the refusal, if there was one."""
    place = disk / "folder"
    place.mkdir()
    (writer.begin or writer.write)(place)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    if is_small:
        fill_up(disk, room)
    else:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    refusal = None
    try:
        writer.write(place)
    except FileError as error:
        refusal = error
    except LatentAssayError as error:
        raise Lost(f"is called {type(error).__name__}: {error}") from error
    parts = [path.name for path in disk.rglob("*.part")]
    (disk / "ballast").unlink(missing_ok=True)
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    if parts:
        raise Lost(f"{parts[0]} was left")
    try:
        writer.check(place)
    except LatentAssayError as error:
        raise Lost(str(error)) from error
    return refusal
