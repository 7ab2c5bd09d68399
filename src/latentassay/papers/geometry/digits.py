"""The numbers behind GEO's figures, for every order of the bound and every number of latents, and the figures."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from latentassay.core.progress import track
from latentassay.evaluation.separability import FEATURES
from latentassay.geometry import fisher_rao_geodesic
from latentassay.papers.digits import LEARNED
from latentassay.papers.experiment import Experiment, Options, describe_seeds, pick_scale
from latentassay.papers.geometry import drawing as draw
from latentassay.papers.geometry import scores, turns
from latentassay.papers.geometry.configurations import (
    BATCH,
    SCALES,
    DigitsConfiguration,
    list_configurations,
    load_digits,
    train,
)
from latentassay.papers.geometry.spread import SPREAD, SPREAD_WAYS, WIDENING
from latentassay.papers.geometry.together import train_side_by_side
from latentassay.papers.grids import group_by, measure_missing
from latentassay.papers.page import Picture
from latentassay.papers.results import Cell, Printed, Table, row_over_seeds
from latentassay.papers.runs import Scores
from latentassay.plots.geometry import half_plane, ways
from latentassay.sampling import encode
from latentassay.stats.intervals import student

GAP = "log p(x) − bound"
"""Nats that the bound is below the likelihood."""

GAIN = "gain from σ²"
"""Accuracy with variances beside means, minus that with means alone."""

ORDERS = (
    scores.COMPONENTS,
    scores.ALIGNED,
    scores.CHANCE,
    scores.BOUND,
    scores.LIKELIHOOD,
    GAP,
    scores.NOISE,
    scores.EFFECTIVE,
    scores.FEW,
)
"""Columns of the rows of every order and number of latents."""

PROBE = (0.935, 0.005)
"""Accuracy on codes: the middle of the range that GEO prints, and half its width."""

PIXELS = (0.90, 0.02)
"""Likewise on pixels."""

NOTES = (
    "GEO prints its figures' numbers nowhere. Two ranges are in its text: linear classifiers reach 0.93 to 0.94 on "
    "codes, and 0.88 to 0.92 on pixels (of MNIST's own grey); they stand here as their middle ± half their width.",
    "Pixels are black or white, drawn once with their grey as probability, so that log p(x) is that of a density; "
    "GEO does not say what it used. The same pictures are drawn in every epoch.",
    "Components: principal components of posterior means of all test rows with a variance above 0.01. Alignment: mean "
    "|cos| to the axes, matched one to one; by chance: of as many random orthogonal directions.",
    "Bound: of the order trained with, from K samples. log p(x): importance sampling from the posterior on test rows "
    "evenly spaced over the test set, both on the same rows, in nats. Its noise is the Monte Carlo standard error.",
    "α = 1 is trained as a VAE: the same bound in expectation, with its KL in closed form and one sample. Its bound in "
    "this table is estimated from K samples as the others are. α = 1 by samples is trained by that estimate.",
    "Rows that name an activation have it in place of ReLU; GEO says that numbers depend on it, and names no other.",
    "Variability: 32 pictures of the Gaussian in the middle of a way between the same pairs, and of those at its ends; "
    "along the Fisher-Rao geodesic, and along the straight line between (μ, σ), where σ stays between its ends.",
    "Separability: multinomial logistic regression (C = 1000) on standardised features, learned on training rows and "
    "measured on all test rows.",
    "Width of the turn: share of a way along which a classifier that never saw the model gives the second digit "
    "between 10 and 90 %, mean over 200 pairs of test pictures of different digits that it tells right (20 at "
    "scale smoke); 45 even steps, log-odds straight between them.",
    "Adam's rate is not in GEO's text. Below scale paper it falls along half a cosine, so that few epochs end well.",
    "Intervals are 95 % by Student's t over seeds; every seed has weights, batches and noise of its own.",
)

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


def make_table(options: Options) -> Table:
    """Train VAEs of every order and size, a process for each, and measure them (GEO figures 1 to 3 and 5)."""
    chosen = pick_scale(SCALES, options.scale)
    if not chosen.together:
        options.require_cpu()
    grid = list_configurations(options)
    if chosen.together:
        train_side_by_side(grid, options.device)
    measure_missing(scores.measure_all, scores.is_measured, grid)
    return Table(
        title="The geometry of latent variables on digits (GEO figures 1, 2, 3 and 5)",
        what="VAEs trained by Rényi bounds of several orders α, with k latents: how many principal components of the "
        "posterior means carry information, how tight the bound is, how well a linear classifier tells digits from "
        "codes while the model trains, and how sharply one digit turns into another along five kinds of ways.",
        cells=(*_list_orders(grid), *_list_probes(grid), *_list_turns(grid)),
        scale=_describe_scale(grid),
        notes=NOTES,
    )


def group_seeds(grid: Sequence[DigitsConfiguration]) -> dict[tuple[float, int], list[DigitsConfiguration]]:
    """Return (α, k) → its seeds, of the paper's own grid."""
    own = [configuration for configuration in grid if configuration.is_main]
    return group_by(own, lambda configuration: (configuration.alpha, configuration.latents))


def _group_vaes(grid: Sequence[DigitsConfiguration]) -> dict[int, list[DigitsConfiguration]]:
    """Return k → the seeds of its VAE."""
    return group_by((one for one in grid if one.is_vae and one.is_main), lambda configuration: configuration.latents)


def _list_orders(grid: Sequence[DigitsConfiguration]) -> Iterator[Cell]:
    groups = group_by(grid, lambda configuration: configuration.label)
    for label, own in track(groups.items(), "tables", len(groups)):
        found = [_add_gap(scores.measure_spectrum_and_likelihood(configuration)) for configuration in own]
        yield from row_over_seeds(label, ORDERS, found, scale=own[0].scale)


def _add_gap(found: Scores) -> Scores:
    return {**found, GAP: found[scores.LIKELIHOOD] - found[scores.BOUND]}


def _list_probes(grid: Sequence[DigitsConfiguration]) -> Iterator[Cell]:
    vaes, scale = _group_vaes(grid), grid[0].scale
    chosen = pick_scale(SCALES, scale)
    pixels = [scores.measure_pixels(next(iter(vaes.values()))[0])]
    is_mnist = chosen.data == "mnist"
    printed: Mapping[str, Printed] = {FEATURES[0]: PIXELS} if is_mnist else {}
    yield from row_over_seeds("pixels", FEATURES[:1], pixels, scale=scale, paper=printed)
    for latents, own in vaes.items():
        for epoch in chosen.snapshots:
            found = [_add_gain(scores.measure_separability(configuration, epoch)) for configuration in own]
            printed = dict.fromkeys(FEATURES, PROBE) if is_mnist and epoch == chosen.epochs else {}
            row = f"VAE, k = {latents}, after {epoch} epoch{'s' * (epoch > 1)}"
            yield from row_over_seeds(row, (*FEATURES, GAIN), found, scale=scale, paper=printed)
    others = [one for one in grid if not (one.is_vae and one.is_main)]
    for label, own in group_by(others, lambda configuration: configuration.label).items():
        found = [_add_gain(scores.measure_separability(configuration, chosen.epochs)) for configuration in own]
        row = f"{label}, after {chosen.epochs} epoch{'s' * (chosen.epochs > 1)}"
        yield from row_over_seeds(row, (*FEATURES, GAIN), found, scale=scale)


def _add_gain(found: Scores) -> Scores:
    return {**found, GAIN: found[FEATURES[1]] - found[FEATURES[0]]}


def _list_turns(grid: Sequence[DigitsConfiguration]) -> Iterator[Cell]:
    for latents, own in _group_vaes(grid).items():
        found = [turns.measure_turns(configuration) for configuration in own]
        for way in turns.WAYS:
            of_way = [{**score, turns.WIDTH: score[f"{turns.WIDTH}, {way}"]} for score in found]
            row = f"VAE, k = {latents}, {way}"
            yield from row_over_seeds(row, (turns.WIDTH, turns.RIGHT), of_way, scale=own[0].scale)
        for way in SPREAD_WAYS:
            of_way = [{name: score[f"{name}, {way}"] for name in (SPREAD, WIDENING)} for score in found]
            row = f"VAE, k = {latents}, {way}"
            yield from row_over_seeds(row, (SPREAD, WIDENING), of_way, scale=own[0].scale)


def _describe_scale(grid: Sequence[DigitsConfiguration]) -> dict[str, str]:
    chosen = pick_scale(SCALES, grid[0].scale)
    ends = "0.001 → 0" if chosen.schedule == "cosine" else "0.001"
    steps = chosen.epochs * (LEARNED[chosen.data] // BATCH)
    seconds = sum(train(configuration).seconds for configuration in grid)
    return {
        "scale": grid[0].scale,
        "seeds": describe_seeds(len({configuration.seed for configuration in grid})),
        "data": f"{chosen.data}, {LEARNED[chosen.data]:,} rows to learn from, black and white",
        "network": f"MLP, two layers of 200 ReLU each side, {', '.join(map(str, chosen.latents))} latents, Bernoulli",
        "training": f"{chosen.epochs} epochs ({steps:,} steps of {BATCH}), Adam {ends}, K = {chosen.samples}",
        "log p(x)": f"{chosen.draws:,} samples for each of {chosen.rows:,} test rows",
        "time": f"{seconds / len(grid):.0f} s of training a model on one core, {len(grid)} models",
    }


def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 1 to 5 from the runs in the folder; what is missing is trained first."""
    grid = list_configurations(options)
    first = next(configuration for configuration in grid if configuration.is_vae)
    return [
        *_draw_figure_1(grid),
        *_draw_figure_2(grid),
        *_draw_figure_3(grid),
        _draw_figure_4(first),
        *_draw_figure_5(first),
    ]


def _draw_figure_1(grid: Sequence[DigitsConfiguration]) -> list[Picture]:
    pictures = []
    for latents in pick_scale(SCALES, grid[0].scale).latents:
        spectra = {
            f"α = {alpha:g}": _average([_read_spectrum(configuration) for configuration in own])
            for (alpha, k), own in group_seeds(grid).items()
            if k == latents
        }
        title = f"Spectrum of posterior means, k = {latents} (GEO figure 1)"
        pictures.append(Picture(f"figure-1-k{latents}", title, CAPTIONS["figure-1"], draw.spectra(spectra)))
    return pictures


def _read_spectrum(configuration: DigitsConfiguration) -> np.ndarray:
    found = scores.measure_spectrum_and_likelihood(configuration)
    return np.array([found[f"{scores.EIGENVALUE} {i}"] for i in range(configuration.latents)])


def _average(values: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.stack(values).mean(0))


def _draw_figure_2(grid: Sequence[DigitsConfiguration]) -> list[Picture]:
    def read(name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        return _collect_by_latents(
            grid, lambda configuration: scores.measure_spectrum_and_likelihood(configuration)[name]
        )

    left = draw.components(read(scores.COMPONENTS))
    right = draw.likelihoods(_summarise(read(scores.BOUND)), _summarise(read(scores.LIKELIHOOD)))
    return [
        Picture("figure-2-left", "Informative components (GEO figure 2, left)", CAPTIONS["figure-2-left"], left),
        Picture("figure-2-right", "Bound and log-likelihood (GEO figure 2, right)", CAPTIONS["figure-2-right"], right),
    ]


def _collect_by_latents(
    grid: Sequence[DigitsConfiguration], read: Callable[[DigitsConfiguration], float]
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return k → the orders ``(orders,)``, and one score of every model, ``(seeds, orders)``."""
    chosen = pick_scale(SCALES, grid[0].scale)
    orders, groups = np.array(chosen.alphas), group_seeds(grid)
    return {
        f"k = {k}": (
            orders,
            np.array([[read(configuration) for configuration in groups[alpha, k]] for alpha in chosen.alphas]).T,
        )
        for k in chosen.latents
    }


def _summarise(values: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, draw.Curve]:
    return {name: (orders, runs.mean(0), _half_widths(runs)) for name, (orders, runs) in values.items()}


def _half_widths(runs: np.ndarray) -> np.ndarray:
    n = len(runs)
    if n < 2:
        return np.zeros(runs.shape[1])
    return np.asarray(float(student(torch.tensor([n - 1.0]))) * runs.std(0, ddof=1) / n**0.5)


def _draw_figure_3(grid: Sequence[DigitsConfiguration]) -> list[Picture]:
    epochs = pick_scale(SCALES, grid[0].scale).snapshots
    steps = np.array([epoch * grid[0].steps_per_epoch for epoch in epochs])
    courses = {
        f"k = {latents}": [[scores.measure_separability(one, epoch) for epoch in epochs] for one in own]
        for latents, own in _group_vaes(grid).items()
    }
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


def _draw_figure_4(configuration: DigitsConfiguration) -> Picture:
    model, test = train(configuration).model, load_digits(configuration).test
    a, b = _find_first(test.factors[:, 0], (3, 8))
    ends = encode(model, test, rows=[a, b])
    apart = (ends.mean[0] - ends.mean[1]).abs().argsort(descending=True)[:SHOWN]
    way = fisher_rao_geodesic((ends.mean[:1], ends.std[:1]), (ends.mean[1:], ends.std[1:]), steps=101)
    curves = [(way.mean[0, :, i].numpy(), way.std[0, :, i].numpy()) for i in apart.tolist()]
    caption = CAPTIONS["figure-4"].format(shown=len(curves))
    return Picture("figure-4", "Geodesics between Gaussians (GEO figure 4)", caption, half_plane(curves))


def _find_first(labels: np.ndarray, digits: Sequence[int]) -> list[int]:
    return [int(np.flatnonzero(labels == label)[0]) for label in digits]


def _draw_figure_5(configuration: DigitsConfiguration) -> list[Picture]:
    model = train(configuration).model
    name = pick_scale(SCALES, configuration.scale).data
    classifier = turns.train_digit_classifier(name, configuration.files, configuration.seed)
    a, b = classifier.draw_pairs(SHOWN, configuration.seed)
    first, second = classifier.labels[a], classifier.labels[b]
    generator = torch.Generator().manual_seed(configuration.seed)
    rows = turns.decode_five_ways(model, classifier.x[a], classifier.x[b], steps=turns.STEPS, generator=generator)
    odds = {name: classifier.log_odds(found, first, second) for name, found in rows.items()}
    pictures = []
    for i in range(len(a)):
        places = {name: at for name, of_pairs in odds.items() if (at := _find_turn(of_pairs[i])) is not None}
        figure = ways({name: found[i].numpy() for name, found in rows.items()}, turns=places)
        title = f"From {first[i]} to {second[i]} (GEO figure 5)"
        pictures.append(Picture(f"figure-5-{i}", title, CAPTIONS["figure-5"], figure))
    return pictures


def _find_turn(odds: Tensor) -> float | None:
    """Return the share of the way at which the second digit takes over; none where it does at an end."""
    second = (odds > 0).tolist()
    return second.index(True) / (len(second) - 1) if second[-1] and not second[0] else None


EXPERIMENT = Experiment(
    name="geometry.digits",
    summary="bounds, components, separability and ways between digits for every α and k (GEO figures 1–5)",
    files="MNIST, except at scale smoke",
    data_sets=("mnist",),
    costs={
        "smoke": "a minute",
        "laptop": "about three hours on two cores",
        "long": "about nine hours on two cores",
        "gpu": "never run; about ten minutes of a large GPU by its arithmetic",
        "paper": "about two weeks on two cores",
    },
    make=make_table,
    draw=draw_figures,
)
