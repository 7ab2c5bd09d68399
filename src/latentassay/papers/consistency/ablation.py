"""Which choice behind the penalty of invariance matters? Each of the authors' alone, all of them, and none (IC A.2)."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from latentassay import objectives
from latentassay.core.randomness import as_generator
from latentassay.data import load
from latentassay.nn.xblock import AUTHORS as GATES
from latentassay.objectives.consistency import AUTHORS
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import OBSERVED, SEEDS
from latentassay.papers.digits import TrainTest, grey_digits
from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.grids import group_by, measure_missing, run_folder
from latentassay.papers.results import Cell, Table, row_over_seeds, share_of_seeds
from latentassay.papers.runs import Scores, Settings, TrainingPlan, has_scores, measure_once, train_or_load
from latentassay.responses import invariance, self_consistency
from latentassay.sampling import decode, draw, encode
from latentassay.training import Run

WEIGHT = 4.0
"""λ, as in the paper."""

DOUBLED = {**OBSERVED, "std": 0.5**0.5}
"""Squared errors summed without the ½ of a normal density of variance 1."""


class Setting(NamedTuple):
    """How a model is trained.

    Attributes:
        words: what distinguishes it, in a few words.
        options: of the penalty, where they are not those of the form as printed; no penalty where ``None``.
        ramped: λ rises over the first tenth of the steps.
        doubled: squared errors are summed without ½.
        gates: options of the causal block.
        beta: weight of the KL of a VAE; an AE where ``None``.
        warm: β rises over the first tenth of the steps.
    """

    words: str
    options: Mapping[str, Any] | None = MappingProxyType({})
    ramped: bool = False
    doubled: bool = False
    gates: Mapping[str, Any] = MappingProxyType({})
    beta: float | None = None
    warm: bool = False


_ALL = Setting("all of the authors’", AUTHORS, ramped=True, doubled=True, gates=GATES)
SETTINGS = {
    "without": Setting("no penalty", None),
    "printed": Setting("as printed"),
    "norm": Setting("norms", {"distance": "norm"}),
    "detached": Setting("base response given", {"detach": True}),
    "posterior": Setting("codes as base latents", {"latents": "posterior"}),
    "many": Setting("all units × 10 values × 10 rows", {"units_per_step": None, "values": 10, "rows": 10}),
    "ramped": Setting("λ ramped", ramped=True),
    "updated": Setting("hybrids in running statistics", {"statistics": "updated"}),
    "running": Setting("hybrids by running statistics", {"statistics": "running"}),
    "separate": Setting("separate passes", {"joint": False}),
    "doubled": Setting("squared error without ½", doubled=True),
    "gates": Setting("authors’ gates", gates=GATES),
    "authors": _ALL,
    "authors-running": _ALL._replace(
        words="all of the authors’, but by running statistics", options={**AUTHORS, "statistics": "running"}
    ),
    "vae-without": Setting("VAE, β = 1, no penalty", None, beta=1.0),
    "vae-printed": Setting("VAE, β = 1, as printed", beta=1.0),
    "vae-warm": Setting("VAE, β = 4 ramped, no penalty", None, beta=4.0, warm=True),
    "vae-authors": _ALL._replace(
        words="VAE, β = 4 ramped, all of the authors’", options={**AUTHORS, "latents": "prior"}, beta=4.0, warm=True
    ),
}
"""Each of the authors' choices alone beside the form as printed, and all of them."""


class Part(NamedTuple):
    """Data and network of one half of the table.

    Attributes:
        words: what they are, behind the names of rows.
        model: what the models' names end in.
        networks: options of ``models.build``.
        side: of the pictures.
    """

    words: str
    model: str
    networks: Mapping[str, Any]
    side: int


PARTS = {
    "digits": Part("8×8 digits", "mlp", {"hidden": [64]}, 8),
    "mnist": Part("16×16 MNIST", "s", {}, 16),
}


class AblationScale(NamedTuple):
    """How much is trained and measured: steps by part, seeds, settings, and rows and values that scores rest on."""

    steps: Mapping[str, int]
    seeds: int
    settings: tuple[str, ...]
    rows: int
    values: int


_LAPTOP = AblationScale({"digits": 2000, "mnist": 1000}, 5, tuple(SETTINGS), 200, 10)
SCALES = {
    "smoke": AblationScale({"digits": 30}, 1, ("without", "printed", "authors", "vae-authors"), 40, 2),
    "digits": _LAPTOP._replace(steps={"digits": 2000}),
    "laptop": _LAPTOP,
    "paper": _LAPTOP._replace(steps={"digits": 100_000, "mnist": 100_000}, rows=1000, values=20),
}

ALL_DEAD = "seeds whose units are all collapsed"
"""What the trivial solution looks like: nothing that is done to a latent comes back."""

COLUMNS = (
    scores.ERROR,
    scores.INV,
    f"{scores.INV}, {scores.AUTHORS}",
    f"SCN, hybrid, {scores.AUTHORS}",
    scores.COLLAPSED,
)
NOTES = (
    "Each row changes one choice of the form as printed (objectives.Invariance with its defaults, λ = 4): to norms "
    "instead of squares, to a base response that is taken as given, and so on; the last rows change all at once. What "
    "the authors' public code does is a choice of theirs that the text leaves open or says otherwise.",
    "INV: mean over pairs of units that are not collapsed, scale-free; empty where fewer than two are left. In the "
    "authors' average: distances, all pairs off the diagonal, collapsed units among them. SCN: of hybrids, clamped.",
    "The trivial solution is a model that responds to nothing: its collapsed units make INV perfect in the authors' "
    "average. A unit is collapsed if less than an eighth of the variance of an intervention comes back.",
    "Errors are of held-out digits, posterior means; without ½ the same λ weighs half as much beside them.",
    "8×8 digits: xae-mlp of one hidden layer of 64, which has no batch normalisation, so that its rows about "
    "statistics equal the form as printed. 16×16 MNIST: xae-s. Both 6 latents, Adam 0.002 along half a cosine, batches "
    "of 64.",
    "Intervals are 95 % by Student's t over seeds.",
)


class AblationConfiguration(NamedTuple):
    """One model: how much is trained, where runs and MNIST's files are, which data, which setting, which seed."""

    scale: str
    folder: Path
    files: Path | None
    part: str
    setting: str
    seed: int

    @property
    def run_folder(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder, self.scale, f"ablation-{self.part}-{self.setting}-seed{self.seed}")

    @property
    def row(self) -> str:
        """Name of its row."""
        return f"{SETTINGS[self.setting].words} · {PARTS[self.part].words}"

    def plan(self) -> TrainingPlan:
        """Return what it is trained with."""
        setting, part = SETTINGS[self.setting], PARTS[self.part]
        steps = SCALES[self.scale].steps[self.part]
        gates = {key: list(value) if isinstance(value, tuple) else value for key, value in setting.gates.items()}
        return TrainingPlan(
            data=f"{self.part} {part.side}",
            model=f"{'xae' if setting.beta is None else 'xvae'}-{part.model}",
            networks={**part.networks, "gates": gates},
            latents=6,
            likelihood=DOUBLED if setting.doubled else OBSERVED,
            trains=objectives.spec(_objective(setting, max(1, steps // 10))),
            steps=steps,
            batch_size=64,
            lr=2e-3,
            schedule="cosine",
            seed=self.seed,
        )


def _objective(setting: Setting, over: int) -> Any:
    base: Any = objectives.AE() if setting.beta is None else objectives.BetaVAE(setting.beta)
    base = objectives.Ramped(base, over, "beta") if setting.warm else base
    if setting.options is None:
        return base
    penalised = objectives.Invariance(base, WEIGHT, **setting.options)
    return objectives.Ramped(penalised, over) if setting.ramped else penalised


def list_configurations(options: Options) -> list[AblationConfiguration]:
    """Return all models, those of a part together, the first seed of all settings before the second of any."""
    scale = pick_scale(SCALES, options.scale)
    return [
        AblationConfiguration(
            scale=options.scale,
            folder=options.folder,
            files=options.folder_of("mnist"),
            part=part,
            setting=setting,
            seed=seed,
        )
        for part in scale.steps
        for seed in SEEDS[: options.count_seeds(scale.seeds)]
        for setting in scale.settings
    ]


def make_table(options: Options) -> Table:
    """Train every setting, a process for each model, and measure it; what is done is not done again."""
    options.require_cpu()
    grid, scale = list_configurations(options), pick_scale(SCALES, options.scale)
    measure_missing(measure, is_measured, grid)
    return Table(
        title="What the penalty of invariance needs (IC algorithm 1, and its authors’ code)",
        what="Autoencoders with a causal block, trained with the penalty as printed, with each of the authors' choices "
        "alone, and with all of them: whether INV rises, what becomes of the reconstruction, and how many units are "
        "left that answer.",
        scale={
            "scale": options.scale,
            "seeds": ", ".join(map(str, sorted({one.seed for one in grid}))),
            "training": ", ".join(f"{PARTS[part].words}: {steps:,} steps" for part, steps in scale.steps.items()),
            "measured on": f"{scale.rows} held-out rows × {scale.values} values",
        },
        cells=tuple(_list_cells(grid)),
        notes=NOTES,
    )


def _list_cells(grid: Sequence[AblationConfiguration]) -> Iterator[Cell]:
    for row, own in group_by(grid, lambda one: one.row).items():
        found = [measure(one) for one in own]
        yield from row_over_seeds(row, COLUMNS, found, scale=own[0].scale, skip_empty=True)
        dead = [each[scores.COLLAPSED] == 6 for each in found]
        yield share_of_seeds(row, ALL_DEAD, dead, scale=own[0].scale)


def train(configuration: AblationConfiguration) -> Run:
    """Train a model, or take it from its folder."""
    return train_or_load(
        configuration.plan(), configuration.run_folder, lambda: load_part(configuration).train, device="cpu"
    )


def load_part(configuration: AblationConfiguration) -> TrainTest:
    """Return the digits that a model learns from and is tested on."""
    if configuration.part == "digits":
        return grey_digits("digits", None)
    return _small_mnist(PARTS["mnist"].side, configuration.files)


@cache
def _small_mnist(side: int, folder: Path | None) -> TrainTest:
    options: dict[str, Any] = {"size": side} if folder is None else {"size": side, "folder": folder}
    return TrainTest(load("mnist", train=True, **options), load("mnist", train=False, **options))


def is_measured(configuration: AblationConfiguration) -> bool:
    """Whether the folder of a model holds its scores."""
    return has_scores(configuration.run_folder, ("ablation",))


def measure(configuration: AblationConfiguration) -> Scores:
    """Train a model and return its scores, which are kept in its folder."""
    run, scale = train(configuration), SCALES[configuration.scale]

    def ask() -> Scores:
        test, model = load_part(configuration).test, run.model
        posterior, hybrids = (
            draw(model, test, scale.rows, how=how, generator=as_generator(configuration.seed))
            for how in ("posterior", "hybrid")
        )
        found = invariance(model, posterior, values=scale.values, generator=1)
        averaged = invariance(model, posterior, values=scale.values, generator=1, scale="paper", entries="off-diagonal")
        own = self_consistency(model, hybrids, scale="paper", clamp=(0, 1))
        x = test.batch(range(scale.rows))
        error = float((decode(model, encode(model, x).mean) - x).square().mean())
        measured = {
            scores.ERROR: 1000 * error,
            f"{scores.INV}, {scores.AUTHORS}": averaged.score_all,
            f"SCN, hybrid, {scores.AUTHORS}": own.score_all,
            scores.COLLAPSED: float(len(found.collapsed)),
        }
        return measured if found.score is None else {**measured, scores.INV: found.score}

    settings: Settings = {"rows": scale.rows, "values": scale.values}
    return measure_once(run.path, "ablation", settings, ask)


EXPERIMENT = Experiment(
    name="consistency.ablation",
    summary="which of the authors’ choices lets invariance rise without collapse? (IC algorithm 1)",
    files="MNIST at scales laptop and paper",
    data_sets=("mnist",),
    costs={
        "smoke": "half a minute",
        "digits": "about ten minutes on two cores",
        "laptop": "about an hour on two cores",
        "paper": LONG,
    },
    make=make_table,
)
