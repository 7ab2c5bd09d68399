"""``fit_many`` on the CPU against ``fit``, one training after the other, and ``fit`` against a bare loop.

VAEs of two layers of 200 for pictures of 28×28 at batch 128, data resident. Rounds alternate in one process, the
order turned round every time; a figure is the median over rounds of the ratio of images per second, with a 95 %
interval from order statistics, or the least and the greatest of few rounds. One after the other is taken with one
thread for torch, with ``--all-threads`` also with as many as there are cores: beside busy programs these wait for
each other, and were ten times slower (2 to 70 times) where this was tried. The ratio of processor times says what
side by side costs where cores are busy with other programs: the throughput on idle cores is at most their number over
it.
Run: ``OMP_NUM_THREADS=2 nice -n 15 python bench/many.py``.
"""

import argparse
import math
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from loops import Mode, Task, random_images, run_bare_loop, run_fit
from record import record
from turns import Turns, compared

from latentassay import models, objectives
from latentassay.core.threads import cores
from latentassay.data import FactorData
from latentassay.training import fit, fit_many
from latentassay.training.vmap_trainer import Training

X_SHAPE, HIDDEN, LATENTS, BATCH, ROWS = (1, 28, 28), (200, 200), 30, 128, 4096
TARGET = 1.5


def build(seed: int) -> Any:
    return models.build("vae-mlp", x_shape=X_SHAPE, latents=LATENTS, hidden=HIDDEN, activation="relu", seed=seed)


def digits() -> FactorData:
    pixels = np.random.default_rng(0).integers(0, 256, (ROWS, *X_SHAPE), dtype=np.uint8)
    return FactorData(pixels, np.zeros((ROWS, 0), np.int64), layout="chw")


def one_after_the_other(data: FactorData, count: int, steps: int, threads: int) -> None:
    torch.set_num_threads(threads)
    options = {"steps": steps, "batch_size": BATCH, "lr": 1e-3, "device": "cpu", "progress": False}
    for seed in range(count):
        fit(build(seed), objectives.VAE(), data, seed=seed, **options)


def side_by_side(data: FactorData, count: int, steps: int) -> None:
    options = {"steps": steps, "batch_size": BATCH, "lr": 1e-3}
    own = [Training(build(seed), objectives.VAE(), data, seed=seed, **options) for seed in range(count)]
    fit_many(own, device="cpu", progress=False)


def clocks(work: Callable[[], None]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def ratios(found: dict[str, list[tuple[float, float]]], ours: str, theirs: str, clock: int) -> dict[str, Any]:
    """Their time over ours, round by round."""
    values = sorted(b[clock] / a[clock] for a, b in zip(found[ours], found[theirs], strict=True))
    edge = max(0, math.floor((len(values) - 1.96 * len(values) ** 0.5) / 2))
    ends = [round(values[edge], 3), round(values[-1 - edge], 3)]
    return {"ratio": round(statistics.median(values), 3), "interval": ends}


def measure_many(count: int, steps: int, rounds: int, *, all_threads: bool) -> dict[str, Any]:
    data = digits()
    ways = {
        "one after the other, 1 thread": lambda: one_after_the_other(data, count, steps, 1),
        "side by side": lambda: side_by_side(data, count, steps),
    }
    if all_threads:
        ways[f"one after the other, {cores()} threads"] = lambda: one_after_the_other(data, count, steps, cores())
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for turn in range(rounds + 1):  # the first is left out: allocators and caches settle
        for name in list(ways)[:: 1 if turn % 2 else -1]:
            found[name].append(clocks(ways[name]))
    settled = {name: times[1:] for name, times in found.items()}
    speeds = {
        name: round(count * steps * BATCH / statistics.median(wall for wall, _ in times))
        for name, times in settled.items()
    }
    others = [name for name in ways if name != "side by side"]
    return {
        "models": count,
        "steps": steps,
        "rounds": rounds,
        "images per second": speeds,
        "throughput, side by side": {f"over {name}": ratios(settled, "side by side", name, 0) for name in others},
        "processor time of others over side by side": {
            name: ratios(settled, "side by side", name, 1) for name in others
        },
    }


def measure_step(steps: int) -> dict[str, Any]:
    """``fit`` against a bare loop that does the same, in turns of a step."""
    torch.set_num_threads(1)
    device = torch.device("cpu")
    task = Task("vae-mlp", X_SHAPE, Mode(), steps, random_images(ROWS, X_SHAPE), device)
    turns = Turns(
        {"fit": lambda step: run_fit(task, step), "bare": lambda step: run_bare_loop(task, step)},
        stride=1,
        device=device,
    )
    turns.run()
    ours, theirs = (turns.turns[name][2:] for name in ("fit", "bare"))
    return {"wall": compared(ours, theirs, "wall"), "processor": compared(ours, theirs, "cpu"), "steps": len(ours)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=int, default=6)
    parser.add_argument("--steps", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--all-threads", action="store_true", help="one after the other with all threads as well")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    report = {
        "what": "fit_many on the CPU against fit, one training after the other; VAEs of 2 × 200, batch 128",
        "target": TARGET,
        "load": [round(load, 1)],
        "many": measure_many(arguments.models, arguments.steps, arguments.rounds, all_threads=arguments.all_threads),
        "a step of fit over one of a bare loop": measure_step(300),
    }
    report["load"].append(round(os.getloadavg()[0], 1))
    torch.set_num_threads(cores())
    record("many", report)


if __name__ == "__main__":
    main()
