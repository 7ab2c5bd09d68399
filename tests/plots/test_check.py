"""Checks of what is to be drawn name what is wrong with it, and give back arrays of doubles."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.plots.check import finite_array, named_items, names_of, shaped_array


def test_whatever_becomes_an_array_is_taken():
    for values in ([[1, 2]], ((1, 2),), np.ones((1, 2), dtype=np.float16), torch.ones(1, 2), torch.ones(1, 2).double()):
        assert shaped_array(values, "values", 1, "units").dtype == finite_array(values, "values", 2).dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "wanted", "words"),
    [
        ((2, 3), (3, "units"), r"map must have shape \(3, units\), got \(2, 3\)"),
        ((2,), ("units", 2), r"got \(2,\)"),
        ((0, 2), ("units", 2), r"got \(0, 2\)"),
        ((2,), (3,), r"map must have shape \(3,\), got \(2,\)"),
    ],
)
def test_other_shapes_are_refused_by_both_shapes(shape, wanted, words):
    with pytest.raises(InputError, match=words):
        shaped_array(np.ones(shape), "map", *wanted)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (np.ones((2, 2)), "a must have 1 dimensions and hold something"),
        ([], "hold something"),
        ([1.0, np.nan], "a hold NaN or infinite values"),
        ([-1.0, 0.0], "a must lie from 0 to 1, got -1 to 0"),
        ([0.5, 2.0], "got 0.5 to 2"),
    ],
)
def test_values_that_cannot_be_drawn_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        finite_array(values, "a", 1, low=0, high=1)


def test_names_are_as_many_as_there_are_things():
    assert names_of(range(3), 3) == ["0", "1", "2"] and list(named_items({"a": 1}, "rows")) == [("a", 1)]
    with pytest.raises(InputError, match="factors must be 2 names, got 1"):
        names_of(["x"], 2, "factors")
    with pytest.raises(InputError, match="rows must name at least one thing to draw"):
        named_items({}, "rows")
