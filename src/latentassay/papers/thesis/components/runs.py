"""The models of chapter 3: their data, networks and β (table 3.1), and how much of that is trained at which scale."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import torch

from latentassay import objectives
from latentassay.data import FactorData, load
from latentassay.data.toys import squares, squares_nonlinear
from latentassay.papers import runs
from latentassay.papers.results import pick, read_kept
from latentassay.papers.runs import MEND, PLAN, Plan, trained
from latentassay.training import Run
from latentassay.training.checkpoint import MANIFEST, read_manifest

BINS = 1000
"""Codes of the squares' continuous factors."""

FIGURES = ("dSprites", "Synth. Lin.", "Synth. Non-Lin.")
PIXELS = ("MNIST", "fMNIST")
FILES = {"MNIST": "mnist", "fMNIST": "fashion-mnist"}
"""What ``data.load`` calls them."""

PICTURES = 70_000
"""Rows of each."""

SQUARES = {1.0: "Synth. Lin., ratio 1.0", 1.2: "Synth. Lin., ratio 1.2", 1.5: "Synth. Lin., ratio 1.5"}


class Task(NamedTuple):
    """A data set and its networks.

    Attributes:
        encoder: hidden layers.
        decoder: hidden layers.
        activations: of encoder and decoder.
        latents: number of latents d.
        beta: of the β-VAE.
        line: β of the line search.
        likelihood: as ``models.build`` takes it.
        epochs: how long the thesis trains.
        continuous: columns of the factors that are numbers.
    """

    encoder: tuple[int, ...]
    decoder: tuple[int, ...]
    activations: tuple[str, str]
    latents: int
    beta: float
    line: tuple[float, ...]
    likelihood: str
    epochs: int
    continuous: tuple[int, ...] = ()


LINE = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0)
_LINEAR = Task((), (), ("tanh", "tanh"), 2, 1e-4, LINE, "squared", 600, (0, 1))
TASKS: dict[str, Task] = {
    "dSprites": Task(
        (1200, 1200),
        (1200, 1200, 1200),
        ("relu", "tanh"),
        5,
        4.0,
        (0.25, 1.0, 4.0, 16.0, 64.0),
        "bernoulli",
        50,
        (1, 2, 3, 4),
    ),
    "Synth. Lin.": _LINEAR,
    "Synth. Non-Lin.": Task((60, 40, 20), (60, 40, 20), ("tanh", "tanh"), 2, 1e-3, LINE, "squared", 600, (0, 1)),
    "MNIST": Task((400,), (500, 500), ("relu", "tanh"), 6, 1.0, (), "bernoulli", 400),
    "fMNIST": Task((400,), (500, 500), ("relu", "tanh"), 6, 1.0, (), "bernoulli", 500),
    **dict.fromkeys(SQUARES.values(), _LINEAR),
}


class Size(NamedTuple):
    """How one data set is trained.

    Attributes:
        steps: optimiser steps of ``batch_size`` rows; as many as the epochs of the thesis take where ``None``.
        batch_size: rows in a step.
        seeds: how many, from 0 on.
        snapshots: steps whose weights are looked at besides, where figure 3.4 is drawn.
        lr: of Adam.
    """

    steps: int | None
    batch_size: int
    seeds: int
    snapshots: tuple[int, ...] = ()
    lr: float = 1e-3


class Scale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        squares: rows of the synthetic data.
        sprites: rows of dSprites, drawn at random.
        pooled: dSprites' pixels are averaged over squares of this side, and β divided by its square.
        narrow: dSprites' layers are narrower by this factor.
        pictures: data set of MNIST's place, where files are wanted.
        image: how dSprites, MNIST and Fashion-MNIST are trained.
        dots: how the synthetic data are.
        linear: β of the linear squares: at the printed one their rotation does not settle in so few steps, and the line
            search says at which it does.
        line: seeds of the line search.
        points: where Jacobians are taken.
        elsewhere: data sets that are trained as at another scale.
    """

    squares: int
    sprites: int
    pooled: int
    narrow: int
    image: Size
    dots: Size
    restarts: Size
    linear: float
    line: int
    points: int
    elsewhere: Mapping[str, str] = MappingProxyType({})


SCALES = {
    "smoke": Scale(
        2000, 600, 4, 20, Size(30, 64, 1), Size(1000, 128, 1, lr=0.05), Size(30, 64, 2, (10, 20)), 0.1, 1, 20
    ),
    "laptop": Scale(
        50_000,
        50_000,
        2,
        4,
        Size(2600, 128, 3),
        Size(12_000, 256, 2, lr=1e-2),
        Size(3000, 128, 8, (600, 1800)),
        0.1,
        2,
        1000,
    ),
    "gpu": Scale(
        50_000,
        50_000,
        2,
        4,
        Size(None, 128, 5),
        Size(None, 128, 10),
        Size(3000, 128, 8, (600, 1800)),
        1e-4,
        10,
        1000,
        {"dSprites": "laptop"},
    ),
    "paper": Scale(
        50_000,
        737_280,
        1,
        1,
        Size(None, 64, 10),
        Size(None, 64, 10),
        Size(None, 64, 10, (92_160, 276_480)),
        1e-4,
        10,
        1000,
    ),
}

VARIANTS = ("β-VAE", "VAE", "AE", "β-VAEΣ")
MODELS = {"β-VAE": "vae-mlp", "VAE": "vae-mlp", "AE": "ae-mlp", "β-VAEΣ": "vae-full-mlp"}


class Cell(NamedTuple):
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
    def home(self) -> Path:
        """The folder of its run."""
        data = self.data.lower().replace(". ", "-").replace(".", "").replace(", ", "-").replace(" ", "")
        variant = {"β-VAE": "beta-vae", "VAE": "vae", "AE": "ae", "β-VAEΣ": "beta-vae-full"}[self.variant]
        name = f"{data}-{variant}-beta{self.beta:g}-d{self.latents}-seed{self.seed}"
        return self.folder / "runs" / self.scale / name

    @property
    def size(self) -> Size:
        """How it is trained."""
        scale = pick(SCALES, self.scale)
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
        scale = pick(SCALES, self.scale)
        rows = {"dSprites": scale.sprites, **dict.fromkeys(PIXELS, PICTURES)}.get(self.data, scale.squares)
        printed = TASKS[self.data].epochs * (8 * rows // 10) // self.size.batch_size
        return printed if self.size.steps is None else self.size.steps


def train(cell: Cell) -> Run:
    """Train the model of a cell, or take it from its folder."""
    return trained(plan_of(cell), cell.home, lambda: parts(cell).train, device="cpu")


def is_trained(cell: Cell) -> bool:
    """Whether the model of a cell is there."""
    return runs.is_trained(plan_of(cell), cell.home)


def plan_of(cell: Cell) -> Plan:
    """Return everything that the model of a cell follows from, with the steps it got where time was up before."""
    size, scale, task = cell.size, pick(SCALES, cell.scale), TASKS[cell.data]
    shrunk = cell.data == "dSprites"
    return Plan(
        data=f"{cell.data}, split by seed",
        model=MODELS[cell.variant],
        networks=networks(cell),
        latents=cell.latents,
        likelihood=task.likelihood,
        trains=_objective(cell, scale.pooled**2 if shrunk else 1),
        steps=min(cell.steps, _cut(cell.home) or cell.steps),
        snapshots=size.snapshots,
        batch_size=size.batch_size,
        lr=size.lr,
        seed=cell.seed,
    )


def _cut(home: Path) -> int | None:
    """The steps of a run that was ended for good before its end: its plan was made to say so, see ``train_all``."""
    if not ((home / MANIFEST).exists() and (home / PLAN).exists()):
        return None
    manifest, steps = read_manifest(home), read_kept(Plan, home / PLAN, MEND).steps
    return steps if manifest.interrupted and manifest.step == steps else None


def networks(cell: Cell) -> dict[str, Any]:
    """Options of ``models.build``."""
    task = TASKS[cell.data]
    by = pick(SCALES, cell.scale).narrow if cell.data == "dSprites" else 1
    return {
        "hidden": [width // by for width in task.encoder],
        "decoder_hidden": [width // by for width in task.decoder],
        "activation": task.activations[0],
        "decoder_activation": task.activations[1],
    }


def _objective(cell: Cell, pixels: int) -> dict[str, Any] | None:
    if cell.variant == "AE":
        return objectives.spec(objectives.AE())
    return objectives.spec(objectives.BetaVAE(cell.beta / pixels))


class Parts(NamedTuple):
    """Rows to learn from and rows never seen."""

    train: FactorData
    test: FactorData


def parts(cell: Cell) -> Parts:
    """Split the data of a cell: 80 % to learn from, the last 10 % to test on, by its seed."""
    data = whole(cell.scale, cell.data, cell.files)
    order = np.random.default_rng(cell.seed).permutation(len(data))
    return Parts(data.take(order[: 8 * len(data) // 10]), data.take(order[9 * len(data) // 10 :]))


@cache
def whole(scale: str, name: str, files: Path | None) -> FactorData:
    """Return all rows of a data set."""
    chosen = pick(SCALES, scale)
    if name == "dSprites":
        return _pooled(chosen)
    if name in PIXELS:
        if scale == "smoke":
            return load("digits")
        return load(FILES[name], train=None, **({"folder": files} if files else {}))
    if name == "Synth. Non-Lin.":
        return squares_nonlinear(chosen.squares, bins=BINS)
    ratio = next((ratio for ratio, known in SQUARES.items() if known == name), 2.0)
    return squares(chosen.squares, ratio=ratio, bins=BINS)


def _pooled(scale: Scale) -> FactorData:
    """Rows of dSprites, drawn once, their pixels averaged."""
    sprites = load("dsprites")
    rows = np.random.default_rng(0).permutation(len(sprites))[: scale.sprites]
    made = [
        (torch.nn.functional.avg_pool2d(sprites.batch(part), scale.pooled) * 255).round().byte().numpy()
        for part in np.array_split(rows, max(1, len(rows) // 5000))
    ]
    codes, names = sprites.factors[rows][:, 1:], sprites.factor_names[1:]  # their colour is always the same
    return FactorData(np.concatenate(made), codes, names, sprites.factor_sizes[1:], layout="chw", name="dsprites")
