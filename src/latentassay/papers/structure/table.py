"""Table 1 of SA, and the numbers behind its figures 2, 3, 5 and 8 to 10."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from latentassay.core.errors import InputError
from latentassay.papers.pool import each
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick
from latentassay.papers.runs import Scores
from latentassay.papers.structure import scores
from latentassay.papers.structure.runs import MODELS, SCALES, Cell, cells, shapes, train

Folders = Mapping[str, str | Path]

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


def table(
    scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None, device: str = "auto"
) -> Table:
    """Train every model, a process for each, and measure it (SA table 1, figures 2, 3, 5, 8 to 10).

    Args:
        scale: smoke, laptop, gpu or paper.
        folder: where pictures, runs and scores are kept; what is there is not done again.
        seeds: how many seeds, from 0 on; as many as the scale has where left out.
        data: nothing; 3D Shapes are drawn here.
        device: cpu, or a GPU on which models are trained one after another; auto is the cpu.

    Raises:
        InputError: an unknown scale, no seeds, or a data set that is not used.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    wanted = wanted_cells(scale, folder, seeds, data)
    missing = [cell for cell in wanted if not scores.is_measured(cell)]
    if missing:
        shapes(scale, folder)  # drawn once, before many processes ask for them
    if device not in ("auto", "cpu"):
        for cell in missing:
            train(cell, device=device)
    each(scores.measure, missing, "models")
    return Table(
        title="Structure by architecture on 3D Shapes (SA table 1, figures 2, 3, 5 and 8 to 10)",
        what="Structural, adaptive, ladder and hourglass autoencoders: whether single latents tell factors apart, how "
        "good reconstructions, prior samples and hybrid samples are, and in which order variables carry what.",
        scale=_told(wanted),
        cells=tuple(_numbers(wanted)),
        notes=_notes(scale),
    )


def wanted_cells(scale: str, folder: Path, seeds: int | None, data: Folders | None) -> list[Cell]:
    """Return the cells of so many seeds."""
    if data:
        raise InputError(f"3D Shapes are drawn here and need no files, got --data {', '.join(data)}")
    return cells(scale, folder, counted(seeds, pick(SCALES, scale).seeds))


def grouped(wanted: Sequence[Cell]) -> dict[str, list[Cell]]:
    """Return model → its cells, a seed each."""
    return {model: [cell for cell in wanted if cell.model == model] for model in MODELS}


def _numbers(wanted: Sequence[Cell]) -> Iterator[Number]:
    for model, own in grouped(wanted).items():
        yield from _block(model, own, [scores.disentanglement(cell) for cell in own], PAPER.get(model, ()))
    for model, own in grouped(wanted).items():
        yield from _block(f"{model} · pictures", own, [scores.pictures(cell) for cell in own])
    for model, own in grouped(wanted).items():
        found = [scores.order(cell) for cell in own]
        kept = [{column: each[column] for column in scores.ORDER if column in each} for each in found]
        yield from _block(f"{model} · order", own, kept)


def _block(row: str, own: Sequence[Cell], found: Sequence[Scores], paper: Sequence[float] = ()) -> Iterator[Number]:
    printed = dict(zip(scores.COLUMNS.values(), paper, strict=False))
    columns = dict.fromkeys(column for each in found for column in each)
    for column in columns:
        values = [each[column] for each in found if column in each]
        yield over_seeds(row, column, values, scale=own[0].scale, paper=printed.get(column))


def _notes(scale: str) -> tuple[str, ...]:
    chosen = pick(SCALES, scale)
    told = chosen._asdict() | {"pixels": chosen.pooled**2, "side": 64 // chosen.pooled}
    return tuple(note.format(**told) for note in NOTES)


def _told(wanted: Sequence[Cell]) -> dict[str, str]:
    scale, chosen = wanted[0].scale, pick(SCALES, wanted[0].scale)
    side = 64 // chosen.pooled
    first = [train(cell) for cell in wanted if cell.seed == 0]
    sizes = [sum(parameter.numel() for parameter in run.model.parameters()) for run in first]
    seconds = [run.seconds for run in first]
    return {
        "scale": scale,
        "seeds": ", ".join(str(seed) for seed in sorted({cell.seed for cell in wanted})),
        "data": f"3D Shapes drawn anew, {chosen.rows:,} of 480,000 at {side}×{side}, 70 % to learn from",
        "network": f"12 + 12 blocks of {chosen.filters} channels, 12 latents; {min(sizes):,} to {max(sizes):,} "
        "parameters",
        "training": f"{chosen.steps:,} steps of {chosen.batch_size}, Adam {chosen.lr:g}",
        "measured on": f"{chosen.codes:,} unseen rows, {chosen.images:,} pictures of each kind",
        "time": f"{min(seconds):.0f} to {max(seconds):.0f} s of training a model",
    }
