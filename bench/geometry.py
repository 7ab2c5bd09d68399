"""Shortest ways between Gaussians and between latents, against the libraries that offer them, in one process.

Fisher–Rao geodesics of 1000 pairs of 12-dimensional diagonal Gaussians at 20 points; pullback geodesics of 100 pairs of
codes of a digits decoder with two latents. geomstats (2.8 asks numpy for a name that it no longer has, and is given
it) and stochman (0.3) are no dependencies: what is not on the path is left out, and the record says so. One thread,
since a second one waits for the first as soon as the machine is busy. Figures are medians over interleaved rounds of
ratios of wall times. Run: ``PYTHONPATH=… python bench/geometry.py``.
"""

import importlib
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from record import record
from sklearn.datasets import load_digits

import latentassay as la
from latentassay.geometry import pullback_geodesic

PAIRS, LATENTS, STEPS, ROUNDS = 1000, 12, 20, 5
WAYS, DENSE = 100, 513


def library(name: str) -> Any:
    """An installed library, or ``None``."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def compared(ours: Callable[[], object], theirs: Callable[[], object], items: int, rounds: int) -> dict[str, float]:
    """Median ratio theirs/ours over rounds that take turns at going first."""
    pairs = []
    for k in range(rounds):
        order = (ours, theirs) if k % 2 else (theirs, ours)
        took = {work: seconds(work) for work in order}
        pairs.append((took[ours], took[theirs]))
    ratios = [other / mine for mine, other in pairs]
    return {
        "times as fast": round(statistics.median(ratios), 1),
        "least": round(min(ratios), 1),
        "greatest": round(max(ratios), 1),
        "µs each": round(1e6 * statistics.median(mine for mine, _ in pairs) / items, 1),
        "µs each, theirs": round(1e6 * statistics.median(other for _, other in pairs) / items, 1),
    }


def gaussians(seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    g = torch.Generator().manual_seed(seed)
    return torch.randn(PAIRS, LATENTS, generator=g).double(), 0.2 + 0.8 * torch.rand(
        PAIRS, LATENTS, generator=g
    ).double()


def fisher_rao() -> dict[str, Any]:
    a, b = gaussians(0), gaussians(1)

    def ours() -> la.geometry.FisherRaoGeodesic:
        return la.fisher_rao_geodesic(a, b, steps=STEPS)

    ours()
    alone = statistics.median(seconds(ours) for _ in range(20)) / PAIRS
    report: dict[str, Any] = {"µs a pair": round(1e6 * alone, 2)}
    np.trapz = np.trapezoid  # noqa: NPY201
    normal = library("geomstats.information_geometry.normal")
    if normal is None:
        return {**report, "geomstats": "not at hand"}
    metric = normal.DiagonalNormalDistributions(sample_dim=LATENTS).metric
    ends = [torch.cat([mean, std.square()], 1).numpy() for mean, std in (a, b)]

    def theirs() -> np.ndarray:
        return metric.geodesic(initial_point=ends[0], end_point=ends[1])(np.linspace(0, 1, STEPS))

    way, other = ours(), theirs()
    report["geomstats"] = compared(ours, theirs, PAIRS, ROUNDS)
    mine = torch.cat([way.mean, way.std.square()], 2).numpy()
    report["greatest difference to geomstats, ways"] = float(np.abs(mine - other).max())
    apart = np.abs(metric.dist(*ends) - way.distance.numpy())
    report["greatest difference to geomstats, distances"] = float(apart.max())
    return report


def trained() -> tuple[la.Autoencoder, torch.Tensor]:
    x = torch.from_numpy(load_digits().data / 16).float()
    model = la.models.build("vae-mlp", x_shape=(64,), latents=2)
    la.fit(model, la.objectives.BetaVAE(0.1), x, steps=1500, batch_size=128, lr=2e-3)
    return model.eval(), la.sampling.encode(model, x).mean


def energy(model: la.Autoencoder, z: torch.Tensor) -> torch.Tensor:
    """∫ ‖ẋ‖² dt of curves ``(n, k, d)`` at even times."""
    with torch.inference_mode():
        x = model.decode(z.flatten(0, 1)).view(*z.shape[:2], -1).double()
    return (x.shape[1] - 1) * x.diff(dim=1).square().sum((1, 2))


def stochman_curve(model: la.Autoencoder, kind: str, a: torch.Tensor, b: torch.Tensor) -> Any:
    """Their geodesics with their own settings: Adam, 150 steps, energy at 20 points."""
    stochman = library("stochman")

    class Decoded(stochman.manifold.EmbeddedManifold):
        def embed(self, points: torch.Tensor, jacobian: bool = False) -> torch.Tensor:
            return model.decode(points.reshape(-1, points.shape[-1])).view(*points.shape[:-1], -1)

    curve = getattr(stochman, kind)(a, b, num_nodes=10 if kind == "CubicSpline" else STEPS)
    stochman.geodesic.geodesic_minimizing_energy(curve, Decoded())
    return curve


def pullback() -> dict[str, Any]:
    model, codes = trained()
    rows = torch.randperm(len(codes), generator=torch.Generator().manual_seed(1))[: 2 * WAYS]
    a, b = codes[rows[:WAYS]], codes[rows[WAYS:]]
    t = torch.linspace(0, 1, DENSE)[None, :, None]
    straight = energy(model, a[:, None] * (1 - t) + b[:, None] * t)

    def ours() -> la.geometry.Geodesics:
        return pullback_geodesic(model.decode, a, b, steps=DENSE)

    def figures(relative: torch.Tensor) -> dict[str, float]:
        values = {"mean": relative.mean(), "median": relative.median(), "greatest": relative.max()}
        return {name: round(float(value), 4) for name, value in values.items()}

    ways = ours()
    report: dict[str, Any] = {
        "ms a geodesic": round(1e3 * statistics.median(seconds(ours) for _ in range(ROUNDS)) / WAYS, 2),
        "steps, mean and greatest": [round(float(ways.iterations.double().mean()), 1), int(ways.iterations.max())],
        "energy ÷ straight line's": figures(energy(model, ways.z) / straight),
        "length ÷ straight line's": figures(ways.length / ways.straight_length),
    }
    if library("stochman") is None:
        return {**report, "stochman": "not at hand"}
    for kind in ("CubicSpline", "DiscreteCurve"):
        curve = stochman_curve(model, kind, a, b)
        with torch.no_grad():
            theirs = energy(model, curve(torch.linspace(0, 1, DENSE)))
        report[f"stochman {kind}"] = {
            **compared(ours, lambda kind=kind: stochman_curve(model, kind, a, b), WAYS, 3),
            "energy ÷ straight line's": figures(theirs / straight),
        }
    return report


def main() -> None:
    torch.set_num_threads(1)
    report = {
        "what": f"Fisher–Rao: {PAIRS} pairs of {LATENTS} latents, {STEPS} points; pullback: {WAYS} pairs of codes of "
        f"the digits, vae-mlp, 2 latents, 1500 steps; energies at {DENSE} even times",
        "fisher-rao": fisher_rao(),
        "pullback": pullback(),
    }
    record("geometry", report)


if __name__ == "__main__":
    main()
