"""Which half of an autoencoder takes up what is new: values of a factor that come only late (SA 3.2, A.3.3)."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS
from latentassay.evaluation.fidelity import squared_errors
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, Scores, Settings, measured, trained
from latentassay.papers.structure.runs import MODELS, objective_of, shapes
from latentassay.papers.structure.runs import SCALES as STRUCTURE
from latentassay.training import Run
from latentassay.training.checkpoint import read_manifest
from latentassay.training.trainer import pick_device

ERROR, KEPT, STDERR = "MSE × 1000, held-out values", "MSE × 1000, other values", "its standard error over rows"


class Setting(NamedTuple):
    """What the first phase never sees.

    Attributes:
        factor: of 3D Shapes.
        values: its codes that are held out.
        figure: of the paper.
        models: in the order of that figure's table, and what it prints: MSE × 1000 by arm.
    """

    factor: str
    values: tuple[int, ...]
    figure: int
    models: dict[str, tuple[float, float, float, float]]


SETTINGS = {
    "ball": Setting(
        "shape",
        (2,),
        7,
        {
            "SAE-12": (13.21, 7.7, 0.42, 0.34),
            "SAE-6": (13.35, 7.99, 0.52, 0.36),
            "VLAE-12": (18.37, 7.69, 1.55, 0.62),
            "VAE": (12.97, 8.78, 0.44, 0.46),
            "β-VAE": (15.49, 8.31, 1.35, 0.52),
            "AE": (11.81, 7.31, 0.38, 0.35),
            "WAE": (11.68, 7.87, 0.37, 0.35),
        },
    ),
    "camera": Setting(
        "orientation",
        (0, 1, 13, 14),
        12,
        {
            "SAE-12": (4.88, 2.65, 0.77, 0.43),
            "VLAE-12": (6.91, 3.83, 1.61, 0.77),
            "AdaAE-12": (4.8, 2.93, 0.59, 0.41),
            "AE": (4.98, 2.94, 0.62, 0.45),
            "WAE": (4.79, 3.07, 0.69, 0.44),
            "VAE": (5.17, 3.09, 1.01, 0.51),
            "β-VAE": (5.7, 3.97, 1.5, 0.82),
        },
    ),
}


class Scale(NamedTuple):
    """How much is trained and measured; networks, and the pictures that are drawn, are those of ``runs.SCALES``.

    Attributes:
        pooled: pixels are averaged over squares of this side.
        rows: pictures to learn from, of all values; the first phase sees those without the values held out.
        first: steps of the first phase.
        second: steps of the second.
        batch_size: pictures in a step.
        lr: of Adam.
        seeds: how many, from 0 on.
        tested: unseen pictures with the values held out, and as many with others.
    """

    pooled: int
    rows: int
    first: int
    second: int
    batch_size: int
    lr: float
    seeds: int
    tested: int


SCALES = {
    "smoke": Scale(2, 400, 8, 4, 16, 2e-3, 1, 32),
    "laptop": Scale(4, 50_000, 2400, 600, 64, 1e-3, 1, 2000),
    "gpu": Scale(1, 70_000, 4000, 1000, 128, 5e-4, 1, 4000),
    "paper": Scale(1, 336_000, 80_000, 20_000, 128, 5e-4, 1, 10_000),
}
"""The laptop's pictures are a quarter as many pixels as those of table 1: what is new can only be told from what has
not been learnt yet once the rest has been, and that takes steps."""


class Cell(NamedTuple):
    """One model of one arm: where it is kept, what is held out, and what is updated."""

    scale: str
    folder: Path
    setting: str
    model: str
    seed: int
    arm: str = "neither"

    @property
    def home(self) -> Path:
        """The folder of its run; that of the first phase where nothing is updated."""
        arm = "" if self.arm == "neither" else f"-then-{self.arm}"
        name = f"no-{self.setting}-{self.model.lower().replace('β', 'beta')}-seed{self.seed}{arm}"
        return self.folder / "runs" / self.scale / name


def cells(scale: str, folder: Path, seeds: int) -> list[Cell]:
    """Return the cell of every setting, model, seed and arm, the first seed of all before the second of any."""
    return [
        Cell(scale, folder, setting, model, seed, arm)
        for seed in range(seeds)
        for setting, chosen in SETTINGS.items()
        for model in chosen.models
        for arm in ARMS
    ]


class Parts(NamedTuple):
    """Pictures of the two phases, and unseen ones with the values held out and without."""

    first: FactorData
    second: FactorData
    held_out: FactorData
    other: FactorData


@cache
def parts(scale: str, folder: Path, setting: str) -> Parts:
    """Return the same pictures for every model and seed."""
    chosen, (factor, values, *_) = pick(SCALES, scale), SETTINGS[setting]
    splits = shapes(scale, folder, chosen.pooled)
    train = _some(splits.train, chosen.rows)
    unseen = splits.test.holdout(factor, values)
    return Parts(
        train.holdout(factor, values).kept,
        train,
        _some(unseen.held_out, chosen.tested),
        _some(unseen.kept, chosen.tested),
    )


def _some(data: FactorData, rows: int) -> FactorData:
    return data.take(np.sort(np.random.default_rng(0).permutation(len(data))[:rows]))


def begin(cell: Cell, *, device: str = "cpu") -> Run:
    """Train the first phase of a cell, encoder and decoder without the values held out, or take it from its folder."""
    chosen, home = pick(SCALES, cell.scale), cell._replace(arm="neither").home
    factor, values, *_ = SETTINGS[cell.setting]
    plan = _plan(cell, f"without {factor} {', '.join(map(str, values))}", chosen.first)
    return trained(plan, home, lambda: parts(*cell[:3]).first, device=device)


def train(cell: Cell, *, device: str = "cpu") -> Run:
    """Train both phases of a cell, or take from its folder what is done.

    The second phase begins with the first's weights and a fresh optimiser; a part that is not updated keeps every bit.
    """
    first = begin(cell, device=device)
    if cell.arm == "neither" or first.path is None:
        return first
    plan = _plan(cell, "all values", pick(SCALES, cell.scale).second).model_copy(
        update={"begins": read_manifest(first.path).sha256, "freeze": ARMS[cell.arm]}
    )
    return trained(plan, cell.home, lambda: parts(*cell[:3]).second, device=device, begin=first.path)


def _plan(cell: Cell, seen: str, steps: int) -> Plan:
    chosen = pick(SCALES, cell.scale)
    pictures = pick(STRUCTURE, cell.scale)._replace(pooled=chosen.pooled)
    return Plan(
        data=f"shapes3d, {chosen.rows} of {pictures.rows} rows, pooled {chosen.pooled}, {seen}",
        model=MODELS[cell.model].network,
        networks={"filters": pictures.filters},
        latents=None,
        trains=objective_of(cell.model, pictures),
        steps=steps,
        batch_size=chosen.batch_size,
        lr=chosen.lr,
        seed=cell.seed,
        precision=pictures.precision,
    )


def is_measured(cell: Cell) -> bool:
    """Whether the folder of a cell holds what ``measure`` leaves there."""
    return (cell.home / "extrapolation.json").exists()


def measure(cell: Cell, *, device: str = "cpu") -> Scores:
    """Train a cell and return the error of its reconstructions of unseen pictures, or what was found before."""
    run = train(cell, device=device)

    def ask() -> Scores:
        data, model = parts(*cell[:3]), run.model.to(pick_device(device))
        new, old = (1000 * squared_errors(model, rows) for rows in (data.held_out, data.other))
        return {ERROR: float(new.mean()), KEPT: float(old.mean()), STDERR: float(new.std()) / len(new) ** 0.5}

    settings: Settings = {"tested": pick(SCALES, cell.scale).tested}
    return measured(run.path, "extrapolation", settings, ask)


def measure_arms(cell: Cell, *, device: str = "cpu") -> None:
    """Measure all arms of the model of a cell, whichever arm it is of."""
    for arm in ARMS:
        measure(cell._replace(arm=arm), device=device)
