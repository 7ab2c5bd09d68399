"""The double helix (LR section 5): paths along a strand in the latent plane of a small VAE, as a table and figures."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.figure import Figure
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.progress import track
from latentassay.data import FactorData
from latentassay.data import helix as draw_helix
from latentassay.papers.experiment import Experiment, Options, describe_seeds, pick_scale
from latentassay.papers.grids import run_folder
from latentassay.papers.page import Picture
from latentassay.papers.pool import one_torch_thread
from latentassay.papers.responses.drawing import helix_maps, helix_paths
from latentassay.papers.results import Cell, Table, over_seeds, row_over_seeds, share_of_seeds
from latentassay.papers.runs import Scores, TrainingPlan, measure_once, train_or_load
from latentassay.responses import (
    Curve,
    ManifoldPath,
    divergence,
    manifold_path,
    mean_curvature,
    response_error,
    response_field,
)
from latentassay.sampling import decode, encode, posterior
from latentassay.training import Run

POINTS = 1024
"""Of each seed's training data."""

NOISE = 0.1
"""Their standard deviation around the strands."""

STEPS = 5000
"""Optimiser steps."""

STRANDS = (0, 1)

ENDS = (-0.8, 0.8)
"""Where along its strand a path begins and ends, in the t of LR equation 10."""

REACH = 1.4
"""A decoding is measured against strands that reach so far; training data stop at 1."""

TEMPERATURE = 1e-3
"""Price of length. Everything from 1e-4 to 3e-3 follows the same strands; at 1e-2 a detour is dearer than a hop."""

PLANE = (0, 1)
"""The two latents."""

GRID = 150
"""Points along each axis of the maps."""

EXTENT = (-3.0, 3.0)
"""Of each axis of the maps."""

RATIO = "cost, manifold ÷ straight"
"""Cost of the manifold path over that of the straight line."""

STAYS = "manifold path stays"
"""Whether every decoding along it lies nearer to its own strand."""

HOPS = "straight line stays"
"""The same of the straight line."""

JUMP = "greatest jump"
"""Longest step of the code along the strand, over the median step."""

COLUMNS = (RATIO, STAYS, HOPS, JUMP)

ALL = "all seeds, both strands"
"""Name of the last row."""

NOTES = (
    "LR prints figures and no numbers, so there is no value of the paper's to compare with.",
    "A path runs from t = −0.8 to t = 0.8 of a noiseless strand. It stays if every decoding along it lies nearer to "
    "this strand than to the other; the cost is ∫ (‖R(z) − z‖² + 0.001) ds.",
    "The greatest jump is the longest step of the code over the median step while t runs from −0.8 to 0.8 in 160 equal "
    "steps: at most 2.2 where a strand is whole. Where the encoder tears one (24 and more), no way leads along it.",
    "LR names Adam, at most 5000 steps and four layers of 32; β, batch size and learning rate are not in its text.",
    "With a constant rate of 0.01 the weights still jitter at the end: only 2 of seeds 0 to 9 can be followed along "
    "both strands. With the rate falling along half a cosine 9 of 10 can, and 17 of seeds 10 to 29, which nothing was "
    "chosen by; 3 of the 4 that cannot have a torn strand.",
    "The share of seeds counts both strands; intervals are 95 %: Student's t over seeds, Wilson's for shares.",
)


class HelixScale(NamedTuple):
    """How much is trained: optimiser steps, and seeds."""

    steps: int
    seeds: int


SCALES = {"smoke": HelixScale(400, 1), "laptop": HelixScale(STEPS, 3), "paper": HelixScale(STEPS, 10)}


class StrandWalk(NamedTuple):
    """A path along one strand, and the straight line between the same ends.

    Attributes:
        path: the path found, beside the straight line.
        ratio: cost of the path found over that of the straight line.
        manifold: whether every decoding of the path found lies nearer to its own strand than to the other.
        straight: the same for the straight line.
        jump: longest step of the code along the strand, over the median step.
    """

    path: ManifoldPath
    ratio: float
    manifold: bool
    straight: bool
    jump: float


def strand_points(strand: int, t: Tensor) -> Float[Tensor, "n 3"]:
    """Return noiseless points ``[cos(π(t + s)), sin(π(t + s)), t]`` of strand s (LR equation 10).

    >>> strand_points(1, torch.zeros(1)).round()
    tensor([[-1., -0.,  0.]])
    """
    angle = math.pi * (t + strand)
    return torch.stack([angle.cos(), angle.sin(), t], 1)


def training_data(seed: int) -> FactorData:
    """Return the 1024 points that a seed trains on."""
    return draw_helix(POINTS, noise=NOISE, generator=seed)


@one_torch_thread()
def train_helix(seed: int, folder: Path | None = None, *, steps: int = STEPS) -> Run:
    """Train LR's β-VAE of two latents on the double helix, or take it from ``folder`` if it is there.

    Four hidden layers of 32 ELU, β = 0.05, squared error, batches of 128; Adam's rate falls from 0.01 to 0.
    """
    return train_or_load(_make_plan(seed, steps), folder, lambda: training_data(seed), device="cpu")


def _make_plan(seed: int, steps: int) -> TrainingPlan:
    return TrainingPlan(
        data="helix",
        model="vae-mlp",
        hidden=(32,) * 4,
        latents=2,
        likelihood="squared",
        beta=0.05,
        steps=steps,
        batch_size=128,
        lr=1e-2,
        schedule="cosine",
        seed=seed,
    )


@one_torch_thread()
def follow_strand(model: Autoencoder, strand: int) -> StrandWalk:
    """Find a path along a strand in the latent plane, from the code of t = −0.8 to that of 0.8 (LR figures 2 and 3).

    Raises:
        InputError: there is no such strand.
    """
    if strand not in STRANDS:
        raise InputError(f"strand must be 0 or 1, got {strand!r}")
    codes = encode(model, strand_points(strand, torch.linspace(*ENDS, 161))).mean
    step = (codes[1:] - codes[:-1]).norm(dim=1)
    jump = float(step.max() / step.median())
    path = manifold_path(model, codes[0], codes[-1], latents=PLANE, temperature=TEMPERATURE)
    manifold, straight = (_stays_on_strand(curve, strand) for curve in (path.manifold, path.straight))
    return StrandWalk(path, path.manifold.cost / path.straight.cost, manifold, straight, jump)


def _stays_on_strand(curve: Curve, strand: int) -> bool:
    t = torch.linspace(-REACH, REACH, 1401)
    own, other = (torch.cdist(curve.x, strand_points(s, t)).amin(1) for s in (strand, 1 - strand))
    return bool((own < other).all())


@one_torch_thread()
def make_table(options: Options) -> Table:
    """Train a VAE per seed, walk along both its strands, and say how often that goes well.

    Scales laptop and paper differ in the number of seeds alone.
    """
    chosen = pick_scale(SCALES, options.scale)
    seeds = options.count_seeds(chosen.seeds)
    found, seconds = [], 0.0
    for seed in track(range(seeds), "seeds"):
        run = _train_seed(options, seed)
        found.append(_measure_strands(run))
        seconds += run.seconds
    return Table(
        title="The double helix: walking along a strand",
        what="A β-VAE of two latents learns points around two strands that wind about each other. Between two points "
        "of one strand, a straight line in the latent plane hops to the other strand and back; the way of least "
        "response distance stays (LR section 5, figures 2 and 3).",
        scale=_describe_scale(options.scale, chosen, seeds, seconds),
        cells=tuple(_list_cells(found, options.scale)),
        notes=NOTES,
    )


def _train_seed(options: Options, seed: int) -> Run:
    folder = run_folder(options.folder, options.scale, f"helix-seed{seed}")
    return train_helix(seed, folder, steps=pick_scale(SCALES, options.scale).steps)


def _measure_strands(run: Run) -> Scores:
    """Return cost ratio, both verdicts and the jump of either strand, as numbers."""

    def measure() -> Scores:
        scores: Scores = {}
        for strand in STRANDS:
            found = follow_strand(run.model, strand)
            values = (found.ratio, float(found.manifold), float(found.straight), found.jump)
            scores |= {f"{name} {strand}": value for name, value in zip(COLUMNS, values, strict=True)}
        return scores

    return measure_once(run.path, "follow", {"temperature": TEMPERATURE}, measure)


def _list_cells(found: Sequence[Scores], scale: str) -> Iterator[Cell]:
    for seed, scores in enumerate(found):
        for strand in STRANDS:
            of_strand = {name: scores[f"{name} {strand}"] for name in COLUMNS}
            for cell in row_over_seeds(f"seed {seed}, strand {strand}", COLUMNS, [of_strand], scale=scale):
                yield cell.model_copy(update={"unit": "yes or no"}) if cell.column in (STAYS, HOPS) else cell
    means = [sum(scores[f"{RATIO} {strand}"] for strand in STRANDS) / len(STRANDS) for scores in found]
    yield over_seeds(ALL, RATIO, means, scale=scale)
    for name in (STAYS, HOPS):
        both = [all(scores[f"{name} {strand}"] for strand in STRANDS) for scores in found]
        yield share_of_seeds(ALL, name, both, scale=scale)


def _describe_scale(scale: str, chosen: HelixScale, count: int, seconds: float) -> dict[str, str]:
    return {
        "scale": scale,
        "seeds": describe_seeds(count),
        "data": f"{POINTS:,} points a seed, noise {NOISE:g}",
        "network": "MLP, four layers of 32 ELU each side, 2 latents",
        "training": f"{chosen.steps:,} steps of 128, β 0.05, Adam 0.01 → 0",
        "time": f"{seconds / count:.0f} s of training a seed",
    }


@one_torch_thread()
def draw_figures(options: Options) -> list[Picture]:
    """Draw figures 2 and 3 for the first seed that can be followed along both strands, or else for seed 0."""
    for seed in [*range(options.count_seeds(pick_scale(SCALES, options.scale).seeds)), 0]:
        model = _train_seed(options, seed).model
        walks = [follow_strand(model, strand) for strand in STRANDS]
        if all(walk.manifold for walk in walks):
            break
    strand = int(walks[1].path.manifold.length > walks[0].path.manifold.length)
    data, path, words = training_data(seed), walks[strand].path, f"Seed {seed}, strand {strand}."
    return [
        Picture(
            "figure-2",
            "The latent plane by its responses (LR figure 2).",
            f"{FIGURE_2} {words}",
            draw_figure_2(model, data, path),
        ),
        Picture(
            "figure-3",
            "Two ways, in the latent plane and in space (LR figure 3).",
            f"{FIGURE_3} {words}",
            draw_figure_3(model, data, path),
        ),
    ]


FIGURE_2 = (
    "Divergence of the response field and mean curvature, both from exact derivatives; how far responses move; and "
    "where codes of data lie. Almost all lie where responses flow together (blue)."
)
FIGURE_3 = (
    "The way of least response distance follows one strand; the straight line hops to the other strand and back. "
    "Right: what both decode to, among the data."
)


def draw_figure_2(model: Autoencoder, data: FactorData, path: ManifoldPath) -> Figure:
    """Draw divergence, mean curvature, response distance and posterior of the latent plane, two ways across each."""
    field = response_field(model, PLANE, n=GRID, extent=EXTENT, exact=True)
    distance = response_error(model, PLANE, torch.zeros(2), field.xs, field.ys).cost.sqrt()
    maps = (field.xs, field.ys, divergence(field), mean_curvature(field), distance)
    return helix_maps(
        *(values.numpy() for values in maps),
        posterior=_draw_posterior(model, data),
        manifold=path.manifold.z.numpy(),
        straight=path.straight.z.numpy(),
    )


def draw_figure_3(model: Autoencoder, data: FactorData, path: ManifoldPath) -> Figure:
    """Draw two ways in the latent plane, and what they decode to among data and reconstructions."""
    return helix_paths(
        _draw_posterior(model, data),
        path.manifold.z.numpy(),
        path.straight.z.numpy(),
        observations=data.batch(range(len(data))).numpy(),
        reconstructions=decode(model, encode(model, data).mean).numpy(),
        manifold_decoded=path.manifold.x.numpy(),
        straight_decoded=path.straight.x.numpy(),
        extent=(*EXTENT, *EXTENT),
    )


def _draw_posterior(model: Autoencoder, data: FactorData) -> np.ndarray:
    """Draw eight posterior samples of every observation."""
    generator = torch.Generator().manual_seed(0)
    return np.asarray(posterior(model, data, 8 * len(data), generator=generator))


EXPERIMENT = Experiment(
    name="responses.helix",
    summary="the double helix: two ways across a latent plane (LR figures 2 and 3)",
    costs={"smoke": "seconds", "laptop": "half a minute", "paper": "2 minutes"},
    make=make_table,
    draw=draw_figures,
)
