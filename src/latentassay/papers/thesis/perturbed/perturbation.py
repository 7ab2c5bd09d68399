"""Table 4.2 of the thesis, how entangled models become when data are moved by ε, and the figures beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.metrics import encode_table, mig, separation
from latentassay.papers.experiment import LONG, Experiment, Options, describe_seeds, pick_scale
from latentassay.papers.grids import group_by, run_folder
from latentassay.papers.page import Picture
from latentassay.papers.pool import one_torch_thread
from latentassay.papers.results import Cell, Printed, Table, over_seeds, row_over_seeds
from latentassay.papers.runs import Scores, Settings, measure_once
from latentassay.papers.thesis.perturbed.configurations import (
    LATENTS,
    VARIANTS,
    PerturbedConfiguration,
    Variant,
    list_configurations,
    list_pool,
    load_data,
    train,
    train_missing,
)
from latentassay.papers.thesis.perturbed.originals import draw_sprites
from latentassay.papers.thesis.perturbed.scales import SCALES, choose_device
from latentassay.perturbation import manipulation, most_and_least, perturb, uniform_noise
from latentassay.perturbation.source import row_blocks
from latentassay.plots.images import strips
from latentassay.plots.style import INK, SERIES, legend, sheet, tidy
from latentassay.sampling import encode

EPS = 0.1
"""No value of a picture is moved farther."""

MIG = "MIG"
"""Mutual information gap."""

DS = "DS"
"""Disentanglement score of chapter 3."""

ACTIVE = "active units"
"""Number of units that know something."""

ROWS = 5000
"""Rows that scores rest on, at most."""

KNOWN = 0.8
"""A unit is active if the posterior's variance is below this on average (4.3.4)."""

TABLE_4_2: dict[str, tuple[tuple[float, float], ...]] = {
    "AE": ((0.09, 0.06), (0.05, 0.02), (0.06, 0.03)),
    "β-VAE": ((0.23, 0.08), (0.07, 0.09), (0.14, 0.07)),
    "TC-VAE": ((0.25, 0.08), (0.14, 0.10), (0.20, 0.04)),
    "PCL": ((0.21, 0.03), (0.24, 0.07), (0.24, 0.07)),
}
"""Method → mean and standard deviation of the MIG on dSprites: original, modified, noise."""

NOTES = (
    "The thesis prints mean ± standard deviation of ten seeds; values here are means over seeds with 95 % intervals by "
    "Student's t.",
    "MIG: 20 bins of equal width, as the Disentanglement Library has them. DS: disentanglement score of chapter 3, "
    "bounded, all factors by classification; the thesis prints none for this table. Active units: posterior "
    "variance below 0.8 on average (4.3.4); a point code has no variance, so no such number.",
    "A difference is taken seed by seed: the same first weights on the other data.",
    "dSprites are drawn anew. Below scale paper the grid is coarser, pictures have 16 × 16 pixels, networks are "
    "fully connected, and all weights of KL terms (table 4.1: β-VAE 8; TC-VAE 6, here α = γ = 1, β = 6) are those of "
    "the text divided by 8, since fewer pixels weigh less against them. Such numbers stand beside the text's, which "
    "they cannot be expected to equal.",
    "The manipulation is trained against the two decoders a side of the most and the least disentangled β-VAEs by MIG "
    "(four at scale paper). The text does not give its number of steps. Losses are −log p in nats, and rise with "
    "the grey that is added: what counts is the difference of the sides against that on unchanged data.",
    "PCL is trained on pairs of Laplace steps whose shape stays (data.laplace_walks), as SlowVAE's authors have them; "
    "the thesis does not say what PCL was given.",
)

SHOWN = 12
"""Example pictures."""

CAPTIONS = {
    "figure-4-3": "Pictures as they are, moved by the manipulation, and moved by noise; differences from −{eps:g} "
    "(black) to {eps:g} (white), grey where nothing moved.",
    "losses": "Errors with which the decoders of both sides rebuild the moved pictures while the manipulation is "
    "trained; means of neighbouring steps. The decoders go on learning: the manipulation works on their difference.",
    "table-4-2": "MIG of every seed (dots) with their mean (bars)",
}
PRINTED_CAPTION = ", and the thesis' mean ± standard deviation of ten seeds on the whole of dSprites (grey lines)."


def make_table(options: Options) -> Table:
    """Perturb dSprites, train on them before, after and with noise, and score what comes of it (PCA table 4.2)."""
    scale, folder = options.scale, options.folder
    configurations = list_configurations(options)
    if options.device not in ("auto", choose_device(scale)):
        raise InputError(f"scale {scale} trains on {choose_device(scale)}, got device {options.device!r}")
    data_sets = prepare_data_sets(scale, folder)
    train_missing(configurations)
    with one_torch_thread():
        found = {configuration: score_model(configuration) for configuration in configurations}
        migs = sorted(score_model(configuration)[MIG] for configuration in list_pool(scale, folder))
    return Table(
        title="dSprites moved by ε against VAEs, beside noise as large (PCA table 4.2)",
        what="β-VAEs, TC-VAEs and PCL trained on dSprites as they are, moved by a manipulation of at most ε = 0.1 that "
        "suits entangled β-VAEs and not disentangled ones, and moved by uniform noise as large.",
        scale=_describe_scale(options, len(data_sets["original"]), (migs[0], migs[-1])),
        cells=(
            *_list_methods(found, scale),
            *_list_differences(found, scale),
            *_list_manipulation(scale, folder),
        ),
        notes=NOTES,
    )


def prepare_data_sets(scale: str, folder: Path) -> dict[Variant, FactorData]:
    """Return the three variants of dSprites; the pool is trained and the manipulation made, if they are not there."""
    chosen, sprites, pool = pick_scale(SCALES, scale), draw_sprites(scale, folder), list_pool(scale, folder)
    train_missing(pool)
    with one_torch_thread():
        ends = most_and_least([train(configuration) for configuration in pool], sprites, count=chosen.ends)
        modified = perturb(
            sprites,
            entangled=ends.entangled,
            disentangled=ends.disentangled,
            eps=EPS,
            out=run_folder(folder, scale, "modified"),
            steps=chosen.moves,
            batch_size=chosen.rows,
            lr=chosen.rate,
            device=choose_device(scale),
        )
    noise = uniform_noise(sprites, eps=EPS, out=run_folder(folder, scale, "noise"))
    return {"original": sprites, "modified": modified, "noise": noise}


def score_model(configuration: PerturbedConfiguration) -> Scores:
    """Score a model on the data it was trained on."""
    model = train(configuration)

    def measure() -> Scores:
        data = load_data(configuration)
        seen = encode_table(model, data, n=ROWS, seed=0)
        found: Scores = {
            MIG: mig(seen.codes, seen.factors, binning="width", bias="kept").score,
            DS: separation(seen.codes, seen.factors).score,
        }
        if getattr(model, "prior", None) is None:
            return found
        variance = encode(model, data, rows=seen.rows).std.square().mean(0)
        return {**found, ACTIVE: float((variance < KNOWN).sum())}

    settings: Settings = {"rows": ROWS, "known": KNOWN, "binning": "width"}
    return measure_once(configuration.run_folder, "scores", settings, measure)


Found = Mapping[PerturbedConfiguration, Scores]


def _group_seeds(found: Found) -> dict[tuple[str, Variant], list[PerturbedConfiguration]]:
    """Return method and variant of the data → seeds; a method's variants together."""
    groups = group_by(found, lambda configuration: (configuration.method, configuration.data))
    methods = dict.fromkeys(method for method, _ in groups)
    return {(method, data): groups[method, data] for method in methods for data in VARIANTS}


def _list_methods(found: Found, scale: str) -> Iterator[Cell]:
    for (method, data), own in _group_seeds(found).items():
        printed: Mapping[str, Printed] = {} if scale == "smoke" else {MIG: TABLE_4_2[method][VARIANTS.index(data)]}
        scores = [found[configuration] for configuration in own]
        yield from row_over_seeds(
            f"{method}, {data}", (MIG, DS, ACTIVE), scores, scale=scale, paper=printed, skip_empty=True
        )


def _list_differences(found: Found, scale: str) -> Iterator[Cell]:
    """Yield what moving the data changes, seed by seed: the same first weights on the other data."""
    for (method, data), own in _group_seeds(found).items():
        if data == "original":
            continue
        printed = TABLE_4_2[method]
        paper = round(printed[VARIANTS.index(data)][0] - printed[0][0], 2) if scale != "smoke" else None
        pairs = [(found[configuration._replace(data="original")], found[configuration]) for configuration in own]
        changes = [
            {f"change of {column}": after[column] - before[column] for column in (MIG, DS)} for before, after in pairs
        ]
        row = f"{method}, {data} − original"
        yield from row_over_seeds(row, changes[0], changes, scale=scale, paper={f"change of {MIG}": paper})


def _list_manipulation(scale: str, folder: Path) -> Iterator[Cell]:
    """Yield losses of both sides at the beginning and end of the game, and how far values moved on average."""
    _, losses, before = manipulation(run_folder(folder, scale, "modified"))
    tenth = max(1, len(losses) // 10)
    for side, name in enumerate(("entangled", "disentangled")):
        yield over_seeds(f"loss of the {name} side", "unchanged data", [float(before[side])], scale=scale)
        for when, part in (("first tenth of the steps", losses[:tenth]), ("last tenth of the steps", losses[-tenth:])):
            yield over_seeds(f"loss of the {name} side", when, [float(part[:, side].mean())], scale=scale)
    for data in VARIANTS[1:]:
        yield over_seeds(data, "mean |x' − x|", [measure_shift(scale, folder, data)], scale=scale)


def measure_shift(scale: str, folder: Path, data: Variant) -> float:
    """Return how far values were moved on average."""
    parent, other = draw_sprites(scale, folder), load_data(_any_model(scale, folder, data))
    sums = [float((other.batch(rows) - parent.batch(rows)).abs().sum()) for rows in row_blocks(len(parent))]
    return sum(sums) / (len(parent) * float(np.prod(parent.x_shape)))


def _any_model(scale: str, folder: Path, data: Variant) -> PerturbedConfiguration:
    """Return a model of a data set, whichever, to find its data by."""
    return PerturbedConfiguration(scale, folder, "β-VAE", data, 0)


def _describe_scale(options: Options, rows: int, migs: tuple[float, float]) -> dict[str, str]:
    chosen = pick_scale(SCALES, options.scale)
    layers = f"MLP {', '.join(map(str, chosen.hidden))}" if chosen.hidden else chosen.model
    return {
        "scale": options.scale,
        "seeds": describe_seeds(options.count_seeds(chosen.seeds)),
        "data": f"dSprites, {rows:,} pictures of {chosen.side} × {chosen.side}",
        "network": f"{layers}, {LATENTS} latents, Bernoulli",
        "training": f"{chosen.steps:,} steps of 64, Adam {chosen.lr:g}; β-VAE {8 * chosen.weight:g}, TC-VAE "
        f"{6 * chosen.weight:g} (α = γ = {chosen.weight:g})",
        "ends": f"{chosen.ends} a side of {chosen.pool} β-VAEs with a MIG from {migs[0]:.2f} to {migs[1]:.2f}",
        "manipulation": f"ε = {EPS:g}, {chosen.moves:,} steps of {chosen.rows}, Adam {chosen.rate:g}",
    }


def draw_figures(options: Options) -> list[Picture]:
    """Draw the figures from the runs in the folder; what is missing is made first."""
    prepare_data_sets(options.scale, options.folder)
    return [
        _draw_examples(options.scale, options.folder),
        _draw_losses(options.scale, options.folder),
        _draw_migs(options),
    ]


def _draw_examples(scale: str, folder: Path) -> Picture:
    parent = draw_sprites(scale, folder)
    rows = np.sort(np.random.default_rng(1).choice(len(parent), SHOWN, replace=False))
    x, moved, noisy = (load_data(_any_model(scale, folder, data)).batch(rows).numpy() for data in VARIANTS)
    groups = {
        "original": x,
        "modified": moved,
        "difference, amplified": 0.5 + (moved - x) / (2 * EPS),
        "noise": noisy,
        "difference, amplified ": 0.5 + (noisy - x) / (2 * EPS),
    }
    caption = CAPTIONS["figure-4-3"].format(eps=EPS)
    return Picture("figure-4-3", "Example perturbations (PCA figure 4.3)", caption, strips(groups))


def _draw_losses(scale: str, folder: Path) -> Picture:
    losses = manipulation(run_folder(folder, scale, "modified")).losses.numpy()
    width = max(1, len(losses) // 100)
    means = losses[: len(losses) // width * width].reshape(-1, width, 2).mean(1)
    figure = sheet(6.4, 3.2)
    ax = tidy(figure.add_subplot(), x="step of the manipulation", y="−log p of a picture, nats")
    for side, name in enumerate(("entangled side, L_ent", "disentangled side, L_dis")):
        ax.plot((np.arange(len(means)) + 0.5) * width, means[:, side], color=SERIES[side], label=name)
    legend(ax)
    caption = CAPTIONS["losses"]
    return Picture("losses", "The game between the two sides", caption, figure)


def _draw_migs(options: Options) -> Picture:
    found = {configuration: score_model(configuration) for configuration in list_configurations(options)}
    is_printed = options.scale != "smoke"
    figure = sheet(6.4, 3.2)
    _draw_bars(figure, found, is_printed=is_printed)
    caption = CAPTIONS["table-4-2"] + (PRINTED_CAPTION if is_printed else ".")
    return Picture("table-4-2", "MIG before, after and with noise (PCA table 4.2)", caption, figure)


def _draw_bars(figure: Figure, found: Found, *, is_printed: bool) -> None:
    """Draw a bar for the mean of every method and variant of the data, and a dot for every seed."""
    ax, groups = tidy(figure.add_subplot(), y=MIG), _group_seeds(found)
    methods = list(dict.fromkeys(method for method, _ in groups))
    for place, data in enumerate(VARIANTS):
        for i, method in enumerate(methods):
            own = [found[configuration][MIG] for configuration in groups[method, data]]
            at = i + 0.26 * (place - 1)
            ax.bar(at, np.mean(own), 0.22, color=SERIES[place], alpha=0.55, label=data if i == 0 else None)
            ax.plot([at] * len(own), own, "o", color=INK, markersize=2.8)
            if is_printed:
                mean, deviation = TABLE_4_2[method][place]
                ax.errorbar(at + 0.07, mean, deviation, color=SERIES[4], marker="_", markersize=6, linewidth=1)
    ax.set_xticks(range(len(methods)), methods)
    legend(ax)


EXPERIMENT = Experiment(
    name="pca.perturbation",
    summary="VAEs and PCL on data moved by ε against VAEs, beside noise as large (PCA table 4.2)",
    costs={"smoke": "half a minute", "laptop": "about half an hour on one core", "paper": LONG},
    make=make_table,
    draw=draw_figures,
)
