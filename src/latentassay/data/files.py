"""Files of data sets: found in the cache or a folder, downloaded, and verified by size and hash."""

import hashlib
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from struct import error as StructError
from typing import Any, NamedTuple

from latentassay.core.errors import FileError, LatentAssayError
from latentassay.core.progress import bar
from latentassay.core.storage import check_regular, kind_of, open_regular, replacing
from latentassay.data.checked import sums_path, write_sums

LONG = 200_000_000
"""Bytes from which the verification of a file is remembered."""

DAMAGE = (
    OSError,
    ValueError,
    KeyError,
    EOFError,
    OverflowError,
    RecursionError,
    NotImplementedError,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
    StructError,
)
"""What the readers below raise on damaged files; ``reading`` turns all of it into ``FileError``."""

ROOM = "Free space there, or set LATENTASSAY_HOME to a folder that can hold it."
"""What to do where a cache cannot be written."""


class Official(NamedTuple):
    """A file as its authors published it: name, address, and what is known of its bytes."""

    name: str
    url: str
    size: int | None = None
    md5: str | None = None
    sha256: str | None = None


def home() -> Path:
    """Return the cache folder: ``LATENTASSAY_HOME``, or the platform's cache folder for latentassay."""
    chosen = os.environ.get("LATENTASSAY_HOME")
    if chosen:
        return Path(chosen).expanduser()
    import pooch

    return Path(str(pooch.os_cache("latentassay")))


def locate(dataset: str, folder: Any, *files: Official) -> Path:
    """Return the first of ``files`` that lies in ``folder``, or in ``home()/dataset`` where none is given.

    Raises:
        FileError: if none is there; says how to get the first.
    """
    where = home() / dataset if folder is None else Path(folder).expanduser()
    for file in files:
        if (where / file.name).exists():
            return where / file.name
    first = files[0]
    get = f"Run `latentassay data fetch {dataset}`, or get" if first.md5 or first.sha256 else "Get"
    fix = f"{get} it from {first.url} and put it there, or pass folder= with the place where you have it."
    raise FileError(where / first.name, "the file is missing", fix)


def verify(
    path: str | Path, *, size: int | None = None, md5: str | None = None, sha256: str | None = None, fix: str = ""
) -> Path:
    """Check that a file exists and has the expected size and hash.

    The hash of a file of 200 MB or more is remembered by path, size and modification time.

    Raises:
        FileError: for a missing, empty, truncated or altered file, a web page, or a pickle.
    """
    path, fix = Path(path), fix or "Delete it and download it again."
    check_kind(path, fix)  # before its size: that it is a web page says more than that it is too short
    found = path.stat().st_size
    if size is not None and found != size:
        how = "truncated" if found < size else "too long"
        raise FileError(path, f"the file is {how}: {found:,} bytes, expected {size:,}", fix)
    for algorithm, expected in (("md5", md5), ("sha256", sha256)):
        if expected is not None:
            _check_hash(path, algorithm, expected, fix)
    return path


def check_kind(path: Path, fix: str) -> None:
    """Refuse a path that is no data file: nothing at all, a folder, a web page, a pickle.

    Raises:
        FileError: naming which of these it is.
    """
    if not path.exists():
        raise FileError(path, "the file is missing", "Check the path, or get the file.")
    kind = kind_of(check_regular(path, "Name the file itself, and check its permissions."))
    if kind is not None:
        raise FileError(path, kind, fix)


def fetch(file: Official, folder: Any, *, timeout: float | int = 30) -> Path:
    """Download a file into ``folder`` unless it is there, with a progress bar, and verify it.

    It is downloaded beside its place and moved when complete; ``timeout`` is in seconds without an answer.

    Raises:
        FileError: without network, or if what came is not the file; says what to get, where, and where to put it.
    """
    path = Path(folder) / file.name
    by_hand = f"Download {file.url} by other means and put it at {path}."
    if not path.exists():
        _download(file, path, timeout, by_hand)
    return verify(path, size=file.size, md5=file.md5, sha256=file.sha256, fix=f"Delete it and try again. {by_hand}")


AGAIN = "It is damaged, cut short or of another kind: save it again, or get it again where it came from."
"""What to do about a file that cannot be read, whoever made it."""

PICKLED = (
    "it holds Python objects, which are never loaded; save numbers: np.save(path, np.asarray(values, dtype=float))"
)
"""Instead of numpy's advice to load them all the same."""


@contextmanager
def reading(path: Any, kind: str, fix: str = AGAIN) -> Iterator[None]:
    """Turn whatever a reader raises on a damaged file into ``FileError``."""
    check_kind(Path(path), fix)
    try:
        yield
    except LatentAssayError:  # such as of labels, which are not damage
        raise
    except DAMAGE as error:
        why = (
            PICKLED if "pickle" in str(error) or "Python objects" in str(error) else str(error) or type(error).__name__
        )
        cause = f"not a readable {kind}: {why}".rstrip(".")
        raise FileError(path, cause, fix) from error


def place_key(path: Path) -> str:
    """Return what names a large file in the cache: its place, size and times, of which nobody can set the last.

    For files too large to be read only to be named; where they are not, ``digest`` is surer.
    """
    state = path.stat()
    what = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|{state.st_ctime_ns}"
    return hashlib.sha256(os.fsencode(what)).hexdigest()[:32]


def make_once(cache: Path, source: Path, make: Callable[[Path], None]) -> Path:
    """Make ``cache`` from ``source`` by ``make(temporary path)``, unless it is there and not older.

    Its checksums lie beside it; a cache without them, as earlier versions left them, is made anew.

    Raises:
        FileError: if it cannot be written; ``make`` reports a damaged source itself.
    """
    # Two processes may both make it: each writes a file of its own, and whichever is renamed last wins.
    is_there = cache.exists() and sums_path(cache).exists()
    if not (is_there and cache.stat().st_mtime >= source.stat().st_mtime):
        with replacing(cache, ROOM) as temporary:
            make(temporary)
            write_sums(cache, temporary)
    return cache


def _download(file: Official, path: Path, timeout: float | int, fix: str) -> None:
    import pooch

    downloader = pooch.HTTPDownloader(progressbar=True, timeout=timeout)
    with replacing(path, ROOM) as part:
        try:
            downloader(file.url, str(part), None)
        except OSError as error:
            if error.errno is not None:  # of the disk, not of the network
                raise
            raise FileError(path, f"the download failed ({type(error).__name__})", fix) from error
        for algorithm, expected in (("sha256", file.sha256), ("md5", file.md5)):
            if expected and (found := digest(part, algorithm)) != expected:
                cause = f"what came from {file.url} is not the published file: its {algorithm} is {found}"
                raise FileError(path, f"{cause}, expected {expected}", fix)


def _check_hash(path: Path, algorithm: str, expected: str, fix: str) -> None:
    stamp = _stamp(path, expected)
    if stamp is not None and stamp.exists():
        return
    found = digest(path, algorithm)
    if found != expected:
        cause = f"the file was altered or is another one: its {algorithm} is {found}, expected {expected}"
        raise FileError(path, cause, fix)
    if stamp is not None:
        with suppress(OSError):  # without it, the hash is computed again next time
            stamp.parent.mkdir(parents=True, exist_ok=True)
            stamp.touch()


def _stamp(path: Path, expected: str) -> Path | None:
    state = path.stat()
    if state.st_size < LONG:
        return None
    # Whoever changes the file changes one of these, so that its hash is computed anew.
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|{expected}"
    return home() / "verified" / hashlib.sha256(key.encode()).hexdigest()


def digest(path: Path, algorithm: str = "sha256") -> str:
    """Return the hash of a file, read piece by piece, with a progress bar where it is large."""
    found = hashlib.new(algorithm, usedforsecurity=False)
    with open_regular(path) as stream, bar(path.stat().st_size >> 20, f"verifying {path.name}", unit="MiB") as line:
        while block := stream.read(1 << 20):
            found.update(block)
            line.update()
    return found.hexdigest()
