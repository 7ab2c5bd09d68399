"""The models of chapter 3: what each is trained on, how, and for how long."""

from pathlib import Path
from typing import Any, NamedTuple

from latentassay import objectives
from latentassay.papers import runs
from latentassay.papers.digits import TrainTest
from latentassay.papers.experiment import pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.results import read_record
from latentassay.papers.runs import FIX, PLAN, TrainingPlan, train_or_load
from latentassay.papers.thesis.components.data_sets import split_data
from latentassay.papers.thesis.components.scales import SCALES, TrainingSize
from latentassay.papers.thesis.components.tasks import PIXELS, TASKS
from latentassay.training import Run
from latentassay.training.checkpoint import MANIFEST, read_manifest

PICTURES = 70_000
"""Rows of MNIST, and of Fashion-MNIST."""

MODELS = {"β-VAE": "vae-mlp", "VAE": "vae-mlp", "AE": "ae-mlp", "β-VAEΣ": "vae-full-mlp"}
"""Variant → what ``models.build`` calls it."""

VARIANTS = tuple(MODELS)

FILE_NAMES = {"β-VAE": "beta-vae", "VAE": "vae", "AE": "ae", "β-VAEΣ": "beta-vae-full"}
"""Variant → how files are called."""


class ComponentsConfiguration(NamedTuple):
    """One model: what it is trained on and how.

    Attributes:
        scale: how much.
        folder: where all runs are kept.
        files: folder of the data's files, where they are not in the cache.
        data: a name in ``TASKS``.
        variant: one of ``VARIANTS``.
        beta: weight of the KL, as printed: at dSprites' full size.
        seed: fixes weights, batches, noise, and the split.
        latents: number of latents, 10 where table 3.2 asks for it.
    """

    scale: str
    folder: Path
    files: Path | None
    data: str
    variant: str
    beta: float
    seed: int
    latents: int

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        data = self.data.lower().replace(". ", "-").replace(".", "").replace(", ", "-").replace(" ", "")
        name = f"{data}-{FILE_NAMES[self.variant]}-beta{self.beta:g}-d{self.latents}-seed{self.seed}"
        return run_folder(self.folder, self.scale, name)

    @property
    def size(self) -> TrainingSize:
        """How it is trained."""
        scale = pick_scale(SCALES, self.scale)
        if self.data == "dSprites":
            return (
                scale.restarts
                if self.variant == "β-VAE" and self.latents == TASKS[self.data].latents
                else (scale.restarts._replace(seeds=scale.image.seeds, snapshots=()))
            )
        return scale.image if self.data in PIXELS else scale.dots

    @property
    def steps(self) -> int:
        """How long it is trained."""
        scale = pick_scale(SCALES, self.scale)
        rows = {"dSprites": scale.sprites, **dict.fromkeys(PIXELS, PICTURES)}.get(self.data, scale.squares)
        printed = TASKS[self.data].epochs * (8 * rows // 10) // self.size.batch_size
        return printed if self.size.steps is None else self.size.steps


def train(configuration: ComponentsConfiguration) -> Run:
    """Train a model, or take it from its folder."""
    return train_or_load(
        make_plan(configuration), configuration.run_folder, lambda: split(configuration).train, device="cpu"
    )


def is_trained(configuration: ComponentsConfiguration) -> bool:
    """Whether a model is there."""
    return runs.is_trained(make_plan(configuration), configuration.run_folder)


def make_plan(configuration: ComponentsConfiguration) -> TrainingPlan:
    """Return everything that a model follows from, with the steps it got where time was up before."""
    size, scale, task = configuration.size, pick_scale(SCALES, configuration.scale), TASKS[configuration.data]
    pixels = scale.pooled**2 if configuration.data == "dSprites" else 1
    return TrainingPlan(
        data=f"{configuration.data}, split by seed",
        model=MODELS[configuration.variant],
        networks=network_options(configuration),
        latents=configuration.latents,
        likelihood=task.likelihood,
        trains=_describe_objective(configuration, pixels),
        steps=min(configuration.steps, _read_cut(configuration.run_folder) or configuration.steps),
        snapshots=size.snapshots,
        batch_size=size.batch_size,
        lr=size.lr,
        seed=configuration.seed,
    )


def _read_cut(folder: Path) -> int | None:
    """Return the steps of a run that was cut short for good: ``train_side_by_side`` made its plan say so."""
    if not ((folder / MANIFEST).exists() and (folder / PLAN).exists()):
        return None
    manifest, steps = read_manifest(folder), read_record(TrainingPlan, folder / PLAN, FIX).steps
    return steps if manifest.interrupted and manifest.step == steps else None


def network_options(configuration: ComponentsConfiguration) -> dict[str, Any]:
    """Return the options of ``models.build``."""
    task = TASKS[configuration.data]
    by = pick_scale(SCALES, configuration.scale).narrow if configuration.data == "dSprites" else 1
    return {
        "hidden": [width // by for width in task.encoder],
        "decoder_hidden": [width // by for width in task.decoder],
        "activation": task.activations[0],
        "decoder_activation": task.activations[1],
    }


def _describe_objective(configuration: ComponentsConfiguration, pixels: int) -> dict[str, Any] | None:
    if configuration.variant == "AE":
        return objectives.spec(objectives.AE())
    return objectives.spec(objectives.BetaVAE(configuration.beta / pixels))


def split(configuration: ComponentsConfiguration) -> TrainTest:
    """Return the rows that a model learns from, and those it is tested on."""
    return split_data(configuration.scale, configuration.data, configuration.files, seed=configuration.seed)
