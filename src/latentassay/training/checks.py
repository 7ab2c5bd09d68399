"""Checks of the options of training, before it begins."""

from pathlib import Path
from typing import Any

from latentassay.core.checks import check_seed
from latentassay.core.errors import CheckpointError, InputError
from latentassay.training.run_state import refuse_existing


def check_snapshots(snapshots: Any, steps: int, out: Any) -> None:
    """Refuse steps that are not taken, or that could not be kept."""
    if wrong := [step for step in snapshots if isinstance(step, bool) or step not in range(1, steps + 1)]:
        raise InputError(f"snapshots must be steps from 1 to {steps}, got {wrong[0]!r}")
    if len(snapshots) and out is None:
        raise InputError("snapshots need out=, the folder to keep them in")


def check_options(lr: Any, seed: Any, precision: Any) -> None:
    """Refuse a learning rate, seed or precision that nothing can be trained with."""
    if not callable(lr) and (not isinstance(lr, int | float) or not 0 < lr < float("inf")):
        raise InputError(f"lr must be a positive number such as 1e-3, or a function of the step, got {lr!r}")
    check_seed(seed)
    if precision not in ("float32", "bf16"):
        raise InputError(f"precision must be 'float32' or 'bf16', got {precision!r}")


def open_folder(out: str | Path | None, resume: bool) -> Path | None:
    """Make the folder of a run, if it is kept.

    Raises:
        InputError: there is none to resume from.
        CheckpointError: it holds a run that is not to be resumed, or cannot be made.
    """
    if out is None:
        if resume:
            raise InputError("resume=True needs out=, the folder of the run to go on with")
        return None
    folder = Path(out)
    refuse_existing(folder, resume)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CheckpointError(folder, f"cannot be made ({error})", "Choose another out=") from error
    return folder
