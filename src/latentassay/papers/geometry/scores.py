"""What is measured of the VAEs of GEO: components, bounds and likelihoods, and how well digits separate."""

import warnings
from typing import Any

import numpy as np
import torch
from torch import Tensor

from latentassay.adapters.torch import from_torch
from latentassay.core.autoencoder import eval_mode
from latentassay.evaluation.likelihood import FewEffectiveSamplesWarning, log_likelihood
from latentassay.evaluation.separability import linear_separability
from latentassay.geometry import principal_spectrum
from latentassay.objectives import Renyi
from latentassay.papers.experiment import pick_scale
from latentassay.papers.geometry.configurations import SCALES, DigitsConfiguration, DigitsScale, load_digits, train
from latentassay.papers.geometry.turns import measure_turns
from latentassay.papers.runs import Scores, Settings, has_scores, measure_once
from latentassay.sampling import encode
from latentassay.training import load_run

COMPONENTS = "informative components"
"""Principal components of posterior means with a variance above 0.01."""

ALIGNED = "alignment with axes"
"""Of those components, mean |cos| to axes matched one to one."""

CHANCE = "alignment by chance"
"""Of as many random orthogonal directions."""

BOUND = "bound"
"""Of the order trained with, in nats."""

LIKELIHOOD = "log p(x)"
"""By importance sampling on the same rows, in nats."""

NOISE = "noise of log p(x)"
"""Its Monte Carlo standard error."""

EFFECTIVE = "effective samples (median)"
"""Of the importance sampling of a row."""

FEW = "rows below 10 effective samples"
"""Share of them."""

EIGENVALUE = "eigenvalue"
"""Before its number: variance of one principal component."""


def measure_all(configuration: DigitsConfiguration) -> None:
    """Train a model and measure it; everything is kept in its folder."""
    measure_spectrum_and_likelihood(configuration)
    for epoch in configuration.probed:
        measure_separability(configuration, epoch)
    if configuration.is_vae and configuration.is_main:
        measure_turns(configuration)
        if configuration.seed == 0:
            measure_pixels(configuration)


def is_measured(configuration: DigitsConfiguration) -> bool:
    """Whether the folder of a model holds everything that ``measure_all`` leaves there."""
    per_epoch = configuration.steps_per_epoch
    names = ["geometry", *(_name_separability(epoch * per_epoch) for epoch in configuration.probed)]
    if configuration.is_vae and configuration.is_main:
        names += ["turns"]
        names += ["pixels"] if configuration.seed == 0 else []
    return has_scores(configuration.run_folder, names)


def measure_spectrum_and_likelihood(configuration: DigitsConfiguration) -> Scores:
    """Return the spectrum of test means, the bound it was trained by, and log p(x), of one model."""
    run, scale = train(configuration), pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        test = load_digits(configuration).test
        x = _take_evenly(test, scale.rows)
        return _measure_spectrum(run.model, test) | _measure_likelihood(run.model, x, configuration, scale)

    settings: Settings = {"rows": scale.rows, "draws": scale.draws, "samples": scale.samples}
    return measure_once(run.path, "geometry", settings, measure)


def _measure_spectrum(model: Any, test: Any) -> Scores:
    found = principal_spectrum(encode(model, test, batch_size=1024).mean)
    values = {f"{EIGENVALUE} {i}": float(value) for i, value in enumerate(found.eigenvalues)}
    return {COMPONENTS: float(found.dimension), ALIGNED: found.alignment, CHANCE: found.chance, **values}


def _take_evenly(data: Any, rows: int) -> Tensor:
    x: Tensor = data.batch(np.linspace(0, len(data) - 1, rows).round().astype(int))
    return x


def _measure_likelihood(model: Any, x: Tensor, configuration: DigitsConfiguration, scale: DigitsScale) -> Scores:
    generator = torch.Generator().manual_seed(configuration.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewEffectiveSamplesWarning)  # their number is one of the scores
        found = log_likelihood(model, x, samples=scale.draws, generator=generator)
    effective = found.per_row.effective_samples
    few = float((effective < 10).double().mean())
    bound = _measure_bound(model, x, Renyi(configuration.alpha, scale.samples), generator)
    return {
        BOUND: bound,
        LIKELIHOOD: found.value,
        NOISE: found.sampling_stderr,
        EFFECTIVE: float(effective.median()),
        FEW: few,
    }


def _measure_bound(model: Any, x: Tensor, objective: Renyi, generator: torch.Generator) -> float:
    """Return the bound, mean over the rows and over as many new draws as make a hundred thousand decodings."""
    rounds = max(1, 100_000 // (objective.samples * len(x)))
    with eval_mode(model):
        losses = [
            objective(model, part, generator).total * len(part) for _ in range(rounds) for part in torch.split(x, 100)
        ]
    return -float(torch.stack(losses).double().sum()) / (rounds * len(x))


def measure_separability(configuration: DigitsConfiguration, epoch: int) -> Scores:
    """Return how well a linear classifier tells digits after an epoch of training, for all its features."""
    run, scale = train(configuration), pick_scale(SCALES, configuration.scale)
    step = epoch * configuration.steps_per_epoch

    def measure() -> Scores:
        learned, test = load_digits(configuration)
        generator = torch.Generator().manual_seed(configuration.seed)
        model = run.model if step == run.step else load_run(configuration.run_folder, step=step).model
        found = linear_separability(model, learned.take(np.arange(scale.learned)), test, generator=generator)
        return dict(found.accuracy)

    return measure_once(run.path, _name_separability(step), {"learned": scale.learned, "step": step}, measure)


def _name_separability(step: int) -> str:
    return f"separability-{step:08d}"


def measure_pixels(configuration: DigitsConfiguration) -> Scores:
    """Return how well the same classifier tells digits from the pixels that the model is given."""
    folder, scale = train(configuration).path, pick_scale(SCALES, configuration.scale)

    def measure() -> Scores:
        learned, test = load_digits(configuration)
        flat = from_torch(lambda x: x.flatten(1), lambda z: z, latent_shape=(int(np.prod(test.x_shape)),))
        rows, generator = learned.take(np.arange(scale.learned)), torch.Generator()
        return dict(linear_separability(flat, rows, test, generator=generator, features=("mean",)).accuracy)

    return measure_once(folder, "pixels", {"learned": scale.learned}, measure)
