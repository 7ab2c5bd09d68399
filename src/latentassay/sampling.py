"""Latents to ask about: codes of data, posterior samples, prior samples, hybrids; and decodings of them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from jaxtyping import Int
from torch import Generator, Tensor

from latentassay.core.arrays import Array, as_float_tensor, as_tensor, like
from latentassay.core.autoencoder import (
    Autoencoder,
    Decoder,
    Encoder,
    device_and_dtype,
    eval_mode,
    latent_shape_of,
    to_model,
)
from latentassay.core.errors import InputError
from latentassay.core.guard import decode_batch, encode_batch
from latentassay.core.observations import Observations, as_observations, finite, select_rows
from latentassay.core.progress import track
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units

BATCH_SIZE = 128

POOL = 128
"""Stored latents that hybrids are made of (SA 2.2)."""

BLOCKS = 32
"""Most blocks of latents that hybrids are made of."""

FEWEST_BLOCKS = 8
"""Fewer tell no error."""


class Codes(NamedTuple):
    """What an encoder says of every row: torch tensors on the CPU, ``(n, *latent_shape)`` each.

    Attributes:
        mean: posterior means.
        std: posterior standard deviations.
        sample: one posterior sample per row, where a generator was given.
    """

    mean: Tensor
    std: Tensor
    sample: Tensor | None


def beside(generator: Generator, device: torch.device) -> Generator:
    """Return a generator on ``device``: the one given, or one seeded by it, since each draws only where it lives."""
    if generator.device.type == device.type:
        return generator
    seed = torch.randint(2**62, (1,), generator=generator, device=generator.device)
    return Generator(device).manual_seed(int(seed))


def kept_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the type that answers are kept in: single precision of half, whose sums overflow and which numpy lacks."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def blocks(n: int, batch_size: int, label: str) -> Iterator[slice]:
    """Cut ``range(n)`` into slices of ``batch_size``, with a progress bar when it takes long."""
    for start in track(range(0, n, batch_size), label):
        yield slice(start, min(start + batch_size, n))


def encode(
    model: Encoder,
    data: Any,
    *,
    rows: Any = None,
    generator: Generator | int | None = None,
    batch_size: int = BATCH_SIZE,
) -> Codes:
    """Encode observations in batches.

    Args:
        model: any encoder.
        data: an array or tensor ``(n, *x_shape)``, or ``Observations`` such as a ``FactorData``.
        rows: indices of the rows to encode; all where left out.
        generator: also draw one sample z ~ q(z|x) per row.

    Returns:
        Codes on the CPU.

    Raises:
        InputError: unusable data, rows that are none or out of range, or a code that is NaN or infinite.
    """
    observations: Observations = as_observations(data)
    index = select_rows(observations, rows)
    shape, local = (len(index), *latent_shape_of(model)), None
    mean = std = z = torch.empty(shape, dtype=device_and_dtype(model).dtype)
    with eval_mode(model) as (device, _):
        if generator is not None:
            local = beside(as_generator(generator), device)
        for block in blocks(len(index), batch_size, "encoding"):
            x = to_model(model, observations.batch(index[block]))
            if block.start == 0:
                mean, std, z = (torch.empty(shape, dtype=kept_dtype(x.dtype)) for _ in range(3))
            q = encode_batch(model, x)
            mean[block], std[block] = q.mean.cpu(), q.std.cpu()
            if local is not None:
                z[block] = q.sample(local).cpu()
    finite(mean, "encoded means")
    finite(std, "encoded standard deviations")
    return Codes(mean, std, z if local is not None else None)


def decode(model: Decoder, z: Array, *, batch_size: int = BATCH_SIZE) -> Array:
    """Decode latents ``(n, *latent_shape)`` in batches into observations on the CPU, of the kind that z is."""
    latents = as_latents(model, z)
    with eval_mode(model, latents) as (device, dtype):
        parts = [
            decode_batch(model, latents[block].to(device, dtype)).cpu()
            for block in blocks(len(latents), batch_size, "decoding")
        ]
    decoded = torch.cat(parts)
    return like(finite(decoded.to(kept_dtype(decoded.dtype)), "decodings"), z)


def posterior(
    model: Autoencoder, data: Any, n: int, *, generator: Generator | int = 0, batch_size: int = BATCH_SIZE
) -> Tensor:
    """Draw ``n`` latents z ~ q(z|x) of real rows: every row at most once while they last, then again."""
    observations, generator = as_observations(data), as_generator(generator)
    rounds = -(-n // len(observations))
    rows = torch.cat([torch.randperm(len(observations), generator=generator) for _ in range(rounds)])[:n]
    return drawn(encode(model, observations, rows=rows, generator=generator, batch_size=batch_size))


def drawn(codes: Codes) -> Tensor:
    """Return the posterior samples of codes that were encoded with a generator."""
    if codes.sample is None:
        raise InputError("these codes were encoded without a generator, so no samples were drawn")
    return finite(codes.sample, "posterior samples")


def prior(model: Decoder, n: int, *, generator: Generator | int = 0) -> Tensor:
    """Draw ``n`` latents from the model's prior.

    Raises:
        InputError: the model has none; sample hybrids instead.
    """
    latent_shape_of(model)
    if model.prior is None:
        raise InputError("the model has no prior; use hybrid samples of its codes (la.sampling.hybrid)")
    return model.prior.sample(n, as_generator(generator)).cpu().to(kept_dtype(device_and_dtype(model).dtype))


def hybrid(
    z: Array,
    n: int,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    base: Any = None,
    pool: int | None = POOL,
) -> Array:
    """Draw ``n`` hybrid latents: every unit comes from a stored latent of its own (SA 2.2).

    Keeps each unit's marginal and breaks every dependence between units. Where ``units`` are but a chunk of the
    latents, only that chunk is hybridised and all others stay those of the ``base`` (SA figure 6a).

    Args:
        z: latents of real data ``(m, *latent_shape)``; ``pool`` of them, chosen at random, are stored.
        units: what is drawn as one; scalars, channels, or places of a single channel where left out.
            ``units.groups[:3]`` is a chunk.
        base: where latents in no unit come from: one latent ``latent_shape`` for all, or one for each hybrid
            ``(n, *latent_shape)``. Where left out, they come together from one stored latent for each hybrid.
        pool: N = 128 in the paper; ``None`` for all of z. Then each is used once for every unit before any is used
            again, and no two units of a hybrid are of the same one where there are more latents than units: a
            sample of the product of the marginals.

    Returns:
        Latents of the kind that z is.

    Raises:
        InputError: no latents, fewer than one hybrid or stored latent, a base of another shape, units out of range.

    >>> z = torch.arange(12.0).view(4, 3)
    >>> g = torch.Generator().manual_seed(0)
    >>> hybrid(z, 2, generator=g, units=[[0], [1]], base=torch.zeros(3))[:, 2]
    tensor([0., 0.])
    """
    latents, generator = _stored(z, 0), as_generator(generator)
    units = as_units(units, latents.shape[1:])
    if n < 1 or (pool is not None and pool < 1) or not len(latents):
        raise InputError(f"hybrids need z, n and pool of at least 1 latent, got {len(latents)}, {n} and {pool}")
    stored = latents[torch.randperm(len(latents), generator=generator)[:pool]].flatten(1)
    parts = len(units) + 1
    if pool is None:
        rows, *donors = _deal(len(stored), n, parts, generator)
    else:
        rows, *donors = (torch.randint(len(stored), (n,), generator=generator) for _ in range(parts))
    out = stored[rows].clone() if base is None else _bases(base, latents, n)
    for group, of in zip(units.groups, donors, strict=True):
        out[:, list(group)] = stored[of][:, list(group)]
    return like(out.view(n, *latents.shape[1:]), z)


def _deal(rows: int, n: int, parts: int, generator: Generator) -> Int[Tensor, "parts n"]:
    """Deal rows to each part of n hybrids: every part is the same order of rows, each begun at a place of its own."""
    rounds = []
    for _ in range(-(-n // rows)):
        order, begin = (torch.randperm(rows, generator=generator) for _ in range(2))
        starts = begin[torch.arange(parts) % rows]
        rounds.append(order[(torch.arange(rows) + starts[:, None]) % rows])
    return torch.cat(rounds, 1)[:, :n]


class HybridBlocks(NamedTuple):
    """Hybrids of several blocks of latents, which share none between them.

    Attributes:
        latents: ``(n, *latent_shape)``.
        block: number of the block that each is made of, ``(n,)``; all 0 where latents are too few for blocks.
        words: what they are made of, in words.
    """

    latents: Tensor
    block: Int[Tensor, " n"]
    words: str


def hybrid_blocks(z: Tensor, n: int, *, generator: Generator | int = 0, units: Units | Any = None) -> HybridBlocks:
    """Draw ``n`` hybrid latents of all of z, in blocks whose differences show what the choice of z has done to them.

    Hybrids that share a stored latent depend on each other, so that n of them are worth fewer than n samples. Hybrids
    of different blocks share none. Within a block they are those of ``hybrid`` with ``pool=None``.

    Args:
        z: latents of real data ``(m, *latent_shape)``.
        units: what is drawn as one; scalars, channels, or places of a single channel where left out.

    Raises:
        InputError: no latents, fewer than one hybrid, units out of range.

    >>> found = hybrid_blocks(torch.randn(256, 2), 100)
    >>> found.latents.shape, found.block.unique().numel(), found.words
    (torch.Size([100, 2]), 32, 'hybrids of all 256 latents, in 32 blocks')
    """
    z, generator = _stored(z), as_generator(generator)
    units = as_units(units, z.shape[1:])
    # A block holds more latents than a hybrid has parts, so that no two of its parts come from the same.
    most = min(BLOCKS, len(z) // (len(units) + 1), n)
    several = most if most >= FEWEST_BLOCKS else 1
    shuffled = z[torch.randperm(len(z), generator=generator)]
    sizes = [len(part) for part in torch.arange(n).tensor_split(several)]
    parts = [
        hybrid(stored, size, generator=generator, units=units, pool=None)
        for stored, size in zip(shuffled.tensor_split(several), sizes, strict=True)
    ]
    block = torch.arange(several).repeat_interleave(torch.tensor(sizes))
    words = f"hybrids of all {len(z)} latents{f', in {several} blocks' if several > 1 else ''}"
    return HybridBlocks(torch.cat(parts), block, words)


def _stored(z: Any, fewest: int = 1) -> Tensor:
    latents = as_tensor(z, "z").detach()
    if latents.ndim < 2 or 0 in latents.shape[1:] or len(latents) < fewest:
        raise InputError(f"z must be latents (n, *latent_shape), at least 1 latent, got {tuple(latents.shape)}")
    return finite(latents, "z")


def _bases(base: Any, z: Tensor, n: int) -> Tensor:
    """One flat base for each of ``n`` hybrids, a copy."""
    one, many = tuple(z.shape[1:]), (n, *z.shape[1:])
    bases = as_tensor(base, "base").detach()
    if tuple(bases.shape) not in (one, many):
        raise InputError(f"base must be one latent {one} or one for each hybrid {many}, got {tuple(bases.shape)}")
    return finite(bases.to(z).expand(many), "base").flatten(1).clone()


def central(z: Array) -> Array:
    """Return the latent of ``z`` nearest to the mean of all, each value by its spread; a mean may lie in a hole.

    >>> central(torch.tensor([[0.0, 1.0], [1.0, 5.0], [9.0, 9.0]]))
    tensor([1., 5.])
    """
    latents = _stored(z)
    flat = latents.flatten(1).double()
    away = ((flat - flat.mean(0)) / flat.std(0, correction=0).clamp(min=1e-12)).norm(dim=1)
    return like(latents[int(away.argmin())], z)


def base_or_central(z: Tensor, base: Any) -> Tensor:
    """Return the latent that others are made from: ``base`` as it is given, or else the most central one of ``z``."""
    z = _stored(z)
    return central(z) if base is None else _bases(base, z, 1).view(z.shape[1:])


def uniform(z: Array, n: int, *, generator: Generator | int = 0, units: Units | Any = None) -> Array:
    """Draw ``n`` latents, each between its extremes in ``z``, evenly and on its own (SA 2.2, IC 5).

    Keeps how far each latent reaches, and neither where it is dense nor any dependence.

    Args:
        z: latents of real data ``(m, *latent_shape)``.
        units: which latents are drawn; all where left out. Those in no unit come from one row of z, as in ``hybrid``.

    Returns:
        Latents of the kind that z is.

    >>> z = torch.tensor([[0.0, -1.0], [2.0, -1.0]])
    >>> drawn = uniform(z, 1000, generator=torch.Generator().manual_seed(0))
    >>> drawn.amin(0).round(decimals=1).tolist(), drawn.amax(0).round(decimals=1).tolist()
    ([0.0, -1.0], [2.0, -1.0])
    """
    latents, generator = _stored(as_float_tensor(z, "z")), as_generator(generator)
    units, flat = as_units(units, latents.shape[1:]), latents.flatten(1)
    out = flat[torch.randint(len(flat), (n,), generator=generator)].clone()
    drawn = [latent for group in units.groups for latent in group]
    low, high = flat[:, drawn].aminmax(dim=0)
    share = torch.rand(n, len(drawn), generator=generator).to(flat)
    out[:, drawn] = low + (high - low) * share
    return like(out.view(n, *latents.shape[1:]), z)


def draw(
    model: Autoencoder,
    data: Any,
    n: int,
    *,
    generator: Generator | int = 0,
    how: str = "posterior",
    units: Units | Any = None,
    batch_size: int = BATCH_SIZE,
) -> Tensor:
    """Draw ``n`` latents of one of the four kinds that consistency is measured on (IC 5).

    Args:
        model: any autoencoder.
        data: real observations; not looked at for ``"prior"``.
        how: ``"posterior"`` samples of real rows; ``"hybrid"``, whose units come from 128 of those; ``"uniform"``,
            between the extremes of n of those, or of 128 if that is more; or ``"prior"``.
        units: what a hybrid draws as one; scalars, channels, or places of a single channel where left out.

    Raises:
        InputError: an unknown kind, fewer than one latent, unusable data, a model without a prior asked for its prior.
    """
    if how not in ("posterior", "hybrid", "uniform", "prior"):
        raise InputError(f"how must be 'posterior', 'hybrid', 'uniform' or 'prior', got {how!r}")
    if n < 1:
        raise InputError(f"n must be at least 1 latent, got {n}")
    generator = as_generator(generator)
    if how == "prior":
        return prior(model, n, generator=generator)
    rows = {"posterior": n, "hybrid": POOL, "uniform": max(n, POOL)}[how]
    z = posterior(model, data, rows, generator=generator, batch_size=batch_size)
    if how == "posterior":
        return z
    mixed = hybrid if how == "hybrid" else uniform
    return mixed(z, n, generator=generator, units=units)


def as_latents(model: Encoder | Decoder, z: Any, *, minimum: int = 1) -> Tensor:
    """Return ``z`` as a tensor: latents of this model, at least ``minimum`` of them, finite and floating."""
    latents = as_float_tensor(z, "z")
    if tuple(latents.shape[1:]) != latent_shape_of(model) or len(latents) < minimum:
        expected = ", ".join(map(str, latent_shape_of(model)))
        raise InputError(f"z must have shape (n, {expected}) with n at least {minimum}, got {tuple(latents.shape)}")
    return finite(latents.detach(), "z")
