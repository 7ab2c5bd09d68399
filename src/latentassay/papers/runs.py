"""Trained models kept in folders: what is done is not done again, and what was interrupted goes on."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from torch import nn

from latentassay import models, objectives
from latentassay._version import __version__
from latentassay.core.errors import CheckpointError, InputError
from latentassay.core.storage import write_whole
from latentassay.papers.results import FileRecord, read_record
from latentassay.training import Run, cosine, fit, halved, load_run
from latentassay.training.checkpoint import MANIFEST, read_manifest
from latentassay.training.schedules import Schedule

PLAN = "plan.json"
FIX = "Delete the folder to train anew, or choose another --out."

Scores = dict[str, float]
"""Name of a score → value, of one model."""

Settings = dict[str, str | int | float | None]
"""What scores depend on besides the weights."""

Count = Annotated[int, Field(gt=0)]


class TrainingPlan(FileRecord):
    """Everything that a trained model follows from.

    Attributes:
        data: name of the data set and how it was loaded.
        rows: rows trained on; all of the training split where left out.
        model: a name that ``models.build`` knows.
        hidden: layer widths of ``mlp`` models; ``activation`` is what lies between them.
        networks: options of ``models.build``, in place of both.
        latents: number of latents d; what the model's name says where ``None``.
        likelihood: as ``models.build`` takes it.
        beta: weight of the KL term.
        kl: which KL term, as ``objectives.BetaVAE`` takes it.
        alpha: order of a Rényi bound from ``samples`` samples, in place of the β-VAE's.
        trains: any other objective, as ``objectives.spec`` has it, in place of both.
        steps: optimiser steps; the weights of ``snapshots`` are kept besides.
        batch_size: observations in a step.
        lr: learning rate of Adam.
        schedule: whether it stays, falls to 0 along half a cosine, or is halved every 30 epochs (IC A.3).
        seed: fixes data, weights, batches and noise.
        precision: of the networks; with bf16 they are compiled, too, and keep channels last.
        begins: sha256 of the checkpoint whose weights training begins with; those of the seed where ``None``.
        freeze: parts of the model that stay as they are.
    """

    data: str
    rows: Count | None = None
    model: str
    hidden: tuple[int, ...] = ()
    activation: str = "elu"
    networks: dict[str, Any] | None = None
    latents: Count | None
    likelihood: str | dict[str, Any] = "bernoulli"
    beta: float = 1.0
    kl: str = "exact"
    alpha: float | None = None
    samples: Count = 1
    trains: dict[str, Any] | None = None
    steps: Count
    snapshots: tuple[int, ...] = ()
    batch_size: Count
    lr: float
    schedule: Literal["constant", "cosine", "halved"] = "constant"
    seed: Annotated[int, Field(ge=0)]
    precision: Literal["float32", "bf16"] = "float32"
    begins: str | None = None
    freeze: tuple[str, ...] = ()

    @field_validator("trains")
    @classmethod
    def _complete_objective(cls, trains: dict[str, Any] | None) -> dict[str, Any] | None:
        return None if trains is None else objectives.complete(trains)

    @property
    def objective(self) -> Any:
        """What training descends."""
        if self.trains is not None:
            return objectives.build(**self.trains)
        return (
            objectives.BetaVAE(self.beta, self.kl) if self.alpha is None else objectives.Renyi(self.alpha, self.samples)
        )


class ScoreFile(FileRecord):
    """Scores of a trained model, and what they hold for."""

    settings: Settings
    scores: Scores


def train_or_load(
    plan: TrainingPlan, folder: Path | None, load: Callable[[], Any], *, device: str = "auto", start: Path | None = None
) -> Run:
    """Train what ``plan`` says, go on with it, or load it if it is done.

    Args:
        plan: what to train.
        folder: where the run is kept; it is trained anew and not kept without one.
        load: returns the training data; only called if there is anything left to train.
        device: as ``fit`` takes it.
        start: folder of the run whose weights ``plan.begins`` names.

    Raises:
        InputError: the folder holds a run of another plan, or ``start`` other weights than the plan's.
        CheckpointError: the folder is damaged.
        KeyboardInterrupt: Ctrl-C came while training; what was done is kept, and the next call goes on there.
    """
    if folder is not None:
        _refuse_other(folder, plan)
        if (folder / MANIFEST).exists() and read_manifest(folder).step >= plan.steps:
            return load_run(folder)
    data = load()
    if folder is not None:
        write_whole(folder / PLAN, plan.model_dump_json(indent=1).encode())
    model = build_model(plan, data.x_shape) if plan.begins is None else _load_start(plan.begins, start)
    run = fit(
        model,
        plan.objective,
        data,
        steps=plan.steps,
        batch_size=plan.batch_size,
        lr=_choose_rate(plan, len(data)),
        seed=plan.seed,
        device=device,
        out=folder,
        resume=folder is not None,
        snapshots=plan.snapshots if folder is not None else (),
        freeze=plan.freeze,
        precision=plan.precision,
        channels_last=plan.precision == "bf16",
        compile=plan.precision == "bf16",
    )
    if run.interrupted:
        raise KeyboardInterrupt
    model.eval()
    return run


def _load_start(weights: str, folder: Path | None) -> nn.Module:
    held = None if folder is None else read_manifest(folder).sha256
    if folder is None or held != weights:
        raise InputError(
            f"the plan begins with the weights {weights[:12]}, got {folder} with {str(held)[:12]}; "
            "pass start=, the folder of the run that left them"
        )
    model: nn.Module = load_run(folder).model
    return model


def build_model(plan: TrainingPlan, x_shape: Sequence[int]) -> Any:
    """Build the model that ``plan`` trains on observations of this shape."""
    options = plan.networks or ({"hidden": plan.hidden, "activation": plan.activation} if plan.hidden else {})
    return models.build(
        plan.model, x_shape=x_shape, latents=plan.latents, likelihood=plan.likelihood, seed=plan.seed, **options
    )


def is_trained(plan: TrainingPlan, folder: Path) -> bool:
    """Whether a folder holds the whole training.

    Raises:
        InputError: it holds a run of another plan.
        CheckpointError: it is damaged.
    """
    _refuse_other(folder, plan)
    return (folder / MANIFEST).exists() and read_manifest(folder).step >= plan.steps


def _choose_rate(plan: TrainingPlan, rows: int) -> float | Schedule:
    if plan.schedule == "cosine":
        return cosine(plan.lr, plan.steps)
    return halved(plan.lr, every=-(-30 * rows // plan.batch_size)) if plan.schedule == "halved" else plan.lr


def measure_once(folder: Path | None, name: str, settings: Settings, measure: Callable[[], Scores]) -> Scores:
    """Return what ``measure`` returns, or what it returned before for the same weights, settings and version.

    Args:
        folder: the run's folder, where the scores are kept as ``name.json``; nothing is kept without one.
        name: what is measured, fit for a file name.
        settings: what the scores depend on besides the weights.
        measure: called if nothing is kept, or if something else was measured.
    """
    if folder is None:
        return measure()
    path, weights = folder / f"{name}.json", read_manifest(folder).sha256
    key = {**settings, "weights": weights, "version": __version__}
    if path.exists():
        file = read_record(ScoreFile, path, "Delete it; it is measured anew.")
        if file.settings == key:
            return file.scores
    scores = measure()
    write_whole(path, ScoreFile(settings=key, scores=scores).model_dump_json(indent=1).encode())
    return scores


def has_scores(folder: Path, names: Iterable[str]) -> bool:
    """Whether the folder of a run holds scores of all these names, as ``measure_once`` leaves them there."""
    return all((folder / f"{name}.json").exists() for name in names)


def _refuse_other(folder: Path, plan: TrainingPlan) -> None:
    """Refuse a folder whose run is of another plan, or of none that is known."""
    path = folder / PLAN
    if not path.exists():
        if (folder / MANIFEST).exists():
            raise CheckpointError(folder, f"holds a run without {PLAN}", FIX)
        return
    before = read_record(TrainingPlan, path, FIX)
    if before != plan:
        other = [name for name in TrainingPlan.model_fields if getattr(before, name) != getattr(plan, name)]
        changes = ", ".join(f"{name} {getattr(before, name)}, now {getattr(plan, name)}" for name in other)
        raise InputError(f"{folder} holds a run of another plan ({changes}); choose another --out")
