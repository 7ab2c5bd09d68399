"""How much pictures vary that are sampled along a way between two posteriors, in its middle against its ends."""

from typing import Any

import torch
from torch import Tensor

from latentassay.core.autoencoder import eval_mode
from latentassay.core.guard import decode_batch
from latentassay.geometry import fisher_rao_geodesic
from latentassay.papers.runs import Scores
from latentassay.sampling import encode

SPREAD = "variance of sampled pictures, middle / ends"
"""Mean variance of pixels over draws from the middle Gaussian of a way, over that at its ends."""

WIDENING = "σ of latents, middle / ends"
"""Mean standard deviation of latents likewise."""

GEODESIC_SAMPLED = "sampled along the geodesic"
STRAIGHT_SAMPLED = "sampled along the straight line of μ and σ"

SPREAD_WAYS = (GEODESIC_SAMPLED, STRAIGHT_SAMPLED)
"""Ways whose Gaussians are sampled: the Fisher-Rao geodesic, and the straight line between the parameters."""

DRAWS = 32
"""Pictures of each Gaussian."""


def measure_spread(model: Any, a: Tensor, b: Tensor, *, generator: torch.Generator, draws: int = DRAWS) -> Scores:
    """Return, for both ways between posteriors of ``a`` and ``b``, how much wider their middle is than their ends.

    ``SPREAD = Σ Var_z[D(z)] over pixels and pairs at t = ½, over the mean of the same at t = 0 and 1``, z from the
    Gaussian at t; ``WIDENING = mean σ at t = ½ over mean σ at t = 0 and 1``. GEO claims that geodesics raise both
    (2.3, figures 4 and 5), where straight lines between (μ, σ) keep σ between those of the ends.

    Args:
        model: a VAE with a diagonal posterior.
        a: pictures at one end, ``(n, c, h, w)``.
        b: pictures at the other.
        generator: draws the samples.
        draws: samples of each Gaussian.
    """
    first, second = encode(model, a), encode(model, b)
    along = fisher_rao_geodesic((first.mean, first.std), (second.mean, second.std), steps=3)
    t = torch.linspace(0, 1, 3).view(1, 3, 1)
    ways = {
        GEODESIC_SAMPLED: (along.mean, along.std),
        STRAIGHT_SAMPLED: tuple(
            torch.lerp(x.unsqueeze(1), y.unsqueeze(1), t)
            for x, y in ((first.mean, second.mean), (first.std, second.std))
        ),
    }
    scores: Scores = {}
    for way, (mean, std) in ways.items():
        scores[f"{SPREAD}, {way}"] = _compare_middle(_measure_variances(model, mean, std, draws, generator))
        scores[f"{WIDENING}, {way}"] = _compare_middle(std.mean((0, 2)))
    return scores


def _measure_variances(model: Any, mean: Tensor, std: Tensor, draws: int, generator: torch.Generator) -> Tensor:
    """Return the mean variance of pixels over draws at every step, ``(steps,)``."""
    noise = torch.randn((draws, *mean.shape), generator=generator)
    with eval_mode(model):
        x = decode_batch(model, (mean + noise * std).flatten(0, 2)).reshape(*noise.shape[:3], -1)
    return x.var(0).mean((0, 2))


def _compare_middle(values: Tensor) -> float:
    return float(values[1] / ((values[0] + values[2]) / 2))
