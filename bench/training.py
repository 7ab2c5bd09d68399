"""Training through ``fit`` against a bare loop that does the same mathematics on the same batches.

Both train the same network from the same weights with the same optimiser, interleaved in one process; the figure is
the median over rounds of the ratio of their times. Run: ``python bench/training.py``.
"""

import json
import os
import platform
import statistics
import time
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from latentassay import models, objectives
from latentassay.data.factors import FactorData
from latentassay.training import fit
from latentassay.training.sampler import Sampler

ROUNDS, STEPS, BATCH_SIZE, N, TARGET = 9, 60, 128, 4096, 1.1
RESULTS = Path(__file__).parent / "results" / "training.json"
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


def seconds_of(work) -> tuple[float, float]:
    start = time.perf_counter()
    loss = float(work())
    return time.perf_counter() - start, loss


def one_round(name: str, images: torch.Tensor, data: FactorData) -> tuple[float, float]:
    x_shape = CASES[name]
    ours, theirs = (models.build(name, x_shape=x_shape) for _ in range(2))
    sampler = Sampler(N, BATCH_SIZE, seed=0)
    rows = [sampler.rows(step) for step in range(STEPS)]
    options = {"steps": STEPS, "batch_size": BATCH_SIZE, "log_every": 10, "device": "cpu"}
    fitted, _ = seconds_of(lambda: fit(ours, objectives.VAE(), data, **options).history[-1]["loss"])
    bare, _ = seconds_of(lambda: bare_loop(theirs.encoder, theirs.decoder, images, rows))
    for own, other in zip(ours.parameters(), theirs.parameters(), strict=True):  # they did do the same mathematics
        torch.testing.assert_close(own, other, rtol=1e-3, atol=1e-4)
    return fitted, bare


def measure(name: str) -> dict[str, float]:
    shape = CASES[name]
    images = torch.randint(0, 256, (N, *shape), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    data = FactorData(images.numpy(), torch.zeros(N, 0, dtype=torch.long).numpy(), layout="chw")
    one_round(name, images, data)
    times = [one_round(name, images, data) for _ in range(ROUNDS)]
    fitted, bare = (statistics.median(column) for column in zip(*times, strict=True))
    ratios = [a / b for a, b in times]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "least_ratio": round(min(ratios), 3),
        "greatest_ratio": round(max(ratios), 3),
        "images_per_second_fit": round(STEPS * BATCH_SIZE / fitted),
        "images_per_second_bare": round(STEPS * BATCH_SIZE / bare),
    }


def main() -> None:
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", torch.get_num_threads())))
    report = {
        "what": f"fit against a bare loop, {STEPS} steps of {BATCH_SIZE}, {ROUNDS} interleaved rounds, float32 on CPU",
        "target": TARGET,
        "machine": {
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "processor": platform.machine(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "cases": {f"{name} {CASES[name]}": measure(name) for name in CASES},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
