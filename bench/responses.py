"""The response matrix against the decode and encode passes it cannot avoid, and its memory as n grows.

The floor is (units + 1)·n images decoded and encoded in batches of the same size with nothing else done. Both are
interleaved in one process; the figure is the median over rounds of the ratio of wall times. Linear models, whose passes
are the cheapest that there are, are compared in processor time on one thread, against the very passes that were made
(several units share one). Threads: wall time with one, with all, and with as many as are chosen by measuring, alone and
beside a process that holds a core. Memory is how far the resident size of a fresh process rises above what it was when
the model and its latents were in place (Linux only).
Run: ``python bench/responses.py``.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

import torch
from passes import compare
from record import record

import latentassay as la
from latentassay.core.threads import ThreadChoice

UNITS, N, BATCH_SIZE, TARGET = 24, 1024, 128, 1.15
CASES = {"vae-conv-small": ((3, 32, 32), 7), "vae-conv": ((3, 32, 32), 1)}
LINEAR, LINEAR_TARGET, PIXELS = {8: 15, 32: 9, 128: 5, 512: 1}, 1.5, 256
THREADED = {32: 1024, 128: 1024, 512: 128}
BUSY = (0, 1, 3)
MEMORY_NS = (512, 2048, 8192)


def build(name: str, shape: tuple[int, ...]) -> la.Autoencoder:
    return la.models.build(name, x_shape=shape, latents=UNITS).eval()


def latents(n: int) -> torch.Tensor:
    return torch.randn(n, UNITS, generator=torch.Generator().manual_seed(0))


def floor(model: la.Autoencoder, z: torch.Tensor) -> float:
    """Seconds for the passes alone."""
    begun = time.perf_counter()
    with torch.inference_mode():
        for _ in range(UNITS + 1):
            for start in range(0, len(z), BATCH_SIZE):
                _ = model.encode(model.decode(z[start : start + BATCH_SIZE])).mean
    return time.perf_counter() - begun


def ours(model: la.Autoencoder, z: torch.Tensor) -> float:
    """Seconds for the whole matrix with its standard errors."""
    begun = time.perf_counter()
    la.response_matrix(model, z, generator=torch.Generator().manual_seed(0), batch_size=BATCH_SIZE)
    return time.perf_counter() - begun


def measure(name: str, shape: tuple[int, ...], rounds: int) -> dict[str, float]:
    model, z = build(name, shape), latents(N)
    floor(model, z[:BATCH_SIZE]), ours(model, z[:BATCH_SIZE])
    pairs = []
    for k in range(rounds):
        first, second = (ours, floor) if k % 2 else (floor, ours)
        seconds = {work: work(model, z) for work in (first, second)}
        pairs.append((seconds[ours], seconds[floor]))
    ratios = [mine / theirs for mine, theirs in pairs]
    return {
        "rounds": rounds,
        "ratio": round(statistics.median(ratios), 3),
        "least_ratio": round(min(ratios), 3),
        "greatest_ratio": round(max(ratios), 3),
        "images_per_second": round((UNITS + 1) * N / statistics.median(mine for mine, _ in pairs)),
    }


def linear(units: int) -> la.Autoencoder:
    torch.manual_seed(0)
    return la.wrap((torch.nn.Linear(PIXELS, units), torch.nn.Linear(units, PIXELS)), latent_shape=(units,))


def measure_linear(units: int, rounds: int) -> dict[str, Any]:
    """A linear model against its own passes, on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    model, z = linear(units), torch.randn(N, units, generator=torch.Generator().manual_seed(0))
    found = compare(model, torch.randn(N, PIXELS), lambda: la.response_matrix(model, z), rounds)
    torch.set_num_threads(before)
    return found


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.terminate()
            process.wait()


def measure_threads(units: int, n: int, *, busy: int) -> dict[str, float]:
    """Median wall seconds of five matrices each with one thread, with all, and with the number that is chosen."""
    model, z = linear(units), torch.randn(n, units, generator=torch.Generator().manual_seed(0))
    most, seconds = torch.get_num_threads(), dict[str, list[float]]()
    unchosen = patch("latentassay.responses.matrix.choose_threads", lambda device: nullcontext(ThreadChoice(1)))
    with busy_processes(busy):
        for _ in range(5):
            for name, threads, choosing in (("one", 1, unchosen), ("all", most, unchosen), ("chosen", most, None)):
                torch.set_num_threads(threads)
                begun = time.perf_counter()
                with choosing or nullcontext():
                    la.response_matrix(model, z)
                seconds.setdefault(name, []).append(time.perf_counter() - begun)
    torch.set_num_threads(most)
    found = {name: round(statistics.median(each), 3) for name, each in seconds.items()}
    # What else the machine does decides; "alone" is so only where this is below 1.
    load = round(os.getloadavg()[0], 1)
    return {**found, "chosen_over_one": round(found["chosen"] / found["one"], 2), "load": load}


def threads() -> dict[str, dict[str, dict[str, float]]]:
    return {
        f"beside {busy} busy processes": {
            f"{units} units, {n} latents": measure_threads(units, n, busy=busy) for units, n in THREADED.items()
        }
        for busy in BUSY
    }


def rise_mib(n: int) -> float:
    """MiB by which a fresh process grows, at its peak, while it measures one matrix over n latents."""
    done = subprocess.run([sys.executable, __file__, "--rise", str(n)], capture_output=True, text=True, check=True)
    return round(int(done.stdout) / 1024, 1)


def status_kib(field: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


def rise_here(n: int) -> int:
    model, z = build("vae-conv-small", (3, 32, 32)), latents(n)
    ours(model, z[:BATCH_SIZE])  # what the first pass of a process allocates once is not of interest
    Path("/proc/self/clear_refs").write_text("5")  # resets the peak to the present size
    before = status_kib("VmRSS")
    ours(model, z)
    return status_kib("VmHWM") - before


def main() -> None:
    report = {
        "what": f"response matrix of {UNITS} units over {N} latents against its passes alone, batches of {BATCH_SIZE}",
        "target": TARGET,
        "cases": {f"{name} {shape}": measure(name, shape, rounds) for name, (shape, rounds) in CASES.items()},
        "linear_target": LINEAR_TARGET,
        "linear": {f"{units} units": measure_linear(units, rounds) for units, rounds in LINEAR.items()},
        "threads": threads(),
        "rise_in_mib_by_n": {n: rise_mib(n) for n in MEMORY_NS},
    }
    record("responses", report)


if __name__ == "__main__":
    if "--rise" in sys.argv:
        print(rise_here(int(sys.argv[-1])))
    else:
        main()
