"""The axes of the bench of faults, run one after another."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.faults.arguments import ARGUMENTS
from latentassay.faults.judging import Outcome
from latentassay.faults.results import Faults
from latentassay.faults.runs import calls, run

AXES = ("arrays",)


def run_axes(
    axes: Sequence[str] = AXES, names: Sequence[str] | None = None, *, quick: bool = False, seed: int = 0
) -> Faults:
    """Run axes of the bench.

    Args:
        axes: some of ``AXES``; "arrays" are bad arrays and bad models.
        names: public names of functions; all where left out.
        quick: a few cases of every argument.
        seed: of the cases that are drawn.

    Raises:
        InputError: an unknown axis, or a function that is not in the table.
    """
    if unknown := [axis for axis in axes if axis not in AXES]:
        raise InputError(f"axes are {', '.join(AXES)}; got {', '.join(unknown)}")
    if unknown := [name for name in names or () if name not in ARGUMENTS]:
        raise InputError(f"the table of arguments has no {', '.join(unknown)}")
    begun, found = time.perf_counter(), list[Outcome]()
    if "arrays" in axes:
        found += run(calls(names, quick=quick, seed=seed))
    return Faults(outcomes=tuple(found), quick=quick, commit=find_commit(), seconds=time.perf_counter() - begun)


def find_commit() -> str:
    """Return the commit of the code, with a plus if files were changed since; nothing where there is no repository."""
    folder, told = str(Path(__file__).parent), []
    for words in (("rev-parse", "--short=9", "HEAD"), ("status", "--porcelain", "--", ".")):
        try:
            done = subprocess.run(["git", "-C", folder, *words], capture_output=True, text=True, check=True)
        except (OSError, subprocess.CalledProcessError):
            return ""
        told.append(done.stdout.strip())
    return told[0] + ("+" if told[1] else "")
