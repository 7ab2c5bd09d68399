"""The grid of IC: which models, on which digits, and for how long."""

from pathlib import Path
from typing import Literal, NamedTuple

from latentassay import objectives
from latentassay.core.errors import InputError
from latentassay.models.consistency import SIZES
from latentassay.papers.digits import TrainTest, grey_digits
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.training import Run

SEEDS = (11, 13, 17, 37, 121)
"""The paper's."""

FAMILIES = ("ae", "vae", "sae")
"""Architectures, as ``models.build`` calls them."""

VARIANTS = {"plain": "{}", "X": "x{}", "XC-I": "xc{}-i", "XC-E": "xc{}-e"}
"""How a variant changes the name of a family."""

KINDS = tuple((family, variant) for family in FAMILIES for variant in (*VARIANTS, *["AVAE"] * (family == "vae")))
"""Family and variant of every model: families together, variants in the paper's order."""

OBSERVED = {"name": "gaussian", "squashed": True}
"""The paper's observation model: normal values of standard deviation 1 around the sigmoid of the output."""

BETA = 0.25
"""Weight of divergences in VAEs, of which the paper says nothing. At 1 their few steps leave most units collapsed."""

SHOWN = ("AE", "XAE", "XCAE-I", "XCAE-E", "VAE", "XVAE", "XCVAE-I", "AVAE", "SAE", "XCSAE-I")
"""Models with figures of their own."""


class GridScale(NamedTuple):
    """How much of the grid is trained and measured.

    Attributes:
        data: a name that ``data.load`` knows.
        size: a size of ``models.consistency``.
        steps: optimiser steps of ``batch_size`` rows.
        batch_size: rows in a step.
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


_LAPTOP = GridScale(
    data="mnist",
    size="s",
    steps=800,
    batch_size=64,
    lr=2e-3,
    seeds=2,
    rows=128,
    values=10,
    images=1000,
    shown=SHOWN,
)
# Smoke takes 60 steps: in 15 no unit comes alive.
_SMOKE = _LAPTOP._replace(
    data="digits", steps=60, batch_size=32, seeds=1, rows=64, values=3, images=128, shown=("SAE", "XSAE")
)
_PAPER = _LAPTOP._replace(steps=100_000, batch_size=128, lr=1e-4, seeds=5, rows=1024, values=20, images=10_000)
SCALES = {
    "smoke": _SMOKE,
    "smoke-standard": _SMOKE._replace(size="standard", shown=("XSAE",)),
    "smoke-s4": _SMOKE._replace(size="s4", shown=("XSAE",)),
    "laptop": _LAPTOP,
    "laptop-standard": _LAPTOP._replace(size="standard"),
    "laptop-s4": _LAPTOP._replace(size="s4"),
    "paper": _PAPER,
    "paper-standard": _PAPER._replace(size="standard"),
    "paper-s4": _PAPER._replace(size="s4"),
}


class GridConfiguration(NamedTuple):
    """One model of the grid.

    Attributes:
        scale: how much is trained and measured.
        folder: where all runs are kept.
        files: folder of MNIST's files, where they are not in the cache.
        family: one of ``FAMILIES``.
        variant: one of ``VARIANTS``, or AVAE.
        seed: one of ``SEEDS``.
    """

    scale: str
    folder: Path
    files: Path | None
    family: str
    variant: str
    seed: int

    @property
    def model(self) -> str:
        """Its name in ``models.build``."""
        stem = "avae" if self.variant == "AVAE" else VARIANTS[self.variant].format(self.family)
        return f"{stem}-{pick_scale(SCALES, self.scale).size}"

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder, self.scale, f"{self.model}-seed{self.seed}")

    @property
    def paper_name(self) -> str:
        """The paper's name of the model, whichever seed it has."""
        return name_model(self.family, self.variant)


def name_model(family: str, variant: str) -> str:
    """Return the paper's name of a model.

    >>> name_model("vae", "XC-I"), name_model("ae", "plain"), name_model("sae", "X")
    ('XCVAE-I', 'AE', 'XSAE')
    """
    return variant if variant == "AVAE" else VARIANTS[variant].format(family).upper()


def list_configurations(options: Options) -> list[GridConfiguration]:
    """Return the models of the first so many of the paper's seeds, the first seed of all before the second of any.

    Raises:
        InputError: an unknown scale, or a number of seeds that is not 1 to 5.
    """
    chosen = pick_scale(SCALES, options.scale)
    seeds = options.count_seeds(chosen.seeds)
    if seeds > len(SEEDS):
        raise InputError(f"the paper has {len(SEEDS)} seeds, got {seeds}")
    files = options.folder_of("mnist") if chosen.data == "mnist" else None
    kinds = [(family, variant) for variant in VARIANTS for family in FAMILIES] + [("vae", "AVAE")]
    if SIZES[chosen.size].unit > 1:  # wider causes need a causal block: table 3 has S4 of X models alone
        kinds = [kind for kind in kinds if kind[1] not in ("plain", "AVAE")]
    return [
        GridConfiguration(
            scale=options.scale, folder=options.folder, files=files, family=family, variant=variant, seed=seed
        )
        for seed in SEEDS[:seeds]
        for family, variant in kinds
    ]


def train(configuration: GridConfiguration) -> Run:
    """Train a model, or take it from its folder."""
    scale = pick_scale(SCALES, configuration.scale)
    objective = objectives.spec(objectives.published(configuration.model, beta=BETA))
    schedule: Literal["halved", "cosine"] = "halved" if configuration.scale.startswith("paper") else "cosine"
    plan = TrainingPlan(
        data=scale.data,
        model=configuration.model,
        latents=None,
        likelihood=OBSERVED,
        trains=objective,
        steps=scale.steps,
        batch_size=scale.batch_size,
        lr=scale.lr,
        schedule=schedule,
        seed=configuration.seed,
    )
    return train_or_load(plan, configuration.run_folder, lambda: load_digits(configuration).train, device="cpu")


def load_digits(configuration: GridConfiguration) -> TrainTest:
    """Return the digits that a model learns from and is tested on."""
    return grey_digits(pick_scale(SCALES, configuration.scale).data, configuration.files)
