"""Fields of any dimension become maps of two; what was not measured is left out."""

import numpy as np
import torch

from latentassay.assay.maps import flat_map, present


def test_fields_of_one_two_and_three_dimensions_become_maps():
    one, two, three = (torch.arange(24.0).reshape(shape) for shape in ((24,), (4, 6), (2, 3, 4)))
    assert flat_map(one).shape == (1, 24) and torch.equal(flat_map(one)[0], one)
    assert flat_map(two) is two
    assert torch.equal(flat_map(three), (three[0] + three[1]) / 2)


def test_what_is_not_there_is_left_out():
    array = np.ones(3)
    assert list(present({"a": array, "b": None})) == ["a"] and present({"a": array})["a"] is array
