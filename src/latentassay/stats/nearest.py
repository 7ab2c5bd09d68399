"""Nearest rows, exactly: what scikit-learn's ``NearestNeighbors`` finds, without half a second to import it."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

TREE = 15
"""Up to so many columns a tree is searched; with more of them it would look at nearly every row."""

BLOCK = 2**22
"""Distances that are held at once."""


def nearest(points: Float[Tensor, "n d"], queries: Float[Tensor, "m d"], k: int) -> Int[Tensor, "m k"]:
    """Return the rows of ``points`` that are nearest to each query by Euclidean distance, the nearest first.

    >>> nearest(torch.tensor([[0.0], [1.0], [5.0]]), torch.tensor([[3.5]]), 2)
    tensor([[2, 1]])
    """
    rows, wanted = points.double().cpu(), queries.double().cpu()
    if rows.shape[1] <= TREE:
        from scipy.spatial import KDTree

        return torch.from_numpy(KDTree(rows.numpy()).query(wanted.numpy(), np.arange(1, k + 1))[1])
    # Distances come from a product of matrices, which would lose what is small beside a mean far from 0.
    middle = rows.mean(0)
    rows, blocks = rows - middle, torch.split(wanted - middle, max(1, BLOCK // len(rows)))
    return torch.cat([torch.cdist(block, rows).topk(k, largest=False).indices for block in blocks])


def nearest_others(points: Float[Tensor, "n d"], k: int) -> Int[Tensor, "n k"]:
    """Return for each row the ``k`` other rows that are nearest to it; equal rows are neighbours of one another.

    >>> nearest_others(torch.tensor([[0.0], [1.0], [5.0]]), 1).tolist()
    [[1], [0], [1]]
    """
    found = nearest(points, points, k + 1)
    other = found != torch.arange(len(points))[:, None]
    other[other.all(1), -1] = False  # more rows are equal to this one than were looked for, and it is not among them
    return found[other].view(len(points), k)
