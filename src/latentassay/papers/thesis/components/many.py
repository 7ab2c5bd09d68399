"""The models of chapter 3 trained side by side, where there is a GPU."""

from collections.abc import Sequence
from typing import Any

from latentassay import objectives
from latentassay.core.storage import write_whole
from latentassay.data import FactorData
from latentassay.papers.runs import PLAN, TrainingPlan, build_model
from latentassay.papers.thesis.components.configurations import ComponentsConfiguration, make_plan, split
from latentassay.papers.thesis.components.tasks import SQUARES
from latentassay.training.checkpoint import MANIFEST, read_manifest
from latentassay.training.many import Watch, fit_many
from latentassay.training.vmap_trainer import Training

LOG_EVERY = 500
"""Steps between rows of the logs, as often as the thesis looks whether training is polarized."""

DOTS = {"Synth. Lin.", "Synth. Non-Lin.", *SQUARES.values()}
"""Data that are fitted to the last digits, which TF32 does not have."""


def train_side_by_side(
    configurations: Sequence[ComponentsConfiguration],
    *,
    device: Any,
    seconds: float | None = None,
    graph: bool = True,
    watch: Watch | None = None,
) -> None:
    """Train the models that nothing is there of, all at once; what was begun by other means is left alone.

    A training that is not done after ``seconds`` is kept as it stands, and its plan says with how many steps.

    Args:
        configurations: what to train.
        device: as ``fit_many`` takes it, and so are ``seconds``, ``graph`` and ``watch``.
        seconds: when to end.
        graph: whether to use CUDA graphs.
        watch: called with the steps done.

    Raises:
        TrainingError: some became NaN or infinite; the others are kept.
        KeyboardInterrupt: Ctrl-C came; trainings that were done are kept.
    """
    waiting = [one for one in configurations if not (one.run_folder / MANIFEST).exists()]
    if not waiting:
        return
    plans, data = [make_plan(one) for one in waiting], dict[ComponentsConfiguration, FactorData]()
    trainings = [_make_training(one, plan, data) for one, plan in zip(waiting, plans, strict=True)]
    for one, plan in zip(waiting, plans, strict=True):
        _write_plan(one, plan)
    try:
        fit_many(trainings, device=device, log_every=LOG_EVERY, seconds=seconds, graph=graph, watch=watch)
    finally:
        cut = [_settle(one, plan, keep=seconds is not None) for one, plan in zip(waiting, plans, strict=True)]
    if any(cut) and seconds is None:
        raise KeyboardInterrupt


def _settle(configuration: ComponentsConfiguration, plan: TrainingPlan, *, keep: bool) -> bool:
    """Return whether a training was cut short; if so, its plan says so, or it goes, since nothing can go on with it."""
    folder = configuration.run_folder
    manifest = read_manifest(folder) if (folder / MANIFEST).exists() else None
    if manifest is None or not manifest.interrupted:
        return False
    if keep:
        _write_plan(configuration, plan.model_copy(update={"steps": manifest.step}))
    else:
        (folder / MANIFEST).unlink()
    return True


def _make_training(
    configuration: ComponentsConfiguration, plan: TrainingPlan, data: dict[ComponentsConfiguration, FactorData]
) -> Training:
    """Say how a model is trained; models that learn from the same rows share them."""
    same = configuration._replace(variant="", beta=0.0, latents=0)
    if same not in data:
        data[same] = split(configuration).train
    learnt = data[same]
    return Training(
        model=build_model(plan, learnt.x_shape),
        objective=objectives.build(**(plan.trains or {})),
        data=learnt,
        steps=plan.steps,
        batch_size=plan.batch_size,
        lr=plan.lr,
        seed=plan.seed,
        precision="float32" if configuration.data in DOTS else "tf32",
        out=configuration.run_folder,
        snapshots=plan.snapshots,
    )


def _write_plan(configuration: ComponentsConfiguration, plan: TrainingPlan) -> None:
    configuration.run_folder.mkdir(parents=True, exist_ok=True)
    write_whole(configuration.run_folder / PLAN, plan.model_dump_json(indent=1).encode())
