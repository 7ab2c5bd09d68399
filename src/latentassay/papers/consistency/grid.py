"""The grid of IC: quality, consistency, sparsity and independence, beside tables 1 and 2, and its figures."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from latentassay.assay import Assay, assay
from latentassay.core.errors import FileError
from latentassay.core.storage import write_whole
from latentassay.models.consistency import SIZES
from latentassay.papers import pool
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.configurations import (
    BETA,
    KINDS,
    SCALES,
    VARIANTS,
    GridConfiguration,
    list_configurations,
    load_digits,
    name_model,
    train,
)
from latentassay.papers.consistency.pictures import DIGITS, Subject, draw_beside, draw_block, draw_errors, draw_quality
from latentassay.papers.digits import LEARNED
from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.grids import group_by, measure_missing
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.variants import by_variant

SELF = (scores.FIGURE_28, *(f"SCN, {how}" for how in scores.SAMPLERS))
SELF_PAPER = tuple(f"SCN, {how}, {scores.PAPER}" for how in scores.SAMPLERS)
SELF_AUTHORS = tuple(f"SCN, {how}, {scores.AUTHORS}" for how in scores.SAMPLERS)
BLOCKS = {
    " · pictures": (scores.ERROR, *(f"{name}, {kind}" for kind in scores.KINDS for name in ("FD", "KID × 1000"))),
    " · interventions": (
        scores.INV,
        scores.INV_ALL,
        f"{scores.INV}, {scores.PAPER}",
        f"{scores.INV}, {scores.AUTHORS}",
        scores.EQV,
        f"{scores.EQV}, {scores.PAPER}",
        scores.COLLAPSED,
    ),
    " · no intervention": SELF,
    " · no intervention, paper’s scale": SELF_PAPER,
    " · no intervention, authors’ average": SELF_AUTHORS,
    " · structure": (scores.SPARSE, scores.MMD, scores.P_VALUE),
}
"""What stands behind the names of rows of a block → its columns."""

TABLE_2 = {
    "AE": (0.96, 0.75, 0.66),
    "XAE": (0.96, 0.81, 0.68),
    "XCAE-I": (0.95, 0.88, 0.80),
    "XCAE-E": (0.95, 0.88, 0.80),
}
"""Posterior, hybrid, uniform. The table says XCAE, not which of the two."""

NOTES = (
    "INV, EQV and SCN: 1 is perfect. Our scale is squared and divides by variances, so that nothing changes when "
    "latents are rescaled; the paper's has distances over standard deviations, and over the size of the intervention, "
    "so that SCN has no unit, and INV and EQV depend on the scale of the unit intervened on, which nothing fixes in an "
    "AE or SAE.",
    "The authors' public code averages INV off the diagonal, and clamps the SCN of each unit to [0, 1] before it "
    "averages. The text says neither; table 2 stands beside their average.",
    "INV is the mean over pairs of units that are not collapsed; INV of all entries, as the paper averages, "
    "counts what never answers as invariant, and unit diagonals besides. Collapsed: less than an eighth of the "
    "variance of a unit's intervention comes back. EQV is the mean over all entries of units that are not "
    "collapsed; in the paper's scale over all.",
    "Latents for INV and EQV: prior samples in VAEs, posterior samples of test rows otherwise (IC A.4.3). "
    "Interventions take their values from posterior samples.",
    "Sparsity: share of the possible edges (15 of 6 units) whose gate is below ½. Table 1 says 41.66 % for 6 latents, "
    "45.83 % for 12 and 48.44 % for 32: that is (n − 1) / 2n, the share of places below the diagonal of n × n, which "
    "could never hold an edge. No mask has entered it, so it stands beside no number of ours.",
    "MMD²: between posterior samples of 1,000 test rows and the same with every unit shuffled, by an inverse "
    "multiquadratic kernel, × 1000 (figure 8); p: of the hypothesis that the units are independent.",
    "FD and KID: of the features of a classifier of these digits, so they compare with each other and not with "
    "figure 5a, whose numbers the paper does not print. Samples: of the prior in VAEs, hybrids otherwise. "
    "Traversals: posterior samples with one unit moved to anywhere between its extremes.",
    f"The paper gives neither β nor the variance of its Gaussian decoder: here β = {BETA:g} and σ = 1. At β = 1 so "
    "few steps leave most units of a VAE collapsed.",
    "Below scale paper Adam's rate falls along half a cosine from 0.002, batches are smaller and steps are few.",
    "XC-I and XC-E: λ = 4 beside a squared error summed over pixels (times ½), one random unit a step.",
    "Intervals are 95 % by Student's t over seeds.",
)


class Summary(NamedTuple):
    """A figure of one score of the whole grid.

    Attributes:
        figure: number in IC, and what distinguishes it where the figure has several.
        score: which score.
        title: heading.
        axis: label of the axis.
    """

    figure: str
    score: str
    title: str
    axis: str


SUMMARIES = (
    Summary("5a-reconstructions", "FD, reconstructions", "Reconstructions", "Fréchet distance"),
    Summary("5a-samples", "FD, samples", "Samples", "Fréchet distance"),
    Summary("5a-traversals", "FD, traversals", "Traversals", "Fréchet distance"),
    Summary("5b-26", scores.INV, "Invariance", "1 − INV of units that are not collapsed"),
    Summary("27", scores.EQV, "Equivariance", "1 − EQV"),
    Summary("28", scores.FIGURE_28, "Self-consistency of what figure 28 samples", "1 − SCN"),
    Summary("28-prior", "SCN, prior", "Self-consistency of prior samples", "1 − SCN"),
    Summary("28-posterior", "SCN, posterior", "Self-consistency of posterior samples", "1 − SCN"),
    Summary("28-hybrid", "SCN, hybrid", "Self-consistency of hybrids", "1 − SCN"),
    Summary("28-uniform", "SCN, uniform", "Self-consistency of uniform samples", "1 − SCN"),
    Summary("8", scores.MMD, "Dependence between latents", "MMD² × 1000"),
    Summary("table-1", scores.SPARSE, "Sparsity", "share of edges with a gate below ½"),
)

LINEAR = (scores.MMD, scores.SPARSE)
"""Scores that may be 0 or less, on an axis of their own; of the others, those that end at 1 have no floor."""

PERFECT = 1e-6
"""What is left to 1 is drawn from here on."""

CAPTION = "A dot for each seed and their mean, with its 95 % interval from three seeds on. Families: AE, VAE, SAE; {}"

BESIDE = ("AE", "XAE", "XCAE-I", "SAE")
"""Models of figure 7, and the SAE."""

SAMPLES = 256
"""Test rows that the assay of a single model rests on."""

GRID = 20
"""Points along each axis of its maps."""

BUDGET = 30.0
"""Seconds that it may take."""

REPORT_FIGURES = {
    "consistency.invariance.matrix": ("3", "Invariance matrix"),
    "consistency.self.bars": ("29", "Self-consistency of every unit"),
    "consistency.hybrids.sheet": ("34", "Hybridisation"),
    "paths.strips": ("16", "Interpolation"),
}
"""Figure of an assay → number and title in IC."""


def make_table(options: Options) -> Table:
    """Train the whole grid, a process for each model, and measure it (IC tables 1, 2; figures 5, 8, 26 to 28)."""
    options.require_cpu()
    grid = list_configurations(options)
    measure_missing(scores.measure_all, scores.is_measured, grid)
    return Table(
        title="Interventional consistency on digits (IC tables 1 and 2, figures 5, 8 and 26 to 28)",
        what="Autoencoders, VAEs and structural autoencoders, plain, with a causal block (X), and trained to be "
        "invariant (XC-I) or equivariant (XC-E): how well they reconstruct and sample, how consistent they are when "
        "intervened on, and how independent their latents are.",
        scale=_describe_scale(grid),
        cells=tuple(_list_cells(grid)),
        notes=NOTES,
    )


def group_seeds(grid: Sequence[GridConfiguration]) -> dict[str, list[GridConfiguration]]:
    """Return the paper's name of a model → its seeds; families together, variants in the paper's order."""
    groups = group_by(grid, lambda configuration: configuration.paper_name)
    return {name: groups[name] for name in (name_model(*kind) for kind in KINDS) if name in groups}


def _list_cells(grid: Sequence[GridConfiguration]) -> Iterator[Cell]:
    groups = group_seeds(grid)
    for suffix, columns in BLOCKS.items():
        for row, own in groups.items():
            found = [scores.all_scores(configuration) for configuration in own]
            printed = dict(zip(SELF_AUTHORS, TABLE_2.get(row, ()), strict=False)) if columns is SELF_AUTHORS else {}
            yield from row_over_seeds(row + suffix, columns, found, scale=own[0].scale, paper=printed, skip_empty=True)


def _describe_scale(grid: Sequence[GridConfiguration]) -> dict[str, str]:
    scale, chosen = grid[0].scale, pick_scale(SCALES, grid[0].scale)
    seeds = sorted({configuration.seed for configuration in grid})
    first = [configuration for configuration in grid if configuration.seed == seeds[0]]
    seconds = {configuration.model: train(configuration).seconds for configuration in first}
    side, size = "28×28" if chosen.data == "mnist" else "8×8", SIZES[chosen.size]
    return {
        "scale": scale,
        "seeds": ", ".join(map(str, seeds)),
        "data": f"{chosen.data}, {LEARNED[chosen.data]:,} rows of {side} to learn from",
        "network": f"size {chosen.size.upper()}: {size.depth} + {size.depth} convolutions of {size.filters} filters, "
        f"{size.latents} latents",
        "training": f"{chosen.steps:,} steps of {chosen.batch_size}, Adam {chosen.lr:g}",
        "measured on": f"{chosen.rows:,} latents × {chosen.values} values, {chosen.images:,} pictures of each kind",
        "time": f"{min(seconds.values()):.0f} to {max(seconds.values()):.0f} s of training a model on one core",
    }


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 5, 8 and 26 to 28 over all seeds, and 3, 7, 11 to 13, 19 to 25, 29 to 33 and 35 of the first.

    Figure 2 is the last of six in 23 and 25. Those of faces, 6, 7, 14 to 18 and 34, are made by ``consistency.celeba``;
    7, 16 and 34 are drawn of digits, too. Figures 1, 4, 9 and 10 are diagrams. The models of single figures get a whole
    report besides, ``report.html`` in the folder of their run.
    """
    grid = list_configurations(options)
    shown = pick_scale(SCALES, options.scale).shown
    first = [own[0] for name, own in group_seeds(grid).items() if name in shown]
    pool.run_each(write_report, [one for one in first if not _is_assayed(one)], "reports")
    beside = [_as_subject(one) for one in first if one.paper_name in BESIDE]
    return [
        *_draw_summaries(grid),
        *([draw_beside(beside, "7")] if beside else []),
        *(picture for one in first for picture in _draw_model(one)),
    ]


def write_report(configuration: GridConfiguration) -> None:
    """Assay a model, and leave the assay and its report beside the run."""
    scale, run = pick_scale(SCALES, configuration.scale), train(configuration)
    result = assay(
        run.model,
        load_digits(configuration).test,
        samples=SAMPLES,
        seed=configuration.seed,
        grid=GRID,
        budget=BUDGET,
        name=f"{configuration.paper_name}, size {scale.size.upper()}, seed {configuration.seed}",
    )
    write_whole(configuration.run_folder / "report.html", result.to_html().encode())
    result.save(_assay_file(configuration))


def _is_assayed(configuration: GridConfiguration) -> bool:
    """Whether there is an assay that can be read; one that a version before this saved is made anew."""
    try:
        Assay.load(_assay_file(configuration))
    except FileError:
        return False
    return True


def _assay_file(configuration: GridConfiguration) -> Path:
    return configuration.run_folder / "assay.safetensors"


def _draw_summaries(grid: Sequence[GridConfiguration]) -> list[Picture]:
    return [
        Picture(
            f"figure-{summary.figure}",
            f"{summary.title} (IC {_name_source(summary.figure)})",
            CAPTION.format(f"{summary.title.lower()}."),
            by_variant(groups, summary.axis, log=summary.score not in LINEAR, order=(*VARIANTS, "AVAE")),
        )
        for summary in SUMMARIES
        if (groups := _collect_values(grid, summary.score))
    ]


def _name_source(figure: str) -> str:
    number = figure.split("-")[0]
    return "table 1" if number == "table" else f"figure {number}"


def _collect_values(grid: Sequence[GridConfiguration], score: str) -> dict[str, dict[str, list[float]]]:
    """Return family → variant → values, a seed each; what no seed has is left out."""
    groups: dict[str, dict[str, list[float]]] = {}
    for own in group_seeds(grid).values():
        found = [scores.all_scores(configuration) for configuration in own]
        if values := [_distance_to_perfect(score, known[score]) for known in found if score in known]:
            groups.setdefault(own[0].family.upper(), {})[own[0].variant] = values
    return groups


def _distance_to_perfect(score: str, value: float) -> float:
    """Return what is left to 1 of scores that are perfect there, other scores as they are."""
    return max(1 - value, PERFECT) if score.startswith(("INV", "EQV", "SCN")) else value


def _draw_model(configuration: GridConfiguration) -> list[Picture]:
    """Draw the figures of one model: those of its assay, its pictures, and the errors along six traversals."""
    name, figures = configuration.paper_name, Assay.load(_assay_file(configuration)).figures()
    answered = {key.rpartition(".")[0] for key in figures}
    pictures = [
        Picture(
            f"figure-{number}-{name.lower()}",
            f"{title}, {name} (IC figure {number.replace('-', ', ')})",
            f"{name}, seed {configuration.seed}, on unseen digits.",
            figures[key],
        )
        for key, (number, title) in REPORT_FIGURES.items()
        if key.rpartition(".")[0] in answered
    ]
    subject = _as_subject(configuration)
    return [*pictures, *draw_quality(subject, DIGITS), *draw_errors(subject), *draw_block(subject)]


def _as_subject(configuration: GridConfiguration) -> Subject:
    return Subject(
        name=configuration.paper_name,
        model=train(configuration).model,
        test=load_digits(configuration).test,
        how="prior" if configuration.family == "vae" else "hybrid",
        seed=configuration.seed,
    )


EXPERIMENT = Experiment(
    name="consistency.grid",
    summary="AE, β-VAE, SAE, plain, with a causal block, trained to be consistent (IC tables 1, 2, figures of digits)",
    files="MNIST, except at scale smoke",
    data_sets=("mnist",),
    costs={
        "smoke": "several minutes",
        "smoke-standard": "several minutes, 12 + 12 convolutions and 12 latents",
        "smoke-s4": "several minutes, with causes of four values",
        "laptop": "about two hours on two cores",
        "laptop-standard": "about four hours",
        "laptop-s4": "about two hours",
        "paper": LONG,
        "paper-standard": LONG,
        "paper-s4": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
