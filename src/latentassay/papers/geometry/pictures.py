"""Figures 1 to 5 of GEO, drawn from the runs that the table rests on."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from latentassay.evaluation.separability import FEATURES
from latentassay.geometry import fisher_rao_geodesic
from latentassay.papers.geometry import drawing as draw
from latentassay.papers.geometry import scores
from latentassay.papers.geometry.runs import SCALES, Cell, cells, digits, train
from latentassay.papers.geometry.table import Folders, folder_of, grouped
from latentassay.papers.page import Picture
from latentassay.papers.responses.tables import counted
from latentassay.papers.results import pick
from latentassay.papers.runs import Scores
from latentassay.plots.geometry import half_plane, ways
from latentassay.sampling import encode
from latentassay.stats.intervals import student

SHOWN = 4
"""Pairs of digits in figure 5, and latents in figure 4."""

CAPTIONS = {
    "figure-1": "Eigenvalues of the covariance of posterior means over the test set, mean over seeds. Those below "
    "the dotted line count as carrying no information.",
    "figure-2-left": "Principal components with a variance above 0.01, mean over seeds and their range.",
    "figure-2-right": "Bound of the order trained with, and log p(x) by importance sampling, on the same test rows; "
    "means over seeds with 95 % intervals by Student's t where there is more than one.",
    "figure-3": "Logistic regression on {features}, learned on training rows while the VAE trains and measured on the "
    "test set; mean over seeds and their range.",
    "figure-4": "The {shown} latents whose means lie furthest apart between two test pictures, each posterior a point "
    "(μ, σ): the geodesic climbs to Gaussians far wider than either end.",
    "figure-5": "Five ways between two test pictures. The red line is where a classifier that never saw the model "
    "holds both digits for equally likely for the first time.",
}


def pictures(scale: str, folder: Path, *, seeds: int | None = None, data: Folders | None = None) -> list[Picture]:
    """Draw figures 1 to 5 from the runs in ``folder``; what is missing is trained first."""
    wanted = cells(scale, folder, folder_of(scale, data), counted(seeds, pick(SCALES, scale).seeds))
    vaes = [cell for cell in wanted if cell.is_vae]
    return [*_figure_1(wanted), *_figure_2(wanted), *_figure_3(vaes), _figure_4(vaes[0]), *_figure_5(vaes[0])]


def _figure_1(wanted: Sequence[Cell]) -> list[Picture]:
    made = []
    for latents in pick(SCALES, wanted[0].scale).latents:
        spectra = {
            f"α = {alpha:g}": _mean([_spectrum(cell) for cell in own])
            for (alpha, k), own in grouped(wanted).items()
            if k == latents
        }
        title = f"Spectrum of posterior means, k = {latents} (GEO figure 1)"
        made.append(Picture(f"figure-1-k{latents}", title, CAPTIONS["figure-1"], draw.spectra(spectra)))
    return made


def _spectrum(cell: Cell) -> np.ndarray:
    found = scores.spectrum_and_likelihood(cell)
    return np.array([found[f"{scores.EIGENVALUE} {i}"] for i in range(cell.latents)])


def _mean(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.stack(values).mean(0))


def _figure_2(wanted: Sequence[Cell]) -> list[Picture]:
    def of_orders(name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return _by_latents(wanted, lambda cell: scores.spectrum_and_likelihood(cell)[name])

    left = draw.components(of_orders(scores.COMPONENTS))
    right = draw.likelihoods(_curves(of_orders(scores.BOUND)), _curves(of_orders(scores.LIKELIHOOD)))
    return [
        Picture("figure-2-left", "Informative components (GEO figure 2, left)", CAPTIONS["figure-2-left"], left),
        Picture("figure-2-right", "Bound and log-likelihood (GEO figure 2, right)", CAPTIONS["figure-2-right"], right),
    ]


def _by_latents(wanted: Sequence[Cell], ask: Callable[[Cell], float]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return k → the orders, and what is asked, ``(seeds, orders)``."""
    chosen = pick(SCALES, wanted[0].scale)
    orders, groups = np.array(chosen.alphas), grouped(wanted)
    return {
        f"k = {k}": (orders, np.array([[ask(cell) for cell in groups[alpha, k]] for alpha in chosen.alphas]).T)
        for k in chosen.latents
    }


def _curves(values: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, draw.Curve]:
    return {name: (orders, runs.mean(0), _half_width(runs)) for name, (orders, runs) in values.items()}


def _half_width(runs: np.ndarray) -> np.ndarray:
    n = len(runs)
    if n < 2:
        return np.zeros(runs.shape[1])
    return np.asarray(float(student(torch.tensor([n - 1.0]))) * runs.std(0, ddof=1) / n**0.5)


def _figure_3(vaes: Sequence[Cell]) -> list[Picture]:
    steps = np.array([epoch * vaes[0].steps_per_epoch for epoch in pick(SCALES, vaes[0].scale).snapshots])
    courses = {f"k = {latents}": [_course(cell) for cell in own] for (_, latents), own in grouped(vaes).items()}
    accuracies = {
        name: {k: np.array([[at[name] for at in course] for course in own]) for k, own in courses.items()}
        for name in FEATURES
    }
    low = 0.95 * min(float(runs.min()) for found in accuracies.values() for runs in found.values())
    return [
        Picture(
            f"figure-3-{name.replace(', ', '-and-')}",
            f"Digits told from {words} (GEO figure 3)",
            CAPTIONS["figure-3"].format(features=words),
            draw.probes(steps, accuracies[name], low=low),
        )
        for name, words in zip(FEATURES, ("means", "means and variances", "samples"), strict=True)
    ]


def _course(cell: Cell) -> list[Scores]:
    return [scores.separability(cell, epoch) for epoch in pick(SCALES, cell.scale).snapshots]


def _figure_4(cell: Cell) -> Picture:
    model, test = train(cell).model, digits(pick(SCALES, cell.scale).data, cell.data).test
    a, b = _first_of(test.factors[:, 0], (3, 8))
    ends = encode(model, test, rows=[a, b])
    apart = (ends.mean[0] - ends.mean[1]).abs().argsort(descending=True)[:SHOWN]
    way = fisher_rao_geodesic((ends.mean[:1], ends.std[:1]), (ends.mean[1:], ends.std[1:]), steps=101)
    curves = [(way.mean[0, :, i].numpy(), way.std[0, :, i].numpy()) for i in apart.tolist()]
    caption = CAPTIONS["figure-4"].format(shown=len(curves))
    return Picture("figure-4", "Geodesics between Gaussians (GEO figure 4)", caption, half_plane(curves))


def _first_of(labels: np.ndarray, wanted: Sequence[int]) -> list[int]:
    return [int(np.flatnonzero(labels == label)[0]) for label in wanted]


def _figure_5(cell: Cell) -> list[Picture]:
    model = train(cell).model
    judge = scores.Judge(digits(pick(SCALES, cell.scale).data, cell.data), cell.seed)
    a, b = judge.pairs(SHOWN, cell.seed)
    generator = torch.Generator().manual_seed(cell.seed)
    rows = scores.five_ways(model, judge.x[a], judge.x[b], steps=scores.STEPS, generator=generator)
    odds = {name: judge.odds(found, judge.labels[a], judge.labels[b]) for name, found in rows.items()}
    made = []
    for i in range(len(a)):
        names = f"{judge.labels[a[i]]} to {judge.labels[b[i]]}"
        turns = {name: at for name, of_pairs in odds.items() if (at := _turn(of_pairs[i])) is not None}
        figure = ways({name: found[i].numpy() for name, found in rows.items()}, turns=turns)
        made.append(Picture(f"figure-5-{i}", f"From {names} (GEO figure 5)", CAPTIONS["figure-5"], figure))
    return made


def _turn(odds: Tensor) -> float | None:
    """Return the share of the way at which the second digit takes over; none where it does at an end."""
    second = (odds > 0).tolist()
    return second.index(True) / (len(second) - 1) if second[-1] and not second[0] else None
