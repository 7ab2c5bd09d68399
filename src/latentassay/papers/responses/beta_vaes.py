"""The β-VAEs of LR: which there are, on which data, how long they train, and each trained when it is first needed."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from latentassay.core.errors import FileError
from latentassay.data import FactorData, Splits, load
from latentassay.data.demo import demo_data
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.responses.scales import SCALES
from latentassay.papers.responses.shrunk import shrink
from latentassay.papers.runs import TrainingPlan, train_or_load
from latentassay.training import Run
from latentassay.training.trainer import pick_device

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


KL_NAMES = {"exact": "exact KL", "sigma": "σ-KL"}
"""KL term → what tables call it: the divergence that LR prints, and the term that its authors ran."""

OWN_NETWORK = "vae-conv"
"""LR's network."""


class BetaVAE(NamedTuple):
    """One model.

    Attributes:
        data_set: one of ``DATA_SETS``.
        beta: weight of the KL term.
        latents: number of latents d.
        seed: fixes the split of the data, weights, batches and noise.
        kl: which KL term, as ``objectives.BetaVAE`` takes it.
        is_own: whether it has LR's own network where the scale has another for most.
    """

    data_set: str
    beta: int
    latents: int = LATENTS
    seed: int = 0
    kl: str = "exact"
    is_own: bool = False

    def describe(self, *, latents: bool = False, data_set: bool = False) -> str:
        """Say which model it is, without its seed.

        >>> BetaVAE("MNIST", 4, kl="sigma").describe(latents=True)
        '4-VAE, d = 12, σ-KL'
        """
        where = (self.data_set,) * data_set + (f"d = {self.latents}",) * latents
        return ", ".join((f"{self.beta}-VAE", *where, KL_NAMES[self.kl], *(OWN_NETWORK,) * self.is_own))

    @property
    def name(self) -> str:
        """Fit for a file name, without the data set."""
        own = f"-{OWN_NETWORK}" if self.is_own else ""
        return f"{self.kl}-beta{self.beta}-d{self.latents}{own}-seed{self.seed}"


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
        plan, folder = self.plan(model), self.folder(model)
        run = train_or_load(plan, folder, lambda: self.training_rows(model), device=self.options.device)
        self._seconds[model] = run.seconds
        return run

    def folder(self, model: BetaVAE) -> Path:
        """Return the folder of a model's run."""
        name = f"{self._file_name(model.data_set)}-{model.name}"
        return run_folder(self.options.folder, self.options.scale, name)

    def require(self, data_set: str) -> None:
        """Load a data set.

        Raises:
            Absent: its files are not there.
        """
        self._split(BetaVAE(data_set, 1))

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

    def plan(self, model: BetaVAE) -> TrainingPlan:
        """Say how a model is trained."""
        scale = self.scale
        return TrainingPlan(
            data=self._file_name(model.data_set),
            rows=scale.rows,
            model=OWN_NETWORK if model.is_own else scale.network,
            latents=model.latents,
            beta=float(model.beta),
            kl=model.kl,
            steps=scale.own_steps if model.is_own else scale.steps,
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
            return shrink(load(name, **options, **({} if folder is None else {"folder": folder})), self.scale.side)
        except FileError as error:
            if folder is not None or error.cause != MISSING:
                raise
            raise Absent(name) from error
