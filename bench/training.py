"""Training through ``fit`` against a bare loop that does the same mathematics, and against pythae's trainer.

All train the same networks from the same weights with Adam at batch 128, and take turns, a step each (on a GPU, some
dozens), in one process; reading data, the first step and compilation are left out and stated. A figure is the median
over turns of the ratio of wall times, with a 95 % interval from order statistics; ratios of CPU times beside it depend
less on busy neighbours, and the ratio of the sums holds what is not done in every step, such as logging. pythae is left
out where it is not installed; ``.venv-foreign`` has it. Peak memory is the whole process', one new process for each.
Run: ``OMP_NUM_THREADS=1 python bench/training.py``, or ``--device cuda`` where there is a GPU.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import traceback
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from loops import BATCH_SIZE, LOOPS, Mode, Task, random_images, run_fit
from record import record
from turns import Turn, Turns, compared

from latentassay.models import NAMES

TARGET = 1.05
"""Greatest ratio of the time of ``fit`` to that of a bare loop."""

PAPER_STEPS = 100_000
N = 4096
SHAPE = (3, 64, 64)
SETTLED = 2
"""Turns before those that count: what comes before the first step, and what the first steps need besides."""

EAGER = Mode()
LAST = Mode(channels_last=True)
COMPILED = Mode(compile=True)
HALF = Mode(bf16=True)
FAST = Mode(channels_last=True, compile=True, bf16=True)
BACKBONES = ("ae-hourglass", "vae-hourglass", "sae-12")
ON_CPU = [
    ("vae-conv-small", (1, 32, 32), EAGER, 150),
    ("vae-mlp", (1, 28, 28), EAGER, 300),
    *((name, SHAPE, mode, 7) for mode in (EAGER, LAST, COMPILED) for name in BACKBONES),
    *((name, SHAPE, HALF, 3) for name in BACKBONES),
]
ON_GPU = [
    ("sae-12", FAST),
    ("sae-12", EAGER),
    ("sae-12", Mode(channels_last=True, bf16=True)),
    ("vae-hourglass", FAST),
    ("ae-hourglass", FAST),
    ("vae-hourglass", EAGER),
    ("ae-hourglass", EAGER),
    ("sae-12", HALF),
    ("sae-12", Mode(compile=True, bf16=True)),
    ("sae-12", COMPILED),
    ("sae-12", LAST),
]
STEPS_ON_GPU = 480
"""Of each case, those before the figures included."""

STRIDE_ON_GPU = 40
"""Steps of a turn."""


def measure(task: Task, stride: int) -> dict[str, Any]:
    names = ["fit", "bare", *(["pythae"] if has_pythae(task) else [])]
    turns = Turns(
        {name: lambda step, name=name: LOOPS[name](task, step) for name in names}, stride=stride, device=task.device
    )
    refuse_other_losses(turns.run(), task.mode)
    settled = {name: found[SETTLED:] for name, found in turns.turns.items()}
    return {
        **compared(settled["fit"], settled["bare"], "wall"),
        "cpu_time": compared(settled["fit"], settled["bare"], "cpu"),
        **{f"fit / {name}": compared(settled["fit"], settled[name], "wall") for name in names[2:]},
        "turns": f"{len(settled['fit'])} of {stride} steps",
        **{name: speed(turns.turns[name], stride) for name in names},
    }


def has_pythae(task: Task) -> bool:
    """Its trainer knows none of the modes, and asks for a GPU by a name of its own."""
    return task.mode == EAGER and task.device.type == "cpu" and task.variational and find_spec("pythae") is not None


def refuse_other_losses(losses: dict[str, float], mode: Mode) -> None:
    """They did do the same mathematics; pythae's batches and noise are others, and its loss is an epoch's mean."""
    relative = {"bare": 1e-2 if mode.bf16 else 1e-4 if mode == EAGER else 1e-3, "pythae": 5e-2}
    for name, loss in losses.items():
        if name != "fit" and not abs(loss - losses["fit"]) <= relative[name] * abs(loss):
            raise RuntimeError(f"the losses differ: {losses}")


def speed(turns: list[Turn], stride: int) -> dict[str, float]:
    seconds = statistics.median(turn.wall for turn in turns[SETTLED:]) / stride
    memory = max(turn.memory for turn in turns[SETTLED:])
    return {
        "images_per_second": round(BATCH_SIZE / seconds, 1),
        "images_per_cpu_second": round(BATCH_SIZE * stride / statistics.median(t.cpu for t in turns[SETTLED:]), 1),
        "seconds_before": round(turns[0].wall, 2),
        "seconds_of_first_turn": round(turns[1].wall, 2),
        **(
            {"peak_MiB": round(memory / 2**20), "minutes_of_100k_steps": round(PAPER_STEPS * seconds / 60, 2)}
            if memory
            else {}
        ),
    }


def peak_memory(model: str, x_shape: tuple[int, ...]) -> dict[str, int]:
    """Greatest resident memory in MiB of a process that trains two steps, and of one that only imports."""

    def peak_of(loop: str) -> int:
        command = [sys.executable, __file__, "--memory", loop, "--model", model, "--shape", *map(str, x_shape)]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1])

    loops = ["imports", *LOOPS] if find_spec("pythae") else ["imports", "fit", "bare"]
    return {loop: peak_of(loop) for loop in loops if loop != "pythae" or model.startswith("vae")}


def print_memory(loop: str, model: str, x_shape: tuple[int, ...]) -> None:
    if loop != "imports":
        task = Task(model, x_shape, EAGER, 2, random_images(2 * BATCH_SIZE, x_shape), torch.device("cpu"))
        LOOPS[loop](task, lambda: None)
    print(own_peak())


def own_peak() -> int:
    """Greatest resident memory of this process in MiB; ``ru_maxrss`` alone counts that of its parent, too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = dict(line.split(":", 1) for line in status.read_text().splitlines())
    return int(found["VmHWM"].split()[0]) // 1024


def synchronisations(device: torch.device, steps: int = 40) -> dict[str, int]:
    """Where ``fit`` waits for the GPU in some steps with one row of the history, as torch sees it."""
    task = Task("vae-conv", SHAPE, EAGER, steps, random_images(N, SHAPE), device)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.cuda.set_sync_debug_mode("warn")
        try:
            run_fit(task, lambda: None)
        finally:
            torch.cuda.set_sync_debug_mode("default")
    places = [
        f"{Path(each.filename).name}:{each.lineno}" for each in caught if "called a synchronizing" in str(each.message)
    ]
    return {place: places.count(place) for place in sorted(set(places))}


def tasks(device: torch.device) -> list[tuple[Task, int]]:
    """All cases with the steps of a turn; where a model is not there, its cases are not."""
    if device.type == "cuda":
        listed = [(name, SHAPE, mode, STEPS_ON_GPU, N, STRIDE_ON_GPU) for name, mode in ON_GPU]
    else:
        listed = [(name, shape, mode, steps, min(N, steps * BATCH_SIZE), 1) for name, shape, mode, steps in ON_CPU]
    return [
        (Task(name, shape, mode, steps, random_images(n, shape), device), stride)
        for name, shape, mode, steps, n, stride in listed
        if name in NAMES
    ]


def cases(arguments: argparse.Namespace) -> dict[str, Any]:
    begun, found = time.perf_counter(), {}
    for task, stride in tasks(torch.device(arguments.device)):
        key = f"{task.model} {task.x_shape}, {task.mode}"
        if arguments.model in (None, task.model):
            late = time.perf_counter() - begun > arguments.budget
            found[key] = "left out: the time was up" if late else try_case(task, stride)
            print(key, json.dumps(found[key]), flush=True)
    return found


def try_case(task: Task, stride: int) -> Any:
    """One case that fails leaves the others their figures."""
    try:
        return measure(task, stride)
    except Exception as error:
        traceback.print_exc()
        return f"failed: {type(error).__name__}: {str(error).strip().splitlines()[0]}"


def facts(device: torch.device) -> dict[str, Any]:
    if device.type != "cuda":
        return {"device": "cpu", "float32": "as it is"}
    return {
        "device": torch.cuda.get_device_name(device),
        "float32": f"TF32 in convolutions {torch.backends.cudnn.allow_tf32}, in matrix products "
        f"{torch.backends.cuda.matmul.allow_tf32} (torch's defaults)",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "synchronisations of 40 steps": synchronisations(device),
    }


def commit(stated: str | None) -> str:
    try:
        command = ["git", "rev-parse", "--short", "HEAD"]
        return stated or subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--model", help="only this one")
    parser.add_argument("--budget", type=float, default=3600.0, help="seconds after which no case is begun")
    parser.add_argument("--commit", help="of the code, where git is not there")
    parser.add_argument("--memory", help=argparse.SUPPRESS)
    parser.add_argument("--shape", type=int, nargs="+", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    if arguments.memory:
        print_memory(arguments.memory, arguments.model, tuple(arguments.shape))
        return
    device = torch.device(arguments.device)
    report = {
        "what": f"fit against a bare loop and pythae's trainer, batches of {BATCH_SIZE}, in turns in one process",
        "target": TARGET,
        "commit": commit(arguments.commit),
        **facts(device),
        "cases": cases(arguments),
    }
    if device.type == "cpu":
        models = [name for name in BACKBONES if name in NAMES and arguments.model in (None, name)]
        report["peak memory of the process, MiB"] = {name: peak_memory(name, SHAPE) for name in models}
    record("training" if device.type == "cpu" else f"training-{device.type}", report)


if __name__ == "__main__":
    main()
