import numpy as np
import pytest
import torch

import latentassay as la
from latentassay.faults.comparing import difference, listed


def test_every_bit_counts_without_a_tolerance():
    first = torch.tensor([1.0, torch.nan])
    assert not difference(first, first.clone())
    assert difference(first, torch.tensor([1.0 + 2**-23, torch.nan])) == ": 1 of 2 numbers, by up to 1.19e-07"
    assert not difference(first, torch.tensor([1.0 + 2**-23, torch.nan]), 1e-5)


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        ({"a": 1}, {"b": 1}, ".a: only in one"),
        ((1, 2), (1, 3), "[1]: 2 and 3"),
        ([1.0], [1.1], "[0]: 1.0 and 1.1"),
        (np.ones(2), np.ones(3), "float64 (2,) and float64 (3,)"),
        (["x"], ["y"], "[0]: 'x' and 'y'"),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "in another order"),
    ],
)
def test_the_first_difference_is_named(first, second, words):
    assert words in difference(first, second)


def test_records_of_ours_are_looked_into_and_times_are_no_difference():
    first, second = (la.score(np.arange(64)[:, None] % d, np.arange(64)[:, None] % 4) for d in (4, 4))
    assert not difference(first, second)
    assert any("mig" in place for place, _ in listed(first))
    assert difference(first, la.score(np.arange(64)[:, None] % 5, np.arange(64)[:, None] % 4))
