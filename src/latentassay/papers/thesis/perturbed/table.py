"""Table 4.2 of chapter 4, and what stands behind it: how entangled models become when data are moved by ε."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from latentassay.core.errors import InputError
from latentassay.metrics import encode_table, mig, separation
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import Cell as Number
from latentassay.papers.results import Table, over_seeds, pick
from latentassay.papers.runs import Scores, measured
from latentassay.papers.thesis.perturbed.runs import (
    EPS,
    LATENTS,
    SCALES,
    SETS,
    Cell,
    Set,
    cells,
    data_of,
    device_of,
    original,
    pool,
    prepared,
    train,
    train_all,
)
from latentassay.perturbation import manipulation
from latentassay.perturbation.source import row_blocks
from latentassay.sampling import encode

MIG, DS, ACTIVE = "MIG", "DS", "active units"
ROWS = 5000
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


def table(
    scale: str,
    folder: Path,
    *,
    seeds: int | None = None,
    data: Mapping[str, str | Path] | None = None,
    device: str = "auto",
) -> Table:
    """Perturb dSprites, train on them before, after and with noise, and score what comes of it (PCA table 4.2).

    Args:
        scale: smoke, laptop or paper.
        folder: where data sets, runs and scores are kept; what is there is not made again.
        seeds: how many seeds, from 0 on.
        data: none is used.
        device: below scale paper cpu or auto, since networks this small gain nothing from a GPU.

    Raises:
        InputError: an unknown scale, another device, no seeds, or data sets that are not used.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    if data:
        raise InputError(f"dSprites are drawn here and need no files, got --data {', '.join(data)}")
    if device not in ("auto", device_of(scale)):
        raise InputError(f"scale {scale} trains on {device_of(scale)}, got device {device!r}")
    count = counted(seeds, pick(SCALES, scale).seeds)
    sets, wanted = prepared(scale, folder), cells(scale, folder, count)
    train_all(wanted)
    with one_thread():
        found = {cell: scores(cell) for cell in wanted}
        ends = {cell: scores(cell)[MIG] for cell in pool(scale, folder)}
    numbers = [*_of_methods(found), *_of_differences(found), *_of_manipulation(scale, folder)]
    return Table(
        title="dSprites moved by ε against VAEs, beside noise as large (PCA table 4.2)",
        what="β-VAEs, TC-VAEs and PCL trained on dSprites as they are, moved by a manipulation of at most ε = 0.1 that "
        "suits entangled β-VAEs and not disentangled ones, and moved by uniform noise as large.",
        scale=_told(scale, count, len(sets["original"]), ends),
        cells=tuple(numbers),
        notes=NOTES,
    )


def scores(cell: Cell) -> Scores:
    """Score a model on the data it was trained on."""
    model = train(cell)

    def ask() -> Scores:
        data = data_of(cell)
        seen = encode_table(model, data, n=ROWS, seed=0)
        found: Scores = {
            MIG: mig(seen.codes, seen.factors, binning="width").score,
            DS: separation(seen.codes, seen.factors).score,
        }
        if getattr(model, "prior", None) is None:
            return found
        variance = encode(model, data, rows=seen.rows).std.square().mean(0)
        return {**found, ACTIVE: float((variance < KNOWN).sum())}

    return measured(cell.home, "scores", {"rows": ROWS, "known": KNOWN, "binning": "width"}, ask)


def _of_methods(found: Mapping[Cell, Scores]) -> Iterator[Number]:
    for method in dict.fromkeys(cell.method for cell in found):
        for place, data in enumerate(SETS):
            own = [score for cell, score in found.items() if (cell.method, cell.data) == (method, data)]
            scale = next(iter(found)).scale
            mean, deviation = TABLE_4_2[method][place] if scale != "smoke" else (None, None)
            for column in (MIG, DS, ACTIVE):
                values = [score[column] for score in own if column in score]
                paper = {"paper": mean, "paper_half": deviation} if column == MIG else {}
                if values:
                    yield over_seeds(f"{method}, {data}", column, values, scale=scale, **paper)


def _of_differences(found: Mapping[Cell, Scores]) -> Iterator[Number]:
    for method in dict.fromkeys(cell.method for cell in found):
        for place, data in enumerate(SETS[1:], 1):
            pairs = [
                (_like(found, cell, "original"), score)
                for cell, score in found.items()
                if (cell.method, cell.data) == (method, data)
            ]
            scale, printed = next(iter(found)).scale, TABLE_4_2[method]
            paper = round(printed[place][0] - printed[0][0], 2) if scale != "smoke" else None
            for column in (MIG, DS):
                values = [after[column] - before[column] for before, after in pairs]
                yield over_seeds(
                    f"{method}, {data} − original",
                    f"change of {column}",
                    values,
                    scale=scale,
                    paper=paper if column == MIG else None,
                )


def _like(found: Mapping[Cell, Scores], cell: Cell, data: Set) -> Scores:
    return found[cell._replace(data=data)]


def _of_manipulation(scale: str, folder: Path) -> Iterator[Number]:
    """What the game did: losses of both sides at its beginning and end, and how far values moved on average."""
    _, losses, before = manipulation(_cell(scale, folder, "modified").home.parent / "modified")
    tenth = max(1, len(losses) // 10)
    for side, name in enumerate(("entangled", "disentangled")):
        yield over_seeds(f"loss of the {name} side", "unchanged data", [float(before[side])], scale=scale)
        for when, part in (("first tenth of the steps", losses[:tenth]), ("last tenth of the steps", losses[-tenth:])):
            yield over_seeds(f"loss of the {name} side", when, [float(part[:, side].mean())], scale=scale)
    for data in SETS[1:]:
        yield over_seeds(data, "mean |x' − x|", [moved(scale, folder, data)], scale=scale)


def moved(scale: str, folder: Path, data: Set) -> float:
    """Return how far values were moved on average."""
    parent, other = original(scale, folder), data_of(_cell(scale, folder, data))
    sums = [float((other.batch(rows) - parent.batch(rows)).abs().sum()) for rows in row_blocks(len(parent))]
    return sum(sums) / (len(parent) * float(np.prod(parent.x_shape)))


def _cell(scale: str, folder: Path, data: Set) -> Cell:
    return Cell(scale, folder, "β-VAE", data, 0)


def _told(scale: str, seeds: int, rows: int, ends: Mapping[Cell, float]) -> dict[str, str]:
    chosen = pick(SCALES, scale)
    ranked = sorted(ends.values())
    layers = f"MLP {', '.join(map(str, chosen.hidden))}" if chosen.hidden else chosen.model
    return {
        "scale": scale,
        "seeds": "0" if seeds == 1 else f"0 to {seeds - 1}",
        "data": f"dSprites, {rows:,} pictures of {chosen.side} × {chosen.side}",
        "network": f"{layers}, {LATENTS} latents, Bernoulli",
        "training": f"{chosen.steps:,} steps of 64, Adam {chosen.lr:g}; β-VAE {_short(8 * chosen.weight)}, TC-VAE "
        f"{_short(6 * chosen.weight)} (α = γ = {_short(chosen.weight)})",
        "ends": f"{chosen.ends} a side of {chosen.pool} β-VAEs with a MIG from {ranked[0]:.2f} to {ranked[-1]:.2f}",
        "manipulation": f"ε = {EPS:g}, {chosen.moves:,} steps of {chosen.rows}, Adam {chosen.rate:g}",
    }


def _short(value: float) -> str:
    return f"{value:g}"
