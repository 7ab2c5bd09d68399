"""The β-VAEs of LR: their data, how much of it, how long they train, and what is asked of them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from latentassay import sampling
from latentassay.core.errors import FileError, InputError
from latentassay.core.units import Units
from latentassay.data import FactorData, Splits, load
from latentassay.data.demo import demo_data
from latentassay.metrics import dci, irs, mig
from latentassay.papers.results import pick
from latentassay.papers.runs import Plan, Scores, Settings, measured, trained
from latentassay.responses import (
    causal_disentanglement,
    causal_units,
    conditioned_response_matrix,
    response_matrix,
    structure_score,
)
from latentassay.training import Run
from latentassay.training.trainer import pick_device


class Scale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        network: a name that ``models.build`` knows.
        steps: optimiser steps.
        batch_size: observations in a step; ``digits_batch`` on MNIST and Fashion-MNIST.
        lr: learning rate of Adam.
        rows: training rows; all of the 70 % where ``None``.
        betas: weights of the KL term.
        seeds: how many, from 0 on; ``table_2_seeds`` for table 2.
        codes: test rows that are encoded for DCI, IRS and MIG, and for the response matrix.
        groups: groups of a factor for the conditioned response matrix.
        priors: prior samples for the structure score.
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
    predictor: str
    coarse: bool


SCALES = {
    "smoke": Scale("vae-conv-small", 80, 16, 16, 2e-3, 400, (1, 4), 1, 1, 256, 12, 128, "histogram", True),
    "laptop": Scale(
        "vae-conv-small", 2500, 64, 128, 1e-3, 20_000, (1, 2, 4, 8), 2, 2, 4000, 200, 1024, "histogram", False
    ),
    "paper": Scale("vae-conv", 100_000, 64, 128, 1e-4, None, (1, 2, 4, 8), 2, 3, 10_000, 500, 2048, "boosting", False),
}

SETS: dict[str, tuple[str, dict[str, int | None]]] = {
    "MNIST": ("mnist", {"size": 32, "train": None}),
    "Fashion-MNIST": ("fashion-mnist", {"size": 32, "train": None}),
    "3D Shapes": ("shapes3d", {}),
    "MPI3D toy": ("mpi3d-toy", {}),
    "MPI3D real": ("mpi3d-real", {}),
}
"""Name in the tables → name that ``data.load`` knows, and its options."""

CDS, UNSCALED, DCI, IRS, MIG, ALIVE = "CDS", "CDS, not rescaled", "DCI-D", "IRS", "MIG", "causal units"
STRUCTURE = "structure score"
MISSING = "the file is missing"


class Absent(Exception):
    """The files of a data set are not there, and nobody said where they are."""


class Subjects:
    """The trained models of one scale, each made when it is first asked about.

    Args:
        scale: name of one of ``SCALES``.
        folder: where runs and scores are kept; nothing is kept without one.
        data: name that ``data.load`` knows → folder with its files, where they are not in the cache.
        device: as ``fit`` takes it.
    """

    def __init__(
        self, scale: str, folder: Path | None, *, data: Mapping[str, str | Path] | None = None, device: str = "auto"
    ):
        self.name, self.scale = scale, pick(SCALES, scale)
        self._folder, self._folders, self._device = folder, dict(data or {}), device
        self._loaded: dict[str, FactorData] = {}
        self.seconds = 0.0
        if unknown := set(self._folders) - {"shapes3d-official", *(name for name, _ in SETS.values())}:
            raise InputError(f"no table needs {', '.join(sorted(unknown))}; they need {', '.join(_names())}")

    def disentanglement(self, subject: str, beta: int, latents: int, seed: int) -> Scores:
        """Return CDS, DCI-D, IRS, MIG and the number of causal units of one model (table 1)."""
        run, scale = self.run(subject, beta, latents, seed), self.scale
        settings: Settings = {"codes": scale.codes, "groups": scale.groups, "predictor": scale.predictor}
        return measured(
            run.path,
            "disentanglement",
            settings,
            lambda: _disentanglement(self._placed(run), self._split(subject, seed).test, scale, seed),
        )

    def structure(self, subject: str, beta: int, latents: int, seed: int) -> Scores:
        """Return the structure score of one model (table 2)."""
        run, scale = self.run(subject, beta, latents, seed), self.scale

        def measure() -> Scores:
            generator = torch.Generator().manual_seed(seed)
            return {STRUCTURE: structure_score(self._placed(run), generator=generator, n=scale.priors).score}

        return measured(run.path, "structure", {"priors": scale.priors}, measure)

    def is_official(self, subject: str) -> bool:
        """Whether 3D Shapes come from the official file instead of being drawn here."""
        return subject == "3D Shapes" and "shapes3d-official" in self._folders

    def model_and_unseen_rows(self, subject: str, beta: int, latents: int, seed: int) -> tuple[Any, FactorData]:
        """Return a trained model on the device, and the rows that were kept from it."""
        return self._placed(self.run(subject, beta, latents, seed)), self._split(subject, seed).test

    def run(self, subject: str, beta: int, latents: int, seed: int) -> Run:
        """Return the trained model, training it first where that is not done.

        Raises:
            Absent: the files of the data set are not there.
        """
        scale = self.scale
        digits = subject in ("MNIST", "Fashion-MNIST")
        plan = Plan(
            data=self._called(subject),
            rows=scale.rows,
            model=scale.network,
            latents=latents,
            beta=float(beta),
            steps=scale.steps,
            batch_size=scale.digits_batch if digits else scale.batch_size,
            lr=scale.lr,
            seed=seed,
        )
        home = None
        if self._folder is not None:
            home = self._folder / "runs" / self.name / f"{self._called(subject)}-beta{beta}-d{latents}-seed{seed}"
        run = trained(plan, home, lambda: self._training_rows(subject, seed), device=self._device)
        self.seconds += run.seconds
        return run

    def _placed(self, run: Run) -> Any:
        return run.model.to(pick_device(self._device)).eval()

    def _called(self, subject: str) -> str:
        return "shapes3d-official" if self.is_official(subject) else SETS[subject][0]

    def _training_rows(self, subject: str, seed: int) -> FactorData:
        train, rows = self._split(subject, seed).train, self.scale.rows
        if rows is None or rows >= len(train):
            return train
        return train.take(np.sort(np.random.default_rng(seed).choice(len(train), rows, replace=False)))

    def _split(self, subject: str, seed: int) -> Splits:
        return self._data(subject).split(seed)

    def _data(self, subject: str) -> FactorData:
        if subject not in self._loaded:
            self._loaded.clear()  # one at a time is enough memory
            self._loaded[subject] = self._read(subject)
        return self._loaded[subject]

    def _read(self, subject: str) -> FactorData:
        name, options = self._called(subject), SETS[subject][1]
        if name == "shapes3d" and self.scale.coarse:
            return demo_data()
        folder = {"folder": self._folders[name]} if name in self._folders else {}
        try:
            return load(name, **options, **folder)
        except FileError as error:
            if folder or error.cause != MISSING:
                raise
            raise Absent(name) from error


def _names() -> list[str]:
    return [*(name for name, _ in SETS.values() if name != "shapes3d"), "shapes3d-official"]


def _disentanglement(model: Any, test: FactorData, scale: Scale, seed: int) -> Scores:
    """Score posterior means of unseen rows, and responses of the causal units (M_jj ≥ 0.5, LR 4.1)."""
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randperm(len(test), generator=generator)[: scale.codes]
    codes = sampling.encode(model, test, rows=rows, generator=generator)
    means, factors = codes.mean.double().numpy(), test.factors[rows.numpy()]
    matrix = response_matrix(model, sampling.drawn(codes), generator=generator)
    alive = causal_units(matrix, raw=True)
    return {
        **_causal(model, test, alive.active, scale, generator),
        DCI: dci(means, factors, predictor=scale.predictor, generator=seed).disentanglement,
        IRS: irs(means, factors).score,
        MIG: mig(means, factors, binning="width").score,
        ALIVE: float(alive.dimension),
    }


def _causal(model: Any, test: FactorData, active: tuple[int, ...], scale: Scale, generator: torch.Generator) -> Scores:
    if not active:
        return {CDS: 0.0, UNSCALED: 0.0}
    units = Units(tuple((latent,) for latent in active), tuple(model.latent_shape))
    conditioned = conditioned_response_matrix(
        model, test, generator=generator, units=units, groups_per_factor=scale.groups
    )
    return {
        CDS: causal_disentanglement(conditioned).score,
        UNSCALED: causal_disentanglement(conditioned, rescaled=False).score,
    }
