"""The VAEs of GEO: their digits, how long they train, and what is asked of each."""

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from latentassay.data import FactorData, load
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, trained
from latentassay.training import Run

HIDDEN = (200, 200)
BATCH = 100

LEARNED = {"mnist": 60_000, "digits": 1200}
"""Rows to learn from; the others are to test on."""


class Scale(NamedTuple):
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
        learned: training rows that a probe learns from.
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


ALPHAS = (0.0, 0.25, 0.5, 1.0, 2.0)
SCALES = {
    "smoke": Scale("digits", 50, "cosine", (8, 16), (0.0, 1.0), 3, 1, (5, 20, 50), 50, 100, 1200),
    "laptop": Scale("mnist", 15, "cosine", (30, 40, 50), ALPHAS, 10, 3, (1, 2, 3, 5, 8, 11, 15), 1000, 2000, 60_000),
    "paper": Scale(
        "mnist",
        1000,
        "constant",
        (30, 40, 50),
        ALPHAS,
        10,
        10,
        (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000),
        10_000,
        2000,
        60_000,
    ),
}


class Cell(NamedTuple):
    """One model: what it is, and the folder in which all are kept."""

    scale: str
    folder: Path
    data: Path | None
    latents: int
    alpha: float
    seed: int

    @property
    def is_vae(self) -> bool:
        """Whether the bound is the evidence lower bound, whose KL is known in closed form."""
        return self.alpha == 1

    @property
    def home(self) -> Path:
        """The folder of its run."""
        name = f"{pick(SCALES, self.scale).data}-alpha{self.alpha:g}-k{self.latents}-seed{self.seed}"
        return self.folder / "runs" / self.scale / name

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in which every training row is seen once."""
        return LEARNED[pick(SCALES, self.scale).data] // BATCH


def cells(scale: str, folder: Path, data: Path | None, seeds: int) -> list[Cell]:
    """Return every cell, the first seed of all before the second of any."""
    chosen = pick(SCALES, scale)
    return [
        Cell(scale, folder, data, latents, alpha, seed)
        for seed in range(seeds)
        for alpha in chosen.alphas
        for latents in chosen.latents
    ]


def train(cell: Cell) -> Run:
    """Train the model of a cell, or take it from its folder."""
    scale, per_epoch = pick(SCALES, cell.scale), cell.steps_per_epoch
    plan = Plan(
        data=f"{scale.data}, black and white",
        model="vae-mlp",
        hidden=HIDDEN,
        activation="relu",
        latents=cell.latents,
        alpha=None if cell.is_vae else cell.alpha,
        samples=1 if cell.is_vae else scale.samples,
        steps=scale.epochs * per_epoch,
        batch_size=BATCH,
        lr=1e-3,
        schedule=scale.schedule,
        seed=cell.seed,
        snapshots=tuple(epoch * per_epoch for epoch in scale.snapshots) if cell.is_vae else (),
    )
    return trained(plan, cell.home, lambda: digits(scale.data, cell.data).train, device="cpu")


class Digits(NamedTuple):
    """Pictures to learn from, and pictures to test on."""

    train: FactorData
    test: FactorData


@cache
def digits(name: str, folder: Path | None) -> Digits:
    """Return digits in black and white: every pixel is drawn once with its grey value as its probability."""
    both = load(name) if name == "digits" else load(name, train=None, **({"folder": folder} if folder else {}))
    rows = np.arange(len(both))
    grey = (both.batch(rows) * 255).round().numpy().astype(np.uint8)
    drawn = np.random.default_rng(0).integers(0, 255, grey.shape, dtype=np.uint8) < grey
    black = FactorData(
        drawn.astype(np.uint8) * 255, both.factors, both.factor_names, layout="chw", name=f"{name}, black and white"
    )
    return Digits(black.take(rows[: LEARNED[name]]), black.take(rows[LEARNED[name] :]))
