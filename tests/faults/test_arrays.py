import numpy as np
import pytest
import torch

from latentassay.faults.arrays import ARRAYS


@pytest.mark.parametrize("shape", [(6, 4), (6,), (4, 2, 4, 4)], ids=str)
def test_every_spoil_is_made_of_every_array_and_leaves_it(shape):
    array = torch.arange(6) if shape == (6,) else torch.randn(shape, generator=torch.Generator().manual_seed(0))
    before = array.clone()
    for name, spoil in ARRAYS.items():
        if name != "quantised":  # torch says that these will go
            spoil(array)
            assert torch.equal(array, before), name


def test_spoils_are_what_they_say():
    array = torch.arange(12.0).reshape(4, 3)
    assert int(ARRAYS["NaN"](array).isnan().sum()) == 1
    assert ARRAYS["no row"](array).shape == (0, 3)
    assert ARRAYS["one more column"](array).shape == (4, 4)
    assert ARRAYS["negative strides"](array).strides[0] < 0
    assert ARRAYS["meta"](array).is_meta
    assert np.ma.isMaskedArray(ARRAYS["masked"](array))
    assert len(ARRAYS["two distinct rows"](array).unique(dim=0)) == 2
