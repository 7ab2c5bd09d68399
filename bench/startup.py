"""What start-up costs: ``import latentassay``, help, and the assay of a small model, beside ``import torch``.

Each turn starts a fresh process for every case, in an order that changes, and takes its processor time (user and
system, of the process alone); ratios are of one turn, so that whatever else the machine does meets both sides alike.
``import latentassay`` imports what a name needs when the name is used first, so the names are measured, too: one that
every program uses (``la.assay``) and all of them. Files of bytecode are written before the first turn, as an
installation does.
Run: ``python bench/startup.py [turns]``.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from typing import Any

from record import record
from turns import Turn, compared

TURNS, TARGET, SECONDS = 15, 1.15, 0.5
LATER = ("plots", "perturbation", "perturb", "uniform_noise")
"""Drawing is matplotlib, and what describes a perturbed data set pydantic."""

ALL = f"import latentassay as la; [getattr(la, name) for name in la.__all__ if name not in {LATER}]"
IMPORTS = {
    "import torch": "import torch",
    "import latentassay": "import latentassay",
    "la.assay": "import latentassay as la; la.assay",
    "every name but plots and perturbation": ALL,
}
COMMANDS = {
    "latentassay --help": (["--help"], 0),
    "latentassay --version": (["--version"], 0),
    "unknown command": (["frobnicate"], 2),
    "unknown option": (["assay", "runs/x", "--nothing"], 2),
    "missing argument": (["assay"], 2),
    "assay of a small MLP": (["assay", "run"], 0),
}
TRAIN = ["train", "--data", "digits", "--model", "vae-mlp", "--latents", "4", "--steps", "300", "--out", "run"]


def time_process(words: list[str], code: int, folder: str) -> Turn:
    """Run Python with ``words`` and return what the process took."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    process = subprocess.Popen(
        [sys.executable, *words],
        cwd=folder,
        env={**environment, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != code:
        raise SystemExit(f"python {' '.join(words)} ended with {process.returncode}, expected {code}")
    return Turn(wall=0.0, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss)


def measure(turns: int) -> dict[str, list[Turn]]:
    """Take all cases in every turn, forwards and backwards in turn, after two rounds that do not count."""
    cases = {name: (["-c", code], 0) for name, code in IMPORTS.items()}
    cases |= {name: (["-m", "latentassay", *words], code) for name, (words, code) in COMMANDS.items()}
    found: dict[str, list[Turn]] = {name: [] for name in cases}
    with tempfile.TemporaryDirectory() as folder:
        time_process(["-m", "latentassay", *TRAIN], 0, folder)
        for turn in range(-2, turns):
            for name in list(cases)[:: -1 if turn % 2 else 1]:
                words, code = cases[name]
                one = time_process(words, code, folder)
                if turn >= 0:
                    found[name].append(one)
    return found


def main() -> None:
    found = measure(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS)
    torch = found["import torch"]
    cases: dict[str, Any] = {}
    for name, turns in found.items():
        seconds = sorted(turn.cpu for turn in turns)
        cases[name] = {
            "seconds": round(statistics.median(seconds), 3),
            "fastest": round(seconds[0], 3),
            "beside_import_torch": compared(turns, torch, "cpu"),
        }
    what = "processor time of fresh processes: imports and commands, each beside import torch in the same turn"
    report = {"what": what, "turns": len(torch), "target_ratio": TARGET, "target_seconds": SECONDS, "cases": cases}
    record("startup", report)


if __name__ == "__main__":
    main()
