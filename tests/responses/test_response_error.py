import numpy as np
import pytest
import torch
from skimage.graph import MCP_Geometric
from torch.testing import assert_close

from latentassay.responses import ResponseError, response_error
from latentassay.responses.response_error import EIGHT, cheapest_way, join_stones, stepping_stones, ways_through
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


def test_ways_through_real_latents_are_the_cheapest_of_all_each():
    model = random_linear(4, 7)
    z = torch.randn(24, 4, generator=torch.Generator().manual_seed(1)).double()
    options = {"neighbours": 4, "batch_size": 8}
    weights, (tails, heads) = join_stones(model, z, 0.1, **options)
    prices = np.full((24, 24), np.inf)
    prices[tails, heads] = prices[heads, tails] = weights
    least = prices.copy()
    np.fill_diagonal(least, 0)
    for middle in range(24):  # Floyd and Warshall
        least = np.minimum(least, least[:, middle, None] + least[middle])
    ways = ways_through(model, z, 5, 0.1, **options)
    for k, way in enumerate(ways):
        nodes = [int((z == point).all(1).nonzero()) for point in way]
        assert nodes[0] == 2 * k and nodes[-1] == 2 * k + 1
        assert prices[nodes[:-1], nodes[1:]].sum() == pytest.approx(least[2 * k, 2 * k + 1])
    assert max(map(len, ways)) > 3
    assert_close(stepping_stones(model, z[:2], z[2:], 0.1, **options), ways[0])


def test_latents_that_nothing_joins_are_joined_by_a_straight_line():
    two = torch.randn(4, 4, generator=torch.Generator().manual_seed(1)).double()
    z = torch.cat([two[:1], two[:1] + 100, two[1:], two[1:] + 100])
    (way,) = ways_through(random_linear(4, 7), z, 1, 0.1, neighbours=2, batch_size=8)
    assert_close(way, z[:2])
