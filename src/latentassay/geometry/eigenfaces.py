"""Nonlinear eigenfaces: what each unit does to the mean of the data, the most precise unit first."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, latent_shape_of
from latentassay.core.checks import check_counts, check_positive
from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations
from latentassay.core.randomness import as_generator
from latentassay.core.units import as_units
from latentassay.sampling import BATCH_SIZE, decode, encode


class Eigenfaces(NamedTuple):
    """Decodings around the mean latent; arrays are tensors.

    Attributes:
        mean: decoding of the mean latent, ``(*x_shape)``.
        images: decodings of the mean latent with one unit at ``values``, ``(units, steps, *x_shape)``.
        values: offsets from the mean latent, from −alpha to alpha, ``(steps,)``.
        units: the unit of each row of images; the smallest mean σ first, which carries most of the variance, unless
            units were named.
        sigma: mean standard deviation of the posterior of each of these units, ``(units,)``.
        n: number of rows that the means were taken of.
    """

    mean: Float[Tensor, "*x"]
    images: Float[Tensor, "units steps *x"]
    values: Float[Tensor, " steps"]
    units: tuple[int, ...]
    sigma: Float[Tensor, " units"]
    n: int


def nonlinear_eigenfaces(
    model: Autoencoder,
    data: Any,
    *,
    generator: Generator | int = 0,
    units: int | Sequence[int] = 5,
    alpha: float | int = 2.5,
    steps: int = 7,
    rows: int = 300,
    batch_size: int = BATCH_SIZE,
) -> Eigenfaces:
    """Decode ``z̄ + a e_j`` for a from −alpha to alpha, z̄ the mean of posterior means, for the most precise units j.

    In a VAE that works like PCA the order by mean σ_j is the order of components by variance.

    Args:
        model: a VAE whose latents are a vector ``(d,)``.
        data: a float array or tensor ``(n, *x_shape)`` or ``Observations``.
        generator: draws the rows; or a seed.
        units: how many are shown, at most d; or which, such as ``[0, 1]``.
        alpha: how far each is moved, in the latent's own units; 2.5 is near the tails of N(0, 1).
        steps: decodings of each unit; an odd number has the mean in its middle.
        rows: how many the means are taken of, at most.
        batch_size: rows encoded, and latents decoded, at once.

    Raises:
        InputError: latents that are no vector, point codes (which have no σ), units that do not exist, or a count that
            is not positive.

    Source: "VAEs and principal components", 3.3.5 and figure 3.6.

    >>> from latentassay.models import build
    >>> model, x = build("vae-mlp", x_shape=(5,), latents=3), torch.rand(9, 5)
    >>> nonlinear_eigenfaces(model, x, units=2).images.shape
    torch.Size([2, 7, 5])
    """
    if len(latent_shape_of(model)) != 1:
        raise InputError(f"latents must be a vector, got latent_shape {latent_shape_of(model)}")
    check_counts(steps=steps, rows=rows)
    check_positive(alpha=alpha)
    observations = as_observations(data)
    chosen = torch.randperm(len(observations), generator=as_generator(generator))[:rows]
    codes = encode(model, observations, rows=chosen, batch_size=batch_size)
    if not bool((codes.std > 0).any()):
        raise InputError("the model's codes are points, so no unit is more precise than another; give a VAE")
    sigma, centre = codes.std.mean(0), codes.mean.mean(0)
    shown = _choose_units(units, sigma)
    values = torch.linspace(-float(alpha), float(alpha), steps).to(centre)
    # The mean of posterior means may lie where no code does, in the hole of a ring; the thesis decodes it all the same.
    z = centre.repeat(len(shown), steps, 1)
    for row, unit in enumerate(shown):
        z[row, :, unit] += values
    images = decode(model, torch.cat([centre[None], z.flatten(0, 1)]), batch_size=batch_size)
    return Eigenfaces(
        mean=images[0],
        images=images[1:].reshape(len(shown), steps, *images.shape[1:]),
        values=values,
        units=tuple(shown),
        sigma=sigma[shown],
        n=len(chosen),
    )


def _choose_units(units: int | Sequence[int], sigma: Float[Tensor, " d"]) -> list[int]:
    """So many of the most precise units, or those that were named."""
    if isinstance(units, Sequence):
        return [group[0] for group in as_units(units, (len(sigma),)).groups]
    check_counts(units=units)
    return sigma.argsort()[:units].tolist()
