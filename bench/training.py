"""Training through ``fit`` against a bare loop that does the same mathematics on the same batches.

Both train the same network from the same weights with the same optimiser, interleaved in one process. The figure is the
median over rounds of the ratio of wall times; the ratio of CPU times beside it depends less on busy neighbours.
Run: ``OMP_NUM_THREADS=1 python bench/training.py``.
"""

import os
import statistics
import time
from collections.abc import Callable
from typing import NamedTuple

import torch
from record import record
from torch import nn
from torch.nn import functional as F

from latentassay import models, objectives
from latentassay.data.factors import FactorData
from latentassay.training import fit
from latentassay.training.sampler import Sampler

ROUNDS, STEPS, BATCH_SIZE, N, TARGET = 9, 60, 128, 4096, 1.1
CASES = {"vae-conv-small": (1, 32, 32), "vae-mlp": (1, 28, 28)}


def bare_loop(encoder: nn.Module, decoder: nn.Module, images: torch.Tensor, rows: list[torch.Tensor]) -> torch.Tensor:
    """A VAE as one writes it by hand: nothing is checked, logged or kept."""
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=1e-3, fused=True)
    noise = torch.Generator().manual_seed(0)
    for batch in rows:
        x = images[batch].float().div_(255)
        mean, logvar = encoder(x).chunk(2, dim=1)
        z = mean + (0.5 * logvar).exp() * torch.randn(mean.shape, generator=noise)
        nll = F.binary_cross_entropy_with_logits(decoder(z), x, reduction="none").flatten(1).sum(1).mean()
        kl = 0.5 * (mean.square() + logvar.exp() - 1 - logvar).sum(1).mean()
        loss = nll + kl
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    return loss.detach()


class Times(NamedTuple):
    wall: float
    cpu: float


def seconds_of(work: Callable[[], object]) -> Times:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Times(time.perf_counter() - wall, time.process_time() - cpu)


def one_round(name: str, images: torch.Tensor, data: FactorData, *, fit_first: bool) -> tuple[Times, Times]:
    ours, theirs = (models.build(name, x_shape=CASES[name]) for _ in range(2))
    sampler = Sampler(N, BATCH_SIZE, seed=0)
    rows = [sampler.rows(step) for step in range(STEPS)]
    options = {"steps": STEPS, "batch_size": BATCH_SIZE, "log_every": 10, "device": "cpu"}
    works = {
        "fit": lambda: fit(ours, objectives.VAE(), data, **options),
        "bare": lambda: bare_loop(theirs.encoder, theirs.decoder, images, rows),
    }
    times = {key: seconds_of(works[key]) for key in sorted(works, reverse=fit_first)}
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):  # they did do the same mathematics
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-4)
    return times["fit"], times["bare"]


def measure(name: str) -> dict[str, float]:
    shape = CASES[name]
    images = torch.randint(0, 256, (N, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    data = FactorData(images.numpy(), torch.zeros(N, 0, dtype=torch.long).numpy(), layout="chw")
    one_round(name, images, data, fit_first=True)
    rounds = [one_round(name, images, data, fit_first=bool(k % 2)) for k in range(ROUNDS)]
    walls, cpus = ([(fitted[k] / bare[k]) for fitted, bare in rounds] for k in range(2))
    fitted, bare = (statistics.median(pair[k].wall for pair in rounds) for k in range(2))
    return {
        "ratio": round(statistics.median(walls), 3),
        "least_ratio": round(min(walls), 3),
        "greatest_ratio": round(max(walls), 3),
        "ratio_of_cpu_time": round(statistics.median(cpus), 3),
        "images_per_second_fit": round(STEPS * BATCH_SIZE / fitted),
        "images_per_second_bare": round(STEPS * BATCH_SIZE / bare),
    }


def main() -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    report = {
        "what": f"fit against a bare loop, {STEPS} steps of {BATCH_SIZE}, {ROUNDS} interleaved rounds, float32 on CPU",
        "target": TARGET,
        "cases": {f"{name} {CASES[name]}": measure(name) for name in CASES},
    }
    record("training", report)


if __name__ == "__main__":
    main()
