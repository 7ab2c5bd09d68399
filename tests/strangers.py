"""What strangers add is tried in a copy of the package, in a process of its own that makes the additions one by one.

A process costs seconds, most of them for torch and its like. So all cases of a test file share one, and each begins by
forgetting the package: what it then finds in the folders of the copy is what lies there now.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from conftest import ROOT


@dataclass(frozen=True)
class Case:
    """One addition, and what is done with it.

    Attributes:
        code: run as the main program, in a folder of its own.
        files: text of every file that is added or changed, by its path in the copy.
        arguments: words that the code finds in ``sys.argv``.
        path: folders whose modules and distributions it may import, too.
    """

    code: str
    files: dict[str, str] = field(default_factory=dict)
    arguments: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Outcome:
    """What came of a case: its exit code, what it printed, and the folder that it ran in."""

    code: int
    stdout: str
    stderr: str
    folder: Path

    @property
    def printed(self) -> str:
        """All that was printed."""
        return self.stdout + self.stderr


def expect(outcome: Outcome, code: int = 0) -> str:
    """Return what was printed, if the case ended as it should."""
    assert outcome.code == code, outcome.printed
    return outcome.printed


def try_in_a_copy(folder: Path, cases: Mapping[str, Case]) -> dict[str, Outcome]:
    """Copy the package into a folder, and run cases one after another in one process that imports the copy."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    told = [str(ROOT / "tests"), {name: asdict(case) for name, case in cases.items()}]
    (folder / "cases.json").write_text(json.dumps(told), "utf-8")
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "stranger_process.py"), str(folder)],
        env={**os.environ, "PYTHONPATH": str(folder / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((folder / "outcomes.json").read_text("utf-8"))
    return {name: Outcome(**{**outcome, "folder": Path(outcome["folder"])}) for name, outcome in found.items()}


def copied(name: str) -> str:
    """Return the text of a file of the package, by its path in the copy."""
    return (ROOT / name).read_text("utf-8")
