"""Tables 3.2, 3.3 and 3.4 of the thesis, the numbers behind figures 3.4 and 3.7, and figures 3.4 to 3.7."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from latentassay.core.progress import track
from latentassay.geometry import nonlinear_eigenfaces
from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.grids import measure_missing
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Printed, Table, over_seeds, row_over_seeds
from latentassay.papers.runs import Scores
from latentassay.papers.thesis.components import drawing as draw
from latentassay.papers.thesis.components import scores
from latentassay.papers.thesis.components.configurations import VARIANTS, ComponentsConfiguration, split, train
from latentassay.papers.thesis.components.data_sets import BINS
from latentassay.papers.thesis.components.groups import WIDE, ModelGroups
from latentassay.papers.thesis.components.many import train_side_by_side
from latentassay.papers.thesis.components.scales import SCALES
from latentassay.papers.thesis.components.tasks import FILES, NAMES, PIXELS, SQUARES, TASKS
from latentassay.plots.images import strips
from latentassay.sampling import encode
from latentassay.training.checkpoint import read_manifest
from latentassay.training.trainer import pick_device

RANDOM = "random decoder"
"""A decoder before training."""

TABLE_2 = {
    "dSprites": (0.978, 0.906),
    "fMNIST": (0.998, 0.977),
    "MNIST": (0.998, 0.995),
    "Synth. Lin.": (0.998, 0.967),
    "Synth. Non-Lin.": (0.999, 0.985),
}
"""Data set → share of training polarized, with as many latents as factors, and with ``WIDE``."""

TABLE_3 = {
    ("dSprites", "β-VAE"): ((0.33, 0.15), (0.76, 0.08)),
    ("dSprites", "VAE"): ((0.21, 0.10), (1.08, 0.15)),
    ("dSprites", "AE"): ((0.09, 0.04), (1.62, 0.03)),
    ("dSprites", "β-VAEΣ"): ((0.12, 0.06), (1.73, 0.14)),
    ("dSprites", RANDOM): (None, (1.86, 0.11)),
    ("Synth. Lin.", "β-VAE"): ((0.99, 0.01), (0.00, 0.00)),
    ("Synth. Lin.", "AE"): ((0.71, 0.19), (0.33, 0.18)),
    ("Synth. Lin.", "β-VAEΣ"): ((0.71, 0.31), (0.34, 0.35)),
    ("Synth. Lin.", RANDOM): (None, (0.79, 0.21)),
    ("Synth. Non-Lin.", "β-VAE"): ((0.73, 0.16), (0.18, 0.02)),
    ("Synth. Non-Lin.", "AE"): ((0.59, 0.30), (0.54, 0.13)),
    ("Synth. Non-Lin.", "β-VAEΣ"): ((0.42, 0.24), (0.55, 0.02)),
    ("Synth. Non-Lin.", RANDOM): (None, (0.89, 0.16)),
    ("MNIST", "VAE"): (None, (1.59, 0.08)),
    ("MNIST", "AE"): (None, (1.83, 0.05)),
    ("MNIST", "β-VAEΣ"): (None, (1.93, 0.08)),
    ("MNIST", RANDOM): (None, (2.11, 0.11)),
    ("fMNIST", "VAE"): (None, (1.36, 0.05)),
    ("fMNIST", "AE"): (None, (1.87, 0.03)),
    ("fMNIST", "β-VAEΣ"): (None, (2.02, 0.08)),
    ("fMNIST", RANDOM): (None, (2.11, 0.11)),
}
"""Data set and variant → DS, if there is any, and DtO, each with its ±."""

TABLE_4 = {1.0: ((0.51, 0.28), (0.49, 0.32)), 1.2: ((0.76, 0.25), (0.20, 0.24)), 1.5: ((0.98, 0.06), (0.01, 0.06))}
"""Ratio of the squares' factors → DS and DtO, each with its ±."""

NOTES = (
    "DtO: mean over points of ‖V − P‖_F, V of the decoder's Jacobian and P the nearest signed permutation; units whose "
    "mean has a standard deviation above ½, in autoencoders all, since nothing fixes the scale of their codes. "
    "Random orthogonal matrices have 0.55, 1.63 and 1.91 for 2, 5 and 6 units: a random decoder is one of them if its "
    "singular values are far apart. The thesis prints larger values for random decoders than chance allows by this "
    "norm, so its norm or its points are others than its equation 3.25 says.",
    "DS: 3.32 with the normaliser that keeps it within 0 and 1 (share of the best constant's error that is removed), "
    "5 neighbours, 80/20 split of the test rows. In dSprites shape is a class and the others are numbers; in the "
    "squares both factors are.",
    "Share of training polarized: from the log of the run, |KL − KL≈| / KL of means over 50 steps, or over 500 where "
    "models trained side by side on a GPU, units counted as moving batch by batch; the thesis looks every 500 batches.",
    "At scales smoke and laptop the linear squares are trained at β = 0.1 in tables 3.3 and 3.4 and figure 3.5: at the "
    "printed 10⁻⁴ the pull towards the axes is too weak for so few steps, as the line search shows, which has both. "
    "Table 3.2 takes the printed β.",
    "The likelihood of the squares is a squared error summed over coordinates, so β = 1 collapses both units "
    "(2 Var[w] of the weaker direction is 0.17), as the thesis says of the VAE.",
    "dSprites below scale paper: pixels averaged over squares and β divided by the number of pixels in each, so that "
    "the balance of both terms stays about the same; layers are narrower. Adam at 0.001 stands for AdaGrad at 0.01.",
    "The thesis prints epochs, but no batch sizes.",
    "Degenerate points: share of points where two neighbouring singular values differ by less than 5 %; DtO means "
    "nothing there.",
    "Intervals are 95 % by Student's t over seeds; the thesis does not say what its ± are, and of how many runs.",
)

SHOWN = 4
"""Restarts whose latent planes are drawn, and the most rows of each."""

CAPTIONS = {
    "figure-3-4": "β-VAEs on dSprites, every dot a restart after so many steps. Low DtO: the decoder keeps to "
    "the axes; high DS that single units tell the factors. Pearson's correlation over all dots: {r:.2f}.",
    "figure-3-5": "Latent planes of linear β-VAEs on a square whose factors have the same scale, and on one where they "
    "have 1.5 : 1, {n} restarts each; lines along which one factor stays. By chance a square lies at any angle.",
    "figure-3-6": "The decoding of the mean latent of 300 {data} in the middle, and one unit moved from −2.5 to 2.5 in "
    "each row, the unit with the smallest mean σ first, which should carry most of the variance.",
    "figure-3-7-squares": "DS above, DtO in the middle and active units below against β; lines are means over seeds, "
    "dots are seeds, dashed the β that the thesis prints. DtO needs two active units.",
    "figure-3-7-dsprites": "The same for dSprites, one seed. β is that of the full size.",
}


def make_table(options: Options) -> Table:
    """Train every model of chapter 3 and measure it.

    Scale smoke has digits in place of MNIST and Fashion-MNIST; gpu has the printed epochs, but dSprites of laptop. On
    a GPU models train side by side, on the cpu in a process each; auto takes a GPU that torch can use.
    """
    groups = ModelGroups(options)
    if pick_device(options.device).type != "cpu":
        train_side_by_side(groups.all, device=options.device)
    measure_missing(scores.measure_all, scores.is_measured, groups.all)
    return Table(
        title="Orthogonality, disentanglement and the polarized regime (thesis tables 3.2 to 3.4, figures 3.4, 3.7)",
        what="β-VAEs, VAEs, autoencoders and β-VAEs with full covariance on synthetic and real data: how far their "
        "decoders keep to the axes, how well single units tell factors, and what β does to both.",
        scale=_describe_scale(groups),
        cells=(
            *_list_table_2(groups),
            *_list_table_3(groups),
            *_list_table_4(groups),
            *_list_line_search(groups),
            *_list_restarts(groups),
        ),
        notes=NOTES,
    )


def _list_table_2(groups: ModelGroups) -> Iterator[Cell]:
    for name, (few, many) in TABLE_2.items():
        printed_beta = (name, TASKS[name].beta)
        own = groups.line[printed_beta] if printed_beta in groups.line else groups.main[name, "VAE"]
        for latents, models, value in (("factors", own, few), (WIDE, groups.wide[name], many)):
            column = f"{scores.REGIME}, d = {latents}"
            values = [found[scores.REGIME] for found in _measure(models) if scores.REGIME in found]
            yield over_seeds(f"β-VAE, {name}", column, values, scale=models[0].scale, paper=value)


def _list_table_3(groups: ModelGroups) -> Iterator[Cell]:
    for name in NAMES:
        for variant in VARIANTS:
            if (name, variant) in groups.main:
                ds, dto = TABLE_3[name, variant]
                columns = [scores.DTO, scores.FULL, scores.ACTIVE, scores.CLOSE]
                columns = columns if name in PIXELS else [scores.DS, *columns]
                printed: dict[str, Printed] = {scores.DS: ds, scores.DTO: dto}
                own = groups.main[name, variant]
                found, scale = _measure(own), own[0].scale
                yield from row_over_seeds(f"{name}, {variant}", columns, found, scale=scale, paper=printed)
        points = pick_scale(SCALES, groups.scale).points
        found = [{scores.DTO: scores.measure_random_decoder(one, points)} for one in groups.main[name, "AE"]]
        printed = {scores.DTO: TABLE_3[name, RANDOM][1]}
        yield from row_over_seeds(f"{name}, {RANDOM}", [scores.DTO], found, scale=groups.scale, paper=printed)


def _list_table_4(groups: ModelGroups) -> Iterator[Cell]:
    for ratio, own in groups.ratios.items():
        printed = dict(zip((scores.DS, scores.DTO), TABLE_4[ratio], strict=True))
        columns = (scores.DS, scores.DTO, scores.CLOSE)
        row = f"Synth. Lin., β-VAE, ratio {ratio:g}"
        yield from row_over_seeds(row, columns, _measure(own), scale=own[0].scale, paper=printed)


def _list_line_search(groups: ModelGroups) -> Iterator[Cell]:
    columns = (scores.DS, scores.DTO, scores.ACTIVE)
    for (name, beta), own in track(groups.line.items(), "line search", len(groups.line)):
        yield from row_over_seeds(f"{name}, β = {beta:g}", columns, _measure(own), scale=own[0].scale)


def _list_restarts(groups: ModelGroups) -> Iterator[Cell]:
    own = groups.main["dSprites", "β-VAE"]
    for step in own[0].size.snapshots:
        row = f"dSprites, β-VAE, after {step:,} steps"
        yield from row_over_seeds(row, (scores.DS, scores.DTO), _measure(own, step), scale=groups.scale)


def _measure(models: Sequence[ComponentsConfiguration], step: int | None = None) -> list[Scores]:
    return [scores.measure_model(one, step) for one in models]


def _describe_scale(groups: ModelGroups) -> dict[str, str]:
    scale, models = pick_scale(SCALES, groups.scale), groups.all
    sprites = pick_scale(SCALES, groups.main["dSprites", "AE"][0].scale)
    seconds = sum(read_manifest(one.run_folder).seconds for one in models)
    pictures = [name for name in PIXELS if groups.scale != "smoke"]
    dots = _describe_length(models, "Synth. Lin.", "Synth. Non-Lin.", *SQUARES.values())
    return {
        "squares": f"{scale.squares:,} rows, {dots}, up to {scale.dots.seeds} seeds; {scale.line} in the line search",
        "dSprites": f"{sprites.sprites:,} rows, pixels averaged over {sprites.pooled}×{sprites.pooled}, layers "
        f"{sprites.narrow} times narrower, {_describe_length(models, 'dSprites')}, "
        f"{sprites.restarts.seeds} β-VAEs and {sprites.image.seeds} of each other",
        **{name: f"{_describe_length(models, name)}, {scale.image.seeds} seeds" for name in pictures},
        **({} if pictures else {"8×8 digits in place of MNIST, fMNIST": _describe_length(models, *PIXELS)}),
        "test": f"the last 10 % of the rows of a split by the seed; Jacobians at {scale.points:,} of them",
        "time": f"{len(models)} models, trained in {seconds / 60:.0f} minutes",
    }


def _describe_length(models: Sequence[ComponentsConfiguration], *names: str) -> str:
    """Say how long the models of some data sets were trained, and how much of what was printed that is."""
    own = [one for one in models if one.data in names]
    steps = sorted({read_manifest(one.run_folder).step for one in own})
    size = own[0].size
    between = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    learnt = read_manifest(own[0].run_folder).data.n
    epochs = " to ".join(dict.fromkeys(f"{step * size.batch_size / learnt:.3g}" for step in (steps[0], steps[-1])))
    return f"{between} steps of {size.batch_size} ({epochs} epochs; the thesis {TASKS[own[0].data].epochs})"


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 3.4 to 3.7 from the runs in the folder; what is missing is trained first."""
    groups = ModelGroups(options)
    return [*_draw_figure_4(groups), _draw_figure_5(groups), *_draw_figures_6(groups), *_draw_figures_7(groups)]


def _draw_figure_4(groups: ModelGroups) -> list[Picture]:
    """Draw DtO against DS; nothing where no model has two active units."""
    own = groups.main["dSprites", "β-VAE"]
    by_step, dots = {}, list[tuple[float, float]]()
    for step in (*own[0].size.snapshots, None):
        found = [scores.measure_model(one, step) for one in own]
        both = [(each[scores.DTO], each[scores.DS]) for each in found if scores.DTO in each]
        if both:
            by_step[f"{step or own[0].steps:,} steps"] = ([x for x, _ in both], [y for _, y in both])
            dots += both
    r = float(np.corrcoef(np.array(dots).T)[0, 1]) if len(dots) > 2 else float("nan")
    if not by_step:
        return []
    return [
        Picture(
            "figure-3-4",
            "Orthogonality and disentanglement (thesis figure 3.4)",
            CAPTIONS["figure-3-4"].format(r=r),
            draw.against(by_step, x="DtO", y="DS"),
        )
    ]


def _draw_figure_5(groups: ModelGroups) -> Picture:
    codes = {}
    for ratio in (1.0, 1.5):
        for one in groups.ratios[ratio][:SHOWN]:
            test = split(one).test
            means = encode(train(one).model, test, batch_size=1024).mean.numpy()
            codes[f"ratio {ratio:g}, seed {one.seed}"] = (means, (test.factors + 0.5) / BINS)
    caption = CAPTIONS["figure-3-5"].format(n=len(codes) // 2)
    return Picture(
        "figure-3-5",
        "Degenerate singular values (thesis figure 3.5)",
        caption,
        draw.squares(codes, columns=len(codes) // 2),
    )


def _draw_figures_6(groups: ModelGroups) -> list[Picture]:
    pictures = []
    for name, things in (("MNIST", "digits"), ("fMNIST", "pictures of clothes")):
        one = groups.main[name, "VAE"][0]
        generator = torch.Generator().manual_seed(one.seed)
        found = nonlinear_eigenfaces(train(one).model, split(one).test, generator=generator)
        rows = {
            f"unit {unit}, σ {sigma:.2f}": images.numpy()
            for unit, sigma, images in zip(found.units, found.sigma.tolist(), found.images, strict=True)
        }
        pictures.append(
            Picture(
                f"figure-3-6-{name.lower()}",
                f"Nonlinear eigenfaces of {things} (after thesis figure 3.6)",
                CAPTIONS["figure-3-6"].format(data=things),
                strips(rows),
            )
        )
    return pictures


def _draw_figures_7(groups: ModelGroups) -> list[Picture]:
    pictures = []
    for name, sets in (("squares", ("Synth. Lin.", "Synth. Non-Lin.")), ("dsprites", ("dSprites",))):
        curves = {
            column: {data: _group_by_beta(groups, data, column) for data in sets}
            for column in (scores.DS, scores.DTO, scores.ACTIVE)
        }
        chosen = {data: TASKS[data].beta for data in sets}
        pictures.append(
            Picture(
                f"figure-3-7-{name}",
                f"Line search over β, {' and '.join(sets)} (thesis figure 3.7)",
                CAPTIONS[f"figure-3-7-{name}"],
                draw.line_search(curves, chosen=chosen),
            )
        )
    return pictures


def _group_by_beta(groups: ModelGroups, data: str, column: str) -> dict[float, list[float]]:
    return {
        beta: [found[column] for one in own if column in (found := scores.measure_model(one))]
        for (name, beta), own in groups.line.items()
        if name == data
    }


EXPERIMENT = Experiment(
    name="pca.orthogonality",
    summary="orthogonality, disentanglement and the polarized regime (thesis tables 3.2–3.4)",
    files="MNIST and Fashion-MNIST, except at scale smoke",
    data_sets=tuple(FILES.values()),
    costs={
        "smoke": "a few minutes",
        "laptop": "about an hour on two cores",
        "gpu": "laptop's dSprites, and minutes on a GPU",
        "paper": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
