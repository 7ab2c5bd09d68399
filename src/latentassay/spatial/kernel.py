"""How far a change at one place of a spatial latent spreads when it is decoded and encoded again."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.spatial.places import (
    Sides,
    choose,
    distances,
    draw_lenders,
    draw_places,
    places_at,
    sides_of,
    spread,
    window,
)
from latentassay.stats.intervals import widen
from latentassay.stats.ratios import Ratio, ratio

SHARE = 0.9
"""The reach holds this share of the response."""

VARIANT = (
    "one place of one channel takes the value of another row there; squared response over squared change, sums over "
    "rows, a place drawn for every row and channel; distances are Euclid's, rounded up to whole places; channels that "
    "respond are weighed by 1/σ²; intervals over rows (linearised, Student's t)"
)


Kernel = Float[Tensor, "j c *window"]
"""From every changed channel j to every channel, by offset."""

Shares = Float[Tensor, "j r"]
"""Of what a change of every channel does, by distance."""


class SpatialKernel(NamedTuple):
    """What a change at one place does, by offset and pair of channels; tensors, or numpy arrays if the latents were.

    Attributes:
        kernel: ``K[j,k,o]``, squared response of channel k at offset o over the squared change of channel j,
            ``(changed, c, *window)``; the middle of the window is the place itself. For a linear convolutional
            response it is the square of its kernel. 0 at offsets that no change could reach.
        kernel_stderr: its standard error over rows.
        profile: share of the response within r = 0, 1, 2 … places, ``(changed, r)``.
        profile_stderr: its standard error.
        overall: the same over all changed channels, ``(r,)``.
        overall_stderr: its standard error.
        reach: least distance that holds ``SHARE`` of the response, over all changed channels, in places; −1 where
            changes come to nothing. Its interval goes from where that of ``overall`` touches ``SHARE`` to where it
            clears it.
        reach_by_channel: the same of every changed channel, ``(changed,)``.
        away: share of the response that leaves the place, ``1 − overall[0]``.
        size: squared response, of all channels and everywhere, over the squared change, in units of spread,
            ``(changed,)``.
        answer: the same over all changed channels.
        sigma: standard deviation of every channel over rows and places, ``(c,)``.
        channels: the channels that were changed.
        n: number of rows, and of changes of each channel.
        variant: what varies in the definition, in words.
    """

    kernel: Kernel
    kernel_stderr: Kernel
    profile: Shares
    profile_stderr: Shares
    overall: Float[Tensor, " r"]
    overall_stderr: Float[Tensor, " r"]
    reach: Estimate
    reach_by_channel: Int[Tensor, " j"]
    away: Estimate
    size: Float[Tensor, " j"]
    answer: Estimate
    sigma: Float[Tensor, " c"]
    channels: tuple[int, ...]
    n: int
    variant: str


class _Sums:
    """What ``spatial_response_kernel`` adds up, batch by batch."""

    def __init__(self, z: Float[Tensor, "n c p"], chosen: tuple[int, ...], offsets: Int[Tensor, "o d"], sides: Sides):
        self._z, self._chosen, self._offsets, self._sides = z, chosen, offsets, sides
        j, c, o = len(chosen), z.shape[1], len(offsets)
        self.sigma = spread(z)
        self._per = torch.where(self.sigma > 0, self.sigma.clamp(min=1e-300) ** -2, 0.0)
        # Sums of response, its square, and its product with the change; and of the change and its square.
        self._response = torch.zeros(3, j, c, o, dtype=torch.float64)
        self._change = torch.zeros(2, j, 1, o, dtype=torch.float64)
        self._sizes = torch.zeros(len(z), j, dtype=torch.float64)
        farthest = int(distances(torch.zeros(1, dtype=torch.long), sides).max())
        self._radial = torch.zeros(len(z), j, farthest + 1, dtype=torch.float64)

    def add(
        self,
        i: int,
        rows: Int[Tensor, " b"],
        at: Int[Tensor, " b"],
        new: Float[Tensor, "b c p"],
        squares: Float[Tensor, "b c p"],
    ) -> None:
        """Take the squared responses to changes of the i-th channel at places ``at``."""
        finite(squares, "squared responses")
        each, channel = torch.arange(len(rows)), self._chosen[i]
        size = (new - self._z[rows])[each, channel, at].double().square()
        near, inside = places_at(at, self._offsets, self._sides)
        found = squares.gather(2, near[:, None].expand(-1, squares.shape[1], -1)) * inside[:, None]
        sizes = (size[:, None] * inside)[:, None]
        self._response[:, i] += torch.stack([found, found.square(), found * sizes]).sum(1)
        self._change[:, i] += torch.stack([sizes, sizes.square()]).sum(1)
        self._sizes[rows, i] = size
        weighed = torch.einsum("bcp,c->bp", squares, self._per)
        self._radial[rows, i] = self._radial[rows, i].scatter_add(1, distances(at, self._sides), weighed)

    def result(self) -> SpatialKernel:
        """Return the kernel."""
        n = len(self._z)
        kernel, stderr = self._kernel(n)
        shape = (*kernel.shape[:2], *(int(part.max() - part.min()) + 1 for part in self._offsets.T))
        held = self._radial.cumsum(2)
        whole = held[..., -1:].expand_as(held)
        profile, overall = ratio(held, whole), ratio(held.sum(1), whole.sum(1))
        away = ratio((whole - held)[..., 0].sum(1), whole[..., 0].sum(1))
        spread_of_changes = self._sizes * self._per[list(self._chosen)]
        return SpatialKernel(
            kernel=kernel.reshape(shape),
            kernel_stderr=stderr.reshape(shape),
            profile=profile.value,
            profile_stderr=profile.stderr,
            overall=overall.value,
            overall_stderr=overall.stderr,
            reach=_reach(overall),
            reach_by_channel=torch.tensor([_first(shares) for shares in profile.value]),
            away=away.estimate,
            size=ratio(whole[..., 0], spread_of_changes).value,
            answer=ratio(whole[..., 0].sum(1), spread_of_changes.sum(1)).estimate,
            sigma=self.sigma,
            channels=self._chosen,
            n=n,
            variant=VARIANT,
        )

    def _kernel(self, n: int) -> tuple[Float[Tensor, "j c o"], Float[Tensor, "j c o"]]:
        response, squared, product = self._response
        change, change_squared = self._change
        per = torch.where(change > 0, 1 / change.clamp(min=1e-300), 0.0)
        kernel = response * per
        residual = squared - 2 * kernel * product + kernel.square() * change_squared
        return kernel, widen(residual.clamp(min=0).mul(n / (n - 1)).sqrt() * per, n)


def spatial_response_kernel(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    channels: Any = None,
    radius: int = 4,
    batch_size: int = BATCH_SIZE,
) -> SpatialKernel:
    """Change one place of one channel, decode, encode, and see where it comes back.

    ``K[j,k,o] = Σ (R_k(z′) − R_k(z))²[p+o] / Σ (z′ − z)²`` over rows, where z′ is z with channel j at place p from
    another row. Costs ``(channels + 1) · n`` decodings and encodings. Streams over rows; holds three arrays of the
    size of the kernel, and n numbers for every channel and distance.

    Args:
        model: any autoencoder whose latents are ``(c, *sides)`` of one to three dimensions.
        z: latents ``(n, c, *sides)``, a tensor or an array, usually posterior samples, at least 4.
        generator: draws places and the rows that lend their values; or a seed.
        channels: which channels are changed, such as ``[0, 2]``; all where left out.
        radius: the window of the kernel reaches so far. What lies beyond still counts in shares.
        batch_size: latents decoded and encoded at once.

    Raises:
        InputError: latents that are not spatial, of another shape, too few, NaN or infinite; channels out of range.

    >>> from latentassay import from_torch
    >>> blur = lambda z: 0.6 * z + 0.8 * z.roll(1, -1)
    >>> model = from_torch(lambda x: x, blur, latent_shape=(1, 9))
    >>> found = spatial_response_kernel(model, torch.randn(9, 1, 9), radius=1)
    >>> found.kernel[0, 0].round(decimals=2), round(found.away, 4)
    (tensor([0.0000, 0.3600, 0.6400], dtype=torch.float64), 0.64)
    """
    sides, latents, generator = sides_of(model), as_latents(model, z, minimum=4), as_generator(generator)
    n, flat = len(latents), latents.flatten(2)
    chosen = choose(channels, flat.shape[1], "channels")
    places = draw_places(n, flat.shape[2], len(chosen), generator)
    lenders = draw_lenders(n, len(chosen), generator)
    sums = _Sums(flat, chosen, window(sides, radius), sides)
    with eval_mode(model, latents) as (device, dtype), bar(n * (len(chosen) + 1), "spatial kernel") as progress:
        for rows in torch.split(torch.arange(n), batch_size):
            base = latents[rows].to(device, dtype)
            response = respond_once(model, base)
            progress.update(len(rows))
            for i, channel in enumerate(chosen):
                # Values come from another row at the same place, so that they are such as occur there.
                at, new = places[rows, i], flat[rows].clone()
                new[torch.arange(len(rows)), channel, at] = flat[lenders[rows, i], channel, at]
                answer = respond_once(model, new.view_as(base).to(base))
                sums.add(i, rows, at, new, (answer - response).flatten(2).cpu().double().square())
                progress.update(len(rows))
    return in_kind_of(sums.result(), z)


def _first(shares: Float[Tensor, " r"]) -> int:
    """The least distance whose share is enough; −1 where nothing responds."""
    enough = (shares >= SHARE).nonzero()
    return int(enough[0]) if len(enough) else -1


def _reach(overall: Ratio) -> Estimate:
    """The least distance whose share is enough, from where its interval touches that to where it clears it."""
    half, last = Z95 * overall.stderr, len(overall.value) - 1
    touched, cleared = _first(overall.value + half), _first(overall.value - half)
    return Estimate(_first(overall.value), low=touched, high=cleared if cleared >= 0 else last, n=overall.n)
