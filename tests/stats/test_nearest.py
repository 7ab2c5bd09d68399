"""Nearest rows: those that scikit-learn finds, whichever way they are looked for."""

import pytest
import torch
from sklearn.neighbors import NearestNeighbors

from latentassay.stats import nearest as module
from latentassay.stats.nearest import nearest, nearest_others


@pytest.mark.parametrize("d", [1, 3, 7, 8, 15, 16, 60])
@pytest.mark.parametrize("middle", [0.0, 1e6])
def test_the_rows_are_scikit_learns_in_order(d, middle, generator, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 700)  # several blocks
    points = middle + torch.randn(200, d, generator=generator, dtype=torch.float64)
    queries = middle + torch.randn(50, d, generator=generator, dtype=torch.float64)
    theirs = NearestNeighbors(n_neighbors=7, algorithm="kd_tree").fit(points.numpy())
    assert (nearest(points, queries, 7).numpy() == theirs.kneighbors(queries.numpy(), return_distance=False)).all()
    assert (nearest_others(points, 7).numpy() == theirs.kneighbors(n_neighbors=7, return_distance=False)).all()


@pytest.mark.parametrize("d", [2, 20])
@pytest.mark.parametrize("k", [1, 3, 8])
def test_equal_rows_are_neighbours_of_one_another_but_none_of_itself(d, k):
    points = torch.cat([torch.zeros(6, d), torch.ones(3, d)])
    found = nearest_others(points, k)
    assert found.shape == (9, k) and all(row not in near for row, near in enumerate(found.tolist()))
    assert all(len(set(near)) == k for near in found.tolist())
    near = {row: set(found[row, : min(k, 5)].tolist()) for row in range(6)}
    assert all(row <= {0, 1, 2, 3, 4, 5} for row in near.values())


def test_one_neighbour_is_a_column_and_single_precision_is_taken():
    found = nearest(torch.tensor([[0.0], [2.0]]), torch.tensor([[0.5], [1.5]]), 1)
    assert found.tolist() == [[0], [1]] and found.dtype == torch.int64
