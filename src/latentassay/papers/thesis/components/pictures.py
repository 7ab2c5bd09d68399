"""Figures 3.4 to 3.7 of the thesis, drawn from the runs that its tables rest on."""

from pathlib import Path

import numpy as np
import torch

from latentassay.geometry import nonlinear_eigenfaces
from latentassay.papers.page import Picture
from latentassay.papers.thesis.components import drawing as draw
from latentassay.papers.thesis.components import scores
from latentassay.papers.thesis.components.runs import BINS, TASKS, parts, train
from latentassay.papers.thesis.components.table import Folders, Wanted
from latentassay.plots.images import strips
from latentassay.sampling import encode

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


def pictures(scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None) -> list[Picture]:
    """Draw figures 3.4 to 3.7 from the runs in ``folder``; what is missing is trained first."""
    wanted = Wanted(scale, folder, seeds, data)
    return [*_figure_4(wanted), _figure_5(wanted), *_figures_6(wanted), *_figures_7(wanted)]


def _figure_4(wanted: Wanted) -> list[Picture]:
    """Nothing where no model has two active units."""
    own = wanted.main["dSprites", "β-VAE"]
    groups, dots = {}, list[tuple[float, float]]()
    for step in (*own[0].size.snapshots, None):
        found = [scores.of_model(cell, step) for cell in own]
        both = [(each[scores.DTO], each[scores.DS]) for each in found if scores.DTO in each]
        if both:
            groups[f"{step or own[0].steps:,} steps"] = ([x for x, _ in both], [y for _, y in both])
            dots += both
    r = float(np.corrcoef(np.array(dots).T)[0, 1]) if len(dots) > 2 else float("nan")
    if not groups:
        return []
    return [
        Picture(
            "figure-3-4",
            "Orthogonality and disentanglement (thesis figure 3.4)",
            CAPTIONS["figure-3-4"].format(r=r),
            draw.against(groups, x="DtO", y="DS"),
        )
    ]


def _figure_5(wanted: Wanted) -> Picture:
    codes = {}
    for ratio in (1.0, 1.5):
        for cell in wanted.ratios[ratio][:SHOWN]:
            test = parts(cell).test
            means = encode(train(cell).model, test, batch_size=1024).mean.numpy()
            codes[f"ratio {ratio:g}, seed {cell.seed}"] = (means, (test.factors + 0.5) / BINS)
    caption = CAPTIONS["figure-3-5"].format(n=len(codes) // 2)
    return Picture(
        "figure-3-5",
        "Degenerate singular values (thesis figure 3.5)",
        caption,
        draw.squares(codes, columns=len(codes) // 2),
    )


def _figures_6(wanted: Wanted) -> list[Picture]:
    made = []
    for name, things in (("MNIST", "digits"), ("fMNIST", "pictures of clothes")):
        cell = wanted.main[name, "VAE"][0]
        generator = torch.Generator().manual_seed(cell.seed)
        found = nonlinear_eigenfaces(train(cell).model, parts(cell).test, generator=generator)
        rows = {
            f"unit {unit}, σ {sigma:.2f}": images.numpy()
            for unit, sigma, images in zip(found.units, found.sigma.tolist(), found.images, strict=True)
        }
        made.append(
            Picture(
                f"figure-3-6-{name.lower()}",
                f"Nonlinear eigenfaces of {things} (after thesis figure 3.6)",
                CAPTIONS["figure-3-6"].format(data=things),
                strips(rows),
            )
        )
    return made


def _figures_7(wanted: Wanted) -> list[Picture]:
    made = []
    for name, sets in (("squares", ("Synth. Lin.", "Synth. Non-Lin.")), ("dsprites", ("dSprites",))):
        curves = {
            column: {data: _by_beta(wanted, data, column) for data in sets}
            for column in (scores.DS, scores.DTO, scores.ACTIVE)
        }
        chosen = {data: TASKS[data].beta for data in sets}
        made.append(
            Picture(
                f"figure-3-7-{name}",
                f"Line search over β, {' and '.join(sets)} (thesis figure 3.7)",
                CAPTIONS[f"figure-3-7-{name}"],
                draw.line_search(curves, chosen=chosen),
            )
        )
    return made


def _by_beta(wanted: Wanted, data: str, column: str) -> dict[float, list[float]]:
    return {
        beta: [found[column] for cell in own if column in (found := scores.of_model(cell))]
        for (name, beta), own in wanted.line.items()
        if name == data
    }
