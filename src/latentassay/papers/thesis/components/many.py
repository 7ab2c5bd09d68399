"""The models of chapter 3 trained side by side, where there is a GPU."""

from collections.abc import Sequence
from typing import Any

from latentassay import objectives
from latentassay.core.storage import write_whole
from latentassay.data import FactorData
from latentassay.papers.runs import PLAN, Plan, built
from latentassay.papers.thesis.components.runs import SQUARES, Cell, parts, plan_of
from latentassay.training.checkpoint import MANIFEST, read_manifest
from latentassay.training.many import Watch, fit_many
from latentassay.training.vmap_trainer import Training

LOG_EVERY = 500
"""Steps between rows of the logs, as often as the thesis looks whether training is polarized."""

DOTS = {"Synth. Lin.", "Synth. Non-Lin.", *SQUARES.values()}
"""Data that are fitted to the last digits, which TF32 does not have."""


def train_all(
    cells: Sequence[Cell], *, device: Any, seconds: float | None = None, graph: bool = True, watch: Watch | None = None
) -> None:
    """Train the models of cells that nothing is there of, all at once; what was begun by other means is left alone.

    A training that is not done after ``seconds`` is kept as it stands, and its plan says with how many steps.

    Args:
        cells: what to train.
        device: as ``fit_many`` takes it, and so are ``seconds``, ``graph`` and ``watch``.
        seconds: when to end.
        graph: whether to use CUDA graphs.
        watch: whom to tell.

    Raises:
        TrainingError: some became NaN or infinite; the others are kept.
        KeyboardInterrupt: Ctrl-C came; trainings that were done are kept.
    """
    waiting = [cell for cell in cells if not (cell.home / MANIFEST).exists()]
    if not waiting:
        return
    plans, data = [plan_of(cell) for cell in waiting], dict[Cell, FactorData]()
    trainings = [_training(cell, plan, data) for cell, plan in zip(waiting, plans, strict=True)]
    for cell, plan in zip(waiting, plans, strict=True):
        _write(cell, plan)
    try:
        fit_many(trainings, device=device, log_every=LOG_EVERY, seconds=seconds, graph=graph, watch=watch)
    finally:
        cut = [_settle(cell, plan, kept=seconds is not None) for cell, plan in zip(waiting, plans, strict=True)]
    if any(cut) and seconds is None:
        raise KeyboardInterrupt


def _settle(cell: Cell, plan: Plan, *, kept: bool) -> bool:
    """Whether a training was cut short: its plan says so then, or it goes, since nothing can go on with it."""
    if not (cell.home / MANIFEST).exists() or not (manifest := read_manifest(cell.home)).interrupted:
        return False
    if kept:
        _write(cell, plan.model_copy(update={"steps": manifest.step}))
    else:
        (cell.home / MANIFEST).unlink()
    return True


def _training(cell: Cell, plan: Plan, data: dict[Cell, FactorData]) -> Training:
    """Tell a training; cells that learn from the same rows share them."""
    same = cell._replace(variant="", beta=0.0, latents=0)
    if same not in data:
        data[same] = parts(cell).train
    learnt = data[same]
    return Training(
        built(plan, learnt.x_shape),
        objectives.build(**(plan.trains or {})),
        learnt,
        plan.steps,
        plan.batch_size,
        plan.lr,
        plan.seed,
        "float32" if cell.data in DOTS else "tf32",
        cell.home,
        plan.snapshots,
    )


def _write(cell: Cell, plan: Plan) -> None:
    cell.home.mkdir(parents=True, exist_ok=True)
    write_whole(cell.home / PLAN, plan.model_dump_json(indent=1).encode())
