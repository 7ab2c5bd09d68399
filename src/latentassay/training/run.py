"""Runs: a trained model and its history, in memory and in a folder."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from torch import Tensor, nn

from latentassay import models
from latentassay.core.errors import CheckpointError, InputError
from latentassay.core.networks import check_network
from latentassay.training.checkpoint import FIX, read_manifest, read_tensors
from latentassay.training.log import Row, read_rows

MODEL = "model/"
"""Prefix of the model's tensors in a checkpoint."""


@final
@dataclass(frozen=True)
class Run:
    """A trained model, its history and its folder.

    Attributes:
        model: the model, on the device it was trained on.
        path: the run's folder, or ``None`` if it was not kept.
        step: optimiser steps done.
        history: one row per logged step: ``step``, ``loss``, its parts, ``images_per_second``, and the same for
            held-out data as ``validation_loss`` … where they were given.
        seconds: time spent training.
        images_per_second: mean throughput.
        interrupted: whether Ctrl-C ended it before its last step.
        snapshots: steps whose weights were kept, for ``load_run(run.path, step=…)``.
    """

    model: Any
    path: Path | None
    step: int
    history: tuple[Row, ...]
    seconds: float
    images_per_second: float
    interrupted: bool
    snapshots: tuple[int, ...] = ()


def load_run(path: str | Path, *, step: int | None = None, model: nn.Module | None = None) -> Run:
    """Load the run that ``fit`` left in a folder, its model in evaluation mode on the CPU.

    Args:
        path: the folder given to ``fit`` as ``out``.
        step: one of the steps given to ``fit`` as ``snapshots``: the run as it stood then; the last checkpoint where
            left out.
        model: a module of the same architecture, for runs whose model ``models.build`` did not make.

    Raises:
        CheckpointError: a file is missing, truncated, altered, of another kind, or does not fit the model; or no
            weights of ``step`` were kept.
    """
    folder = Path(path)
    manifest = read_manifest(folder)
    kept = {snapshot.step: snapshot for snapshot in manifest.snapshots}
    file = manifest if step in (None, manifest.step) else kept.get(step)
    if file is None:
        steps = ", ".join(map(str, sorted({*kept, manifest.step})))
        raise CheckpointError(folder, f"kept no weights of step {step}, only of {steps}", "Ask fit for snapshots=…")
    tensors = read_tensors(folder, file)
    if model is None:
        model = _rebuild(folder, manifest.model, sum(map(Tensor.numel, tensors.values())))
    load_weights(model, tensors, folder / file.file)
    images = file.step * manifest.settings.batch_size
    return Run(
        model=model.eval(),
        path=folder,
        step=file.step,
        history=tuple(read_rows(folder, file.step)),
        seconds=file.seconds,
        images_per_second=images / file.seconds if file.seconds else 0.0,
        interrupted=manifest.interrupted and file is manifest,
        snapshots=tuple(sorted(kept)),
    )


def load_weights(model: nn.Module, tensors: dict[str, Tensor], file: Path) -> None:
    """Copy a checkpoint's weights into a model.

    Raises:
        CheckpointError: weights are missing, too many, or of another shape or type.
    """
    own = model.state_dict()
    saved = {name.removeprefix(MODEL): tensor for name, tensor in tensors.items() if name.startswith(MODEL)}
    if odd := sorted(own.keys() ^ saved.keys()):
        raise CheckpointError(file, f"and the model differ in {len(odd)} weights (first: {odd[0]})", _OTHER)
    for name, tensor in saved.items():
        if tensor.shape != own[name].shape or tensor.dtype != own[name].dtype:
            cause = (
                f"holds {name} as {tensor.dtype} {tuple(tensor.shape)}, "
                f"the model has {own[name].dtype} {tuple(own[name].shape)}"
            )
            raise CheckpointError(file, cause, _OTHER)
    model.load_state_dict(saved)


_OTHER = "Load it into a model of the architecture it was trained with"


def _rebuild(folder: Path, spec: dict[str, Any] | None, most: int) -> nn.Module:
    if spec is None:
        raise CheckpointError(folder, "holds a model that models.build did not make", "Pass it as load_run(…, model=…)")
    try:
        if not isinstance(spec.get("name"), str) or "x_shape" not in spec:
            raise InputError("it lacks a name or an x_shape")
        check_network(lambda: models.build(**spec), most)
        return models.build(**spec)
    except (InputError, RuntimeError) as error:  # torch refuses sizes that no memory holds by a RuntimeError
        raise CheckpointError(folder, f"describes a model that cannot be built ({error})", FIX) from error
