"""Spatial latents of a pretrained model: the channel response matrix and the spatial kernel against their passes alone.

TAEF2 on 64 latents of 64×64 pixels: 32 channels of 8×8 places; normal latents, since values make no difference to time.
The floor of both is 33 · 64 pictures decoded and encoded in batches of the same size with nothing else done. Rounds
interleave the three in one process; the figure is the median over rounds of the ratio of processor times, which what
else the machine does hardly touches.
Run: ``PYTHONPATH=. python bench/spatial.py WEIGHTS.safetensors [rounds]``.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from record import record

import latentassay as la
from tests.oracles import taef2

CHANNELS, SIDE, N, BATCH_SIZE, TARGET = 32, 8, 64, 32, 1.2


def floor(model: la.Autoencoder, z: torch.Tensor) -> None:
    """The passes alone."""
    with torch.inference_mode():
        for _ in range(CHANNELS + 1):
            for start in range(0, len(z), BATCH_SIZE):
                _ = model.encode(model.decode(z[start : start + BATCH_SIZE])).mean


def matrix(model: la.Autoencoder, z: torch.Tensor) -> None:
    la.response_matrix(model, z, generator=torch.Generator().manual_seed(0), batch_size=BATCH_SIZE)


def kernel(model: la.Autoencoder, z: torch.Tensor) -> None:
    la.spatial_response_kernel(model, z, generator=torch.Generator().manual_seed(0), batch_size=BATCH_SIZE)


def seconds(work: Callable[[la.Autoencoder, torch.Tensor], None], model: la.Autoencoder, z: torch.Tensor) -> float:
    begun = time.process_time()
    work(model, z)
    return time.process_time() - begun


def measure(model: la.Autoencoder, z: torch.Tensor, rounds: int) -> dict[str, dict[str, float]]:
    works = [floor, matrix, kernel]
    times: dict[str, list[float]] = {work.__name__: [] for work in works}
    for k in range(rounds):
        for work in works[k % 3 :] + works[: k % 3]:
            times[work.__name__].append(seconds(work, model, z))
    return {name: _ratios(taken, times["floor"]) for name, taken in times.items()}


def _ratios(taken: list[float], floors: list[float]) -> dict[str, float]:
    ratios = [mine / theirs for mine, theirs in zip(taken, floors, strict=True)]
    return {
        "ratio": round(statistics.median(ratios), 3),
        "least_ratio": round(min(ratios), 3),
        "greatest_ratio": round(max(ratios), 3),
        "pictures_per_processor_second": round((CHANNELS + 1) * N / statistics.median(taken), 1),
    }


def main() -> None:
    net = taef2.load(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    model = la.from_torch(net.encoder, net.decoder, latent_shape=(CHANNELS, SIDE, SIDE))
    z = torch.randn(N, CHANNELS, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    for work in (floor, matrix, kernel):
        work(model, z[:8])
    report = {
        "what": f"TAEF2, {N} latents of {CHANNELS} channels of {SIDE}×{SIDE} places, batches of {BATCH_SIZE}",
        "target": TARGET,
        "rounds": rounds,
        "cases": measure(model, z, rounds),
    }
    record("spatial", report)


if __name__ == "__main__":
    main()
