import time

import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.faults.determinism import _repeat, essence, run_determinism, says_cut, scaled_clock, ways


def respond(z, generator=0, batch_size=128):
    """Stand for a function of ours."""


def repeat(function):
    function.__name__ = "respond"
    return {one.case: one.verdict for one in _repeat("respond", function, lambda: {"z": torch.ones(9)})}


def test_ways_follow_from_the_parameters():
    assert [way.case for way in ways(la.response_matrix)] == [
        "same seed",
        "two threads",
        "batch size 64",
        "batch size 7",
        "clock × 3",
        "clock × 10",
        "clock × 10, small budget",
    ]
    assert [way.case for way in ways(la.metrics.dci)] == ["same seed", "two threads"]


def test_global_chance_and_blocks_that_change_what_is_drawn_are_seen():
    def draws(z, generator=0, batch_size=128):
        return torch.randn(batch_size, generator=torch.Generator().manual_seed(generator)).sum()

    def careless(z, generator=0):
        return time.perf_counter() * z

    assert repeat(draws) == {
        "same seed": "value",
        "two threads": "value",
        "batch size 64": "differs",
        "batch size 7": "differs",
    }
    assert repeat(careless)["same seed"] == "differs"
    assert repeat(lambda z, generator=0: z.sum()) == {"same seed": "value", "two threads": "value"}


def test_the_scaled_clock_is_put_back():
    before = time.perf_counter
    with pytest.raises(ZeroDivisionError), scaled_clock(10):
        assert time.perf_counter is not before
        _ = 1 / 0
    assert time.perf_counter is before


def test_a_function_is_asked_again_in_processes_too_and_global_generators_stay():
    torch.manual_seed(3)
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()
    found = run_determinism(["sampling.hybrid"], quick=True)
    assert [one.case for one in found] == ["same seed", "hash seed random"]
    # The tests' type checks look at random members of containers.
    assert all(one.verdict == "value" or one.detail == "Python's chance" for one in found)
    after = torch.get_rng_state(), np.random.get_state()[1].tolist()
    assert torch.equal(before[0], after[0]) and before[1] == after[1]


def test_a_cut_is_said_by_what_was_used():
    model, z = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,)), torch.randn(64, 2)
    assert says_cut(la.response_matrix(model, z, budget=1.0), None)
    assert not says_cut(z, z)
    assert essence(z, 0.0) is z
