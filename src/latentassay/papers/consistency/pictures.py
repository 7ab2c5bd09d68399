"""The figures of IC: summaries over the whole grid, and what the report says of single models."""

from collections.abc import Sequence
from pathlib import Path

from latentassay.assay import Assay, assay
from latentassay.core.storage import write_whole
from latentassay.papers.consistency import scores
from latentassay.papers.consistency.runs import SCALES, VARIANTS, Cell, digits, train
from latentassay.papers.consistency.table import Folders, grouped, named, wanted_cells
from latentassay.papers.page import Picture
from latentassay.papers.pool import each
from latentassay.papers.results import pick
from latentassay.papers.variants import by_variant

SUMMARIES = (
    ("5a-reconstructions", "FD, reconstructions", "Reconstructions", "Fréchet distance"),
    ("5a-samples", "FD, samples", "Samples", "Fréchet distance"),
    ("5a-traversals", "FD, traversals", "Traversals", "Fréchet distance"),
    ("5b-26", scores.INV, "Invariance", "1 − INV of units that are not collapsed"),
    ("27", scores.EQV, "Equivariance", "1 − EQV"),
    ("28-posterior", "SCN, posterior", "Self-consistency of posterior samples", "1 − SCN"),
    ("28-hybrid", "SCN, hybrid", "Self-consistency of hybrids", "1 − SCN"),
    ("28-uniform", "SCN, uniform", "Self-consistency of uniform samples", "1 − SCN"),
    ("8", scores.MMD, "Dependence between latents", "MMD² × 1000"),
    ("table-1", scores.SPARSE, "Sparsity", "share of edges with a gate below ½"),
)
"""Figure, score, title, axis."""

LINEAR = (scores.MMD, scores.SPARSE)
"""Scores that may be 0 or less, on an axis of their own; of the others, those that end at 1 have no floor."""

PERFECT = 1e-6
"""What is left to 1 is drawn from here on."""

CAPTION = "A dot for each seed and their mean, with its 95 % interval from three seeds on. Families: AE, VAE, SAE; {}"
SAMPLES, GRID, BUDGET = 256, 20, 30.0

SHOWN = {
    "invariance": ("3", "Invariance matrix"),
    "self": ("29", "Self-consistency of every unit"),
    "errors": ("2-19-25", "What comes back wrong along a traversal"),
    "hybrids": ("34", "Hybridisation"),
    "adjacency": ("30-33", "Masks"),
    "doubles": ("35", "Double interventions on N and Z"),
}
"""Figures of the report's consistency section → number and title in IC."""


def pictures(scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None) -> list[Picture]:
    """Draw figures 5, 8 and 26 to 28 over all seeds, and 2, 3, 16, 19 to 25, 29 to 35 of the first.

    The models of single figures get a whole report besides, ``report.html`` in the folder of their run.

    Args:
        scale: smoke, laptop or paper.
        folder: where the runs are.
        seeds: how many of the paper's seeds.
        data: ``mnist`` → its folder.
    """
    wanted = wanted_cells(scale, folder, seeds, data)
    first = [own[0] for row, own in grouped(wanted).items() if row in pick(SCALES, scale).shown]
    each(report, [cell for cell in first if not _kept(cell).exists()], "reports")
    return [*_summaries(wanted), *(picture for cell in first for picture in _of(cell))]


def report(cell: Cell) -> None:
    """Assay a model, and leave the assay and its report beside the run."""
    scale, run = pick(SCALES, cell.scale), train(cell)
    name = f"{named(cell.family, cell.variant)}, size {scale.size.upper()}, seed {cell.seed}"
    test = digits(scale.data, cell.data).test
    made = assay(run.model, test, samples=SAMPLES, seed=cell.seed, grid=GRID, budget=BUDGET, name=name)
    write_whole(cell.home / "report.html", made.to_html().encode())
    made.save(_kept(cell))


def _kept(cell: Cell) -> Path:
    return cell.home / "assay.safetensors"


def _summaries(wanted: Sequence[Cell]) -> list[Picture]:
    return [
        Picture(
            f"figure-{figure}",
            f"{title} (IC {_source(figure)})",
            CAPTION.format(f"{title.lower()}."),
            by_variant(groups, axis, log=score not in LINEAR, order=(*VARIANTS, "AVAE")),
        )
        for figure, score, title, axis in SUMMARIES
        if (groups := _groups(wanted, score))
    ]


def _source(figure: str) -> str:
    number = figure.split("-")[0]
    return "table 1" if number == "table" else f"figure {number}"


def _groups(wanted: Sequence[Cell], score: str) -> dict[str, dict[str, list[float]]]:
    """Family → variant → values, a seed each; what no seed has is left out."""
    groups: dict[str, dict[str, list[float]]] = {}
    for own in grouped(wanted).values():
        found = [scores.consistency(cell) | scores.pictures(cell) for cell in own]
        if values := [_drawn(score, known[score]) for known in found if score in known]:
            groups.setdefault(own[0].family.upper(), {})[own[0].variant] = values
    return groups


def _drawn(score: str, value: float) -> float:
    """What is left to 1, where that is perfect."""
    return max(1 - value, PERFECT) if score.startswith(("INV", "EQV", "SCN")) else value


def _of(cell: Cell) -> list[Picture]:
    """The figures of one model, and the interpolation strip of figure 16."""
    kept, row = Assay.load(_kept(cell)), named(cell.family, cell.variant)
    drawn = kept.figures()
    made = [
        Picture(
            f"figure-{number}-{row.lower()}",
            f"{title}, {row} (IC figure {number.replace('-', ', ')})",
            f"{row}, seed {cell.seed}, on unseen digits.",
            drawn[f"consistency.{key}"],
        )
        for key, (number, title) in SHOWN.items()
        if f"consistency.{key}" in drawn
    ]
    if "paths.strips" in drawn:
        made.append(
            Picture(
                f"figure-16-{row.lower()}",
                f"Interpolation, {row} (IC figure 16)",
                "Between two unseen digits.",
                drawn["paths.strips"],
            )
        )
    return made
