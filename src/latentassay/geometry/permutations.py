"""Orthogonal matrices against permutations of the axes with signs: which is nearest, and how far a random one is."""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import finite

ROTATIONS = 500
"""Random orthogonal matrices whose mean distance is what chance gives."""

ROUNDING = 1e-3
"""A matrix whose VᵀV is further than this from the identity is not orthogonal."""


class SignedPermutation(NamedTuple):
    """Nearest signed permutations of matrices V; tensors, or numpy arrays if V was.

    Attributes:
        matrix: P, ``(*n, d, d)``, one entry of ±1 in each row and column.
        distance: ``‖V − P‖_F``, ``(*n,)``: 0 for axes, at most ``√(2 d)``.
    """

    matrix: Float[Tensor, "*n d d"]
    distance: Float[Tensor, "*n"]


def nearest_signed_permutation(v: Any) -> SignedPermutation:
    """Find the signed permutation P with the least ``Σ_ij |V_ij − P_ij|`` for every orthogonal matrix V.

    Entries of V are between −1 and 1, so the sum is ``Σ|V_ij| + Σ_{ij chosen} (1 − 2 |V_ij|)`` with the sign of each
    V_ij: a linear assignment, which is solved exactly. The thesis states the same problem as a mixed-integer program.

    Args:
        v: ``(*n, d, d)``, a tensor or an array; rows and columns of length 1 at right angles, as of an SVD.

    Raises:
        InputError: another shape, NaN or infinite values, or a matrix that is not orthogonal.

    Source: "VAEs and principal components", equations 3.26 to 3.29.

    >>> nearest_signed_permutation(torch.tensor([[0.6, -0.8], [0.8, 0.6]])).matrix
    tensor([[ 0., -1.],
            [ 1.,  0.]])
    """
    matrices = _as_orthogonal(v)
    flat = matrices.reshape(-1, *matrices.shape[-2:])
    strength, nearest = flat.abs().cpu().double().numpy(), torch.zeros_like(flat)
    rows = torch.arange(flat.shape[-1])
    for each, out, size in zip(flat, nearest, strength, strict=True):
        columns = torch.from_numpy(match_columns(size)[0])
        out[rows, columns] = torch.where(each[rows, columns] < 0, -1.0, 1.0).to(out)
    distance = torch.linalg.matrix_norm(flat - nearest)
    found = SignedPermutation(nearest.view(matrices.shape), distance.view(matrices.shape[:-2]))
    return in_kind_of(found, v)


def match_columns(strength: Float[np.ndarray, "k d"]) -> tuple[Int[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Match every row with a column of its own so that the sum of matched entries is greatest; k is at most d.

    Returns:
        The column of every row, and the matched entries.

    >>> match_columns(np.array([[0.9, 0.8], [0.7, 0.1]]))[0]  # 0.8 + 0.7 exceeds 0.9 + 0.1
    array([1, 0])
    """
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(strength, maximize=True)
    return columns, strength[rows, columns]


def random_rotations(d: int, count: int, seed: int) -> Float[np.ndarray, "count d d"]:
    """Draw orthogonal matrices uniformly (Haar measure).

    Source: Mezzadri 2007, "How to generate random matrices from the classical compact groups", section 5.
    """
    normal = np.random.default_rng(seed).normal(size=(count, d, d))
    q, r = np.linalg.qr(normal)
    turned: np.ndarray = q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None]
    return turned


@cache
def distance_by_chance(d: int, seed: int = 0) -> Estimate:
    """Return the mean distance of 500 random orthogonal matrices (Haar) from their nearest signed permutations.

    It is what a decoder gives that knows nothing of axes: 0.55, 1.63, 1.91 and 2.85 for d = 2, 5, 6 and 10.

    >>> float(distance_by_chance(1)), round(distance_by_chance(2), 2)
    (0.0, 0.57)
    """
    distance = nearest_signed_permutation(torch.from_numpy(random_rotations(d, ROTATIONS, seed))).distance
    return Estimate(float(distance.mean()), stderr=float(distance.std()) / ROTATIONS**0.5, n=ROTATIONS)


def _as_orthogonal(v: Any) -> Tensor:
    matrices = as_float_tensor(v, "matrices").detach()
    if matrices.ndim < 2 or matrices.shape[-1] != matrices.shape[-2] or not len(matrices):
        raise InputError(f"matrices must have shape (..., d, d), got {tuple(matrices.shape)}")
    finite(matrices, "matrices")
    off = float((matrices.mT @ matrices - torch.eye(matrices.shape[-1]).to(matrices)).abs().max())
    if off > ROUNDING:
        raise InputError(
            f"matrices must be orthogonal, but V^T V is off the identity by {off:.2g}; "
            "give the right singular vectors, torch.linalg.svd(j).Vh"
        )
    return matrices
