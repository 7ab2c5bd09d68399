"""Base latents in a random order, cut into blocks whose rows exchange their units among themselves."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.units import Units
from latentassay.stats.stratified import partners_in_blocks

BLOCK, BLOCKS = 16, 8
"""Most rows in a block of stratified partners, and fewest blocks if there are latents enough for blocks of two.

Partners come from a row's own block. So blocks stay independent of each other, and their differences tell the standard
error, though all rows of a block depend on each other.
"""


AHEAD = 2**20
"""Numbers of latents or partners that are drawn at once, about: many small draws take longer than the passes."""


class Part(NamedTuple):
    """Rows of m consecutive blocks: first row of every block, then second of every block, and so on.

    Sums over a block are sums over the first axis of ``(size, m)`` then, which is several times as fast.

    Attributes:
        z: base latents, flat.
        partner: the row of this part that gives every unit its value.
        deviations: squared distance of every unit from its mean over all latents, as means over blocks.
        size: rows of a block.
    """

    z: Float[Tensor, "n latents"]
    partner: Int[Tensor, "n u"]
    deviations: Float[Tensor, "m u"]
    size: int


class BlockRows:
    """Latents in a random order, cut into blocks.

    Attributes:
        z: the latents as they were.
        n: how many they are.
        total: how many blocks there are.
        size: rows in each.
        variance: variance of every unit over all latents, ``(u,)``.
    """

    def __init__(self, z: Tensor, units: Units, generator: Generator):
        self.z, self.units, self.n, self.size = z, units, len(z), block_size(len(z))
        self.total = self.n // self.size
        self._generator = generator
        self._order = torch.randperm(self.n, generator=generator).to(z.device)
        variance, centre = torch.var_mean(z, 0, correction=0)
        self._centre = centre.flatten().double().cpu()
        self.variance = units.total(variance[None].double().cpu())[0]

    def parts(self, start: int, end: int, part_rows: Callable[[], int]) -> Iterator[Part]:
        """Yield blocks from ``start`` to ``end``, about as many rows at a time as ``part_rows`` says by then.

        What is drawn does not depend on it.
        """
        ahead = max(1, AHEAD // (self.size * max(len(self.units), self.z[0].numel())))
        for first in range(start, end, ahead):
            drawn = self._draw(first, min(first + ahead, end))
            done, blocks = 0, len(drawn.deviations)
            while done < blocks:
                stop = min(done + max(1, part_rows() // self.size), blocks)
                yield drawn.part(done, stop)
                done = stop

    def _draw(self, start: int, end: int) -> "_Drawn":
        z = self.z[self._order[start * self.size : end * self.size]].flatten(1)
        deviations = self.units.squared_norm(z.double().cpu() - self._centre)
        scores = self.units.total(z).cpu().view(end - start, self.size, -1)
        return _Drawn(
            z=z.view(end - start, self.size, -1).transpose(0, 1),
            place=partners_in_blocks(scores, generator=self._generator).transpose(0, 1),
            deviations=deviations.view(end - start, self.size, -1).mean(1),
        )


class _Drawn(NamedTuple):
    """Rows of several blocks and the places of their partners in them, ``(size, m, …)``."""

    z: Float[Tensor, "size m latents"]
    place: Int[Tensor, "size m u"]
    deviations: Float[Tensor, "m u"]

    def part(self, start: int, end: int) -> Part:
        """Return some of the blocks alone."""
        partner = self.place[:, start:end] * (end - start) + torch.arange(end - start)[:, None]
        return Part(
            z=self.z[:, start:end].reshape(-1, self.z.shape[2]),
            partner=partner.reshape(-1, partner.shape[2]),
            deviations=self.deviations[start:end],
            size=len(self.z),
        )


def block_size(n: int) -> int:
    """The largest power of two up to 16 that leaves enough blocks for a standard error.

    >>> block_size(1024), block_size(40), block_size(5)
    (16, 4, 2)
    """
    size = BLOCK
    while size > 2 and n // size < BLOCKS:
        size //= 2
    return size
