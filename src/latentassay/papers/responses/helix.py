"""The double helix (LR section 5): can one walk along a strand in the latent plane of a small VAE?"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
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
from latentassay.papers.page import Picture
from latentassay.papers.responses.drawing import helix_maps, helix_paths
from latentassay.papers.results import Cell, Table, over_seeds, pick, share_of_seeds
from latentassay.papers.runs import Plan, Scores, measured, trained
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

POINTS, NOISE, STEPS = 1024, 0.1, 5000
STRANDS = (0, 1)
ENDS = (-0.8, 0.8)
"""Where along its strand a path begins and ends, in the t of LR equation 10."""

REACH = 1.4
"""A decoding is measured against strands that reach so far; training data stop at 1."""

TEMPERATURE = 1e-3
"""Price of length. Everything from 1e-4 to 3e-3 follows the same strands; at 1e-2 a detour is dearer than a hop."""

PLANE, GRID, EXTENT = (0, 1), 150, (-3.0, 3.0)
RATIO, STAYS, HOPS, JUMP = "cost, manifold ÷ straight", "manifold path stays", "straight line stays", "greatest jump"
ALL = "all seeds, both strands"

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


class Scale(NamedTuple):
    """How much is trained."""

    steps: int
    seeds: int


SCALES = {"smoke": Scale(400, 1), "laptop": Scale(STEPS, 3), "paper": Scale(STEPS, 10)}


class Followed(NamedTuple):
    """One strand, walked along.

    Attributes:
        path: the way found, beside the straight line.
        ratio: cost of the way found over that of the straight line.
        manifold: whether every decoding of the way found lies nearer to its own strand than to the other.
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: small networks gain nothing from more, and numbers do not depend on their count."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@one_thread()
def train_helix(seed: int, folder: Path | None = None, *, steps: int = STEPS) -> Run:
    """Train LR's β-VAE of two latents on the double helix, or take it from ``folder`` if it is there.

    Four hidden layers of 32 ELU, β = 0.05, squared error, batches of 128; Adam's rate falls from 0.01 to 0.
    """
    return trained(_plan(seed, steps), folder, lambda: training_data(seed), device="cpu")


def _plan(seed: int, steps: int) -> Plan:
    return Plan(
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


@one_thread()
def follow(model: Autoencoder, strand: int) -> Followed:
    """Walk along a strand in the latent plane, from the code of t = −0.8 to that of t = 0.8 (LR figures 2 and 3).

    Raises:
        InputError: there is no such strand.
    """
    if strand not in STRANDS:
        raise InputError(f"strand must be 0 or 1, got {strand!r}")
    codes = encode(model, strand_points(strand, torch.linspace(*ENDS, 161))).mean
    step = (codes[1:] - codes[:-1]).norm(dim=1)
    jump = float(step.max() / step.median())
    path = manifold_path(model, codes[0], codes[-1], latents=PLANE, temperature=TEMPERATURE)
    manifold, straight = (_stays(curve, strand) for curve in (path.manifold, path.straight))
    return Followed(path, path.manifold.cost / path.straight.cost, manifold, straight, jump)


def _stays(curve: Curve, strand: int) -> bool:
    t = torch.linspace(-REACH, REACH, 1401)
    own, other = (torch.cdist(curve.x, strand_points(s, t)).amin(1) for s in (strand, 1 - strand))
    return bool((own < other).all())


@one_thread()
def helix(scale: str, folder: Path | None = None, *, seeds: int | None = None) -> Table:
    """Train a VAE per seed, walk along both its strands, and say how often that goes well.

    Args:
        scale: smoke, laptop or paper; the last two differ in the number of seeds alone.
        folder: where runs are kept; what is there is not done again.
        seeds: how many seeds, from 0 on.

    Raises:
        InputError: an unknown scale, or no seeds.
        KeyboardInterrupt: Ctrl-C came; what was done is kept.
    """
    chosen = pick(SCALES, scale)
    count = chosen.seeds if seeds is None else seeds
    if count < 1:
        raise InputError(f"seeds must be at least 1, got {count}")
    found, seconds = [], 0.0
    for seed in track(range(count), "seeds"):
        run = train_helix(seed, _home(folder, scale, seed), steps=chosen.steps)
        found.append(_scores(run))
        seconds += run.seconds
    return Table(
        title="The double helix: walking along a strand",
        what="A β-VAE of two latents learns points around two strands that wind about each other. Between two points "
        "of one strand, a straight line in the latent plane hops to the other strand and back; the way of least "
        "response distance stays (LR section 5, figures 2 and 3).",
        scale=_words(scale, chosen, count, seconds),
        cells=tuple(_cells(found, scale)),
        notes=NOTES,
    )


def _home(folder: Path | None, scale: str, seed: int) -> Path | None:
    return None if folder is None else folder / "runs" / scale / f"helix-seed{seed}"


def _scores(run: Run) -> Scores:
    """Cost ratio, both verdicts and the jump of either strand, as kept numbers."""

    def measure() -> Scores:
        scores: Scores = {}
        for strand in STRANDS:
            found = follow(run.model, strand)
            values = (found.ratio, float(found.manifold), float(found.straight), found.jump)
            scores |= {
                f"{name} {strand}": value for name, value in zip((RATIO, STAYS, HOPS, JUMP), values, strict=True)
            }
        return scores

    return measured(run.path, "follow", {"temperature": TEMPERATURE}, measure)


def _cells(found: list[Scores], scale: str) -> list[Cell]:
    cells = []
    for seed, scores in enumerate(found):
        for strand in STRANDS:
            row = f"seed {seed}, strand {strand}"
            for name in (RATIO, STAYS, HOPS, JUMP):
                cell = over_seeds(row, name, [scores[f"{name} {strand}"]], scale=scale)
                cells.append(cell.model_copy(update={"unit": "yes or no"}) if name in (STAYS, HOPS) else cell)
    means = [sum(scores[f"{RATIO} {strand}"] for strand in STRANDS) / len(STRANDS) for scores in found]
    cells.append(over_seeds(ALL, RATIO, means, scale=scale))
    for name in (STAYS, HOPS):
        both = [all(scores[f"{name} {strand}"] for strand in STRANDS) for scores in found]
        cells.append(share_of_seeds(ALL, name, both, scale=scale))
    return cells


def _words(scale: str, chosen: Scale, count: int, seconds: float) -> dict[str, str]:
    return {
        "scale": scale,
        "seeds": "0" if count == 1 else f"0 to {count - 1}",
        "data": f"{POINTS:,} points a seed, noise {NOISE:g}",
        "network": "MLP, four layers of 32 ELU each side, 2 latents",
        "training": f"{chosen.steps:,} steps of 128, β 0.05, Adam 0.01 → 0",
        "time": f"{seconds / count:.0f} s of training a seed",
    }


@one_thread()
def pictures(scale: str, folder: Path | None = None, *, seeds: int | None = None) -> list[Picture]:
    """Draw figures 2 and 3 for the first seed that can be followed along both strands, or else for seed 0."""
    chosen = pick(SCALES, scale)
    count = chosen.seeds if seeds is None else seeds
    for seed in [*range(count), 0]:
        model = train_helix(seed, _home(folder, scale, seed), steps=chosen.steps).model
        ways = [follow(model, strand) for strand in STRANDS]
        if all(way.manifold for way in ways):
            break
    strand = int(ways[1].path.manifold.length > ways[0].path.manifold.length)
    told = f"Seed {seed}, strand {strand}."
    return [
        Picture(
            "figure-2",
            "The latent plane by its responses (LR figure 2).",
            f"{FIGURE_2} {told}",
            figure2(model, training_data(seed), ways[strand].path),
        ),
        Picture(
            "figure-3",
            "Two ways, in the latent plane and in space (LR figure 3).",
            f"{FIGURE_3} {told}",
            figure3(model, training_data(seed), ways[strand].path),
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


def figure2(model: Autoencoder, data: FactorData, path: ManifoldPath) -> Figure:
    """Draw divergence, mean curvature, response distance and posterior of the latent plane, two ways across each."""
    field = response_field(model, PLANE, n=GRID, extent=EXTENT, exact=True)
    distance = response_error(model, PLANE, torch.zeros(2), field.xs, field.ys).cost.sqrt()
    maps = (field.xs, field.ys, divergence(field), mean_curvature(field), distance)
    return helix_maps(
        *(values.numpy() for values in maps),
        posterior=_posterior(model, data),
        manifold=path.manifold.z.numpy(),
        straight=path.straight.z.numpy(),
    )


def figure3(model: Autoencoder, data: FactorData, path: ManifoldPath) -> Figure:
    """Draw two ways in the latent plane, and what they decode to among data and reconstructions."""
    return helix_paths(
        _posterior(model, data),
        path.manifold.z.numpy(),
        path.straight.z.numpy(),
        observations=data.batch(range(len(data))).numpy(),
        reconstructions=decode(model, encode(model, data).mean).numpy(),
        manifold_decoded=path.manifold.x.numpy(),
        straight_decoded=path.straight.x.numpy(),
        extent=(*EXTENT, *EXTENT),
    )


def _posterior(model: Autoencoder, data: FactorData) -> np.ndarray:
    """Eight posterior samples of every observation."""
    generator = torch.Generator().manual_seed(0)
    return np.asarray(posterior(model, data, 8 * len(data), generator=generator))
