"""Which planes of a latent space are drawn, and their maps: around one real code, and averaged over many."""

from typing import Any, NamedTuple

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from latentassay.plots.field import field_arrows, field_maps
from latentassay.plots.style import INK, SIZE, WIDE, sheet
from latentassay.responses import ResponseMatrix, divergence, mean_curvature, response_field
from latentassay.responses.field import grid_latents
from latentassay.sampling import decode

DECODINGS = 12
"""Along each side of a plane."""

ROW = 3.75
"""Inches of height for a row of maps."""

NEAR, FAR = 3.0, 4.0
"""How far a plane reaches from the origin: mostly, and in figures 26 and 29."""


class PlaneScale(NamedTuple):
    """How finely a plane is drawn.

    Attributes:
        grid: points along each side.
        means: posterior samples that a mean field is averaged over.
    """

    grid: int
    means: int


def choose_planes(matrix: ResponseMatrix, count: int) -> list[tuple[int, int]]:
    """Return pairs of latents that move each other most, each latent in one pair as long as there are others.

    Pairs are taken by ``M[j,k] + M[k,j]`` of normalised responses among the latents with the greatest diagonals, as
    LR picks them by its response matrix: two latents of one cyclic factor move each other. When no two unused ones
    are left, used ones pair again.

    Args:
        matrix: of scalar units, in the order of the latents.
        count: how many; fewer where there are not as many pairs.
    """
    own = matrix.normalized.diagonal()
    strong = sorted(own.argsort(descending=True)[: max(2, int((own >= CLEAR).sum()))].tolist())
    both = matrix.normalized + matrix.normalized.T
    pairs = [(j, k) for j in strong for k in strong if j < k]
    pairs.sort(key=lambda pair: -float(both[pair]))
    chosen: list[tuple[int, int]] = []
    while pairs and len(chosen) < count:
        used = {latent for pair in chosen for latent in pair}
        best = next((pair for pair in pairs if not used & set(pair)), pairs[0])
        chosen.append(best)
        pairs.remove(best)
    return chosen


CLEAR = 0.354
"""A normalised diagonal response from which on a latent is alive (0.5/√2)."""


def draw_plane(network: Any, z: Tensor, latents: tuple[int, int], scale: PlaneScale, *, reach: float = NEAR) -> Figure:
    """Draw the maps of a plane through one real code, and below those of its mean field, as LR figures 4 and 12 to 26.

    Divergence, mean curvature and decodings at the most central code; where there are other latents, divergence, mean
    curvature and arrows of the field averaged over some posterior samples, which the text calls the mean field.

    Args:
        network: the model.
        z: posterior samples ``(n, d)``.
        latents: the two latents that span the plane.
        scale: how finely.
        reach: the plane goes from −reach to reach in both.
    """
    others = z.shape[1] > len(latents)
    rows = 1 + others
    figure = sheet(WIDE, rows * ROW)
    panels = figure.subplots(rows, 3, squeeze=False)
    centre = z[(z - z.mean(0)).norm(dim=1).argmin()]
    _draw_maps(panels[0], network, z, latents, scale, base=centre, reach=reach)
    if others:
        mean = response_field(network, latents, base=z[: scale.means], n=scale.grid, extent=(-reach, reach))
        maps = (mean.xs, mean.ys, divergence(mean))
        posterior = z[:, list(latents)]
        field_maps(*maps, curvature=mean_curvature(mean), posterior=posterior, labels=latents, axes=list(panels[1][:2]))
        field_arrows(mean.xs, mean.ys, mean.vectors, labels=latents, ax=panels[1][2])
        for ax in panels[1][:2]:  # the legend of the arrows is where their title would be
            ax.set_title(f"{ax.get_title(loc='left')}, mean field", color=INK, fontsize=SIZE, loc="left")
    return figure


def _draw_maps(
    axes: Any, network: Any, z: Tensor, latents: tuple[int, int], scale: PlaneScale, *, base: Tensor, reach: float
) -> None:
    field = response_field(network, latents, base=base, n=scale.grid, extent=(-reach, reach))
    side = torch.linspace(-reach, reach, DECODINGS)
    images = decode(network, grid_latents(base, latents, side, side))
    field_maps(
        field.xs,
        field.ys,
        divergence(field),
        curvature=mean_curvature(field),
        posterior=z[:, list(latents)],
        reconstructions=images.reshape(DECODINGS, DECODINGS, *images.shape[1:]),
        labels=latents,
        axes=list(axes),
    )


def draw_arrows(network: Any, z: Tensor, latents: tuple[int, int], scale: PlaneScale) -> Axes:
    """Draw the response field of a plane as arrows, as LR figures 27 and 30."""
    base = z[(z - z.mean(0)).norm(dim=1).argmin()]
    field = response_field(network, latents, base=base, n=min(scale.grid, 25), extent=(-NEAR, NEAR))
    return field_arrows(field.xs, field.ys, field.vectors, posterior=z[:, list(latents)], labels=latents)
