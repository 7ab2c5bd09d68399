"""Quantised models of which a part of the codebook is never used."""

import torch
from torch import Tensor
from torch.nn.functional import conv2d, conv_transpose2d

from latentassay.core.codebooks import nearest_entries
from latentassay.core.posteriors import Point, Posterior
from latentassay.truth.pictures import cosines
from latentassay.truth.plant import Kind, Plant, chance, claim, torch_chance

PATCH = 4
"""Side of the patch of a place."""


class Quantised:
    """Two cosines of every patch, moved to the nearest of the entries, which stand on a grid.

    Args:
        entries: the codebook, ``(k, 2)``.
        side: places along a side.
    """

    def __init__(self, entries: Tensor, side: int):
        self.codebook, self.latent_shape, self.prior = entries, (2, side, side), None
        self._basis = cosines(PATCH)[:2]

    def encode(self, x: Tensor) -> Posterior:
        """Return coefficients of patches, not yet quantised."""
        found: Tensor = conv2d(x, self._basis, stride=PATCH)
        return Point(found)

    def quantise(self, z: Tensor) -> Tensor:
        """Return the number of the entry of every place, ``(n, places)``."""
        return nearest_entries(z, self.codebook)

    def decode(self, z: Tensor) -> Tensor:
        """Return pictures of the entries nearest to latents."""
        moved = self.codebook[self.quantise(z)].mT.reshape(z.shape)
        painted: Tensor = conv_transpose2d(moved, self._basis, stride=PATCH)
        return painted


def dead_entries(share: float, seed: int) -> Plant:
    """Plant a codebook of which this share is used by no data; each channel can be changed alone all the same."""
    rng = chance("dead entries", seed)
    rows, columns, side = (int(rng.integers(4, 9)) for _ in range(3))
    grid = torch.cartesian_prod(torch.arange(rows).float(), torch.arange(columns).float())
    grid = (grid - grid.mean(0)) / grid.std(0)
    entries = grid[torch.from_numpy(rng.permutation(len(grid)))]
    used = len(entries) - round(share * len(entries))
    n, generator = int(rng.integers(400, 601)), torch_chance(rng)
    numbers = torch.randint(used, (n, side * side), generator=generator)
    codes = entries[numbers] + 0.05 * torch.randn(n, side * side, 2, generator=generator)
    model = Quantised(entries, side)
    data: Tensor = conv_transpose2d(codes.mT.reshape(n, 2, side, side), cosines(PATCH)[:2], stride=PATCH)
    return Plant(
        model=model,
        data=data,
        truth=frozenset({claim("codebook.dead")} if share else ()),
        consequences=frozenset({"codebook.perplexity", "consistency.independence"}),
        never=frozenset({"units.dead", "units.collapsed"}),
    )


def clean_codebook(seed: int) -> Plant:
    """Return the clean twin: every entry is used by as many places, about."""
    return dead_entries(0.0, seed)


KINDS = (
    Kind(
        name="dead codebook entries",
        keys=("codebook.dead",),
        sizes=(0.15, 0.3, 0.6),
        effect="share of the entries",
        plant=dead_entries,
        clean=clean_codebook,
    ),
)
