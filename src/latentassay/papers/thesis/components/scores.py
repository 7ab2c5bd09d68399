"""What is measured of the models of chapter 3: orthogonality, disentanglement, and the regime they train in."""

from typing import Any

import torch
from torch import Tensor

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.geometry import decoder_jacobian, distance_to_orthogonality, nearest_signed_permutation
from latentassay.metrics import active_units, polarized_share, separation
from latentassay.papers.experiment import pick_scale
from latentassay.papers.runs import Scores, Settings, has_scores, measure_once
from latentassay.papers.thesis.components.configurations import (
    MODELS,
    ComponentsConfiguration,
    is_trained,
    network_options,
    split,
    train,
)
from latentassay.papers.thesis.components.scales import SCALES
from latentassay.papers.thesis.components.tasks import TASKS
from latentassay.sampling import encode
from latentassay.training import load_run

DTO = "DtO"
"""Distance of the decoder's Jacobian to orthogonality, active units."""

FULL = "DtO, all units"
"""The same of all units."""

DS = "DS"
"""Disentanglement score, bounded."""

ACTIVE = "active units"
"""Number of units whose mean varies."""

REGIME = "share of training polarized"
"""From the log of the run."""

CLOSE = "degenerate points"
"""Share of points where two neighbouring singular values are nearly equal."""

ROWS = 20_000
"""Test rows that DS rests on, at most."""


def measure_all(configuration: ComponentsConfiguration) -> None:
    """Train a model and measure it, at its end and where weights were kept; everything is kept in its folder."""
    measure_model(configuration)
    for step in configuration.size.snapshots:
        measure_model(configuration, step)


def is_measured(configuration: ComponentsConfiguration) -> bool:
    """Whether the folder of a model holds everything that ``measure_all`` leaves there."""
    names = ["components", *(_name_file(step) for step in configuration.size.snapshots)]
    return has_scores(configuration.run_folder, names)


def _name_file(step: int | None) -> str:
    return "components" if step is None else f"components-{step}"


def measure_model(configuration: ComponentsConfiguration, step: int | None = None) -> Scores:
    """Return the scores of one model, at its end or at a step that was kept.

    What cannot be said has no entry: DtO of fewer than two active units, DS without factors, the regime of codes that
    are points.
    """
    if not is_trained(configuration):
        train(configuration)
    scale = pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:  # what was measured before needs no weights
        run = load_run(configuration.run_folder, step=step)
        return _measure_decoder(run.model, configuration, scale.points) | (
            _measure_regime(run.history) if step is None else {}
        )

    settings: Settings = {"points": scale.points, "rows": ROWS}
    return measure_once(configuration.run_folder, _name_file(step), settings, measure)


def _measure_decoder(model: Any, configuration: ComponentsConfiguration, points: int) -> Scores:
    task, test = TASKS[configuration.data], split(configuration).test
    means = encode(model, test, batch_size=1024).mean
    found: Scores = {ACTIVE: float(active_units(means, threshold=0.25).score)}
    # Nothing fixes the scale of an autoencoder's codes, so all its units count.
    threshold = 0.0 if configuration.variant == "AE" else 0.5
    generator = torch.Generator().manual_seed(configuration.seed)
    try:
        dto = distance_to_orthogonality(model, test, generator=generator, points=points, threshold=threshold)
        found |= {DTO: dto.score, CLOSE: dto.degenerate} | ({} if dto.full is None else {FULL: dto.full})
    except InputError:  # fewer than two active units, or they do not span two directions
        pass
    if test.factors.shape[1] > 1 and means.shape[1] > 1:
        found[DS] = separation(
            means[:ROWS],
            test.factors[:ROWS],
            continuous=task.continuous,
            normaliser="bounded",
            generator=configuration.seed,
        ).score
    return found


def _measure_regime(history: Any) -> Scores:
    try:
        return {REGIME: polarized_share(history)}
    except InputError:
        return {}


def measure_random_decoder(configuration: ComponentsConfiguration, points: int) -> float:
    """Return DtO of the decoder before it has learned anything, at latents of the prior, all units."""
    model = models.build(
        MODELS["β-VAE"],
        x_shape=split(configuration).test.x_shape,
        latents=configuration.latents,
        likelihood=TASKS[configuration.data].likelihood,
        seed=configuration.seed,
        **network_options(configuration),
    )
    z = torch.randn(points, configuration.latents, generator=torch.Generator().manual_seed(configuration.seed))
    j: Tensor = decoder_jacobian(model.decode, z).double()
    return float(nearest_signed_permutation(torch.linalg.svd(j, full_matrices=False).Vh.mT).distance.mean())
