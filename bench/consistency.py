"""What consistency costs: the time of a training step of X, XC-I and XC-E models over that of the plain AE.

All take steps in turns in one process, on batches of 64 noise images (1 × 28 × 28), in size S. The figure is the median
over rounds of the ratio of CPU times, which depend less on busy neighbours than wall times; the ratio of wall times
stands beside it. By the number of units: one random unit a step against two and all of them, with 3 to 12 latents.
Run: ``OMP_NUM_THREADS=1 python bench/consistency.py``.
"""

import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from record import record

from latentassay import models, objectives

ROUNDS, BATCH_SIZE, SHAPE = 9, 64, (1, 28, 28)
NAMES = ("ae-s", "xae-s", "xcae-i-s", "xcae-e-s", "sae-s", "xsae-s", "xcsae-i-s", "vae-s", "xcvae-i-s", "avae-s")
UNITS = (3, 6, 12)


class Times(NamedTuple):
    wall: float
    cpu: float


def stepper(name: str, objective: Any, **options: Any) -> Callable[[], Times]:
    model = models.build(name, x_shape=SHAPE, likelihood={"name": "gaussian", "squashed": True}, **options)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    noise, x = torch.Generator().manual_seed(0), torch.rand(BATCH_SIZE, *SHAPE)

    def step() -> Times:
        wall, cpu = time.perf_counter(), time.process_time()
        loss = objective(model, x, noise)
        optimizer.zero_grad(set_to_none=True)
        loss.total.backward()
        optimizer.step()
        return Times(time.perf_counter() - wall, time.process_time() - cpu)

    return step


def ratios(steps: dict[str, Callable[[], Times]], base: str) -> dict[str, dict[str, float]]:
    for step in steps.values():
        step()
    rounds = [{name: step() for name, step in steps.items()} for _ in range(ROUNDS)]
    return {
        name: {
            "ratio": round(statistics.median(taken[name].cpu / taken[base].cpu for taken in rounds), 2),
            "ratio_of_wall_time": round(statistics.median(taken[name].wall / taken[base].wall for taken in rounds), 2),
            "milliseconds": round(1000 * statistics.median(taken[name].wall for taken in rounds)),
        }
        for name in steps
    }


def by_units(latents: int) -> dict[str, dict[str, float]]:
    """One unit a step, two, and all, beside the same network without the term."""
    base = objectives.AE()
    steps = {"none": stepper("xae-s", base, latents=latents)}
    for kind in (objectives.Invariance, objectives.Equivariance):
        for label, wanted in (("one", 1), ("two", 2), ("all", None)):
            steps[f"{kind.__name__}, {label}"] = stepper("xae-s", kind(base, 4.0, wanted), latents=latents)
    return ratios(steps, "none")


def main() -> None:
    grid = {name: stepper(name, objectives.published(name)) for name in NAMES}
    record(
        "consistency",
        {
            "what": f"training steps at size S, batch {BATCH_SIZE}, {ROUNDS} rounds; ratios to ae-s, then to no term",
            "aim": "at most one decode and encode of the batch more per unit intervened on: ratio 2 for one",
            "models": ratios(grid, "ae-s"),
            "latents": {str(latents): by_units(latents) for latents in UNITS},
        },
    )


if __name__ == "__main__":
    main()
