"""The VAEs of GEO: their digits, orders of the bound and numbers of latents, and how long they train."""

from pathlib import Path
from typing import Literal, NamedTuple

from latentassay.papers.digits import LEARNED, TrainTest, black_and_white_digits
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.training import Run

HIDDEN = (200, 200)
"""Layers of encoder and decoder."""

BATCH = 100
"""Rows in a step."""

RELU = "relu"
"""The paper's activation; it names no other, but says that numbers depend on it."""


class DigitsScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        data: a name that ``data.load`` knows.
        epochs: passes over the training rows.
        schedule: of Adam's rate, which begins at 0.001.
        latents: numbers of latents k.
        alphas: orders of the Rényi bound.
        samples: samples of z in a bound, while training and afterwards.
        seeds: how many, from 0 on.
        snapshots: epochs at which weights are kept for the probe; of the VAEs alone.
        rows: test rows whose log-likelihood is estimated, from ``draws`` samples each.
        draws: samples of z for the log-likelihood of a row.
        learned: training rows that a probe learns from.
        other: activations beside ReLU, of models with the fewest latents.
        together: whether models train side by side through ``fit_many``, as suits a GPU, or a process for each.
    """

    data: str
    epochs: int
    schedule: Literal["constant", "cosine"]
    latents: tuple[int, ...]
    alphas: tuple[float, ...]
    samples: int
    seeds: int
    snapshots: tuple[int, ...]
    rows: int
    draws: int
    learned: int
    other: tuple[str, ...] = ("tanh",)
    together: bool = False


_LAPTOP = DigitsScale(
    data="mnist",
    epochs=15,
    schedule="cosine",
    latents=(30, 40, 50),
    alphas=(0.0, 0.25, 0.5, 1.0, 2.0),
    samples=10,
    seeds=3,
    snapshots=(1, 2, 3, 5, 8, 11, 15),
    rows=1000,
    draws=2000,
    learned=60_000,
)
SCALES = {
    "smoke": DigitsScale(
        data="digits",
        epochs=50,
        schedule="cosine",
        latents=(8, 16),
        alphas=(0.0, 1.0),
        samples=3,
        seeds=1,
        snapshots=(5, 20, 50),
        rows=50,
        draws=100,
        learned=1200,
    ),
    "laptop": _LAPTOP,
    "long": _LAPTOP._replace(
        epochs=200, schedule="constant", latents=(30,), snapshots=(1, 2, 5, 10, 20, 50, 100, 200), other=()
    ),
    "gpu": _LAPTOP._replace(epochs=200, schedule="constant", snapshots=(1, 2, 5, 10, 20, 50, 100, 200), together=True),
    "paper": _LAPTOP._replace(
        epochs=1000, schedule="constant", seeds=10, snapshots=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), rows=10_000
    ),
}


class DigitsConfiguration(NamedTuple):
    """One model.

    Attributes:
        scale: how much is trained and measured.
        folder: where all runs are kept.
        files: folder of MNIST's files, where they are not in the cache.
        latents: number of latents k.
        alpha: order of the bound.
        seed: fixes weights, batches and noise.
        sampled: at α = 1 whether the bound is estimated from K samples, as at other orders, and not in closed form.
        activation: between layers.
    """

    scale: str
    folder: Path
    files: Path | None
    latents: int
    alpha: float
    seed: int
    sampled: bool = False
    activation: str = RELU

    @property
    def is_vae(self) -> bool:
        """Whether the bound is the evidence lower bound, with its KL in closed form."""
        return self.alpha == 1 and not self.sampled

    @property
    def is_main(self) -> bool:
        """Whether it is one of the paper's own grid, which its figures show."""
        return self.activation == RELU and not self.sampled

    @property
    def label(self) -> str:
        """What it is, but for its seed."""
        sampled = " by samples" if self.sampled else ""
        activation = "" if self.activation == RELU else f", {self.activation}"
        return f"α = {self.alpha:g}{sampled}, k = {self.latents}{activation}"

    @property
    def probed(self) -> tuple[int, ...]:
        """Epochs after which a linear classifier is asked: of VAEs all snapshots, of others the end."""
        scale = pick_scale(SCALES, self.scale)
        return scale.snapshots if self.is_vae and self.is_main else (scale.epochs,)

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        variant = "-sampled" * self.sampled + f"-{self.activation}" * (self.activation != RELU)
        name = f"{pick_scale(SCALES, self.scale).data}-alpha{self.alpha:g}-k{self.latents}{variant}-seed{self.seed}"
        return run_folder(self.folder, self.scale, name)

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every training row is seen once."""
        return LEARNED[pick_scale(SCALES, self.scale).data] // BATCH


def list_configurations(options: Options) -> list[DigitsConfiguration]:
    """Return every model, the first seed of all before the second of any.

    Raises:
        InputError: an unknown scale, or no seeds.
    """
    chosen = pick_scale(SCALES, options.scale)
    files = options.folder_of("mnist") if chosen.data == "mnist" else None
    arms = [(alpha, latents, False, RELU) for alpha in chosen.alphas for latents in chosen.latents]
    arms += [(1.0, latents, True, RELU) for latents in chosen.latents]
    arms += [(alpha, chosen.latents[0], False, other) for other in chosen.other for alpha in chosen.alphas]
    return [
        DigitsConfiguration(
            scale=options.scale,
            folder=options.folder,
            files=files,
            latents=latents,
            alpha=alpha,
            seed=seed,
            sampled=sampled,
            activation=activation,
        )
        for seed in range(options.count_seeds(chosen.seeds))
        for alpha, latents, sampled, activation in arms
    ]


def train(configuration: DigitsConfiguration) -> Run:
    """Train a model, or take it from its folder."""
    plan = make_plan(configuration)
    return train_or_load(plan, configuration.run_folder, lambda: load_digits(configuration).train, device="cpu")


def make_plan(configuration: DigitsConfiguration) -> TrainingPlan:
    """Return everything that the training of a model follows from."""
    scale, per_epoch = pick_scale(SCALES, configuration.scale), configuration.steps_per_epoch
    is_vae = configuration.is_vae
    return TrainingPlan(
        data=f"{scale.data}, black and white",
        model="vae-mlp",
        hidden=HIDDEN,
        activation=configuration.activation,
        latents=configuration.latents,
        alpha=None if is_vae else configuration.alpha,
        samples=1 if is_vae else scale.samples,
        steps=scale.epochs * per_epoch,
        batch_size=BATCH,
        lr=1e-3,
        schedule=scale.schedule,
        seed=configuration.seed,
        snapshots=tuple(epoch * per_epoch for epoch in scale.snapshots) if is_vae else (),
    )


def load_digits(configuration: DigitsConfiguration) -> TrainTest:
    """Return the digits that a model learns from and is tested on."""
    return black_and_white_digits(pick_scale(SCALES, configuration.scale).data, configuration.files)
