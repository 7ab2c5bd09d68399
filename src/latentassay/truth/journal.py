"""Answers of a bench on disk, one line each, so that a run that was stopped goes on where it was."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from latentassay.core.errors import FileError
from latentassay.core.locks import sole_writer
from latentassay.core.storage import write_whole
from latentassay.truth.judging import Verdict
from latentassay.truth.runs import Outcome, Task


def source_digest() -> str:
    """Return a digest of the package's source: answers of other code must not be mixed with those of this one."""
    root, digest = Path(__file__).parent.parent, hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Journal:
    """Answers that are known, and the file to which others are added.

    Attributes:
        path: the file; it may not exist yet.
        code: what ``source_digest`` returned.
        known: text of a task → its outcomes.
    """

    path: Path
    code: str
    known: dict[str, list[Outcome]] = field(default_factory=dict)

    def find(self, task: Task) -> list[Outcome] | None:
        """Return the outcomes of a task, or ``None`` if it was not answered."""
        return self.known.get(_name(task))

    def add(self, task: Task, outcomes: Iterable[Outcome]) -> None:
        """Write the outcomes of a task to the file, as a line of their own.

        Raises:
            FileError: it cannot be written, e.g. on a full disk.
        """
        facts = {"code": self.code, "task": _name(task), "outcomes": [_pack(each) for each in outcomes]}
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(facts, ensure_ascii=False) + "\n")
        except OSError as error:
            fix = "Free some space there; the answers before are kept, and the same command goes on."
            raise FileError(self.path, f"cannot be written: {error.strerror or error}", fix) from error


@contextmanager
def hold_journal(path: Path) -> Iterator[Journal]:
    """Open a journal that nobody else adds to meanwhile.

    Raises:
        FileError: another process does; or as ``open_journal``.
    """
    with sole_writer(path, "Wait for it or end it, or name another file."):
        yield open_journal(path)


def open_journal(path: Path) -> Journal:
    """Read the answers in a file; a last line that was cut off while it was written is dropped.

    Raises:
        FileError: a line that is no answer, or answers of other code.
    """
    journal = Journal(path, source_digest())
    text = path.read_text("utf-8") if path.exists() else ""
    whole = text[: text.rfind("\n") + 1]
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            facts = json.loads(line)
            code, task, outcomes = facts["code"], facts["task"], [_unpack(each) for each in facts["outcomes"]]
        except (ValueError, KeyError, TypeError) as error:
            raise FileError(path, f"line {number} is no answer of a bench ({error})", "Name another file.") from error
        if code != journal.code:
            cause = f"it holds answers of other code ({code}, this is {journal.code}), not to be mixed with new ones"
            raise FileError(path, cause, "Name another file, or delete this one.")
        journal.known[task] = outcomes
    if whole != text:
        write_whole(path, whole.encode())
    return journal


def _name(task: Task) -> str:
    return json.dumps(asdict(task), sort_keys=True)


def _pack(outcome: Outcome) -> dict[str, object]:
    return {**asdict(outcome), "verdict": outcome.verdict._asdict()}


def _unpack(facts: dict[str, object]) -> Outcome:
    tuples = {name: tuple(value) if isinstance(value, list) else value for name, value in facts.items()}
    verdict = tuples.pop("verdict")
    if not isinstance(verdict, dict):
        raise ValueError("no verdict")
    return Outcome(**tuples, verdict=Verdict(**{**verdict, "wrong": tuple(verdict["wrong"])}))  # type: ignore[arg-type]
