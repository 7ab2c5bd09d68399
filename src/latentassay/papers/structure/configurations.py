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
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.training import Run


class Architecture(NamedTuple):
    """A model of SA's tables: network and objective.

    Attributes:
        network: what ``models.build`` calls it.
        objective: what ``objectives.build`` calls what it is trained with.
        weight: of the objective's regularisation, with its name; the published one for 64×64 pictures.
    """

    network: str
    objective: str = "ae"
    weight: tuple[str, float] | None = None


MODELS = {
    "SAE-12": Architecture("sae-12"),
    "SAE-6": Architecture("sae-6"),
    "SAE-4": Architecture("sae-4"),
    "SAE-3": Architecture("sae-3"),
    "SAE-2": Architecture("sae-2"),
    "VLAE-12": Architecture("vlae-12", "beta-vae", ("beta", 1.0)),
    "VLAE-6": Architecture("vlae-6", "beta-vae", ("beta", 1.0)),
    "VLAE-4": Architecture("vlae-4", "beta-vae", ("beta", 1.0)),
    "β-TCVAE": Architecture("vae-hourglass", "beta-tcvae", ("beta", 4.0)),
    "FVAE": Architecture("vae-hourglass", "factor-vae", ("gamma", 40.0)),
    "β-VAE": Architecture("vae-hourglass", "beta-vae", ("beta", 2.0)),
    "VAE": Architecture("vae-hourglass", "beta-vae", ("beta", 1.0)),
    "WAE": Architecture("wae-hourglass", "wae", ("weight", 10.0)),
    "AE": Architecture("ae-hourglass"),
    "AdaAE-12": Architecture("adaae-12"),
}
"""In the order of table 1; SAE-3 and SAE-2 are in its figures only (SA figures 4 and 11)."""


class ArchitectureScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        rows: pictures of 3D Shapes, drawn at random; 70 % to train on, 20 % to test on.
        pooled: pixels are averaged over squares of this side, and every weight of a regularisation is divided by
            its square, since the reconstruction is a sum over pixels.
        filters: channels of every convolution.
        steps: optimiser steps of ``batch_size`` rows.
        batch_size: rows in a step.
        lr: of Adam.
        seeds: how many, from 0 on.
        codes: test rows that are encoded for the scores.
        hybrids: latents that the order of variables is read off.
        images: pictures of each kind in a Fréchet distance.
        predictor: of DCI.
        discriminator: width of the FactorVAE's.
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
    discriminator: int
    precision: Literal["float32", "bf16"] = "float32"
    coarse: bool = False


_LAPTOP = ArchitectureScale(
    rows=100_000,
    pooled=2,
    filters=16,
    steps=3000,
    batch_size=64,
    lr=1e-3,
    seeds=1,
    codes=10_000,
    hybrids=1000,
    images=200,
    predictor="histogram",
    discriminator=256,
)
_GPU = _LAPTOP._replace(
    pooled=1, filters=64, steps=5000, batch_size=128, lr=5e-4, images=2000, discriminator=1000, precision="bf16"
)
_SMALL = _LAPTOP._replace(codes=128, hybrids=64, images=64, discriminator=64, coarse=True)
SCALES = {
    "smoke": _SMALL._replace(rows=1000, filters=8, steps=30, batch_size=32, lr=2e-3),
    "laptop": _LAPTOP,
    "gpu": _GPU,
    "paper": _GPU._replace(
        rows=480_000, steps=100_000, seeds=5, hybrids=2000, images=10_000, predictor="boosting", precision="float32"
    ),
}


class ArchitectureConfiguration(NamedTuple):
    """One model.

    Attributes:
        scale: how much is trained and measured.
        folder: where pictures and all runs are kept.
        model: one of ``MODELS``.
        seed: fixes weights, batches and noise.
    """

    scale: str
    folder: Path
    model: str
    seed: int

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder, self.scale, f"structure-{file_name(self.model)}-seed{self.seed}")


def file_name(model: str) -> str:
    """Return the name of a model as files have it.

    >>> file_name("β-TCVAE")
    'beta-tcvae'
    """
    return model.lower().replace("β", "beta")


def list_configurations(options: Options) -> list[ArchitectureConfiguration]:
    """Return every model, the first seed of all before the second of any.

    Raises:
        InputError: an unknown scale, or no seeds.
    """
    seeds = options.count_seeds(pick_scale(SCALES, options.scale).seeds)
    return [
        ArchitectureConfiguration(options.scale, options.folder, model, seed)
        for seed in range(seeds)
        for model in MODELS
    ]


def train(configuration: ArchitectureConfiguration, *, device: str = "cpu") -> Run:
    """Train a model, or take it from its folder."""
    scale = pick_scale(SCALES, configuration.scale)

    def load() -> FactorData:
        return draw_shapes(configuration.scale, configuration.folder).train

    plan = make_plan(configuration.model, scale, seed=configuration.seed)
    return train_or_load(plan, configuration.run_folder, load, device=device)


def make_plan(model: str, scale: ArchitectureScale, *, seed: int) -> TrainingPlan:
    """Return everything that a model follows from."""
    return TrainingPlan(
        data=f"shapes3d, {scale.rows} rows, pooled {scale.pooled}",
        model=MODELS[model].network,
        networks={"filters": scale.filters},
        latents=None,
        trains=objective_of(model, scale),
        steps=scale.steps,
        batch_size=scale.batch_size,
        lr=scale.lr,
        seed=seed,
        precision=scale.precision,
    )


def objective_of(name: str, scale: ArchitectureScale) -> dict[str, Any] | None:
    """Return what a model is trained with, as ``objectives.spec`` has it."""
    model = MODELS[name]
    options: dict[str, Any] = {"width": scale.discriminator} if model.objective == "factor-vae" else {}
    if model.weight is not None:
        weight, value = model.weight
        options[weight] = value / scale.pooled**2
    return objectives.spec(objectives.build(model.objective, **options))


@cache
def draw_shapes(scale: str, folder: Path, pooled: int | None = None) -> Splits:
    """Return the same pictures for every model and seed, drawn once and kept in the folder; pooled as the scale says.

    Where ``pooled`` is a number, they are averaged over squares of that side instead.
    """
    chosen = pick_scale(SCALES, scale)
    by = chosen.pooled if pooled is None else pooled
    codes = grid_codes(SIZES)
    if chosen.coarse:
        codes = codes[(codes[:, 3] % 4 == 0) & (codes[:, 5] % 5 == 0)]
    codes = codes[np.sort(np.random.default_rng(0).permutation(len(codes))[: chosen.rows])]
    store = cache_store(Rendered(PooledPainter(by), codes), folder / "data" / f"shapes3d-{scale}-pooled{by}.npy")
    return FactorData(store, codes, NAMES, SIZES, layout="hwc", name="shapes3d").split()


class PooledPainter:
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
