"""The cost of a place, ‖R(z) − z‖², and the cheapest ways across a plane or through real latents (LR 4.3)."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.responses.field import grid_latents
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.nearest import nearest_others

EIGHT = ((0, 1), (1, 0), (1, 1), (1, -1))
SIXTEEN = (*EIGHT, (1, 2), (2, 1), (1, -2), (2, -1))
"""Steps to neighbours on a grid, one of each opposite pair; knight's moves make up for most of the angles between."""


class ResponseError(NamedTuple):
    """‖R(z) − z‖² on a regular grid over two latents; arrays of the kind that the base was.

    Attributes:
        xs: grid values of the first latent; they run along dimension 1 of ``cost``.
        ys: grid values of the second; along dimension 0.
        cost: squared response distance over *all* latents, ``(ny, nx)``.
    """

    xs: Float[Tensor, " nx"]
    ys: Float[Tensor, " ny"]
    cost: Float[Tensor, "ny nx"]


def response_error(
    model: Autoencoder, latents: tuple[int, int], base: Any, xs: Any, ys: Any, batch_size: int = BATCH_SIZE
) -> ResponseError:
    """Measure ‖R(z) − z‖² on the plane of two latents, the others staying at ``base`` (d,).

    Raises:
        InputError: grid values that are no row of numbers, a base that is no latent of the model, or not finite ones.
    """
    one = as_latents(model, as_float_tensor(base, "base")[None])[0]
    x, y = (finite(as_float_tensor(axis, name), name).detach().to(one) for axis, name in ((xs, "xs"), (ys, "ys")))
    if x.ndim != 1 or y.ndim != 1 or not len(x) or not len(y):
        raise InputError(f"xs and ys must be (nx,) and (ny,), got {tuple(x.shape)} and {tuple(y.shape)}")
    z = grid_latents(one, latents, x, y)
    return in_kind_of(ResponseError(x, y, _cost_of(model, z, batch_size).reshape(len(y), len(x))), base)


def cheapest_way(
    found: ResponseError,
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
        tail, head = (_shift(index, step, share) for share in ((0, 0), step))
        tails.append(tail.ravel())
        heads.append(head.ravel())
        mean = _mean_cost(cost, step)
        weights.append(np.hypot(step[0] * dy, step[1] * dx) * mean.ravel())
    edges = (np.concatenate(weights), (np.concatenate(tails), np.concatenate(heads)))
    first, last = (_nearest(found, point, index) for point in (start, end))
    (way,) = _shortest(edges, cost.size, [(first, last)])
    rows, columns = np.unravel_index(way, cost.shape)
    return torch.stack([found.xs[torch.from_numpy(columns)], found.ys[torch.from_numpy(rows)]], 1)


def stepping_stones(
    model: Autoencoder, ends: Tensor, stones: Tensor, temperature: float, *, neighbours: int, batch_size: int
) -> Tensor:
    """Return the cheapest way from one of two ``ends`` to the other that leads through real latents.

    Every latent is joined to its nearest neighbours by straight lines; a line costs its length times ‖F‖² +
    temperature, by Simpson's rule from both ends and the middle. Where no such way joins the ends, it is straight.

    Args:
        stones: real latents ``(n, *latent_shape)``.
        neighbours: how many each is joined to, more than 1.
    """
    z = torch.cat([ends, stones.to(ends)])
    joined = join_stones(model, z, temperature, neighbours=neighbours, batch_size=batch_size)
    (way,) = _shortest(joined, len(z), [(0, 1)])
    return z[torch.from_numpy(way)]


def join_stones(
    model: Autoencoder, z: Tensor, temperature: float, *, neighbours: int, batch_size: int
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Join every latent to its nearest neighbours; return what the lines cost, and their two ends."""
    flat = z.flatten(1).double().cpu()
    near = nearest_others(flat, min(neighbours, len(z) - 1))
    tails, heads = torch.arange(len(z)).repeat_interleave(near.shape[1]), near.flatten()
    tails, heads = torch.unique(torch.stack([tails, heads], 1).sort(1).values, dim=0).unbind(1)
    at_ends, middle = (_cost_of(model, latents, batch_size) for latents in (z, (z[tails] + z[heads]) / 2))
    mean = (at_ends[tails] + 4 * middle + at_ends[heads]) / 6
    weights = (flat[tails] - flat[heads]).norm(dim=1).clamp(min=1e-12) * (mean + temperature)
    return weights.numpy(), (tails.numpy(), heads.numpy())


def ways_through(
    model: Autoencoder, z: Tensor, pairs: int, temperature: float, *, neighbours: int, batch_size: int
) -> list[Tensor]:
    """Return the cheapest ways through real latents z from the first to the second of them, the third to the fourth …

    Args:
        model: any autoencoder.
        z: real latents ``(n, *latent_shape)``, n at least twice ``pairs``.
        pairs: how many ways.
        temperature: price of length.
        neighbours: how many each latent is joined to.
    """
    joined = join_stones(model, z, temperature, neighbours=neighbours, batch_size=batch_size)
    found = _shortest(joined, len(z), [(2 * k, 2 * k + 1) for k in range(pairs)])
    return [z[torch.from_numpy(way)] for way in found]


def _cost_of(model: Autoencoder, z: Tensor, batch_size: int) -> Float[Tensor, " n"]:
    return (respond(model, z, batch_size=batch_size) - z).flatten(1).double().square().sum(1).cpu()


def _shortest(edges: Any, size: int, ends: Sequence[tuple[int, int]]) -> list[np.ndarray]:
    """Nodes of the cheapest ways through an undirected graph of ``(weights, (tails, heads))``; both ends if none is."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    graph = coo_array(edges, shape=(size, size)).tocsr()
    firsts = [first for first, _ in ends]
    _, before = dijkstra(graph, directed=False, indices=firsts, return_predecessors=True)
    return [_trace(steps, first, last) for steps, (first, last) in zip(before, ends, strict=True)]


def _trace(before: np.ndarray, first: int, last: int) -> np.ndarray:
    """Nodes from first to last, from the node that comes before each."""
    way = [last]
    while way[-1] != first and before[way[-1]] >= 0:
        way.append(int(before[way[-1]]))
    return np.array(way[::-1] if way[-1] == first else [first, last])


def _shift(grid: np.ndarray, step: tuple[int, int], by: tuple[int, int]) -> np.ndarray:
    """The grid as seen ``by`` further on from every point that has room for the whole ``step`` (down, right)."""
    rows, columns = grid.shape[0] - step[0], grid.shape[1] - abs(step[1])
    first = max(0, -step[1]) + by[1]
    return grid[by[0] : by[0] + rows, first : first + columns]


def _mean_cost(cost: np.ndarray, step: tuple[int, int]) -> np.ndarray:
    """Mean cost along a step; a knight's move must not leap over what lies under its middle."""
    down, right = step
    ends = (_shift(cost, step, (0, 0)) + _shift(cost, step, step)) / 2
    if max(abs(down), abs(right)) < 2:
        return np.asarray(ends)
    near = (down // 2, int(right / 2))
    middle = (_shift(cost, step, near) + _shift(cost, step, (down - near[0], right - near[1]))) / 2
    return np.asarray((ends + middle) / 2)


def _nearest(found: ResponseError, point: Tensor, index: np.ndarray) -> int:
    column, row = (int((axis - float(value)).abs().argmin()) for axis, value in zip(found[:2], point, strict=True))
    return int(index[row, column])
