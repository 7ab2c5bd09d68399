"""Can an XBlock find a known graph? Chains, forks and colliders of four units, and what linear regression finds."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import jacrev, vmap

from latentassay.core.autoencoder import eval_mode
from latentassay.core.progress import track
from latentassay.data import FactorData
from latentassay.data.causal import GRAPHS, UNITS, adjacency, scm
from latentassay.models import VAE, XAutoencoder
from latentassay.nn.blocks import mlp
from latentassay.nn.coders import Coders
from latentassay.nn.heads import DIAGONAL
from latentassay.nn.xblock import Annealed, XBlock
from latentassay.objectives import VAE as ELBO
from latentassay.objectives import GatePenalty
from latentassay.papers.experiment import Experiment, Options, describe_seeds, pick_scale
from latentassay.papers.results import Cell, Table, over_seeds
from latentassay.sampling import encode
from latentassay.stats.likelihoods import Gaussian
from latentassay.training import cosine, fit

CUT = 0.5
"""A gate from here on is an edge."""

STARTS = {"gates, open at first": 1.0, "gates, closed at first": -1.0}
"""Column → logit of every gate before training: off the cut, so that an untouched gate stays what it was."""

PRICE = 0.1
"""Nats that an open gate costs: an edge that gives less is dropped."""

RATE = 5e-3
"""Adam's at the start: at 0.001 no gate moves by more than a few tenths of a logit in so many steps."""

ROWS = 2000
"""Rows at most that derivatives and regressions rest on."""

CUTS = np.linspace(0.02, 1, 50)
"""Among which the best one of derivatives and of regressions is sought."""


class GraphScale(NamedTuple):
    """How much is trained: optimiser steps, rows to learn from, and seeds."""

    steps: int
    rows: int
    seeds: int


SCALES = {
    "smoke": GraphScale(100, 500, 2),
    "laptop": GraphScale(1500, 10_000, 10),
    "paper": GraphScale(30_000, 100_000, 10),
}
Strengths = Mapping[tuple[str, int], Mapping[str, np.ndarray]]
"""Graph and seed → way of reading a model → strength of every edge ``(u, u)``."""

READ = ("strongest derivatives", "linear regression")
"""Ways of reading a trained model whose cut is the best in hindsight; gates are open at first there."""

COLUMNS = (*STARTS, *READ, "nothing", "everything")
NOTES = (
    "IC recovers no known graph; this is a question of ours. Structural Hamming distance: of the 6 possible edges, "
    "those that are there and were not found, and those found that are not there; 0 is perfect.",
    "The model is a VAE of four noises, an XBlock, and no other decoder: its causes are the four observed variables, "
    "in the order of the true graph, with a Gaussian noise of 0.1. So the graph is all that is left to find.",
    "Gates: edges whose gate is at least ½ at the end. All logits start at 1 (.73, an untouched gate is an edge) or at "
    f"−1 (.27, it is none), and every open gate costs {PRICE:g} nats, so that what the data do not hold open is "
    "closed. A gate can shrink while the weights behind it grow: what is below ½ need not be cut off.",
    "Strongest derivatives, of the model whose gates were open at first: edges whose root mean squared ∂Z_i/∂Z_j "
    "through f_i alone, times the spread of Z_j over that of Z_i, reaches a cut. Linear regression: of Z_i on all "
    "before it, edges whose standardised coefficient reaches a cut. Both cuts are the best in hindsight for all graphs "
    "and seeds together, so they flatter their columns alike.",
    "Nothing and everything: the distance of the empty and of the full graph.",
)


def make_table(options: Options) -> Table:
    """Train an XVAE on every graph and seed and count the edges it got wrong."""
    scale, chosen = options.scale, pick_scale(SCALES, options.scale)
    seeds = options.count_seeds(chosen.seeds)
    found = {
        (graph, seed): _measure_strengths(graph, seed, chosen)
        for graph, seed in track([(graph, seed) for graph in GRAPHS for seed in range(seeds)], "graphs")
    }
    cuts = dict.fromkeys(STARTS, CUT) | {column: _find_best_cut(found, column) for column in READ}
    return Table(
        title="Does a causal block find a known graph?",
        what="Structural Hamming distance to the true graph of XVAEs trained on data of known cause and effect.",
        scale={
            "scale": scale,
            "seeds": describe_seeds(seeds),
            "data": f"{chosen.rows:,} rows",
            "training": f"{chosen.steps:,} steps of 128, Adam {RATE:g} → 0, gates at temperature 1 → 0.05, "
            f"{PRICE:g} nats for an open one",
            "cuts": ", ".join(f"{column} {cut:.2f}" for column, cut in cuts.items()),
        },
        cells=tuple(_list_cells(found, cuts, seeds, scale)),
        notes=NOTES,
    )


def _list_cells(found: Strengths, cuts: Mapping[str, float], seeds: int, scale: str) -> Iterator[Cell]:
    for graph in GRAPHS:
        truth = adjacency(graph)
        for column in cuts:
            values = [hamming_distance(found[graph, seed][column] >= cuts[column], truth) for seed in range(seeds)]
            yield over_seeds(graph, column, values, scale=scale)
        for column, edges in (("nothing", np.zeros_like(truth)), ("everything", np.triu(np.ones_like(truth), 1))):
            yield over_seeds(graph, column, [hamming_distance(edges, truth)], scale=scale)


def hamming_distance(edges: Any, truth: Int[np.ndarray, "u u"]) -> float:
    """Return the structural Hamming distance between two graphs over the same order: how many places differ.

    >>> hamming_distance(adjacency("fork"), adjacency("chain"))
    4.0
    """
    return float((np.asarray(edges, bool) != truth.astype(bool)).sum())


def _measure_strengths(graph: str, seed: int, scale: GraphScale) -> dict[str, Float[np.ndarray, "u u"]]:
    """Train a model from either start; return way of reading it → how strong it says every edge is."""
    data = scm(graph, scale.rows, generator=seed)
    trained = {column: _train(data, seed, scale.steps, start) for column, start in STARTS.items()}
    gates = {column: model.adjacency().numpy() for column, model in trained.items()}
    model = next(iter(trained.values()))
    noises = encode(model, data, rows=np.arange(min(ROWS, len(data)))).mean
    with eval_mode(model):
        causes = model.causes(noises)[..., 0]
    derivatives, regressions = _measure_derivatives(model, causes, noises), _fit_regressions(causes.double().numpy())
    return {**gates, **dict(zip(READ, (derivatives, regressions), strict=True))}


def _train(data: FactorData, seed: int, steps: int, start: float) -> XAutoencoder:
    model = _build_model(seed, steps, start)
    fit(
        model,
        GatePenalty(ELBO(), PRICE),
        data,
        steps=steps,
        batch_size=128,
        lr=cosine(RATE, steps),
        seed=seed,
        device="cpu",
        progress=False,
    )
    return model


def _build_model(seed: int, steps: int, start: float) -> XAutoencoder:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        coders = Coders(nn.Sequential(*mlp((UNITS, 64, 64, 2 * UNITS))), nn.Identity())
        block = XBlock(UNITS, hidden=(32, 32), temperature=Annealed(1.0, 0.05, steps), start=start)
    return XAutoencoder(VAE(coders, DIAGONAL, Gaussian(0.1), x_shape=(UNITS,), latents=UNITS), block)


def _measure_derivatives(model: XAutoencoder, causes: Tensor, noises: Tensor) -> Float[np.ndarray, "u u"]:
    """Return the root mean squared ∂Z_i/∂Z_j of f_i with everything else held, in standard deviations."""
    out, spread, gates = np.zeros((UNITS, UNITS)), causes.std(0), model.adjacency()
    for i in range(1, UNITS):

        def evaluate(parents: Tensor, noise: Tensor, i: int = i) -> Tensor:
            value: Tensor = model.block.functions[i](torch.cat([parents * gates[:i, i], noise])[None])[0, 0]
            return value

        slopes = vmap(jacrev(evaluate))(causes[:, :i], noises[:, i : i + 1])
        out[:i, i] = (slopes.square().mean(0).sqrt() * spread[:i] / spread[i]).detach().numpy()
    return out


def _fit_regressions(causes: Float[np.ndarray, "n u"]) -> Float[np.ndarray, "u u"]:
    """Return the absolute standardised coefficients of each unit's regression on all before it."""
    z, out = (causes - causes.mean(0)) / causes.std(0), np.zeros((UNITS, UNITS))
    for i in range(1, UNITS):
        out[:i, i] = np.abs(np.linalg.lstsq(z[:, :i], z[:, i], rcond=None)[0])
    return out


def _find_best_cut(found: Strengths, column: str) -> float:
    """Return the cut that gets the fewest edges wrong in all."""

    def count_wrong(cut: float) -> float:
        return sum(
            hamming_distance(strengths[column] >= cut, adjacency(graph)) for (graph, _), strengths in found.items()
        )

    return float(min(CUTS, key=count_wrong))


EXPERIMENT = Experiment(
    name="consistency.graphs",
    summary="does a causal block find a known graph? chain, fork and collider",
    costs={"smoke": "seconds", "laptop": "about eight minutes", "paper": "about an hour"},
    make=make_table,
)
