"""``latentassay demo``: a small β-VAE on rendered rooms, trained and assayed in about a minute."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from latentassay.cli.shell import Seed, load_torch, out

if TYPE_CHECKING:
    from latentassay.assay import Assay
    from latentassay.training import Run

LATENTS = 10
BETA = 8.0
BATCH_SIZE = 32
WALKS = 10.0
"""Seconds, about, that the explorer may take for its walks."""


class Demo(NamedTuple):
    """The trained model, its assay, and where the report and the explorer lie."""

    run: "Run"
    result: "Assay"
    report: Path
    explorer: Path


def demo(
    folder: Annotated[
        Path, typer.Option("--out", help="Folder for report.html, explore.html and assay.safetensors.")
    ] = Path("demo"),
    seed: Seed = 0,
    steps: Annotated[int, typer.Option(help="Training steps of 32 pictures.", min=1)] = 900,
    samples: Annotated[int, typer.Option(help="Latents drawn of each kind.", min=32)] = 512,
) -> None:
    """Train a small model, assay it and write a report: the whole of latentassay in about a minute."""
    load_torch()
    from latentassay.cli.terminal import verdict

    out.print("Training a small β-VAE on rendered 3D shapes, then questioning it …")
    demonstration = run_demo(folder, seed=seed, steps=steps, samples=samples)
    run = demonstration.run
    out.print(*verdict(demonstration.result))
    out.print(
        f"\ntrained in {run.seconds:.0f} s at {run.images_per_second:.0f} images/s, "
        f"assayed in {demonstration.result.meta.seconds:.0f} s\nreport: {demonstration.report}"
        f"\nexplorer: {demonstration.explorer}"
    )


def run_demo(folder: Path, *, seed: int, steps: int, samples: int) -> Demo:
    """Train a β-VAE on the demonstration data, assay it on rows it has not seen, write the report and the explorer."""
    from latentassay import assay, explore, fit, models, objectives
    from latentassay.cli.outputs import check_outputs
    from latentassay.data.demo import demo_data

    train, _, test = demo_data().split(seed)
    report, explorer = folder / "report.html", folder / "explore.html"
    check_outputs(report, explorer, folder / "assay.safetensors")
    model = models.build("vae-conv-small", x_shape=train.x_shape, latents=LATENTS, seed=seed)
    run = fit(model, objectives.BetaVAE(beta=BETA), train, steps=steps, batch_size=BATCH_SIZE, lr=2e-3, seed=seed)
    result = assay(model, test, samples=samples, seed=seed, name=f"β-VAE (β = {BETA:g}, {steps} steps)")
    result.to_html(report)
    result.save(folder / "assay.safetensors")
    explore(model, test, result=result, path=explorer, seed=seed, budget=2 * WALKS)
    return Demo(run, result, report, explorer)
