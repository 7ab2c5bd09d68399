"""The manipulation network, what folds values back, and how they are stored."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from latentassay.core.errors import InputError
from latentassay.perturbation.network import KINDS, Manipulation, choose_kind, reflect, scale_factors


@pytest.mark.parametrize(("kind", "x_shape"), [("conv-64", (3, 64, 64)), ("conv", (1, 32, 32)), ("mlp", (7,))])
def test_one_number_decides_and_no_change_exceeds_one(kind, x_shape):
    network = Manipulation(4, x_shape, kind, seed=0)
    w = 50 * torch.randn(6, 4)
    assert network.narrow(w).shape == (6, 1) and network(w).shape == (6, *x_shape)
    assert float(network(w).detach().abs().max()) <= 1
    assert kind in KINDS


def test_a_seed_fixes_the_weights_and_the_global_random_state_is_left_alone():
    before = torch.get_rng_state()
    a, b, c = (Manipulation(2, (1, 16, 16), choose_kind((1, 16, 16)), seed=s).state_dict() for s in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert all(torch.equal(a[name], b[name]) for name in a) and not all(torch.equal(a[name], c[name]) for name in a)


def test_the_librarys_decoder_has_its_size():
    """Two dense and four transposed convolutional layers: 64, 64, 32, 32 channels of 4 × 4."""
    wide = Manipulation(5, (1, 64, 64), "conv-64", seed=0).wide
    assert sum(p.numel() for p in wide.parameters()) == (
        512 + (256 * 1024 + 1024) + (64 * 64 * 16 + 64) + (64 * 32 * 16 + 32) + (32 * 32 * 16 + 32) + (32 * 16 + 1)
    )


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="side 64"):
        Manipulation(2, (1, 32, 32), "conv-64", seed=0)
    with pytest.raises(InputError, match="network must be one of"):
        Manipulation(2, (1, 32, 32), "large", seed=0)


def test_factors_lie_between_minus_one_and_one():
    found = scale_factors(np.array([[0, 0, 0], [1, 0, 9]]), (2, 1, 10))
    assert found.tolist() == [[-1, 0, -1], [1, 0, 1]]


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(0.001, 0.999))
def test_folding_back_brings_nothing_further_away(x, move, eps):
    there = float(reflect(torch.tensor([x + eps * move], dtype=torch.float64)))
    assert -1e-12 <= there <= 1 + 1e-12 and abs(there - x) <= abs(eps * move) + 1e-12


def test_arrays_are_folded_as_tensors_are():
    values = np.array([-0.25, 0.5, 1.25], np.float32)
    found = reflect(values)
    assert isinstance(found, np.ndarray) and found.tolist() == [0.25, 0.5, 0.75] and values[0] == -0.25
