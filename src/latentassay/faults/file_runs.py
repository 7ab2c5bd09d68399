"""The axis of hostile files: each at every place of every door, in a child that may take little."""

import random
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from torch import Tensor

from latentassay.core.errors import LatentAssayError
from latentassay.core.progress import bar
from latentassay.faults.children import run_child
from latentassay.faults.doors import DOORS, Door
from latentassay.faults.files import FILES, NUMBER, SECRET, Place, prepare_secrets
from latentassay.faults.judging import Outcome, leaves, timed

AXIS = "hostile files"

QUICK = 1
"""Cases of every file of a door that a quick run draws."""

SECONDS = 20.0
"""A door that takes longer hangs."""


class FileCall(NamedTuple):
    """One hostile file at one door.

    Attributes:
        door: its name.
        file: which of its files is replaced.
        case: by what.
    """

    door: str
    file: str
    case: str


def file_calls(
    doors: Mapping[str, Door] = DOORS, names: Sequence[str] | None = None, *, quick: bool = False, seed: int = 0
) -> list[FileCall]:
    """Return every hostile file at every door, or of every file a few that are drawn.

    Args:
        doors: the doors; one whose package is not installed is left out.
        names: those whose function has one of these names; all where left out.
        quick: draw ``QUICK`` cases of every file.
        seed: of that draw.
    """
    found = []
    for name, door in doors.items():
        if (door.package and find_spec(door.package) is None) or not (names is None or name.split("(")[0] in names):
            continue
        for file in door.files:
            chance = random.Random(crc32(f"{name} {file} {seed}".encode()))
            cases = chance.sample(list(FILES), QUICK) if quick else list(FILES)
            found += [FileCall(name, file, case) for case in cases]
    return found


def run_files(chosen: Sequence[FileCall], doors: Mapping[str, Door] = DOORS) -> list[Outcome]:
    """Ask doors with hostile files; each is asked with a valid one first, which must not be refused as damaged."""
    found: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="faults-") as kept, bar(len(chosen), "hostile files") as line:
        outside = Path(kept) / "outside"
        outside.mkdir()
        secrets = prepare_secrets(outside)
        ready: set[str] = set()
        for call in chosen:
            valid, work = Path(kept) / f"valid {list(doors).index(call.door)}", Path(kept) / "work"
            if call.door not in ready:
                ready.add(call.door)
                found += _prepare(call.door, doors[call.door], valid, work)
            found.append(_ask(call, doors[call.door], valid, work, secrets))
            line.update(1)
    return found


def _prepare(name: str, door: Door, valid: Path, work: Path) -> list[Outcome]:
    """Write the valid files of a door; that this failed is the only outcome."""
    valid.mkdir()
    (verdict, detail), seconds = timed(
        lambda: run_child(door.prepare, {"folder": valid}, work, seconds=3 * SECONDS, memory=1 << 30)
    )
    shutil.rmtree(work)
    return [] if verdict in ("value", "state") else [_outcome(FileCall(name, "", "valid"), "raw", detail, seconds)]


def _ask(call: FileCall, door: Door, valid: Path, work: Path, secrets: Place) -> Outcome:
    """Replace one file in a copy of the valid ones, ask in a child, and look at what is there afterwards."""
    folder = work / "folder"
    shutil.copytree(valid, folder)
    path = folder / call.file
    content = path.read_bytes() if path.is_file() else b""
    path.unlink(missing_ok=True)
    FILES[call.case](secrets._replace(path=path, valid=content))
    is_bait = call.case.startswith("HDF5 over")
    arguments = {"ask": door.ask, "folder": folder, "is_bait": is_bait}
    (verdict, detail), seconds = timed(lambda: run_child(read_door, arguments, work / "own", seconds=SECONDS))
    verdict, detail = _look_around(verdict, detail, work, secrets)
    shutil.rmtree(work)
    return _outcome(call, verdict, detail, seconds)


def _outcome(call: FileCall, verdict: str, detail: str, seconds: float) -> Outcome:
    return Outcome(
        axis=AXIS,
        function=call.door,
        argument=call.file,
        case=call.case,
        verdict=verdict,
        detail=detail,
        seconds=seconds,
    )


def _look_around(verdict: str, detail: str, work: Path, secrets: Place) -> tuple[str, str]:
    if secrets.canary.exists():
        secrets.canary.rmdir()
        return "canary", "code in the file ran"
    said = work / "own" / "said.txt"
    if said.exists() and SECRET in said.read_text("utf-8", "replace"):
        return "secret", "printed"
    if parts := [*work.rglob("*.part")]:
        return "lost", f"{parts[0].name.split('.')[1]}…part was left"
    if detail.startswith("Leak: "):
        return "secret", detail.removeprefix("Leak: ")
    return verdict, detail.replace(str(work), "…")


class Leak(Exception):
    """A door gave away what nothing may read."""


def read_door(ask: Callable[[Path], Any], folder: Path, is_bait: bool) -> None:
    """Ask a door, and raise ``Leak`` if its answer or its refusal holds a secret.

    Args:
        ask: reads the folder; returned NaN are its own.
        folder: with one hostile file.
        is_bait: the file points to others' numbers, so that any value is a secret.
    """
    try:
        answer = ask(folder)
    except LatentAssayError as error:
        if SECRET in str(error):
            raise Leak("in the error") from None
        if any(letter in str(error) for letter in "\x1b\u202e\ud800"):
            raise Leak("what steers terminals is in the error") from None
        raise
    if is_bait or SECRET in str(answer) or any(map(_is_number, leaves(answer))):
        raise Leak("in the answer")


def _is_number(leaf: Any) -> bool:
    return isinstance(leaf, Tensor | np.ndarray) and bool((np.asarray(leaf) == NUMBER).any())
