"""The demonstration: a small β-VAE on rendered rooms, trained and assayed in about a minute."""

from pathlib import Path
from typing import NamedTuple

from latentassay import models, objectives
from latentassay.assay import Assay, assay
from latentassay.data.demo import demo_data
from latentassay.training import Run, fit

LATENTS = 10
BETA = 8.0
BATCH_SIZE = 32


class Demo(NamedTuple):
    """What the demonstration made."""

    run: Run
    result: Assay
    report: Path


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
