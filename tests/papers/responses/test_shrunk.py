"""Pictures shrunk as they are read."""

import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.data import FactorData
from latentassay.papers.responses.shrunk import shrink


def pictures(*shape):
    return np.random.default_rng(0).integers(0, 256, (6, *shape), dtype=np.uint8)


@pytest.mark.parametrize(("shape", "layout"), [((8, 8), "hw"), ((8, 8, 3), "hwc")])
def test_pixels_are_means_over_blocks(shape, layout):
    whole = pictures(*shape)
    codes = np.indices((2, 3)).reshape(2, -1).T
    data = shrink(FactorData(whole, codes, ("a", "b"), layout=layout, name="pictures"), 4)
    assert data.x_shape == ((1, 4, 4) if layout == "hw" else (3, 4, 4)) and data.name == "pictures" and data.is_grid
    for i in range(4):
        for j in range(4):
            block = whole[5, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].astype(float).mean((0, 1))
            np.testing.assert_array_equal(data.store[[5]][0, i, j], np.rint(block))
    np.testing.assert_array_equal(data.store[5], data.store[np.array([5])][0])
    part = data.take(np.array([4, 1]))
    np.testing.assert_allclose(part.batch(np.array([0])) * 255, data.batch(np.array([4])) * 255)


def test_pictures_of_that_size_stay_and_others_are_refused():
    data = FactorData(pictures(8, 8), np.zeros((6, 1), int), layout="hw")
    assert shrink(data, 8) is data and shrink(data, None) is data
    with pytest.raises(InputError, match="multiple of 3"):
        shrink(data, 3)
    with pytest.raises(InputError, match="square pictures"):
        shrink(FactorData(pictures(4, 8), np.zeros((6, 1), int), layout="hw"), 4)
