"""The grid of IC: which models, on which digits, and for how long."""

from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from latentassay import objectives
from latentassay.data import FactorData, load
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, trained
from latentassay.training import Run

SEEDS = (11, 13, 17, 37, 121)
"""The paper's."""

FAMILIES = ("ae", "vae", "sae")
VARIANTS = {"plain": "{}", "X": "x{}", "XC-I": "xc{}-i", "XC-E": "xc{}-e"}
"""How a variant changes the name of a family."""

OBSERVED = {"name": "gaussian", "squashed": True}
"""The paper's observation model: normal values of standard deviation 1 around the sigmoid of the output."""

BETA = 0.25
"""Weight of divergences in VAEs, of which the paper says nothing. At 1 their few steps leave most units collapsed."""


class Scale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        data: a name that ``data.load`` knows.
        size: a size of ``models.consistency``.
        steps: optimiser steps of ``batch_size`` rows.
        lr: Adam's rate at the start; it falls along half a cosine, at scale paper it is halved every 30 epochs.
        seeds: how many of the paper's.
        rows: test rows, or latents, that every score rests on.
        values: interventions on every unit.
        images: pictures of each kind in a Fréchet distance.
        shown: models with figures and a report of their own, from the first seed.
    """

    data: str
    size: str
    steps: int
    batch_size: int
    lr: float
    seeds: int
    rows: int
    values: int
    images: int
    shown: tuple[str, ...]


SHOWN = ("AE", "XAE", "XCAE-I", "XCAE-E", "VAE", "XVAE", "XCVAE-I", "AVAE", "SAE", "XCSAE-I")
SCALES = {
    "smoke": Scale("digits", "s", 60, 32, 2e-3, 1, 64, 3, 128, ("SAE", "XSAE")),  # in 15 steps no unit comes alive
    "laptop": Scale("mnist", "s", 800, 64, 2e-3, 2, 128, 10, 1000, SHOWN),
    "paper": Scale("mnist", "s", 100_000, 128, 1e-4, 5, 1024, 20, 10_000, SHOWN),
}


class Cell(NamedTuple):
    """One model of the grid."""

    scale: str
    folder: Path
    data: Path | None
    family: str
    variant: str
    seed: int

    @property
    def model(self) -> str:
        """Its name in ``models.build``."""
        stem = "avae" if self.variant == "AVAE" else VARIANTS[self.variant].format(self.family)
        return f"{stem}-{pick(SCALES, self.scale).size}"

    @property
    def home(self) -> Path:
        """The folder of its run."""
        return self.folder / "runs" / self.scale / f"{self.model}-seed{self.seed}"


def cells(scale: str, folder: Path, data: Path | None, seeds: int) -> list[Cell]:
    """Return every cell, the first seed of all before the second of any."""
    kinds = [(family, variant) for variant in VARIANTS for family in FAMILIES] + [("vae", "AVAE")]
    return [Cell(scale, folder, data, family, variant, seed) for seed in SEEDS[:seeds] for family, variant in kinds]


def train(cell: Cell) -> Run:
    """Train the model of a cell, or take it from its folder."""
    scale = pick(SCALES, cell.scale)
    objective = objectives.spec(objectives.published(cell.model, beta=BETA))
    schedule: Literal["halved", "cosine"] = "halved" if cell.scale == "paper" else "cosine"
    plan = Plan(
        data=scale.data,
        model=cell.model,
        latents=None,
        likelihood=OBSERVED,
        trains=objective,
        steps=scale.steps,
        batch_size=scale.batch_size,
        lr=scale.lr,
        schedule=schedule,
        seed=cell.seed,
    )
    return trained(plan, cell.home, lambda: digits(scale.data, cell.data).train, device="cpu")


class Digits(NamedTuple):
    """Pictures to learn from, and pictures to test on."""

    train: FactorData
    test: FactorData


@cache
def digits(name: str, folder: Path | None) -> Digits:
    """Return grey digits."""
    if name == "digits":
        both = load(name)
        return Digits(both.take(np.arange(1200)), both.take(np.arange(1200, len(both))))
    options = {} if folder is None else {"folder": folder}
    return Digits(load(name, train=True, **options), load(name, train=False, **options))
