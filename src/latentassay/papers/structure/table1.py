"""Table 1 of SA, the numbers behind its figures 2, 3, 5 and 8 to 10, and figures 2 to 6 and 8 to 11."""

from collections.abc import Iterator, Mapping, Sequence

from matplotlib.figure import Figure
from torch import Generator, Tensor

from latentassay.papers.experiment import LONG, Experiment, Options, pick_scale
from latentassay.papers.grids import group_by, measure_missing
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Table, row_over_seeds
from latentassay.papers.runs import Scores
from latentassay.papers.structure import quality, scores
from latentassay.papers.structure.configurations import (
    SCALES,
    ArchitectureConfiguration,
    draw_shapes,
    file_name,
    list_configurations,
    train,
)
from latentassay.papers.structure.drawing import chunk_sheet, traversal_sheet
from latentassay.papers.variants import by_variant
from latentassay.plots.hierarchy import hierarchy_panels
from latentassay.responses import chunk_hybrids, traversals
from latentassay.sampling import encode

PAPER = {
    "SAE-12": (0.974, 0.537, 0.830, 0.967, 1.000),
    "SAE-6": (0.865, 0.225, 0.735, 0.966, 0.999),
    "SAE-4": (0.740, 0.209, 0.654, 0.945, 0.999),
    "VLAE-12": (0.832, 0.553, 0.751, 0.914, 0.977),
    "VLAE-6": (0.785, 0.326, 0.689, 0.929, 0.963),
    "VLAE-4": (0.690, 0.282, 0.544, 0.900, 0.926),
    "β-TCVAE": (0.410, 0.237, 0.603, 0.865, 0.923),
    "FVAE": (0.330, 0.123, 0.725, 0.907, 0.955),
    "β-VAE": (0.235, 0.127, 0.593, 0.879, 0.799),
    "VAE": (0.314, 0.138, 0.607, 0.892, 0.872),
    "WAE": (0.211, 0.050, 0.621, 0.946, 0.906),
    "AE": (0.307, 0.092, 0.638, 0.926, 0.943),
    "AdaAE-12": (0.299, 0.062, 0.503, 0.876, 0.999),
}
"""DCI, MIG, IRS, Mod and Exp of table 1."""

NOTES = (
    "DCI, MIG, IRS, Mod, Exp: of single latents, as the paper has them; they underrate models whose variables have "
    "several latents (SAE-6, SAE-4 …), as it says itself. Variants: DCI by {predictor}, MIG with 20 bins of equal "
    "counts, IRS at the quantile 0.99, Mod and Exp as Ridgeway and Mozer define them, Exp rescaled to 0 … 1. The paper "
    "does not say which variants are its own.",
    "Pixels are averaged over squares of {pooled}×{pooled} and the weights of all regularisations divided by "
    "{pixels}, so that they keep their place beside a reconstruction that is a sum over pixels.",
    "BCE: cross entropy in nats, summed over all values of a picture; its least value is that of the pictures "
    "themselves. FD and KID: of features of EfficientNet-Lite0, from {images:,} pictures on either side, so they "
    "compare with each other and not with the paper's.",
    "Hybrids are drawn per variable from 128 stored latents; prior: N(0, I), of VAEs and the WAE alone.",
    "Hierarchy: Spearman's correlation between the place of a variable and how linear what it changes is; +1: the "
    "later, the more linear. Only what answers counts.",
    "Models are trained for {steps:,} steps of {batch_size} (the paper: 100,000 of 128) with {filters} channels "
    "(64) at {side}×{side} (64×64).",
    "Intervals are 95 % by Student's t over seeds.",
)

SHEETS = ("SAE-12", "SAE-3", "VLAE-12", "VAE", "β-VAE", "AdaAE-12")
"""Models whose latents are traversed: those of figures 4 and 11, and the VAE."""

CHUNKED = ("SAE-12", "VLAE-12", "VAE")

CAPTIONS = {
    "figure-2": "Cross entropy of reconstructions of unseen pictures, in nats for each.",
    "figure-3": "Fréchet distance of generated to unseen pictures: hybrid samples of every model, prior samples of "
    "those that have a prior.",
    "figure-5": "Scores of single latents, a dot for each seed (SA figures 5 and 10).",
    "figure-8": "Cross entropy against Fréchet distance of reconstructions: an x for each seed, a circle for the mean.",
    "figure-9": "Hybrid and prior samples of every model: an x for each seed, mean and one standard deviation.",
    "traversals": "{model}, seed 0: every row moves one latent from the least to the greatest value seen, rows of one "
    "variable belong together. The base is the code of an unseen picture nearest to the mean of all.",
    "chunks": "{model}, seed 0: in every row a quarter of the variables comes from other pictures, each variable from "
    "one of its own; the others stay (SA figure 6a).",
    "order": "{model}, seed 0: how linear what each variable changes is, and how much of the picture it reaches.",
}


def make_table(options: Options) -> Table:
    """Train every model, a process for each, and measure it (SA table 1, figures 2, 3, 5, 8 to 10).

    On a GPU models are trained one after another; auto is the cpu.
    """
    grid = list_configurations(options)
    missing = [configuration for configuration in grid if not scores.is_measured(configuration)]
    if missing:
        draw_shapes(options.scale, options.folder)  # drawn once, before many processes ask for them
    if options.device not in ("auto", "cpu"):
        for configuration in missing:
            train(configuration, device=options.device)
    measure_missing(scores.measure_all, scores.is_measured, grid)
    return Table(
        title="Structure by architecture on 3D Shapes (SA table 1, figures 2, 3, 5 and 8 to 10)",
        what="Structural, adaptive, ladder and hourglass autoencoders: whether single latents tell factors apart, how "
        "good reconstructions, prior samples and hybrid samples are, and in which order variables carry what.",
        scale=_describe_scale(grid),
        cells=tuple(_list_cells(grid)),
        notes=_complete_notes(options.scale),
    )


def group_seeds(grid: Sequence[ArchitectureConfiguration]) -> dict[str, list[ArchitectureConfiguration]]:
    """Return model → its seeds."""
    return group_by(grid, lambda configuration: configuration.model)


def _list_cells(grid: Sequence[ArchitectureConfiguration]) -> Iterator[Cell]:
    groups, scale = group_seeds(grid), grid[0].scale
    for model, own in groups.items():
        found = [scores.measure_disentanglement(configuration) for configuration in own]
        printed = dict(zip(scores.COLUMNS.values(), PAPER.get(model, ()), strict=False))
        yield from row_over_seeds(model, _list_names(found), found, scale=scale, paper=printed)
    for model, own in groups.items():
        found = [scores.measure_pictures(configuration) for configuration in own]
        yield from row_over_seeds(f"{model} · pictures", _list_names(found), found, scale=scale)
    for model, own in groups.items():
        orders = [scores.measure_order(configuration) for configuration in own]
        found = [{column: each[column] for column in scores.ORDER if column in each} for each in orders]
        yield from row_over_seeds(f"{model} · order", _list_names(found), found, scale=scale)


def _list_names(found: Sequence[Scores]) -> list[str]:
    """Return the names that any seed has a score of, in the order of their first appearance."""
    return list(dict.fromkeys(name for scores in found for name in scores))


def _complete_notes(scale: str) -> tuple[str, ...]:
    chosen = pick_scale(SCALES, scale)
    words = chosen._asdict() | {"pixels": chosen.pooled**2, "side": 64 // chosen.pooled}
    return tuple(note.format(**words) for note in NOTES)


def _describe_scale(grid: Sequence[ArchitectureConfiguration]) -> dict[str, str]:
    scale, chosen = grid[0].scale, pick_scale(SCALES, grid[0].scale)
    side = 64 // chosen.pooled
    first = [train(configuration) for configuration in grid if configuration.seed == 0]
    sizes = [sum(parameter.numel() for parameter in run.model.parameters()) for run in first]
    seconds = [run.seconds for run in first]
    return {
        "scale": scale,
        "seeds": ", ".join(str(seed) for seed in sorted({configuration.seed for configuration in grid})),
        "data": f"3D Shapes drawn anew, {chosen.rows:,} of 480,000 at {side}×{side}, 70 % to learn from",
        "network": f"12 + 12 blocks of {chosen.filters} channels, 12 latents; {min(sizes):,} to {max(sizes):,} "
        "parameters",
        "training": f"{chosen.steps:,} steps of {chosen.batch_size}, Adam {chosen.lr:g}",
        "measured on": f"{chosen.codes:,} unseen rows, {chosen.images:,} pictures of each kind",
        "time": f"{min(seconds):.0f} to {max(seconds):.0f} s of training a model",
    }


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 2, 3, 5, 8 and 9 over all models, and traversals, chunks and orders of some."""
    groups = group_seeds(list_configurations(options))
    return [*_draw_summaries(groups), *(picture for model in SHEETS for picture in _draw_sheets(groups[model][0]))]


def _draw_summaries(groups: Mapping[str, Sequence[ArchitectureConfiguration]]) -> list[Picture]:
    found = {model: [scores.measure_pictures(each) for each in own] for model, own in groups.items()}
    apart = {model: [scores.measure_disentanglement(each) for each in own] for model, own in groups.items()}
    columns = (scores.DCI, scores.MIG, scores.IRS, scores.MOD, scores.EXP)
    by_score = {model: {column: [each[column] for each in own] for column in columns} for model, own in apart.items()}

    def read(column: str) -> dict[str, list[float]]:
        return {model: values for model, own in found.items() if (values := [s[column] for s in own if column in s])}

    samples = {kind: read(scores.name_frechet(kind)) for kind in ("hybrid", "prior")}
    bce, again = read(scores.BCE), read(scores.name_frechet("reconstruction"))
    return [
        _add_caption("figure-2", "Reconstruction (SA figure 2)", quality.reconstruction_quality({"3D Shapes": bce})),
        _add_caption("figure-3", "Samples (SA figure 3)", quality.sample_quality(samples)),
        _add_caption("figure-5", "Disentanglement (SA figure 5)", by_variant(by_score, "score", low=0.0, high=1.0)),
        _add_caption(
            "figure-8", "Two ways to judge reconstructions (SA figure 8)", quality.bce_against_frechet(bce, again)
        ),
        _add_caption("figure-9", "Hybrid and prior samples (SA figure 9)", quality.samplers(samples)),
    ]


def _add_caption(name: str, title: str, figure: Figure) -> Picture:
    return Picture(name, title, CAPTIONS[name], figure)


def _draw_sheets(configuration: ArchitectureConfiguration) -> list[Picture]:
    """Draw traversals of one model, and chunks and the order of some."""
    z = encode_unseen(configuration)
    pictures = [_draw_traversals(configuration, z)]
    if configuration.model in CHUNKED:
        pictures += [_draw_chunks(configuration, z), _draw_order(configuration)]
    return pictures


def _draw_traversals(configuration: ArchitectureConfiguration, z: Tensor) -> Picture:
    model, units = configuration.model, scores.list_variables(configuration)
    rows = traversals(train(configuration).model, z, units=units)
    images, values, reach = rows.images.numpy(), rows.values.numpy(), rows.reach.numpy()
    return Picture(
        f"traversals-{file_name(model)}",
        f"Traversals, {model} (SA figures 4 and 11)",
        CAPTIONS["traversals"].format(model=model),
        traversal_sheet(images, values, rows.latents, rows.variables, reach=reach),
    )


def _draw_chunks(configuration: ArchitectureConfiguration, z: Tensor) -> Picture:
    model, units = configuration.model, scores.list_variables(configuration)
    generator = Generator().manual_seed(configuration.seed)
    mixed = chunk_hybrids(train(configuration).model, z, units=units, generator=generator)
    return Picture(
        f"chunks-{file_name(model)}",
        f"Hybrids by chunks, {model} (as SA figure 6a)",
        CAPTIONS["chunks"].format(model=model),
        chunk_sheet(mixed.base_image.numpy(), mixed.images.numpy(), mixed.chunks),
    )


def _draw_order(configuration: ArchitectureConfiguration) -> Picture:
    model, found = configuration.model, scores.measure_hierarchy(configuration)
    arrays = {key: value.numpy() for key, value in found._asdict().items() if isinstance(value, Tensor)}
    return Picture(
        f"order-{file_name(model)}",
        f"Order of the variables, {model} (SA 4.1)",
        CAPTIONS["order"].format(model=model),
        hierarchy_panels(arrays),
    )


def encode_unseen(configuration: ArchitectureConfiguration, n: int = 2000) -> Tensor:
    """Return codes of unseen pictures, ``(n, latents)``: posterior means."""
    return encode(train(configuration).model, scores.take_unseen(configuration, n)).mean


EXPERIMENT = Experiment(
    name="structure.table1",
    summary="SAEs, AdaAEs, VLAEs and VAEs on 3D Shapes: disentanglement, samples, order (SA table 1, figures 2–11)",
    costs={
        "smoke": "a few minutes",
        "laptop": "about 80 minutes on two cores",
        "gpu": "an estimated hour on a GPU",
        "paper": LONG,
    },
    make=make_table,
    draw=draw_figures,
)
