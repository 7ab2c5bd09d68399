"""Figures 2 to 6 and 8 to 11 of SA, drawn from the runs that its table rests on."""

from pathlib import Path

from torch import Generator, Tensor

from latentassay.papers.page import Picture
from latentassay.papers.structure import quality as draw
from latentassay.papers.structure import scores
from latentassay.papers.structure.drawing import chunk_sheet, traversal_sheet
from latentassay.papers.structure.runs import Cell, train
from latentassay.papers.structure.table import Folders, grouped, wanted_cells
from latentassay.papers.variants import by_variant
from latentassay.plots.hierarchy import hierarchy_panels
from latentassay.responses import chunk_hybrids, traversals
from latentassay.sampling import encode

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


def pictures(scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None) -> list[Picture]:
    """Draw figures 2, 3, 5, 8 and 9 over all models, and traversals, chunks and orders of some."""
    groups = grouped(wanted_cells(scale, folder, seeds, data))
    return [*_summaries(groups), *(picture for model in SHEETS for picture in _sheets(groups[model][0]))]


def _summaries(groups: dict[str, list[Cell]]) -> list[Picture]:
    found = {model: [scores.pictures(cell) for cell in own] for model, own in groups.items()}
    apart = {model: [scores.disentanglement(cell) for cell in own] for model, own in groups.items()}
    columns = (scores.DCI, scores.MIG, scores.IRS, scores.MOD, scores.EXP)
    by_score = {model: {column: [each[column] for each in own] for column in columns} for model, own in apart.items()}

    def of(column: str) -> dict[str, list[float]]:
        return {model: values for model, own in found.items() if (values := [s[column] for s in own if column in s])}

    hybrid, prior = of(scores.fd("hybrid")), of(scores.fd("prior"))
    bce, again = of(scores.BCE), of(scores.fd("reconstruction"))
    return [
        _picture("figure-2", "Reconstruction (SA figure 2)", draw.reconstruction_quality({"3D Shapes": bce})),
        _picture("figure-3", "Samples (SA figure 3)", draw.sample_quality({"hybrid": hybrid, "prior": prior})),
        _picture("figure-5", "Disentanglement (SA figure 5)", by_variant(by_score, "score", low=0.0, high=1.0)),
        _picture("figure-8", "Two ways to judge reconstructions (SA figure 8)", draw.bce_against_frechet(bce, again)),
        _picture(
            "figure-9", "Hybrid and prior samples (SA figure 9)", draw.samplers({"hybrid": hybrid, "prior": prior})
        ),
    ]


def _picture(name: str, title: str, figure: object) -> Picture:
    return Picture(name, title, CAPTIONS[name], figure)  # type: ignore[arg-type]


def _sheets(cell: Cell) -> list[Picture]:
    """Traversals, chunks and the order of one model."""
    model, units, z = train(cell).model, scores.variables(cell), codes(cell)
    rows, told = traversals(model, z, units=units), {"model": cell.model}
    name = cell.model.lower().replace("β", "beta")
    made = [
        Picture(
            f"traversals-{name}",
            f"Traversals, {cell.model} (SA figures 4 and 11)",
            CAPTIONS["traversals"].format(**told),
            traversal_sheet(
                rows.images.numpy(), rows.values.numpy(), rows.latents, rows.variables, reach=rows.reach.numpy()
            ),
        )
    ]
    if cell.model in CHUNKED:
        mixed = chunk_hybrids(model, z, units=units, generator=Generator().manual_seed(cell.seed))
        made.append(
            Picture(
                f"chunks-{name}",
                f"Hybrids by chunks, {cell.model} (as SA figure 6a)",
                CAPTIONS["chunks"].format(**told),
                chunk_sheet(mixed.base_image.numpy(), mixed.images.numpy(), mixed.chunks),
            )
        )
        found = scores.hierarchy_of(cell)
        arrays = {key: value.numpy() for key, value in found._asdict().items() if isinstance(value, Tensor)}
        made.append(
            Picture(
                f"order-{name}",
                f"Order of the variables, {cell.model} (SA 4.1)",
                CAPTIONS["order"].format(**told),
                hierarchy_panels(arrays),
            )
        )
    return made


def codes(cell: Cell, n: int = 2000) -> Tensor:
    """Return codes of unseen pictures, ``(n, latents)``: posterior means."""
    return encode(train(cell).model, scores.unseen(cell, n)).mean
