"""Tuples of rows, and windows of a series."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations
from latentassay.data import FactorData, windows
from latentassay.data.frames import Frames


def test_windows_are_consecutive_rows_of_anything_in_order():
    x = torch.arange(12.0).reshape(6, 2)
    assert torch.equal(windows(x, 3).batch([1]), x[None, 1:4])
    pictures = FactorData(np.arange(8, dtype=np.uint8).reshape(2, 2, 2), np.zeros((2, 0), int), name="film")
    assert windows(pictures).batch([0]).shape == (1, 2, 1, 2, 2) and windows(pictures).x_shape == (2, 1, 2, 2)
    assert windows(pictures).name == "film, windows of 2"
    for length in (1, 7, True):
        with pytest.raises(InputError, match="from 2 to the 6 rows"):
            windows(x, length)


@pytest.mark.parametrize("rows", [np.zeros((2, 2)), np.zeros(3, int), np.zeros((0, 2), int), [[0, 9]], [[-1, 0]]])
def test_rows_that_are_not_the_datas_are_refused(rows):
    with pytest.raises(InputError, match="rows must"):
        Frames(as_observations(torch.rand(4, 2)), rows)
