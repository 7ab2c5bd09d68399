"""The cost of a place, ‖R(z) − z‖², over a plane of two latents, and the cheapest way across it (LR 4.3)."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from torch import Tensor

from latentassay.autoencoder import Autoencoder
from latentassay.responses.field import grid_latents
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
SIXTEEN = (*EIGHT, (1, 2), (2, 1), (1, -2), (2, -1))
"""Steps to neighbours on a grid, one of each opposite pair; knight's moves make up for most of the angles between."""


class Excitation(NamedTuple):
    """‖R(z) − z‖² on a regular grid over two latents.

    Attributes:
        xs: grid values of the first latent; they run along dimension 1 of ``cost``.
        ys: grid values of the second; along dimension 0.
        cost: squared response distance over *all* latents, ``(ny, nx)``.
    """

    xs: Float[Tensor, " nx"]
    ys: Float[Tensor, " ny"]
    cost: Float[Tensor, "ny nx"]


def excitation(
    model: Autoencoder, latents: tuple[int, int], base: Tensor, xs: Tensor, ys: Tensor, batch_size: int = BATCH_SIZE
) -> Excitation:
    """Measure ‖R(z) − z‖² on the plane of two latents, the others staying at ``base`` (d,)."""
    z = grid_latents(base, latents, xs, ys)
    moved = (respond(model, z, batch_size=batch_size) - z).double().square().sum(1).cpu()
    return Excitation(xs, ys, moved.reshape(len(ys), len(xs)))


def cheapest_way(
    found: Excitation,
    start: Float[Tensor, "2"],
    end: Float[Tensor, "2"],
    temperature: float,
    *,
    steps: tuple[tuple[int, int], ...] = SIXTEEN,
) -> Float[Tensor, "k 2"]:
    """Return the grid points of the cheapest way: the least ``∫ (‖F‖² + temperature) ds`` from ``start`` to ``end``.

    Dijkstra's algorithm on the grid; a step costs its length times the mean cost of its two ends (a knight's move: of
    its ends and, twice, of its middle, which lies between two points). ``start`` and ``end`` are moved to the nearest
    grid points.
    """
    cost = found.cost.numpy() + temperature
    index = np.arange(cost.size).reshape(cost.shape)
    dx, dy = float(found.xs[1] - found.xs[0]), float(found.ys[1] - found.ys[0])
    tails, heads, weights = [], [], []
    for step in steps:
        tail, head = (_shifted(index, step, share) for share in ((0, 0), step))
        tails.append(tail.ravel())
        heads.append(head.ravel())
        mean = _mean_cost(cost, step)
        weights.append(np.hypot(step[0] * dy, step[1] * dx) * mean.ravel())
    edges = (np.concatenate(weights), (np.concatenate(tails), np.concatenate(heads)))
    graph = coo_array(edges, shape=(cost.size, cost.size)).tocsr()
    first, last = (_nearest(found, point, index) for point in (start, end))
    _, before = dijkstra(graph, directed=False, indices=first, return_predecessors=True)
    way = [last]
    while way[-1] != first:
        way.append(int(before[way[-1]]))
    rows, columns = np.unravel_index(way[::-1], cost.shape)
    return torch.stack([found.xs[torch.from_numpy(columns)], found.ys[torch.from_numpy(rows)]], 1)


def _shifted(grid: np.ndarray, step: tuple[int, int], by: tuple[int, int]) -> np.ndarray:
    """The grid as seen ``by`` further on from every point that has room for the whole ``step`` (down, right)."""
    rows, columns = grid.shape[0] - step[0], grid.shape[1] - abs(step[1])
    first = max(0, -step[1]) + by[1]
    return grid[by[0] : by[0] + rows, first : first + columns]


def _mean_cost(cost: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """Mean cost along a step; a knight's move must not leap over what lies under its middle."""
    down, right = step
    ends = (_shifted(cost, step, (0, 0)) + _shifted(cost, step, step)) / 2
    if max(abs(down), abs(right)) < 2:
        return np.asarray(ends)
    near = (down // 2, int(right / 2))
    middle = (_shifted(cost, step, near) + _shifted(cost, step, (down - near[0], right - near[1]))) / 2
    return np.asarray((ends + middle) / 2)


def _nearest(found: Excitation, point: Tensor, index: np.ndarray) -> int:
    column, row = (int((axis - float(value)).abs().argmin()) for axis, value in zip(found[:2], point, strict=True))
    return int(index[row, column])
