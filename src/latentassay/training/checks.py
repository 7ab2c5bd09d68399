"""Checks of the options of training, before it begins."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentassay.core.checks import check_seed
from latentassay.core.errors import CheckpointError, InputError
from latentassay.core.locks import sole_writer
from latentassay.training.run_state import refuse_existing

SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600}
"""Of the units of time."""


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


def check_interval(every: Any) -> tuple[int | None, float | None]:
    """Read how often a checkpoint is written: every so many steps, or every so many seconds.

    Raises:
        InputError: neither a positive whole number nor a time.

    >>> check_interval(500), check_interval("500"), check_interval("10min"), check_interval("1.5h")
    ((500, None), (500, None), (None, 600.0), (None, 5400.0))
    """
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(s|min|m|h)\s*", every) if isinstance(every, str) else None
    if found and float(found[1]):
        return None, float(found[1]) * SECONDS[found[2]]
    steps = int(every) if isinstance(every, str) and every.strip().isdecimal() else every
    if isinstance(steps, bool) or not isinstance(steps, int) or steps < 1:
        raise InputError(
            f"checkpoint_every must be a number of steps such as 500, or a time such as '10min', got {every!r}"
        )
    return steps, None


@contextmanager
def hold_folder(folder: Path | None, resume: bool) -> Iterator[None]:
    """Keep others from writing a run into a folder, if it is kept.

    Raises:
        CheckpointError: another process writes there; or has finished a run there, that is not to be resumed.
    """
    if folder is None:
        yield
        return
    with sole_writer(folder, "Wait for it or end it, or choose another out=.", CheckpointError):
        refuse_existing(folder, resume)
        yield


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
