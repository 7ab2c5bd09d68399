"""Codes of grids, and what is refused of files."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import FileError, InputError
from latentassay.data.codes import check_codes, expect_codes, expect_images, factor_data, grid_codes

SIZES = {"a": 2, "b": 3}


def test_a_grid_has_every_combination_once_the_last_factor_fastest():
    codes = grid_codes((2, 3, 4))
    assert np.array_equal(np.ravel_multi_index(tuple(codes.T), (2, 3, 4)), np.arange(24))


@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_codes_of_any_kind_come_back_as_an_array(kind):
    found = check_codes(kind([[1, 2], [0, 0]]), tuple(SIZES), tuple(SIZES.values()))
    assert isinstance(found, np.ndarray) and found.tolist() == [[1, 2], [0, 0]]


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        ([[0, 0, 0]], r"shape \(n, 2\)"),
        ([0, 0], r"shape \(n, 2\)"),
        ([[0.0, 1.0]], "integers"),
        ([[0, 3]], r"'b' must lie in 0\.\.2"),
        ([[-1, 0]], "'a' must lie"),
    ],
)
def test_codes_that_cannot_be_are_refused(codes, words):
    with pytest.raises(InputError, match=words):
        check_codes(np.array(codes), tuple(SIZES), tuple(SIZES.values()))


def test_a_store_gets_names_and_sizes():
    data = factor_data(np.zeros((6, 4), np.uint8), grid_codes((2, 3)), SIZES, "toy", "vector")
    assert (data.name, data.factor_names, data.factor_sizes, data.is_grid) == ("toy", ("a", "b"), (2, 3), True)


def test_files_laid_out_otherwise_are_refused_with_what_they_hold():
    expect_images("f", np.zeros((2, 4, 4), np.uint8), 2, (4, 4))
    for images in (np.zeros((2, 4, 4), np.float32), np.zeros((3, 4, 4), np.uint8), np.zeros((2, 4, 5), np.uint8)):
        with pytest.raises(FileError, match="expected uint8"):
            expect_images("f", images, 2, (4, 4))
    expect_codes("f", grid_codes((2, 3)), (2, 3))
    for codes in (grid_codes((2, 4)), grid_codes((2, 3)) * 1.0, grid_codes((2, 3)) - 1, grid_codes((2, 3))[:, :1]):
        with pytest.raises(FileError, match=r"not integers below \(2, 3\)"):
            expect_codes("f", codes, (2, 3))
