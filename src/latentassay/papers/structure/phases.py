"""Models trained in two phases: values of a factor come in the second, which updates a part of them (SA A.3.3)."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS
from latentassay.evaluation.fidelity import squared_errors
from latentassay.papers.experiment import Options, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.runs import Scores, Settings, TrainingPlan, has_scores, measure_once, train_or_load
from latentassay.papers.structure.configurations import SCALES as TABLE_1_SCALES
from latentassay.papers.structure.configurations import draw_shapes, file_name, make_plan
from latentassay.training import Run
from latentassay.training.checkpoint import read_manifest
from latentassay.training.trainer import pick_device

ERROR = "MSE × 1000, held-out values"
"""Of reconstructions of unseen pictures with the values held out, mean over values."""

KEPT = "MSE × 1000, other values"
"""Likewise of unseen pictures without them."""

STDERR = "its standard error over rows"
"""Of ``ERROR``."""


class HeldOut(NamedTuple):
    """What the first phase never sees.

    Attributes:
        factor: of 3D Shapes.
        values: its codes that are held out.
        figure: of the paper.
        models: in the order of that figure's table, and what it prints: MSE × 1000 by arm.
    """

    factor: str
    values: tuple[int, ...]
    figure: int
    models: dict[str, tuple[float, float, float, float]]


SETTINGS = {
    "ball": HeldOut(
        "shape",
        (2,),
        7,
        {
            "SAE-12": (13.21, 7.7, 0.42, 0.34),
            "SAE-6": (13.35, 7.99, 0.52, 0.36),
            "VLAE-12": (18.37, 7.69, 1.55, 0.62),
            "VAE": (12.97, 8.78, 0.44, 0.46),
            "β-VAE": (15.49, 8.31, 1.35, 0.52),
            "AE": (11.81, 7.31, 0.38, 0.35),
            "WAE": (11.68, 7.87, 0.37, 0.35),
        },
    ),
    "camera": HeldOut(
        "orientation",
        (0, 1, 13, 14),
        12,
        {
            "SAE-12": (4.88, 2.65, 0.77, 0.43),
            "VLAE-12": (6.91, 3.83, 1.61, 0.77),
            "AdaAE-12": (4.8, 2.93, 0.59, 0.41),
            "AE": (4.98, 2.94, 0.62, 0.45),
            "WAE": (4.79, 3.07, 0.69, 0.44),
            "VAE": (5.17, 3.09, 1.01, 0.51),
            "β-VAE": (5.7, 3.97, 1.5, 0.82),
        },
    ),
}


class PhaseScale(NamedTuple):
    """How much is trained and measured; networks, and the pictures that are drawn, are those of table 1.

    Attributes:
        pooled: pixels are averaged over squares of this side.
        rows: pictures to learn from, of all values; the first phase sees those without the values held out.
        first: steps of the first phase.
        second: steps of the second.
        batch_size: pictures in a step.
        lr: of Adam.
        seeds: how many, from 0 on.
        tested: unseen pictures with the values held out, and as many with others.
    """

    pooled: int
    rows: int
    first: int
    second: int
    batch_size: int
    lr: float
    seeds: int
    tested: int


SCALES = {
    "smoke": PhaseScale(pooled=2, rows=400, first=8, second=4, batch_size=16, lr=2e-3, seeds=1, tested=32),
    "laptop": PhaseScale(pooled=4, rows=50_000, first=2400, second=600, batch_size=64, lr=1e-3, seeds=1, tested=2000),
    "gpu": PhaseScale(pooled=1, rows=70_000, first=4000, second=1000, batch_size=128, lr=5e-4, seeds=1, tested=4000),
    "paper": PhaseScale(
        pooled=1, rows=336_000, first=80_000, second=20_000, batch_size=128, lr=5e-4, seeds=1, tested=10_000
    ),
}
"""The laptop's pictures are a quarter as many pixels as those of table 1: what is new can only be told from what has
not been learnt yet once the rest has been, and that takes steps."""


class PhaseConfiguration(NamedTuple):
    """One model of one arm.

    Attributes:
        scale: how much is trained and measured.
        folder: where pictures and all runs are kept.
        setting: what is held out, a name in ``SETTINGS``.
        model: which architecture.
        seed: fixes weights, batches and noise.
        arm: what the second phase updates; nothing where it is ``"neither"``.
    """

    scale: str
    folder: Path
    setting: str
    model: str
    seed: int
    arm: str = "neither"

    @property
    def run_folder(self) -> Path:
        """The folder of its run; that of the first phase where nothing is updated."""
        arm = "" if self.arm == "neither" else f"-then-{self.arm}"
        name = f"no-{self.setting}-{file_name(self.model)}-seed{self.seed}{arm}"
        return run_folder(self.folder, self.scale, name)


def list_configurations(options: Options) -> list[PhaseConfiguration]:
    """Return the model of every setting, architecture, seed and arm, the first seed of all before the second of any.

    Raises:
        InputError: an unknown scale, or no seeds.
    """
    return [
        PhaseConfiguration(scale=options.scale, folder=options.folder, setting=setting, model=model, seed=seed, arm=arm)
        for seed in range(options.count_seeds(pick_scale(SCALES, options.scale).seeds))
        for setting, held_out in SETTINGS.items()
        for model in held_out.models
        for arm in ARMS
    ]


class PhaseData(NamedTuple):
    """Pictures of the two phases, and unseen ones with the values held out and without."""

    first: FactorData
    second: FactorData
    held_out: FactorData
    other: FactorData


@cache
def split_phases(scale: str, folder: Path, setting: str) -> PhaseData:
    """Return the same pictures for every model and seed."""
    chosen, (factor, values, *_) = pick_scale(SCALES, scale), SETTINGS[setting]
    splits = draw_shapes(scale, folder, chosen.pooled)
    train = _take_some(splits.train, chosen.rows)
    unseen = splits.test.holdout(factor, values)
    return PhaseData(
        train.holdout(factor, values).kept,
        train,
        _take_some(unseen.held_out, chosen.tested),
        _take_some(unseen.kept, chosen.tested),
    )


def load_phases(configuration: PhaseConfiguration) -> PhaseData:
    """Return the pictures of both phases of a model."""
    return split_phases(configuration.scale, configuration.folder, configuration.setting)


def _take_some(data: FactorData, rows: int) -> FactorData:
    return data.take(np.sort(np.random.default_rng(0).permutation(len(data))[:rows]))


def train_first(configuration: PhaseConfiguration, *, device: str = "cpu") -> Run:
    """Train the first phase of a model, all of it but without the values held out, or take it from its folder."""
    chosen, folder = pick_scale(SCALES, configuration.scale), configuration._replace(arm="neither").run_folder
    factor, values, *_ = SETTINGS[configuration.setting]
    plan = _make_plan(configuration, f"without {factor} {', '.join(map(str, values))}", chosen.first)
    return train_or_load(plan, folder, lambda: load_phases(configuration).first, device=device)


def train(configuration: PhaseConfiguration, *, device: str = "cpu") -> Run:
    """Train both phases of a model, or take from its folder what is done.

    The second phase begins with the first's weights and a fresh optimiser; a part that is not updated keeps every bit.
    """
    first = train_first(configuration, device=device)
    if configuration.arm == "neither" or first.path is None:
        return first
    plan = _make_plan(configuration, "all values", pick_scale(SCALES, configuration.scale).second).model_copy(
        update={"begins": read_manifest(first.path).sha256, "freeze": ARMS[configuration.arm]}
    )

    def load() -> FactorData:
        return load_phases(configuration).second

    return train_or_load(plan, configuration.run_folder, load, device=device, start=first.path)


def _make_plan(configuration: PhaseConfiguration, words: str, steps: int) -> TrainingPlan:
    """Return the plan of table 1 with the pictures and the length of a phase."""
    chosen, table_1 = pick_scale(SCALES, configuration.scale), pick_scale(TABLE_1_SCALES, configuration.scale)
    scale = table_1._replace(pooled=chosen.pooled, steps=steps, batch_size=chosen.batch_size, lr=chosen.lr)
    data = f"shapes3d, {chosen.rows} of {scale.rows} rows, pooled {scale.pooled}, {words}"
    plan = make_plan(configuration.model, scale, seed=configuration.seed)
    return plan.model_copy(update={"data": data})


def is_measured(configuration: PhaseConfiguration) -> bool:
    """Whether the folder of a model holds what ``measure_error`` leaves there."""
    return has_scores(configuration.run_folder, ("extrapolation",))


def measure_error(configuration: PhaseConfiguration, *, device: str = "cpu") -> Scores:
    """Train a model and return the error of its reconstructions of unseen pictures, or what was found before."""
    run = train(configuration, device=device)

    def measure() -> Scores:
        data, model = load_phases(configuration), run.model.to(pick_device(device))
        new, old = (1000 * squared_errors(model, rows) for rows in (data.held_out, data.other))
        return {ERROR: float(new.mean()), KEPT: float(old.mean()), STDERR: float(new.std()) / len(new) ** 0.5}

    settings: Settings = {"tested": pick_scale(SCALES, configuration.scale).tested}
    return measure_once(run.path, "extrapolation", settings, measure)


def measure_arms(configuration: PhaseConfiguration, *, device: str = "cpu") -> None:
    """Measure all arms of a model, whichever the configuration is of."""
    for arm in ARMS:
        measure_error(configuration._replace(arm=arm), device=device)
