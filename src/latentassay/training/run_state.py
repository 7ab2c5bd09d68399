"""The state of a run: its history, checkpoints and time, written to disk and restored from there."""

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from latentassay import objectives
from latentassay._version import __version__
from latentassay.core.errors import CheckpointError, TrainingError
from latentassay.training.checkpoint import MANIFEST, read_manifest, read_tensors, write_checkpoint, write_snapshot
from latentassay.training.log import Row, append_row, read_rows, rewrite_rows
from latentassay.training.run import MODEL, Run, load_weights
from latentassay.training.source import Source
from latentassay.training.trainer import Losses, Trainer, averages

if TYPE_CHECKING:
    from latentassay.training.manifest import Snapshot

Facts = dict[str, Any]


class RunState:
    """History, checkpoints and time of one run around its ``Trainer``."""

    def __init__(
        self,
        trainer: Trainer,
        validation: Source | None,
        folder: Path | None,
        facts: Facts,
        snapshots: frozenset[int] = frozenset(),
    ):
        self._trainer, self._validation, self._folder, self._facts = trainer, validation, folder, facts
        self._wanted = snapshots
        self._snapshots: dict[int, Snapshot] = {}
        self._batch_size: int = facts["settings"]["batch_size"]
        self._history: list[Row] = []
        self._pending: list[Losses] = []
        self._seconds, self._saved_step = 0.0, 0
        if folder is not None and (folder / MANIFEST).exists():
            self._restore(folder)
        elif folder is not None:
            rewrite_rows(folder, [])

    def keep(self, losses: Losses) -> None:
        """Remember the losses of a step until the next row."""
        self._pending.append(losses)

    def log(self, elapsed: float, *, milestone: bool, interrupted: bool) -> Row:
        """Close a row of the history after ``elapsed`` seconds; at a milestone, validate and save, too.

        Raises:
            TrainingError: a loss since the last row was not finite, or a weight is not.
            CheckpointError: the folder cannot be written; what was trained is saved first where it can be.
        """
        row: Row = {"step": self._trainer.step, **self._means()}
        self._seconds += elapsed
        row["images_per_second"] = len(self._pending) * self._batch_size / elapsed
        self._pending.clear()
        if milestone:
            self._refuse_infinite_weights()
            if self._validation is not None:
                row |= self._trainer.score(self._validation, self._batch_size)
        self._history.append(row)
        if self._folder is not None:
            self._write(self._folder, row, milestone=milestone, interrupted=interrupted)
        return row

    def _write(self, folder: Path, row: Row, *, milestone: bool, interrupted: bool) -> None:
        """Log a row, and save at a milestone; where the log cannot be written, save what has been trained first."""
        try:
            append_row(folder, row)
        except CheckpointError as error:
            with suppress(CheckpointError):
                self._save(folder, interrupted=True)
            raise self._name_step(error) from error
        if milestone:
            try:
                self._save(folder, interrupted)
            except CheckpointError as error:
                raise self._name_step(error) from error

    def _name_step(self, error: CheckpointError) -> CheckpointError:
        """The same error, with the step that a resumed run goes on from."""
        kept = f"; the checkpoint of step {self._saved_step} is intact, resume from it" if self._saved_step else ""
        return CheckpointError(error.path, error.cause, f"{error.fix.rstrip('.')}{kept}.")

    def result(self, interrupted: bool) -> Run:
        """Return the run as it stands."""
        step, seconds = self._trainer.step, self._seconds
        return Run(
            model=self._trainer.model,
            path=self._folder,
            step=step,
            history=tuple(self._history),
            seconds=seconds,
            images_per_second=step * self._batch_size / seconds if seconds else 0.0,
            interrupted=interrupted,
            snapshots=tuple(sorted(self._snapshots)),
        )

    def _means(self) -> dict[str, float]:
        means, bad = averages(self._pending)
        if bad is not None:
            raise self._divergence_error(
                f"the loss became NaN or infinite at step {self._trainer.step - len(self._pending) + bad + 1}"
            )
        return means

    def _refuse_infinite_weights(self) -> None:
        if not self._trainer.is_finite():
            raise self._divergence_error(f"weights became NaN or infinite by step {self._trainer.step}")

    def _divergence_error(self, what: str) -> TrainingError:
        lr = self._trainer.lr
        kept = (
            f"; the checkpoint of step {self._saved_step} in {self._folder} is intact, resume from it"
            if self._saved_step
            else ""
        )
        return TrainingError(f"{what}; lower lr (it is {lr:g}, try {lr / 10:g}), or rescale the data{kept}")

    def _save(self, folder: Path, interrupted: bool) -> None:
        trainer = self._trainer
        weights = {MODEL + name: tensor for name, tensor in trainer.model.state_dict().items()}
        if trainer.step in self._wanted:
            snapshot = write_snapshot(folder, weights, step=trainer.step, seconds=self._seconds)
            self._snapshots[trainer.step] = snapshot  # the next manifest names it; until then it is a file too many
        write_checkpoint(
            folder,
            {**weights, **trainer.state()},
            step=trainer.step,
            seconds=self._seconds,
            interrupted=interrupted,
            snapshots=tuple(self._snapshots.values()),
            **self._facts,
        )
        self._saved_step = trainer.step

    def _restore(self, folder: Path) -> None:
        manifest = read_manifest(folder)
        _refuse_other(folder, manifest.model_dump(), self._facts)
        tensors, file = read_tensors(folder, manifest), folder / manifest.file
        load_weights(self._trainer.model, tensors, file)
        try:
            self._trainer.restore(tensors, manifest.step)
        except (KeyError, RuntimeError, TypeError) as error:
            raise CheckpointError(
                file, f"lacks the state of the optimiser ({error})", "Train again with another out="
            ) from error
        self._history = read_rows(folder, manifest.step)
        self._seconds, self._saved_step = manifest.seconds, manifest.step
        self._snapshots = {snapshot.step: snapshot for snapshot in manifest.snapshots}
        rewrite_rows(folder, self._history)


def facts_of(model: nn.Module, objective: Any, source: Source, settings: Facts) -> Facts:
    """Describe a run as its manifest does."""
    return {
        "model": getattr(model, "spec", None),
        "objective": objectives.spec(objective),
        "data": {"name": source.name, "n": source.n, "x_shape": list(source.x_shape)},
        "settings": settings,
        "versions": {"latentassay": __version__, "torch": str(torch.__version__)},
    }


def refuse_existing(folder: Path, resume: bool) -> None:
    """Refuse to write over a run unless it is to be resumed.

    Raises:
        CheckpointError: the folder holds one.
    """
    if not resume and (folder / MANIFEST).exists():
        raise CheckpointError(folder, "already holds a run", "Pass resume=True to go on with it, or another out=")


def _refuse_other(folder: Path, saved: Facts, wanted: Facts) -> None:
    if saved["objective"] is not None:  # options that came after it was written have their defaults
        saved = {**saved, "objective": objectives.complete(saved["objective"])}
    for name in ("model", "objective", "data", "settings"):
        if saved[name] != wanted[name]:
            raise CheckpointError(
                folder,
                f"holds a run whose {name} is {saved[name]}, now asked for {wanted[name]}",
                "Resume with what it began with, or choose another out=",
            )
