"""Which β to train a β-VAE with: raise it until the first unit is switched off."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import objectives
from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations
from latentassay.core.progress import track
from latentassay.sampling import BATCH_SIZE, encode
from latentassay.training import fit

LADDER = tuple(10.0**k for k in range(-5, 3))
"""The β that are tried where none are given."""

OFF = 0.95
"""A unit is switched off if the mean variance of its posterior reaches this; the prior's is 1."""


class BetaSuggestion(NamedTuple):
    """What every β did to the units.

    Attributes:
        beta: the least tried β at which a unit is switched off; ``None`` if none of them did.
        betas: those that were tried, up to that one.
        variance: mean variance ``E[σ_j²]`` of every unit's posterior at each, ``(betas, d)``, sorted by size.
        steps: optimiser steps at each.
        n: rows that variances are means of.
        variant: the rule in words.
    """

    beta: float | None
    betas: tuple[float, ...]
    variance: Float[Tensor, "betas d"]
    steps: int
    n: int
    variant: str


def suggest_beta(
    build: Callable[[], Any],
    data: Any,
    *,
    betas: Sequence[float] = LADDER,
    steps: int = 2000,
    rows: int = 2000,
    seed: int = 0,
    **options: Any,
) -> BetaSuggestion:
    """Train a β-VAE with ever larger β until ``E_x[σ_j²(x)]`` of one unit reaches 1.

    There it enters the polarized regime, and the best β is of that order of magnitude. Each is trained from the same
    fresh weights: a unit that was switched off by a smaller β would not come back, and one that was learned with it is
    slow to go.

    Args:
        build: returns a fresh VAE such as ``lambda: la.models.build("vae-mlp", x_shape=(4,), latents=6)``; give it
            more latents than you expect factors, or none is switched off before it is needed.
        data: as ``fit`` takes it.
        betas: what is tried, in rising order.
        steps: optimiser steps at each.
        rows: how many of the data variances are measured on, at most, drawn by the seed.
        seed: of batches, noise and rows.
        options: passed to ``fit``: ``batch_size``, ``lr``, ``device`` …

    Raises:
        InputError: no β, or some not positive and rising; otherwise as ``fit``.
        ContractError: the model's codes are points.

    Source: "VAEs and principal components", 3.3.6 (last paragraph).

    >>> from latentassay.models import build
    >>> make = lambda: build("vae-mlp", x_shape=(3,), latents=2, likelihood="squared", hidden=())
    >>> suggest_beta(make, torch.rand(64, 3), betas=(1e-3, 10.0), steps=200, lr=0.05).beta
    10.0
    """
    ladder = [float(beta) for beta in betas]
    if not ladder or not all(0 < beta < float("inf") for beta in ladder) or sorted(set(ladder)) != ladder:
        raise InputError(f"betas must be positive and rise, such as (0.01, 0.1, 1), got {tuple(betas)}")
    observations = as_observations(data)
    chosen = torch.randperm(len(observations), generator=torch.Generator().manual_seed(seed))[:rows]
    found: list[Tensor] = []
    for beta in track(ladder, "β"):
        model = build()
        fit(model, objectives.BetaVAE(beta), data, steps=steps, seed=seed, progress=False, **options)
        found.append(_variance(model, observations, chosen, options.get("batch_size", BATCH_SIZE)))
        if float(found[-1].max()) >= OFF:
            break
    off = float(found[-1].max()) >= OFF
    variant = f"least tried β at which a unit's E[σ²] is {OFF:g} or more, each trained from fresh weights"
    tried = tuple(ladder[: len(found)])
    return BetaSuggestion(
        beta=tried[-1] if off else None,
        betas=tried,
        variance=torch.stack(found),
        steps=steps,
        n=len(chosen),
        variant=variant,
    )


def _variance(model: Any, data: Any, rows: Tensor, batch_size: int) -> Float[Tensor, " d"]:
    std = encode(model, data, rows=rows, batch_size=batch_size).std.double()
    return std.square().mean(0).flatten().sort().values
