"""IC's models of faces, v32 and v324: scores, reconstructions, samples, interpolations, traversals (figures 14–18)."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch

from latentassay import objectives, plots
from latentassay.core.randomness import as_generator
from latentassay.data import load
from latentassay.models.consistency import SIZES
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import OBSERVED, SEEDS, VARIANTS, name_model
from latentassay.papers.consistency.pictures import FACES, Subject, draw_beside, draw_quality
from latentassay.papers.digits import TrainTest
from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.grids import group_by, run_folder
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.runs import Scores, Settings, TrainingPlan, measure_once, train_or_load
from latentassay.responses import invariance, self_consistency
from latentassay.sampling import decode, draw, encode
from latentassay.training import Run

SIDE = 128
"""Of the pictures that seven poolings halve to one place."""

MIXED = 3
"""Pairs of faces in figures 16 and 34."""

STEPS = 9
"""Pictures from one face to another."""


class FacesScale(NamedTuple):
    """How much is trained and measured.

    Attributes:
        sizes: of table 3, those for faces.
        steps: optimiser steps of ``batch_size`` rows.
        batch_size: rows in a step.
        lr: Adam's rate at the start; halved every 30 epochs at scale paper, half a cosine below.
        seeds: how many of the paper's.
        rows: unseen rows that scores rest on.
        values: interventions on every unit.
    """

    sizes: tuple[str, ...]
    steps: int
    batch_size: int
    lr: float
    seeds: int
    rows: int
    values: int


_PAPER = FacesScale(sizes=("v32", "v324"), steps=200_000, batch_size=128, lr=1e-4, seeds=5, rows=1024, values=20)
SCALES = {
    "smoke": _PAPER._replace(steps=2, batch_size=4, lr=1e-3, seeds=1, rows=12, values=1),
    "laptop": _PAPER._replace(sizes=("v32",), steps=1000, batch_size=32, lr=1e-3, seeds=1, rows=128, values=5),
    "gpu": _PAPER._replace(sizes=("v32",), steps=20_000, lr=5e-4, seeds=1, rows=512, values=10),
    "paper": _PAPER,
}

COLUMNS = (
    scores.ERROR,
    scores.INV,
    f"{scores.INV}, {scores.AUTHORS}",
    *(f"SCN, {how}, {scores.AUTHORS}" for how in scores.SAMPLERS[:3]),
    scores.COLLAPSED,
)
NOTES = (
    "The paper prints no number of these models but their parameters (table 4); figures 14 to 18 and 34 are pictures.",
    "INV: mean over pairs of units that are not collapsed, scale-free; in the authors' average distances, off the "
    "diagonal. SCN: distances, clamped to [0, 1] unit by unit.",
    "Faces: the central 178 × 178 of the aligned pictures at 128 × 128; the official parts train and test.",
)


class FacesConfiguration(NamedTuple):
    """One model: how much is trained, where runs and CelebA's files are, its size of table 3, variant and seed."""

    scale: str
    folder: Path
    files: Path | None
    size: str
    variant: str
    seed: int

    @property
    def model(self) -> str:
        """Its name in ``models.build``."""
        return f"{VARIANTS[self.variant].format('ae')}-{self.size}"

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder, self.scale, f"{self.model}-seed{self.seed}")

    @property
    def row(self) -> str:
        """The paper's name and its size."""
        return f"{name_model('ae', self.variant)} {self.size}"


def list_configurations(options: Options) -> list[FacesConfiguration]:
    """Return the AEs of figures 14 to 18; those of v324 with a causal block alone."""
    scale = pick_scale(SCALES, options.scale)
    return [
        FacesConfiguration(
            scale=options.scale,
            folder=options.folder,
            files=options.folder_of("celeba"),
            size=size,
            variant=variant,
            seed=seed,
        )
        for size in scale.sizes
        for seed in SEEDS[: options.count_seeds(scale.seeds)]
        for variant in VARIANTS
        if variant != "plain" or SIZES[size].unit == 1
    ]


def make_table(options: Options) -> Table:
    """Train the models one after another and measure them; what is done is not done again."""
    grid, scale = list_configurations(options), pick_scale(SCALES, options.scale)
    return Table(
        title="Interventional consistency on faces (IC figures 14 to 18)",
        what="Autoencoders of CelebA, plain, with a causal block (X), and trained to be invariant (XC-I) or "
        "equivariant (XC-E), in the sizes for faces.",
        scale={
            "scale": options.scale,
            "seeds": ", ".join(map(str, sorted({one.seed for one in grid}))),
            "training": f"{scale.steps:,} steps of {scale.batch_size}, Adam {scale.lr:g}",
            "measured on": f"{scale.rows:,} latents × {scale.values} values",
        },
        cells=tuple(_list_cells(grid, options.device)),
        notes=NOTES,
    )


def _list_cells(grid: Sequence[FacesConfiguration], device: str) -> Iterator[Cell]:
    for row, own in group_by(grid, lambda one: one.row).items():
        found = [measure(one, device) for one in own]
        yield from row_over_seeds(row, COLUMNS, found, scale=own[0].scale, skip_empty=True)


def train(configuration: FacesConfiguration, device: str = "auto") -> Run:
    """Train a model, or take it from its folder."""
    scale = SCALES[configuration.scale]
    schedule: Literal["halved", "cosine"] = "halved" if configuration.scale == "paper" else "cosine"
    plan = TrainingPlan(
        data=f"celeba {SIDE}",
        model=configuration.model,
        latents=None,
        likelihood=OBSERVED,
        trains=objectives.spec(objectives.published(configuration.model)),
        steps=scale.steps,
        batch_size=scale.batch_size,
        lr=scale.lr,
        schedule=schedule,
        seed=configuration.seed,
    )
    return train_or_load(plan, configuration.run_folder, lambda: load_faces(configuration.files).train, device=device)


@cache
def load_faces(folder: Path | None) -> TrainTest:
    """Return the faces that models learn from and are tested on.

    Raises:
        FileError: CelebA's files are not there.
    """
    options: dict[str, Any] = {"size": SIDE} if folder is None else {"size": SIDE, "folder": folder}
    return TrainTest(load("celeba", part="train", **options), load("celeba", part="test", **options))


def measure(configuration: FacesConfiguration, device: str = "auto") -> Scores:
    """Train a model and return its scores, which are kept in its folder."""
    run, scale = train(configuration, device), SCALES[configuration.scale]

    def ask() -> Scores:
        test, model = load_faces(configuration.files).test, run.model
        latents = {
            how: draw(model, test, min(scale.rows, len(test)), how=how, generator=as_generator(configuration.seed))
            for how in scores.SAMPLERS[:3]
        }
        found = invariance(model, latents["posterior"], values=scale.values)
        averaged = invariance(model, latents["posterior"], values=scale.values, scale="paper", entries="off-diagonal")
        x = test.batch(np.arange(min(scale.rows, len(test))))
        measured = {
            scores.ERROR: 1000 * float((decode(model, encode(model, x).mean).cpu() - x).square().mean()),
            f"{scores.INV}, {scores.AUTHORS}": averaged.score_all,
            scores.COLLAPSED: float(len(found.collapsed)),
        }
        for how, z in latents.items():
            own = self_consistency(model, z, scale="paper", clamp=(0, 1))
            measured[f"SCN, {how}, {scores.AUTHORS}"] = own.score_all
        return measured if found.score is None else {**measured, scores.INV: found.score}

    settings: Settings = {"rows": scale.rows, "values": scale.values}
    return measure_once(run.path, "faces", settings, ask)


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 6, 7, 14 to 18 and 34 of the first seed of every model."""
    grid = [one for one in list_configurations(options) if one.seed == SEEDS[0]]
    subjects = {one: _as_subject(one, options.device) for one in grid}
    beside = [subject for one, subject in subjects.items() if one.size == "v32" and one.variant != "XC-E"]
    pictures = [picture for subject in subjects.values() for picture in draw_quality(subject, FACES)]
    return [
        *([draw_beside(beside, "7")] if beside else []),
        *pictures,
        *(make(subject) for make in (draw_interpolation, draw_hybrids) for subject in subjects.values()),
    ]


def _as_subject(configuration: FacesConfiguration, device: str) -> Subject:
    return Subject(
        name=configuration.row.replace(" ", "-"),
        model=train(configuration, device).model,
        test=load_faces(configuration.files).test,
        how="hybrid",
        seed=configuration.seed,
    )


def draw_interpolation(subject: Subject) -> Picture:
    """Draw decodings on straight lines between the codes of unseen faces (figure 16)."""
    codes = draw(subject.model, subject.test, 2 * MIXED, how="posterior", generator=subject.seed)
    start, end = codes.chunk(2)
    rows = {
        f"{k}": decode(subject.model, torch.lerp(start[k], end[k], torch.linspace(0, 1, STEPS)[:, None]))
        for k in range(MIXED)
    }
    return Picture(
        f"figure-16-{subject.name.lower()}",
        f"Interpolations, {subject.name} (IC figure 16)",
        "Decodings on straight lines from the code of one face to that of another.",
        plots.strips(rows),
    )


def draw_hybrids(subject: Subject) -> Picture:
    """Draw what becomes of faces when single units come from another face (figure 34)."""
    codes = draw(subject.model, subject.test, 2 * MIXED, how="posterior", generator=subject.seed)
    base, other = codes.chunk(2)
    units = codes.shape[1]
    mixed = base[:, None].repeat(1, units, 1)
    mixed[:, range(units), range(units)] = other
    flat = decode(subject.model, mixed.flatten(0, 1))
    hybrids = flat.view(MIXED, units, *flat.shape[1:])
    own, alternative = decode(subject.model, base), decode(subject.model, other)
    return Picture(
        f"figure-34-{subject.name.lower()}",
        f"Hybridisation, {subject.name} (IC figure 34)",
        "Two decodings, and the first with one unit after another taken from the second.",
        plots.hybridisation(own, alternative, hybrids, [str(unit) for unit in range(units)]),
    )


EXPERIMENT = Experiment(
    name="consistency.celeba",
    summary="the models of faces: reconstructions, samples, traversals, hybrids (IC figures 6, 7, 14 to 18, 34)",
    files="CelebA",
    data_sets=("celeba",),
    costs={
        "smoke": "a minute or two",
        "laptop": "about eight hours on two cores",
        "gpu": "about half an hour a model on one large GPU",
        "paper": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
