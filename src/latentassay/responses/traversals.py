"""Traversals: decodings of one latent from the least to the greatest value that it has in data (SA 4.1)."""

import math
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Decoder, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.units import Units, as_units
from latentassay.sampling import BATCH_SIZE, as_latents, base_or_central, decode

ROWS = 256
"""Most latents that are traversed in one call; a channel of a spatial latent has as many as it has places."""


class Traversals(NamedTuple):
    """Decodings of ways along single latents, a row for each, in the order of the variables; arrays of the kind z was.

    Attributes:
        images: decodings, ``(rows, steps, *x_shape)``.
        values: what the latent was set to, ``(rows, steps)``, from least to greatest.
        latents: flat index of the latent that moves in each row.
        variables: number of the unit that it belongs to, for each row.
        reach: how far the picture goes, ``(rows,)``: root mean squared difference, over all numbers of an observation,
            between the two steps that differ most; 0 for a latent that does nothing here.
        base: the latent that all rows lead through but for the one number, ``latent_shape``.
        units: the variables.
        n: latents that least and greatest values were taken from.
        variant: ends, base and steps in words.
    """

    images: Float[Tensor, "rows steps *x_shape"]
    values: Float[Tensor, "rows steps"]
    latents: tuple[int, ...]
    variables: tuple[int, ...]
    reach: Float[Tensor, " rows"]
    base: Tensor
    units: Units
    n: int
    variant: str


def traversals(
    model: Decoder,
    z: Tensor | np.ndarray,
    *,
    units: Units | Any = None,
    base: Any = None,
    steps: int = 9,
    tail: float | int = 0.0,
    batch_size: int = BATCH_SIZE,
) -> Traversals:
    """Decode a base latent with one number after another moved evenly from its least to its greatest value in ``z``.

    Args:
        model: any decoder.
        z: latents of real data ``(n, *latent_shape)``.
        units: variables, groups of latents; every latent in them has a row, group by group. Scalars where left out.
        base: the latent that is changed, ``latent_shape``; the one of ``z`` nearest to their mean where left out.
        steps: pictures in a row.
        tail: share of the values that is left out at either end, such as 0.01; none as in the paper.

    Raises:
        InputError: latents or a base of another shape, NaN or infinite values in or out, fewer than 2 steps, a tail
            outside [0, 0.5), more than 256 latents to move (spatial ones: name some, ``units=[[0], [17]]``).

    Source: SA 4.1, figures 4 and 11.

    >>> from latentassay.models import build
    >>> model, z = build("ae-mlp", x_shape=(5,), latents=3), torch.linspace(0, 2, 30).view(10, 3)
    >>> found = traversals(model, z, units=[[0], [1, 2]], steps=3)
    >>> found.images.shape, found.variables
    (torch.Size([3, 3, 5]), (0, 1, 1))
    """
    seen, units = as_latents(model, z), as_units(units, latent_shape_of(model))
    rows = [(latent, unit) for unit, group in enumerate(units.groups) for latent in group]
    _check(steps, tail, len(rows), units)
    origin = base_or_central(seen, base)
    latents = [latent for latent, _ in rows]
    values = _values(seen.flatten(1)[:, latents], steps, float(tail))
    moved = origin.flatten().repeat(len(rows), steps, 1)
    for row, latent in enumerate(latents):
        moved[row, :, latent] = values[row]
    x = decode(model, moved.view(-1, *latent_shape_of(model)), batch_size=batch_size)
    images = x.view(len(rows), steps, *x.shape[1:])
    ends = "least to greatest value" if tail == 0 else f"{tail:.3g} to {1 - tail:.3g} quantile"
    variant = (
        f"{ends} of {len(seen)} latents, {'the most central of them' if base is None else 'given base'}, {steps} steps"
    )
    found = Traversals(
        images=images,
        values=values,
        latents=tuple(latents),
        variables=tuple(unit for _, unit in rows),
        reach=_reach(images),
        base=origin,
        units=units,
        n=len(seen),
        variant=variant,
    )
    return in_kind_of(found, z)


def _check(steps: int, tail: float | int, rows: int, units: Units) -> None:
    if steps < 2 or not 0 <= tail < 0.5:
        raise InputError(f"steps must be at least 2 and tail in [0, 0.5), got {steps} and {tail}")
    if rows > ROWS:
        raise InputError(
            f"{rows} latents are too many to traverse, at most {ROWS}: latents have shape {units.latent_shape}; "
            "name some of them by their flat indices, units=[[0], [17]]"
        )


def _values(latents: Float[Tensor, "n rows"], steps: int, tail: float) -> Float[Tensor, "rows steps"]:
    """Evenly spaced values from the least to the greatest, exact at both ends."""
    shares = torch.tensor([tail, 1 - tail], dtype=torch.float64, device=latents.device)
    ends = torch.stack([torch.quantile(latent, shares) for latent in latents.double().T])
    share = torch.linspace(0, 1, steps, dtype=torch.float64, device=latents.device)
    return (ends[:, :1] * (1 - share) + ends[:, 1:] * share).to(latents)


def _reach(images: Float[Tensor, "rows steps *x_shape"]) -> Float[Tensor, " rows"]:
    exact, size = "donot_use_mm_for_euclid_dist", images[0, 0].numel()
    apart = [torch.cdist(row, row, compute_mode=exact).amax() for row in images.flatten(2).double()]
    return torch.stack(apart) / math.sqrt(size)
