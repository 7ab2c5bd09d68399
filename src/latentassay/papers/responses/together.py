"""Many β-VAEs trained and measured beside one another: a process for each on CPUs, or all in one step on a GPU."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from latentassay.core.storage import write_whole
from latentassay.data import FactorData
from latentassay.papers import pool
from latentassay.papers.experiment import Options
from latentassay.papers.responses.beta_vaes import BetaVAE, BetaVAEs
from latentassay.papers.runs import PLAN, Scores, build_model
from latentassay.training.checkpoint import MANIFEST
from latentassay.training.many import fit_many
from latentassay.training.vmap_trainer import Training

LOG_EVERY = 500
"""Steps between rows of the histories."""

Measure = Callable[[BetaVAEs, BetaVAE], Scores]
"""Trains a model, where that is not done, and leaves its scores in its folder; a function of a module."""


class Job(NamedTuple):
    """What a process is told to do.

    Attributes:
        options: as the experiment has them.
        model: which one.
        measure: what is measured of it.
    """

    options: Options
    model: BetaVAE
    measure: Measure


def measure_together(vaes: BetaVAEs, measure: Measure, models: Sequence[BetaVAE]) -> None:
    """Train models beside one another as the scale says, and measure them where each has a process.

    What is done is not done again. On another device than the CPU no processes are started.

    Args:
        vaes: the scale and its folder.
        measure: what is measured.
        models: which, each with its seed.

    Raises:
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    if vaes.scale.together == "one step":
        train_side_by_side(vaes, models)
    elif vaes.scale.together == "processes" and vaes.options.device in ("auto", "cpu"):
        options = vaes.options._replace(device="cpu", data=dict(vaes.options.data))  # which another process can read
        pool.run_each(run_job, [Job(options, model, measure) for model in models], "models")


def run_job(job: Job) -> None:
    """Train and measure one model; everything is left in its folder."""
    job.measure(BetaVAEs(job.options), job.model)


def train_side_by_side(vaes: BetaVAEs, models: Sequence[BetaVAE]) -> None:
    """Train the models that nothing is there of, those of one architecture in one step.

    Raises:
        TrainingError: some became NaN or infinite; the others are kept.
        KeyboardInterrupt: Ctrl-C came before all were done; those that were are kept, and none can go on.
    """
    waiting = [model for model in models if not (vaes.folder(model) / MANIFEST).exists()]
    if not waiting:
        return
    rows: dict[tuple[str, int], FactorData] = {}
    trainings = [_make_training(vaes, model, rows) for model in waiting]
    for model in waiting:
        write_whole(vaes.folder(model) / PLAN, vaes.plan(model).model_dump_json(indent=1).encode())
    runs = fit_many(trainings, device=vaes.options.device, log_every=LOG_EVERY)
    cut = [model for model, run in zip(waiting, runs, strict=True) if run.interrupted]
    for model in cut:
        (vaes.folder(model) / MANIFEST).unlink()
    if cut:
        raise KeyboardInterrupt


def _make_training(vaes: BetaVAEs, model: BetaVAE, rows: dict[tuple[str, int], FactorData]) -> Training:
    """Say how a model is trained; models that learn from the same rows share them."""
    plan, key = vaes.plan(model), (model.data_set, model.seed)
    if key not in rows:
        rows[key] = vaes.training_rows(model)
    folder = vaes.folder(model)
    folder.mkdir(parents=True, exist_ok=True)
    return Training(
        model=build_model(plan, rows[key].x_shape),
        objective=plan.objective,
        data=rows[key],
        steps=plan.steps,
        batch_size=plan.batch_size,
        lr=plan.lr,
        seed=plan.seed,
        precision="tf32",
        out=folder,
    )
