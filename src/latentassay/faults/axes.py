"""The axes of the bench of faults, run one after another."""

import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.faults.arguments import ARGUMENTS
from latentassay.faults.determinism import run_determinism
from latentassay.faults.file_runs import file_calls, run_files
from latentassay.faults.judging import Outcome
from latentassay.faults.kill_runs import run_disks, run_kills, run_two
from latentassay.faults.results import Faults
from latentassay.faults.runs import calls, run
from latentassay.faults.threads import run_threads

Run = Callable[[Sequence[str] | None, bool, int], list[Outcome]]
"""Makes all calls of an axis: names of functions or all, whether it is quick, and the seed of what is drawn."""

AXES: dict[str, Run] = {
    "arrays": lambda names, quick, seed: run(calls(names, quick=quick, seed=seed), names),
    "determinism": lambda names, quick, seed: run_determinism(names, quick=quick),
    "files": lambda names, quick, seed: run_files(file_calls(names=names, quick=quick, seed=seed)),
    "kills": lambda names, quick, seed: run_kills(quick=quick, seed=seed),
    "disks": lambda names, quick, seed: run_disks(quick=quick, seed=seed),
    "writers": lambda names, quick, seed: run_two(quick=quick),
    "threads": lambda names, quick, seed: run_threads(names, quick=quick),
}
"""Word → what makes the calls. "arrays" are bad arrays and bad models, and valid calls before them."""


def run_axes(
    axes: Sequence[str] = tuple(AXES), names: Sequence[str] | None = None, *, quick: bool = False, seed: int = 0
) -> Faults:
    """Run axes of the bench.

    Args:
        axes: some of ``AXES``.
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
    for axis in axes:
        found += AXES[axis](names, quick, seed)
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
