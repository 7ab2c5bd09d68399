"""The β-VAEs of LR: which there are, on which data, how long they train, and each trained when it is first needed."""

from typing import Any, NamedTuple

import numpy as np

from latentassay.core.errors import FileError
from latentassay.data import FactorData, Splits, load
from latentassay.data.demo import demo_data
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.training import Run
from latentassay.training.trainer import pick_device


class BetaVAEScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        network: a name that ``models.build`` knows.
        steps: optimiser steps.
        batch_size: observations in a step; ``digits_batch`` on MNIST and Fashion-MNIST.
        digits_batch: observations in a step on MNIST and Fashion-MNIST.
        lr: learning rate of Adam.
        rows: training rows; all of the 70 % where ``None``.
        betas: weights of the KL term.
        seeds: how many, from 0 on; ``table_2_seeds`` for table 2.
        table_2_seeds: how many for table 2.
        codes: test rows that are encoded for DCI, IRS and MIG, and for the response matrix.
        groups: groups of a factor for the conditioned response matrix.
        priors: prior samples for the structure score.
        samples: test rows that a report rests on.
        predictor: of DCI.
        coarse: take a tenth of the views of 3D Shapes, which are drawn in seconds.
    """

    network: str
    steps: int
    batch_size: int
    digits_batch: int
    lr: float
    rows: int | None
    betas: tuple[int, ...]
    seeds: int
    table_2_seeds: int
    codes: int
    groups: int
    priors: int
    samples: int
    predictor: str
    coarse: bool


_LAPTOP = BetaVAEScale(
    network="vae-conv-small",
    steps=2500,
    batch_size=64,
    digits_batch=128,
    lr=1e-3,
    rows=20_000,
    betas=(1, 2, 4, 8),
    seeds=2,
    table_2_seeds=2,
    codes=4000,
    groups=200,
    priors=1024,
    samples=1024,
    predictor="histogram",
    coarse=False,
)
_SHORT = _LAPTOP._replace(steps=80, batch_size=16, digits_batch=16, lr=2e-3, rows=400, betas=(1, 4))
_LONG = _LAPTOP._replace(network="vae-conv", steps=100_000, lr=1e-4, rows=None, table_2_seeds=3)
SCALES = {
    "smoke": _SHORT._replace(seeds=1, table_2_seeds=1, codes=256, groups=12, priors=128, samples=128, coarse=True),
    "laptop": _LAPTOP,
    "paper": _LONG._replace(codes=10_000, groups=500, priors=2048, samples=4096, predictor="boosting"),
}

DATA_SETS: dict[str, tuple[str, dict[str, int | None]]] = {
    "MNIST": ("mnist", {"size": 32, "train": None}),
    "Fashion-MNIST": ("fashion-mnist", {"size": 32, "train": None}),
    "3D Shapes": ("shapes3d", {}),
    "MPI3D toy": ("mpi3d-toy", {}),
    "MPI3D real": ("mpi3d-real", {}),
}
"""Name in the tables → name that ``data.load`` knows, and its options."""

OFFICIAL = "shapes3d-official"
"""What ``data.load`` calls the official file of 3D Shapes, which are drawn anew without it."""

FILES = (*(name for name, _ in DATA_SETS.values() if name != "shapes3d"), OFFICIAL)
"""Data sets whose files ``--data`` may name."""

DIGITS = ("MNIST", "Fashion-MNIST")
"""Data sets with a batch size of their own."""

LATENTS = 12
"""Of the models of tables 2 and 3: figures 17 and 18 say so for MPI3D, and nothing says otherwise for the rest."""

MISSING = "the file is missing"
"""What an error of ``data.load`` says of files that are nowhere."""


class Absent(Exception):
    """The files of a data set are not there, and nobody said where they are."""


class BetaVAE(NamedTuple):
    """One model.

    Attributes:
        data_set: one of ``DATA_SETS``.
        beta: weight of the KL term.
        latents: number of latents d.
        seed: fixes the split of the data, weights, batches and noise.
    """

    data_set: str
    beta: int
    latents: int = LATENTS
    seed: int = 0


class BetaVAEs:
    """The trained models of one scale, each made when it is first needed.

    Args:
        options: scale, folder of runs and scores, folders of data sets, and device.

    Attributes:
        scale: how much is trained and measured.
    """

    def __init__(self, options: Options):
        self.options, self.scale = options, pick_scale(SCALES, options.scale)
        self._loaded: dict[str, FactorData] = {}
        self._seconds: dict[BetaVAE, float] = {}

    @property
    def seconds(self) -> float:
        """How long the training of all models took that were needed so far."""
        return sum(self._seconds.values())

    def run(self, model: BetaVAE) -> Run:
        """Return the run of a model, training it first where that is not done.

        Raises:
            Absent: the files of the data set are not there.
        """
        name = f"{self._file_name(model.data_set)}-beta{model.beta}-d{model.latents}-seed{model.seed}"
        folder = run_folder(self.options.folder, self.options.scale, name)
        run = train_or_load(self._plan(model), folder, lambda: self.training_rows(model), device=self.options.device)
        self._seconds[model] = run.seconds
        return run

    def place(self, run: Run) -> Any:
        """Return the network of a run, on the device."""
        return run.model.to(pick_device(self.options.device)).eval()

    def training_rows(self, model: BetaVAE) -> FactorData:
        """Return the rows that a model learns from: so many of its seed's 70 %."""
        train, rows = self._split(model).train, self.scale.rows
        if rows is None or rows >= len(train):
            return train
        return train.take(np.sort(np.random.default_rng(model.seed).choice(len(train), rows, replace=False)))

    def unseen_rows(self, model: BetaVAE) -> FactorData:
        """Return the rows that were kept from a model, 20 %."""
        return self._split(model).test

    def is_official(self, data_set: str) -> bool:
        """Whether 3D Shapes come from the official file instead of being drawn here."""
        return data_set == "3D Shapes" and OFFICIAL in self.options.data

    def _plan(self, model: BetaVAE) -> TrainingPlan:
        scale = self.scale
        return TrainingPlan(
            data=self._file_name(model.data_set),
            rows=scale.rows,
            model=scale.network,
            latents=model.latents,
            beta=float(model.beta),
            steps=scale.steps,
            batch_size=scale.digits_batch if model.data_set in DIGITS else scale.batch_size,
            lr=scale.lr,
            seed=model.seed,
        )

    def _file_name(self, data_set: str) -> str:
        return OFFICIAL if self.is_official(data_set) else DATA_SETS[data_set][0]

    def _split(self, model: BetaVAE) -> Splits:
        if model.data_set not in self._loaded:
            self._loaded.clear()  # one at a time is enough memory
            self._loaded[model.data_set] = self._load(model.data_set)
        return self._loaded[model.data_set].split(model.seed)

    def _load(self, data_set: str) -> FactorData:
        name, options = self._file_name(data_set), DATA_SETS[data_set][1]
        if name == "shapes3d" and self.scale.coarse:
            return demo_data()
        folder = self.options.folder_of(name)
        try:
            return load(name, **options, **({} if folder is None else {"folder": folder}))
        except FileError as error:
            if folder is not None or error.cause != MISSING:
                raise
            raise Absent(name) from error
