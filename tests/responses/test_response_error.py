import numpy as np
import pytest
import torch
from skimage.graph import MCP_Geometric
from torch.testing import assert_close

from latentassay.responses import ResponseError, response_error
from latentassay.responses.response_error import EIGHT, cheapest_way
from tests.oracles.linear import random_linear


def bumpy(ny=30, nx=40, seed=0):
    cost = torch.rand(ny, nx, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3
    return ResponseError(torch.linspace(0, 3.9, nx).double(), torch.linspace(0, 2.9, ny).double(), cost)


def price_of(way, found, temperature):
    """The way's cost on the grid: every step its length times the mean cost of its ends."""
    columns, rows = ((way - torch.stack([found.xs[0], found.ys[0]])) / 0.1).round().long().unbind(1)
    cost = found.cost[rows, columns] + temperature
    return float(((way[1:] - way[:-1]).norm(dim=1) * 0.5 * (cost[1:] + cost[:-1])).sum())


@pytest.mark.parametrize("seed", range(3))
def test_equals_scikit_image_on_eight_neighbours(seed):
    found, temperature = bumpy(seed=seed), 0.05
    start, end = (3, 4), (26, 35)
    points = [torch.stack([found.xs[column], found.ys[row]]) for row, column in (start, end)]
    ours = cheapest_way(found, *points, temperature, steps=EIGHT)
    search = MCP_Geometric((found.cost + temperature).numpy(), fully_connected=True)
    costs, _ = search.find_costs([start])
    assert price_of(ours, found, temperature) == pytest.approx(0.1 * costs[end], rel=1e-6)
    assert_close(ours[0], points[0])
    assert_close(ours[-1], points[1])


def test_knight_moves_come_closer_to_the_straight_line():
    flat = bumpy()._replace(cost=torch.zeros(30, 40).double())
    start, end = torch.tensor([0.0, 0.0]).double(), torch.tensor([3.0, 1.5]).double()
    lengths = [
        float((way[1:] - way[:-1]).norm(dim=1).sum())
        for way in (cheapest_way(flat, start, end, 1.0, **options) for options in ({}, {"steps": EIGHT}))
    ]
    assert lengths[0] == pytest.approx(float((end - start).norm())) and lengths[1] > 1.05 * lengths[0]


def test_walls_are_walked_around_when_length_is_cheap():
    cost = torch.zeros(30, 40).double()
    cost[:25, 20] = 10.0
    walled = bumpy()._replace(cost=cost)
    start, end = torch.tensor([0.5, 0.5]).double(), torch.tensor([3.5, 0.5]).double()
    assert cheapest_way(walled, start, end, 0.1)[:, 1].max() >= 2.5
    assert cheapest_way(walled, start, end, 10.0)[:, 1].max() < 1.0


def test_excitation_is_the_squared_response_distance_over_all_latents():
    model, base = random_linear(4, 7), torch.randn(4, generator=torch.Generator().manual_seed(0)).double()
    xs, ys = torch.linspace(-1, 1, 5).double(), torch.linspace(0, 2, 4).double()
    found = response_error(model, (2, 0), base, xs, ys)
    for row, column in np.ndindex(4, 5):
        z = base.clone()
        z[2], z[0] = xs[column], ys[row]
        assert float(found.cost[row, column]) == pytest.approx(float((model.A @ z - z).square().sum()))
