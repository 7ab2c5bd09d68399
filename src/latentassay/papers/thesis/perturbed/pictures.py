"""What the manipulation does to pictures (PCA figure 4.3), how the game went, and MIG on the three data sets."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from latentassay.papers.page import Picture
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import pick
from latentassay.papers.thesis.perturbed.runs import EPS, SCALES, SETS, Cell, cells, data_of, original, prepared
from latentassay.papers.thesis.perturbed.table import MIG, TABLE_4_2, scores
from latentassay.perturbation import manipulation
from latentassay.plots.images import strips
from latentassay.plots.style import INK, SERIES, legend, sheet, tidy

SHOWN = 12

CAPTIONS = {
    "figure-4-3": "Pictures as they are, moved by the manipulation, and moved by noise; differences from −{eps:g} "
    "(black) to {eps:g} (white), grey where nothing moved.",
    "losses": "Errors with which the decoders of both sides rebuild the moved pictures while the manipulation is "
    "trained; means of neighbouring steps. The decoders go on learning: the manipulation works on their difference.",
    "table-4-2": "MIG of every seed (dots) with their mean (bars)",
}
PRINTED = ", and the thesis' mean ± standard deviation of ten seeds on the whole of dSprites (grey lines)."


def pictures(
    scale: str, folder: Path, *, seeds: int | None = None, data: Mapping[str, str | Path] | None = None
) -> list[Picture]:
    """Draw the figures from the runs in ``folder``; what is missing is made first."""
    prepared(scale, folder)
    return [_examples(scale, folder), _losses(scale, folder), _migs(scale, folder, seeds)]


def _examples(scale: str, folder: Path) -> Picture:
    parent = original(scale, folder)
    rows = np.sort(np.random.default_rng(1).choice(len(parent), SHOWN, replace=False))
    x, moved, noisy = (data_of(Cell(scale, folder, "β-VAE", data, 0)).batch(rows).numpy() for data in SETS)
    groups = {
        "original": x,
        "modified": moved,
        "difference, amplified": 0.5 + (moved - x) / (2 * EPS),
        "noise": noisy,
        "difference, amplified ": 0.5 + (noisy - x) / (2 * EPS),
    }
    caption = CAPTIONS["figure-4-3"].format(eps=EPS)
    return Picture("figure-4-3", "Example perturbations (PCA figure 4.3)", caption, strips(groups))


def _losses(scale: str, folder: Path) -> Picture:
    place = Cell(scale, folder, "β-VAE", "modified", 0).home.parent / "modified"
    losses = manipulation(place).losses.numpy()
    width = max(1, len(losses) // 100)
    kept = losses[: len(losses) // width * width].reshape(-1, width, 2).mean(1)
    figure = sheet(6.4, 3.2)
    ax = tidy(figure.add_subplot(), x="step of the manipulation", y="−log p of a picture, nats")
    for side, name in enumerate(("entangled side, L_ent", "disentangled side, L_dis")):
        ax.plot((np.arange(len(kept)) + 0.5) * width, kept[:, side], color=SERIES[side], label=name)
    legend(ax)
    caption = CAPTIONS["losses"]
    return Picture("losses", "The game between the two sides", caption, figure)


def _migs(scale: str, folder: Path, seeds: int | None) -> Picture:
    wanted = cells(scale, folder, counted(seeds, pick(SCALES, scale).seeds))
    found = {cell: scores(cell)[MIG] for cell in wanted}
    methods = list(dict.fromkeys(cell.method for cell in wanted))
    figure = sheet(6.4, 3.2)
    _bars(figure, methods, found, printed=scale != "smoke")
    caption = CAPTIONS["table-4-2"] + (PRINTED if scale != "smoke" else ".")
    return Picture("table-4-2", "MIG before, after and with noise (PCA table 4.2)", caption, figure)


def _bars(figure: Figure, methods: list[str], found: Mapping[Cell, float], *, printed: bool) -> None:
    ax = tidy(figure.add_subplot(), y=MIG)
    for place, data in enumerate(SETS):
        for i, method in enumerate(methods):
            own = [value for cell, value in found.items() if (cell.method, cell.data) == (method, data)]
            at = i + 0.26 * (place - 1)
            ax.bar(at, np.mean(own), 0.22, color=SERIES[place], alpha=0.55, label=data if i == 0 else None)
            ax.plot([at] * len(own), own, "o", color=INK, markersize=2.8)
            if printed:
                mean, deviation = TABLE_4_2[method][place]
                ax.errorbar(at + 0.07, mean, deviation, color=SERIES[4], marker="_", markersize=6, linewidth=1)
    ax.set_xticks(range(len(methods)), methods)
    legend(ax)
