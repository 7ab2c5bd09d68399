"""Convolutional models name the sizes that work."""

import pytest

from latentassay import models
from latentassay.core.errors import InputError
from latentassay.models.conv import FAMILY


@pytest.mark.parametrize("name", FAMILY.models)
@pytest.mark.parametrize("x_shape", [(1, 32, 28), (1, 31, 31), (3,)])
def test_other_sizes_are_refused_with_those_that_work(name, x_shape):
    with pytest.raises(InputError, match=r"square|side 8, 16, 32"):
        models.build(name, x_shape=x_shape)
