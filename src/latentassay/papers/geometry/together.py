"""The VAEs of GEO trained side by side, where there is a GPU: all models of a seed at once."""

from collections.abc import Sequence
from typing import Any

from latentassay.core.storage import write_whole
from latentassay.papers.geometry.configurations import DigitsConfiguration, load_digits, make_plan
from latentassay.papers.grids import group_by
from latentassay.papers.runs import PLAN, build_model
from latentassay.training import fit_many
from latentassay.training.checkpoint import MANIFEST, read_manifest
from latentassay.training.vmap_trainer import Training

LOG_EVERY = 500
"""Steps between rows of the logs."""


def train_side_by_side(grid: Sequence[DigitsConfiguration], device: Any) -> None:
    """Train what has not begun, all orders and sizes of one seed at once; what is done is not done again.

    Args:
        grid: the models.
        device: as ``fit_many`` takes it.

    Raises:
        TrainingError: some became NaN or infinite; the others are kept.
        KeyboardInterrupt: Ctrl-C came; models that were done are kept, others begin anew.
    """
    waiting = [one for one in grid if not (one.run_folder / MANIFEST).exists()]
    for own in group_by(waiting, lambda one: one.seed).values():
        trainings = [_make_training(one) for one in own]
        try:
            runs = fit_many(trainings, device=device, log_every=LOG_EVERY)
        finally:
            cut = [one for one in own if _drop_unfinished(one)]
        if cut or any(run.interrupted for run in runs):
            raise KeyboardInterrupt


def _make_training(configuration: DigitsConfiguration) -> Training:
    plan, data = make_plan(configuration), load_digits(configuration).train
    configuration.run_folder.mkdir(parents=True, exist_ok=True)
    write_whole(configuration.run_folder / PLAN, plan.model_dump_json(indent=1).encode())
    return Training(
        model=build_model(plan, data.x_shape),
        objective=plan.objective,
        data=data,
        steps=plan.steps,
        batch_size=plan.batch_size,
        lr=plan.lr,
        seed=plan.seed,
        out=configuration.run_folder,
        snapshots=plan.snapshots,
    )


def _drop_unfinished(configuration: DigitsConfiguration) -> bool:
    """Take the manifest of a run that was cut short, since nothing can go on with it; return whether there was one."""
    manifest = configuration.run_folder / MANIFEST
    if not manifest.exists() or not read_manifest(configuration.run_folder).interrupted:
        return False
    manifest.unlink()
    return True
