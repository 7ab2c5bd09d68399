"""Channels of a spatial latent that repeat one another, in their codes or in what the decoder makes of them."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import Array, as_float_tensor, in_kind_of
from latentassay.core.autoencoder import Decoder, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch
from latentassay.core.levels import exceeding
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.spatial.places import sides_of, spatial_codes, spread
from latentassay.stats.intervals import jackknife_stderr, widen

TWINS = 0.98
"""Two channels repeat each other if their correlation, or their cosine, is so large beyond doubt, of either sign."""

STEP = 0.5
"""Channels are moved by so many of their standard deviations."""

BLOCKS = 16
"""Most blocks of rows for the jackknife."""


class ChannelCorrelations(NamedTuple):
    """Correlations of codes between channels; tensors in double precision, or numpy arrays if the codes were.

    Attributes:
        matrix: Pearson's r over rows and places, ``(c, c)``; 0 for a channel that does not vary, 1 on the diagonal.
        matrix_stderr: its standard error, from a jackknife over blocks of rows, Student's t inside.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    matrix: Float[Tensor, "c c"]
    matrix_stderr: Float[Tensor, "c c"]
    n: int
    variant: str


class ChannelEffects(NamedTuple):
    """How alike the changes are that channels make in the picture; tensors, or numpy arrays if the latents were.

    Attributes:
        cosine: cosine between the changes that the same move of two channels makes, ``(c, c)``; 0 for a channel that
            changes nothing.
        cosine_stderr: its standard error over rows, Student's t inside.
        size: root mean squared change of a value of the picture by each channel's move, ``(c,)``.
        n: number of rows.
        variant: what varies in the definition, in words.
    """

    cosine: Float[Tensor, "c c"]
    cosine_stderr: Float[Tensor, "c c"]
    size: Float[Tensor, " c"]
    n: int
    variant: str


def channel_correlations(mean: Tensor | np.ndarray) -> ChannelCorrelations:
    """Correlate the codes of every pair of channels over rows and places. No pass; streams over rows.

    Args:
        mean: posterior means ``(n, c, *sides)``, a tensor or an array, at least 4 rows.

    Raises:
        InputError: codes that are not spatial, NaN or infinite, or too few.

    >>> z = torch.randn(64, 1, 4, 4)
    >>> channel_correlations(torch.cat([z, -z, torch.zeros_like(z)], 1)).matrix.round()
    tensor([[ 1., -1.,  0.],
            [-1.,  1.,  0.],
            [ 0.,  0.,  1.]], dtype=torch.float64)
    """
    codes = spatial_codes(mean)
    n, c = codes.shape[:2]
    # Products are summed about a point near the mean: about 0, those of codes far from it would lose their digits.
    b, pivot = min(BLOCKS, n), codes[: min(n, 64)].double().movedim(1, 0).flatten(1).mean(1)
    sums = torch.zeros(b, c + 1, c + 1, dtype=torch.float64)
    for k in range(b):
        away = codes[k::b].double().movedim(1, 0).flatten(1) - pivot[:, None]
        away = torch.cat([away, torch.ones_like(away[:1])])
        sums[k] = away @ away.T
    total = sums.sum(0)
    stderr = jackknife_stderr(torch.stack([_correlate(total - part) for part in sums]))
    variant = f"Pearson's r of posterior means over rows and places; jackknife over {b} blocks of rows"
    return in_kind_of(ChannelCorrelations(_correlate(total), widen(stderr, b), n, variant), mean)


def _correlate(sums: Float[Tensor, "c1 c1"]) -> Float[Tensor, "c c"]:
    """Correlations from sums of products; the last row and column hold plain sums, and how many they are of."""
    n, first, second = sums[-1, -1], sums[-1, :-1], sums[:-1, :-1]
    covariance = second / n - first[:, None] * first / n**2
    power = second.diagonal() / n
    variance = covariance.diagonal()
    std = torch.where(variance > 1e-12 * power, variance.clamp(min=0).sqrt(), torch.inf)
    out = (covariance / (std[:, None] * std)).clamp(-1, 1)
    return out.fill_diagonal_(1.0)


def channel_effects(
    model: Decoder, z: Tensor | np.ndarray, *, generator: Generator | int = 0, batch_size: int = BATCH_SIZE
) -> ChannelEffects:
    """Move every channel by the same field, in units of its spread, and compare what changes in the picture.

    The field of a row is half the difference between two rows of one channel drawn at random, over that channel's
    standard deviation, so that it is as smooth as codes are. Costs ``(c + 1) · n`` decodings; streams over rows, and
    holds the changes of one batch for all channels, ``(c, batch, *x_shape)``, and n numbers for every pair.

    Args:
        model: any decoder of spatial latents.
        z: latents ``(n, c, *sides)``, a tensor or an array, at least 4.
        generator: draws channels and rows; or a seed.
        batch_size: latents decoded at once.

    Raises:
        InputError: latents that are not spatial, or unusable; decodings that are NaN or infinite.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x, lambda z: z[:, :1] - z[:, 1:], latent_shape=(2, 4, 4))
    >>> channel_effects(model, torch.randn(8, 2, 4, 4)).cosine.round()
    tensor([[ 1., -1.],
            [-1.,  1.]], dtype=torch.float64)
    """
    sides_of(model)
    latents = as_latents(model, z, minimum=4)
    sigma = spread(latents).to(latents)
    move = _draw_fields(latents, sigma, as_generator(generator))
    n, c = latents.shape[:2]
    products = torch.zeros(n, c, c, dtype=torch.float64)
    with eval_mode(model, latents) as (device, dtype), bar(n * (c + 1), "channels") as progress:
        # All channels of some rows pass together, since many small calls take longer than few large ones.
        for rows in torch.split(torch.arange(n), max(1, batch_size // (c + 1))):
            base = latents[rows].to(device, dtype)
            changed = base.repeat(c + 1, *(1 for _ in base.shape)).contiguous()
            for channel in range(c):
                changed[channel + 1, :, channel] += sigma[channel].to(base) * move[rows].to(base)
            parts = [decode_batch(model, part) for part in torch.split(changed.flatten(0, 1), batch_size)]
            picture, *others = torch.cat(parts).flatten(1).chunk(c + 1)
            stacked = finite(torch.stack(others, 1) - picture[:, None], "changes of decodings")
            products[rows] = torch.einsum("ncx,ndx->ncd", stacked, stacked).double().cpu() / stacked.shape[2]
            progress.update(len(rows) * (c + 1))
    return in_kind_of(_compare(products), z)


def _draw_fields(z: Float[Tensor, "n c *sides"], sigma: Float[Tensor, " c"], generator: Generator) -> Tensor:
    """One field per row, ``(n, *sides)``; of channels that vary alone."""
    live = (sigma > 0).nonzero().flatten()
    if not len(live):
        return torch.zeros_like(z[:, 0])
    channel = live[torch.randint(len(live), (len(z),), generator=generator)]
    field = z[torch.randperm(len(z), generator=generator)]
    each = torch.arange(len(z))
    difference = (field.roll(1, 0) - field)[each, channel]
    return STEP * difference / sigma[channel].reshape(-1, *(1 for _ in z.shape[2:]))


def _compare(products: Float[Tensor, "n c c"]) -> ChannelEffects:
    """Cosines of sums over rows, from the products of changes in every row."""
    n, mean = len(products), products.mean(0)
    power = mean.diagonal()
    moves = power > 1e-12 * power.max()
    per = torch.where(moves, power.clamp(min=1e-300).rsqrt(), 0.0)
    scale = per[:, None] * per
    cosine = (mean * scale).clamp(-1, 1)
    # The cosine is linearised in the product of two channels and in the power of each.
    own = torch.diagonal(products, dim1=1, dim2=2) * per.square()
    residual = products * scale - cosine * (own[:, :, None] + own[:, None]) / 2
    stderr = widen(residual.std(0) / n**0.5, n)
    variant = f"the same field of {STEP:g} σ added to each channel; cosine of sums over rows (linearised, Student's t)"
    return ChannelEffects(cosine, stderr, power.sqrt(), n, variant)


def twins(values: Array, stderr: Array) -> tuple[tuple[int, int], ...]:
    """Return the pairs of channels whose value is beyond doubt ``TWINS`` or more, of either sign.

    False discoveries are controlled over all pairs (Benjamini and Hochberg 1995).

    Args:
        values: correlations or cosines ``(c, c)``, a tensor or an array.
        stderr: their standard errors, likewise.

    >>> twins(torch.tensor([[1.0, -0.99], [-0.99, 1.0]]), torch.zeros(2, 2))
    ((0, 1),)
    """
    strength, error = as_float_tensor(values, "values").abs(), as_float_tensor(stderr, "stderr")
    if strength.ndim != 2 or strength.shape[0] != strength.shape[1] or strength.shape != error.shape:
        raise InputError(f"values and stderr must be (c, c), got {tuple(strength.shape)} and {tuple(error.shape)}")
    strength, error = finite(strength.detach(), "values"), finite(error.detach(), "stderr")
    first, second = torch.triu_indices(len(strength), len(strength), 1)
    sizes = zip(strength[first, second].tolist(), error[first, second].tolist(), strict=True)
    alike = exceeding([Estimate(size, stderr=spread) for size, spread in sizes], TWINS)
    return tuple((int(first[k]), int(second[k])) for k in range(len(alike)) if alike[k])
