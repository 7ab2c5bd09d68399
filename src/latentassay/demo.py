"""The demonstration: a small β-VAE on rendered rooms, trained and assayed in about a minute."""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from latentassay import models, objectives
from latentassay.assay import Assay, assay
from latentassay.data import FactorData, load
from latentassay.training import Run, fit

VALUES = {
    "floor_hue": (0, 2, 4, 6, 8),
    "wall_hue": (0, 2, 4, 6, 8),
    "object_hue": (0, 2, 4, 6, 8),
    "scale": (0, 2, 5, 7),
    "shape": (0, 1, 2, 3),
    "orientation": (0, 3, 7, 11, 14),
}
"""The part of the 3D Shapes grid that is used: 10 000 pictures from 80 camera views, drawn in seconds."""
LATENTS = 10
BETA = 8.0
BATCH_SIZE = 32


class Demo(NamedTuple):
    """What the demonstration made."""

    run: Run
    result: Assay
    report: Path


def demo_data() -> FactorData:
    """Return a coarser grid of the re-rendered 3D Shapes: 64×64 colour pictures with six known factors."""
    data = load("shapes3d")
    kept = [np.isin(column, VALUES[name]) for name, column in zip(data.factor_names, data.factors.T, strict=True)]
    return data.take(np.flatnonzero(np.all(kept, axis=0)))


def run_demo(folder: Path, *, seed: int, steps: int, samples: int) -> Demo:
    """Train a β-VAE on the demonstration data, assay it on rows it has not seen, and write ``report.html``."""
    train, _, test = demo_data().split(seed)
    model = models.build("vae-conv-small", x_shape=train.x_shape, latents=LATENTS, seed=seed)
    run = fit(model, objectives.BetaVAE(beta=BETA), train, steps=steps, batch_size=BATCH_SIZE, lr=2e-3, seed=seed)
    result = assay(model, test, samples=samples, seed=seed, name=f"β-VAE (β = {BETA:g}, {steps} steps)")
    report = folder / "report.html"
    result.to_html(report)
    result.save(folder / "assay.safetensors")
    return Demo(run, result, report)
