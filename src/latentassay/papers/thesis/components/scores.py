"""What is asked of the models of chapter 3: orthogonality, disentanglement, and the regime they train in."""

from typing import Any

import torch
from torch import Tensor

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.geometry import decoder_jacobian, distance_to_orthogonality, nearest_signed_permutation
from latentassay.metrics import active_units, polarized_share, separation
from latentassay.papers.results import pick
from latentassay.papers.runs import Scores, Settings, measured
from latentassay.papers.thesis.components.runs import MODELS, SCALES, TASKS, Cell, is_trained, networks, parts, train
from latentassay.sampling import encode
from latentassay.training import load_run

DTO, FULL, DS, ACTIVE, REGIME, CLOSE = (
    "DtO",
    "DtO, all units",
    "DS",
    "active units",
    "share of training polarized",
    "degenerate points",
)
ROWS = 20_000
"""Test rows that DS rests on, at most."""


def measure(cell: Cell) -> None:
    """Train the model of a cell and measure it; everything is kept in its folder."""
    of_model(cell)
    for step in cell.size.snapshots:
        of_model(cell, step)


def is_measured(cell: Cell) -> bool:
    """Whether the folder of a cell holds everything that ``measure`` leaves there."""
    names = ["components", *(_name(step) for step in cell.size.snapshots)]
    return all((cell.home / f"{name}.json").exists() for name in names)


def _name(step: int | None) -> str:
    return "components" if step is None else f"components-{step}"


def of_model(cell: Cell, step: int | None = None) -> Scores:
    """Return the scores of one model, at its end or at a step that was kept.

    What cannot be said has no entry: DtO of fewer than two active units, DS without factors, the regime of codes that
    are points.
    """
    if not is_trained(cell):
        train(cell)
    scale = pick(SCALES, cell.scale)

    def ask() -> Scores:  # what was measured before needs no weights
        run = load_run(cell.home, step=step)
        return _asked(run.model, cell, scale.points) | (_regime(run.history) if step is None else {})

    settings: Settings = {"points": scale.points, "rows": ROWS}
    return measured(cell.home, _name(step), settings, ask)


def _asked(model: Any, cell: Cell, points: int) -> Scores:
    task, test = TASKS[cell.data], parts(cell).test
    means = encode(model, test, batch_size=1024).mean
    found: Scores = {ACTIVE: float(active_units(means, threshold=0.25).score)}
    # Nothing fixes the scale of an autoencoder's codes, so all its units count.
    threshold = 0.0 if cell.variant == "AE" else 0.5
    generator = torch.Generator().manual_seed(cell.seed)
    try:
        dto = distance_to_orthogonality(model, test, generator=generator, points=points, threshold=threshold)
        found |= {DTO: dto.score, CLOSE: dto.degenerate} | ({} if dto.full is None else {FULL: dto.full})
    except InputError:  # fewer than two active units, or they do not span two directions
        pass
    if test.factors.shape[1] > 1 and means.shape[1] > 1:
        found[DS] = separation(
            means[:ROWS], test.factors[:ROWS], continuous=task.continuous, normaliser="bounded", generator=cell.seed
        ).score
    return found


def _regime(history: Any) -> Scores:
    try:
        return {REGIME: polarized_share(history)}
    except InputError:
        return {}


def random_decoder(cell: Cell, points: int) -> float:
    """DtO of the decoder before it has learned anything, at latents of the prior, all units."""
    model = models.build(
        MODELS["β-VAE"],
        x_shape=parts(cell).test.x_shape,
        latents=cell.latents,
        likelihood=TASKS[cell.data].likelihood,
        seed=cell.seed,
        **networks(cell),
    )
    z = torch.randn(points, cell.latents, generator=torch.Generator().manual_seed(cell.seed))
    j: Tensor = decoder_jacobian(model.decode, z).double()
    return float(nearest_signed_permutation(torch.linalg.svd(j, full_matrices=False).Vh.mT).distance.mean())
