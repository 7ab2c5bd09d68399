"""Chunked hybrids: some variables of a sample come from other samples, the rest stays (SA 4.1, figure 6a)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Decoder, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.sampling import BATCH_SIZE, POOL, as_latents, base_or_central, decode, hybrid


class ChunkHybrids(NamedTuple):
    """Hybrids of one base, a row for each chunk of variables; arrays of the kind that z was.

    Attributes:
        images: decodings of the hybrids, ``(chunks, n, *x_shape)``.
        base_image: decoding of the base, ``x_shape``.
        latents: the hybrids, ``(chunks, n, *latent_shape)``.
        base: the latent that they all are but for one chunk, ``latent_shape``.
        chunks: numbers of the variables that are hybridised in each row.
        change: root mean squared difference from the base, over all numbers of an observation, ``(chunks,)``.
        units: the variables.
        n: hybrids in each row.
        variant: pool and base in words.
    """

    images: Float[Tensor, "chunks n *x_shape"]
    base_image: Tensor
    latents: Tensor
    base: Tensor
    chunks: tuple[tuple[int, ...], ...]
    change: Float[Tensor, " chunks"]
    units: Units
    n: int
    variant: str


def chunk_hybrids(
    model: Decoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    chunks: int | Sequence[Sequence[int]] = 4,
    base: Any = None,
    n: int = 8,
    pool: int = POOL,
    batch_size: int = BATCH_SIZE,
) -> ChunkHybrids:
    """Draw one chunk of the variables after another from other latents, and decode: what does each chunk hold?

    Args:
        model: any decoder.
        z: latents of real data ``(m, *latent_shape)``; ``pool`` of them, chosen at random, are stored.
        generator: chooses stored latents and what each variable takes.
        units: variables, what is drawn as one; scalars, channels, or places of a single channel where left out.
        chunks: how many, quarters in the paper: variables in their order, as evenly as can be; or the numbers of the
            variables in each chunk.
        base: the latent that is changed, ``latent_shape``; the one of ``z`` nearest to their mean where left out.
        n: hybrids of each chunk.

    Raises:
        InputError: latents or a base of another shape, NaN or infinite values in or out, more chunks than variables,
            an empty chunk, a variable that does not exist or comes twice in a chunk, fewer than one hybrid.

    Source: SA figure 6a.

    >>> from latentassay.models import build
    >>> model, z = build("ae-mlp", x_shape=(5,), latents=6), torch.randn(20, 6)
    >>> found = chunk_hybrids(model, z, chunks=3, n=2, generator=torch.Generator().manual_seed(0))
    >>> found.chunks, found.images.shape, bool((found.latents[0, :, 2:] == found.base[2:]).all())
    (((0, 1), (2, 3), (4, 5)), torch.Size([3, 2, 5]), True)
    """
    seen, units, generator = as_latents(model, z), as_units(units, latent_shape_of(model)), as_generator(generator)
    parts = _parts(chunks, len(units))
    origin = base_or_central(seen, base)
    stored = seen[torch.randperm(len(seen), generator=generator)[: max(pool, 0)]]
    latents = torch.stack(
        [
            hybrid(stored, n, generator=generator, units=[units.groups[v] for v in part], base=origin, pool=pool)
            for part in parts
        ]
    )
    every = torch.cat([origin[None], latents.flatten(0, 1)])
    x = decode(model, every, batch_size=batch_size)
    images = x[1:].view(len(parts), n, *x.shape[1:])
    found = ChunkHybrids(
        images=images,
        base_image=x[0],
        latents=latents,
        base=origin,
        chunks=parts,
        change=(images - x[0]).double().square().flatten(1).mean(1).sqrt(),
        units=units,
        n=n,
        variant=f"pool of {min(pool, len(seen))}, {'most central latent' if base is None else 'given latent'} as base",
    )
    return in_kind_of(found, z)


def _parts(chunks: int | Sequence[Sequence[int]], variables: int) -> tuple[tuple[int, ...], ...]:
    if isinstance(chunks, int):
        if not 1 <= chunks <= variables:
            raise InputError(f"chunks must be 1 to {variables}, the number of variables, got {chunks}")
        return tuple(tuple(part.tolist()) for part in torch.arange(variables).tensor_split(chunks))
    parts = tuple(tuple(int(variable) for variable in part) for part in chunks)
    for part in parts:
        if not part or len(set(part)) < len(part) or min(part) < 0 or max(part) >= variables:
            raise InputError(f"a chunk must name different variables in 0..{variables - 1}, got {list(part)}")
    if not parts:
        raise InputError("chunks must be at least one; name its variables, chunks=[[0, 1]]")
    return parts
