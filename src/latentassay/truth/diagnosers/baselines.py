"""What papers look at to tell whether units are used: means that vary, divergence from the prior, size of codes."""

from typing import Any

import torch
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.observations import as_observations
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.sampling import Codes, encode

ACTIVE = 0.01
"""Variance of posterior means above which a unit is active (Burda, Grosse and Salakhutdinov 2016)."""

NATS = 0.01
"""Divergence from the prior below which a unit is collapsed."""

LARGEST = 0.5
"""A unit whose greatest mean lies below this is called unused."""

ROWS = 256
"""As many as our assay draws."""


def active_units(model: Autoencoder, data: Any, *, seed: int = 0) -> set[tuple[str, tuple[str, ...]]]:
    """Name the units whose posterior means vary by less than 0.01 (active units, Burda et al. 2016)."""
    return _name(model, _codes(model, data, seed).mean.var(0) < ACTIVE)


def kl_units(model: Autoencoder, data: Any, *, seed: int = 0) -> set[tuple[str, tuple[str, ...]]]:
    """Name the units whose mean divergence from the prior is below 0.01 nats; deterministic codes have none."""
    codes = _codes(model, data, seed)
    if model.prior is None or not bool((codes.std > 0).all()):
        return set()
    return _name(model, DiagonalGaussian(codes.mean, codes.std).kl_per_latent().mean(0) < NATS)


def largest_mean(model: Autoencoder, data: Any, *, seed: int = 0) -> set[tuple[str, tuple[str, ...]]]:
    """Name the units none of whose means reaches 0.5."""
    return _name(model, _codes(model, data, seed).mean.abs().amax(0) < LARGEST)


def _codes(model: Autoencoder, data: Any, seed: int) -> Codes:
    observations = as_observations(data)
    generator = torch.Generator().manual_seed(seed)
    return encode(model, observations, rows=torch.randperm(len(observations), generator=generator)[:ROWS])


def _name(model: Autoencoder, idle: Tensor) -> set[tuple[str, tuple[str, ...]]]:
    """These measures cannot tell dead from collapsed: what they name counts as both."""
    if idle.ndim > 1:  # a channel is idle where all of its places are
        units = tuple(f"c{k}" for k in torch.nonzero(idle.flatten(1).all(1))[:, 0].tolist())
    else:
        units = tuple(str(k) for k in torch.nonzero(idle)[:, 0].tolist())
    return {("units.dead", units), ("units.collapsed", units)} if units else set()
