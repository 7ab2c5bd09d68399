"""The models of SA on 3D Shapes: architecture, objective, and how much of that is trained at which scale."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import UInt8

from latentassay import objectives
from latentassay.data import FactorData, Splits
from latentassay.data.codes import grid_codes
from latentassay.data.rendered import Rendered, cache_store
from latentassay.data.shapes3d import NAMES, SIZES, Painter
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, trained
from latentassay.training import Run


class Model(NamedTuple):
    """A row of SA's tables.

    Attributes:
        network: what ``models.build`` calls it.
        objective: what ``objectives.build`` calls what it is trained with.
        weight: of the objective's regularisation, with its name; the published one for 64×64 pictures.
    """

    network: str
    objective: str = "ae"
    weight: tuple[str, float] | None = None


MODELS = {
    "SAE-12": Model("sae-12"),
    "SAE-6": Model("sae-6"),
    "SAE-4": Model("sae-4"),
    "SAE-3": Model("sae-3"),
    "SAE-2": Model("sae-2"),
    "VLAE-12": Model("vlae-12", "beta-vae", ("beta", 1.0)),
    "VLAE-6": Model("vlae-6", "beta-vae", ("beta", 1.0)),
    "VLAE-4": Model("vlae-4", "beta-vae", ("beta", 1.0)),
    "β-TCVAE": Model("vae-hourglass", "beta-tcvae", ("beta", 4.0)),
    "FVAE": Model("vae-hourglass", "factor-vae", ("gamma", 40.0)),
    "β-VAE": Model("vae-hourglass", "beta-vae", ("beta", 2.0)),
    "VAE": Model("vae-hourglass", "beta-vae", ("beta", 1.0)),
    "WAE": Model("wae-hourglass", "wae", ("weight", 10.0)),
    "AE": Model("ae-hourglass"),
    "AdaAE-12": Model("adaae-12"),
}
"""In the order of table 1; SAE-3 and SAE-2 are in its figures only (SA figures 4 and 11)."""


class Scale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        rows: pictures of 3D Shapes, drawn at random; 70 % to train on, 20 % to test on.
        pooled: pixels are averaged over squares of this side, and every weight of a regularisation is divided by
            its square, since the reconstruction is a sum over pixels.
        filters: channels of every convolution.
        steps: optimiser steps of ``batch_size`` rows.
        lr: of Adam.
        seeds: how many, from 0 on.
        codes: test rows that are encoded for the scores.
        hybrids: latents that the order of variables is read off.
        images: pictures of each kind in a Fréchet distance.
        predictor: of DCI.
        judge: width of the FactorVAE's discriminator.
        precision: of the networks.
        coarse: take every fourth size and every fifth orientation alone, which are drawn in a second.
    """

    rows: int
    pooled: int
    filters: int
    steps: int
    batch_size: int
    lr: float
    seeds: int
    codes: int
    hybrids: int
    images: int
    predictor: str
    judge: int
    precision: Literal["float32", "bf16"] = "float32"
    coarse: bool = False


SCALES = {
    "smoke": Scale(1000, 2, 8, 30, 32, 2e-3, 1, 128, 64, 64, "histogram", 64, coarse=True),
    "laptop": Scale(100_000, 2, 16, 3000, 64, 1e-3, 1, 10_000, 1000, 200, "histogram", 256),
    "gpu": Scale(100_000, 1, 64, 5_000, 128, 5e-4, 1, 10_000, 1000, 2000, "histogram", 1000, "bf16"),
    "paper": Scale(480_000, 1, 64, 100_000, 128, 5e-4, 5, 10_000, 2000, 10_000, "boosting", 1000),
}


class Cell(NamedTuple):
    """One model: what it is and how it is trained."""

    scale: str
    folder: Path
    model: str
    seed: int

    @property
    def home(self) -> Path:
        """The folder of its run."""
        name = self.model.lower().replace("β", "beta")
        return self.folder / "runs" / self.scale / f"structure-{name}-seed{self.seed}"


def cells(scale: str, folder: Path, seeds: int) -> list[Cell]:
    """Return every cell, the first seed of all before the second of any."""
    return [Cell(scale, folder, model, seed) for seed in range(seeds) for model in MODELS]


def train(cell: Cell, *, device: str = "cpu") -> Run:
    """Train the model of a cell, or take it from its folder."""
    return trained(plan_of(cell), cell.home, lambda: shapes(cell.scale, cell.folder).train, device=device)


def plan_of(cell: Cell) -> Plan:
    """Return everything that the model of a cell follows from."""
    chosen = pick(SCALES, cell.scale)
    return Plan(
        data=f"shapes3d, {chosen.rows} rows, pooled {chosen.pooled}",
        model=MODELS[cell.model].network,
        networks={"filters": chosen.filters},
        latents=None,
        trains=objective_of(cell.model, chosen),
        steps=chosen.steps,
        batch_size=chosen.batch_size,
        lr=chosen.lr,
        seed=cell.seed,
        precision=chosen.precision,
    )


def objective_of(name: str, scale: Scale) -> dict[str, Any] | None:
    """Return what a model is trained with, as ``objectives.spec`` has it."""
    model = MODELS[name]
    options: dict[str, Any] = {"width": scale.judge} if model.objective == "factor-vae" else {}
    if model.weight is not None:
        weight, value = model.weight
        options[weight] = value / scale.pooled**2
    return objectives.spec(objectives.build(model.objective, **options))


@cache
def shapes(scale: str, folder: Path, pooled: int | None = None) -> Splits:
    """Return the same pictures for every model and seed, drawn once and kept in the folder; pooled as the scale says.

    Where ``pooled`` is given, they are averaged over squares of that side instead.
    """
    chosen = pick(SCALES, scale)
    by = chosen.pooled if pooled is None else pooled
    codes = grid_codes(SIZES)
    if chosen.coarse:
        codes = codes[(codes[:, 3] % 4 == 0) & (codes[:, 5] % 5 == 0)]
    codes = codes[np.sort(np.random.default_rng(0).permutation(len(codes))[: chosen.rows])]
    store = cache_store(Rendered(Small(by), codes), folder / "data" / f"shapes3d-{scale}-pooled{by}.npy")
    return FactorData(store, codes, NAMES, SIZES, layout="hwc", name="shapes3d").split()


class Small:
    """Pictures of 3D Shapes from their codes, pixels averaged over squares."""

    def __init__(self, pooled: int):
        self._painter, self._pooled = Painter(), pooled

    def __call__(self, codes: Any) -> UInt8[np.ndarray, "n side side 3"]:
        """Draw pictures of these codes."""
        images = self._painter(codes)
        n, side, by = len(images), images.shape[1] // self._pooled, self._pooled
        squares = images.reshape(n, side, by, side, by, 3)
        averaged: UInt8[np.ndarray, "n side side 3"] = np.rint(squares.mean((2, 4))).astype(np.uint8)
        return averaged
