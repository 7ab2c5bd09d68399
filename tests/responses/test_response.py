"""The response itself: repeated, sampled, and what is refused."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from tests.oracles.linear import random_linear


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def normals(n, d, seed=1):
    return torch.randn(n, d, generator=seeded(seed), dtype=torch.float64)


def test_iterated_and_sampled_responses():
    model, z = random_linear(3, 6, noise=0.5), normals(2000, 3)
    assert_close(la.respond(model, z, steps=3), z @ torch.linalg.matrix_power(model.A, 3).T)
    spread = la.respond(model, z, sample=True, generator=seeded(0)) - la.respond(model, z)
    assert_close(spread.std(), torch.tensor(0.5).double(), rtol=0.05, atol=0)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(steps=0), "steps"),
        (dict(sample=True, generator=-1), "seed"),
        (dict(z=torch.zeros(4, 2)), "shape"),
        (dict(z=torch.zeros(4, 3, dtype=torch.int64)), "floating"),
        (dict(z=torch.full((4, 3), torch.nan)), "NaN"),
    ],
)
def test_respond_refuses_bad_input(change, match):
    arguments = {"z": normals(4, 3), **change}
    with pytest.raises(la.InputError, match=match):
        la.respond(random_linear(3, 6), **arguments)
