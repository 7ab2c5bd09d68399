"""Figures 7 and 12 of SA: which half of an autoencoder takes up what it has never seen, as a table and as figures."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from jaxtyping import Float
from torch import Tensor

from latentassay.data import FactorData
from latentassay.evaluation.extrapolation import ARMS, gap_shares
from latentassay.papers import pool
from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Table, over_seeds
from latentassay.papers.runs import Scores
from latentassay.papers.structure.arms import extrapolation
from latentassay.papers.structure.configurations import SCALES as TABLE_1_SCALES
from latentassay.papers.structure.configurations import draw_shapes
from latentassay.papers.structure.phases import (
    ERROR,
    KEPT,
    SCALES,
    SETTINGS,
    STDERR,
    PhaseConfiguration,
    is_measured,
    list_configurations,
    load_phases,
    measure_arms,
    measure_error,
    train,
)
from latentassay.papers.variants import by_variant
from latentassay.sampling import decode, encode

AT_ONCE = 4
"""Models that share a GPU, which waits for the host most of the time."""

CLOSED = {"encoder": "closed by encoder", "decoder": "closed by decoder"}
NOVEL = "held-out ÷ other, {arm}"
"""How much worse what was held out is reconstructed than the rest; training that helps all alike leaves it as it is."""

NOTES = (
    "MSE × 1000 of reconstructions from mean codes, per value, of unseen pictures with the values held out: the ball "
    "(shape 2), or the two most extreme orientations on either side (0, 1, 13, 14). All arms begin with the same "
    "weights and see the same batches; a part that is not updated keeps every bit.",
    "Closed by encoder, by decoder: (neither − this arm) / (neither − both), what updating that part alone closes of "
    "the gap that updating both closes; beside it the same of the paper's numbers.",
    "Held-out ÷ other: the error of pictures with the values held out over that of pictures without. Pictures of some "
    "values are easier than others, so what it comes down to when both are updated need not be 1; how far an arm "
    "brings it there does not depend on how much better more steps make everything.",
    "Other values: the same error of unseen pictures without the values held out; the paper has nothing beside it.",
    "Weights of regularisations are divided by the number of pixels that were averaged into one.",
    "The optimiser begins afresh in the second phase, in every arm; the paper does not say what it does.",
    "Intervals are 95 % by Student's t over seeds; one seed has none.",
)

SHOWN = 2
"""Pictures of each model and arm."""

TITLES = {"neither": "no update", "encoder": "encoder only", "decoder": "decoder only", "both": "both"}
"""Arm → what figures call it."""


def make_table(options: Options) -> Table:
    """Train every model without some values, go on with all of them in four ways, and measure (SA figures 7 and 12).

    On a GPU several models train at a time; auto is the cpu, a core for each model.
    """
    grid = list_configurations(options)
    _measure_missing(grid, options)
    return Table(
        title="Extrapolation: which part takes up new values (SA figures 7 and 12)",
        what="Autoencoders trained without some values of a factor of 3D Shapes, then on all values with the encoder, "
        "the decoder, both or neither updated: how well unseen pictures with those values are reconstructed.",
        scale=_describe_scale(grid),
        cells=tuple(_list_cells(grid)),
        notes=NOTES,
    )


def _measure_missing(grid: Sequence[PhaseConfiguration], options: Options) -> None:
    """Measure all arms of the models of which any is missing: a process for each model, since arms share a phase."""
    missing = [configuration for configuration in grid if not is_measured(configuration)]
    if missing:
        pooled = pick_scale(SCALES, options.scale).pooled
        draw_shapes(options.scale, options.folder, pooled)  # drawn once, before many processes ask for them
    device, processes = ("cpu", None) if options.device in ("auto", "cpu") else (options.device, AT_ONCE)
    models = list(dict.fromkeys(configuration._replace(arm="neither") for configuration in missing))
    pool.run_each(partial(measure_arms, device=device), models, "models", processes=processes)


def scores_by_arm(grid: Sequence[PhaseConfiguration], setting: str, model: str) -> dict[str, list[Scores]]:
    """Return arm → scores of every seed."""
    own = [one for one in grid if (one.setting, one.model) == (setting, model)]
    return {arm: [measure_error(one) for one in own if one.arm == arm] for arm in ARMS}


def _list_cells(grid: Sequence[PhaseConfiguration]) -> Iterator[Cell]:
    scale = grid[0].scale
    found = {(s, m): scores_by_arm(grid, s, m) for s, held_out in SETTINGS.items() for m in held_out.models}
    for (setting, model), arms in found.items():
        printed = dict(zip(ARMS, SETTINGS[setting].models[model], strict=True))
        yield from _list_errors(f"{model}, no {setting}", arms, printed, scale)
    for (setting, model), arms in found.items():
        for arm, scores in arms.items():
            yield over_seeds(f"{model}, no {setting}: other values", arm, _values(scores, KEPT), scale=scale)


def _list_errors(
    row: str, arms: Mapping[str, Sequence[Scores]], printed: Mapping[str, float], scale: str
) -> Iterator[Cell]:
    """Yield the errors of a model by arm, what each part closes, and how new what was held out still is."""
    for arm, scores in arms.items():
        yield over_seeds(row, arm, _values(scores, ERROR), scale=scale, paper=printed[arm])
    by_arm = [_values(scores, ERROR) for scores in arms.values()]
    shares = [gap_shares(dict(zip(arms, values, strict=True))) for values in zip(*by_arm, strict=True)]
    for part, column in CLOSED.items():
        ours = [share[part] for share in shares if part in share]
        yield over_seeds(row, column, ours, scale=scale, paper=round(gap_shares(printed)[part], 2))
    for arm, scores in arms.items():
        ratios = [found[ERROR] / found[KEPT] for found in scores]
        yield over_seeds(row, NOVEL.format(arm=arm), ratios, scale=scale)


def _values(scores: Sequence[Scores], name: str) -> list[float]:
    return [found[name] for found in scores]


def _describe_scale(grid: Sequence[PhaseConfiguration]) -> dict[str, str]:
    scale = grid[0].scale
    chosen, pictures = pick_scale(SCALES, scale), pick_scale(TABLE_1_SCALES, scale)
    side = 64 // chosen.pooled
    relative = max(found[STDERR] / found[ERROR] for found in map(measure_error, grid))
    seconds = sum(train(configuration).seconds for configuration in grid)
    return {
        "data": f"3D Shapes drawn anew at {side}×{side}, {chosen.rows:,} pictures to learn from",
        "network": f"{pictures.filters} channels, 12 latents",
        "training": f"{chosen.first:,} steps and then {chosen.second:,}, of {chosen.batch_size}, Adam {chosen.lr:g}",
        "seeds": ", ".join(str(seed) for seed in sorted({configuration.seed for configuration in grid})),
        "measured on": f"up to {chosen.tested:,} unseen pictures with the values held out, and as many others; "
        f"standard errors over pictures are at most {100 * relative:.1f} % of the value",
        "time": f"{len(grid)} models, {seconds / 60:.0f} minutes of training in all",
    }


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 7 and 12 from the runs in the folder; what is missing is trained first."""
    grid = list_configurations(options)
    return [picture for setting in SETTINGS for picture in _draw_setting(grid, setting)]


def _draw_setting(grid: Sequence[PhaseConfiguration], setting: str) -> list[Picture]:
    held_out = SETTINGS[setting]
    errors = {
        model: {TITLES[arm]: _values(scores, ERROR) for arm, scores in scores_by_arm(grid, setting, model).items()}
        for model in held_out.models
    }
    means = {model: {arm: float(np.mean(values)) for arm, values in arms.items()} for model, arms in errors.items()}
    first = [configuration for configuration in grid if (configuration.setting, configuration.seed) == (setting, 0)]
    x = choose_examples(load_phases(first[0]).held_out, held_out.factor)
    figure, words = held_out.figure, f"{held_out.factor} {', '.join(map(str, held_out.values))}"
    return [
        Picture(
            f"figure-{figure}",
            f"Reconstructions of {words}, held out at first (SA figure {figure})",
            f"Unseen pictures with values that the first phase did not see ({words}), and their reconstructions by "
            "what was updated in the second. Below each: MSE × 1000 over all such pictures.",
            extrapolation(x.numpy(), _reconstruct(first, x), numbers=means),
        ),
        Picture(
            f"figure-{figure}-errors",
            f"Errors on {words}, held out at first (SA figure {figure})",
            "MSE × 1000 on unseen pictures with the values held out, on a logarithmic axis, by what was updated.",
            by_variant(errors, "MSE × 1000", log=True, order=[TITLES[arm] for arm in ARMS]),
        ),
    ]


def _reconstruct(configurations: Sequence[PhaseConfiguration], x: Tensor) -> dict[str, dict[str, np.ndarray]]:
    """Return model → arm, as figures call it → reconstructions of ``x``."""
    rows: dict[str, dict[str, np.ndarray]] = {}
    for configuration in configurations:
        model = train(configuration).model
        reconstructions = decode(model, encode(model, x).mean).numpy()
        rows.setdefault(configuration.model, {})[TITLES[configuration.arm]] = reconstructions
    return rows


def choose_examples(data: FactorData, factor: str) -> Float[Tensor, "k c h w"]:
    """Return pictures ``(SHOWN, *x_shape)`` with the least and the greatest values there are, the rest at random."""
    order = np.random.default_rng(0).permutation(len(data))
    sorted_rows = order[np.argsort(data.factors[order, data.factor_names.index(factor)], kind="stable")]
    return data.batch(sorted_rows[np.linspace(0, len(data) - 1, SHOWN).round().astype(int)])


EXPERIMENT = Experiment(
    name="structure.extrapolation",
    summary="which half of an autoencoder takes up what it has never seen (SA figures 7 and 12)",
    costs={
        "smoke": "a few minutes",
        "laptop": "about 40 minutes on two cores",
        "gpu": "an estimated hour on a GPU",
        "paper": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
