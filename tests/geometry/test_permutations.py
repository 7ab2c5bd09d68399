"""The assignment against the mixed-integer program of the thesis, brute force, and known angles."""

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import ortho_group
from torch.testing import assert_close

from latentassay.core.errors import InputError
from latentassay.geometry import nearest_signed_permutation
from latentassay.geometry.permutations import distance_by_chance


def as_program(v):
    """Equations 3.29: binary P⁺ and P⁻, continuous D, all of them one vector."""
    d, n = len(v), v.size
    one = np.eye(n)
    sums = [np.kron(np.eye(d), np.ones(d)), np.kron(np.ones(d), np.eye(d))]
    limits = [
        LinearConstraint(np.hstack([one, -one, -one]), ub=v.ravel()),
        LinearConstraint(np.hstack([-one, one, -one]), ub=-v.ravel()),
        *(LinearConstraint(np.hstack([each, each, np.zeros((d, n))]), lb=1, ub=1) for each in sums),
    ]
    found = milp(
        np.hstack([np.zeros(2 * n), np.ones(n)]),
        constraints=limits,
        bounds=Bounds(0, np.r_[np.ones(2 * n), [2] * n]),
        integrality=np.r_[np.ones(2 * n), np.zeros(n)],
    )
    assert found.success
    return (found.x[:n] - found.x[n : 2 * n]).reshape(d, d).round(), found.fun


def rotations(d, n, seed=0):
    return ortho_group.rvs(d, size=n, random_state=np.random.default_rng(seed)).reshape(n, d, d)


@pytest.mark.parametrize("d", range(2, 13))
def test_it_is_the_mixed_integer_program(d):
    """110 matrices in all, half of them near a permutation, and half where several are nearly as good."""
    turns = rotations(d, 5, seed=d)
    near = np.linalg.qr(np.eye(d)[np.random.default_rng(d).permutation(d)] + 0.2 * rotations(d, 5, seed=d + 50))[0]
    for v in (*turns, *near):
        ours = nearest_signed_permutation(torch.from_numpy(v)).matrix.numpy()
        theirs, least = as_program(v)
        assert np.abs(v - ours).sum() == pytest.approx(least, abs=1e-6)
        assert (ours == theirs).all() or np.abs(v - theirs).sum() == pytest.approx(least, abs=1e-6)


def test_it_is_the_best_of_all():
    v = rotations(4, 1)[0]
    best = min(
        np.abs(v - np.eye(4)[list(order)] * signs).sum()
        for order in itertools.permutations(range(4))
        for signs in itertools.product([1, -1], repeat=4)
    )
    assert np.abs(v - nearest_signed_permutation(torch.from_numpy(v)).matrix.numpy()).sum() == pytest.approx(best)


@pytest.mark.parametrize("degrees", [0, 30, 45, 60, 90, 135])
def test_rotations_in_the_plane_have_known_distances(degrees):
    """The nearest multiple of 90° is a away, and ‖V − P‖_F = 2√2 sin(a/2): 1.08 at 45°."""
    a = math.radians(degrees)
    turned = torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]], dtype=torch.float64)
    away = math.radians(min(degrees % 90, 90 - degrees % 90))
    found = nearest_signed_permutation(turned)
    assert_close(found.distance, torch.tensor(2 * math.sqrt(2) * math.sin(away / 2), dtype=torch.float64))
    assert found.matrix.abs().sum() == 2


def test_permutations_are_their_own_and_many_are_asked_at_once():
    v = torch.eye(5)[torch.randperm(5, generator=torch.Generator().manual_seed(0))] * torch.tensor([1, -1, 1, 1, -1.0])
    found = nearest_signed_permutation(v.expand(2, 3, 5, 5))
    assert (found.matrix == v).all() and found.distance.shape == (2, 3) and not found.distance.any()


def test_arrays_come_back_as_arrays():
    v = rotations(4, 3)
    ours, theirs = nearest_signed_permutation(v), nearest_signed_permutation(torch.from_numpy(v))
    assert np.array_equal(ours.matrix, theirs.matrix.numpy()) and np.array_equal(ours.distance, theirs.distance.numpy())


@pytest.mark.parametrize(("d", "mean"), [(2, 0.548), (5, 1.629), (6, 1.911), (10, 2.850)])
def test_chance_is_what_was_measured_elsewhere(d, mean):
    found = distance_by_chance(d)
    assert found == pytest.approx(mean, abs=0.02) and found.n == 500 and 0 < found.stderr < 0.02


@pytest.mark.parametrize(
    ("v", "match"),
    [
        (torch.eye(3)[:2], "got \\(2, 3\\)"),
        (torch.eye(3, dtype=torch.int64), "floating-point"),
        (np.eye(3, dtype=int), "int64"),
        ([[1.0]], "list"),
        (torch.full((2, 2), torch.nan), "NaN"),
        (2 * torch.eye(2), "off the identity by 3"),
    ],
)
def test_what_is_not_orthogonal_is_refused(v, match):
    with pytest.raises(InputError, match=match):
        nearest_signed_permutation(v)
