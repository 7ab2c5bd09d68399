"""What objectives ask of models and batches."""

from types import SimpleNamespace

import pytest
import torch

from latentassay.core.errors import ContractError, InputError
from latentassay.objectives.frames import frame_shape, require, single

MODEL = SimpleNamespace(encode=None, x_shape=(3,))


def test_what_a_model_lacks_is_named():
    require(MODEL, "encode", "x_shape")
    with pytest.raises(ContractError, match="lacks decoder_output, likelihood, which this objective trains through"):
        require(MODEL, "encode", "decoder_output", "likelihood")


def test_single_observations_and_tuples_are_told_apart():
    single(MODEL, torch.rand(4, 3))
    assert frame_shape(MODEL, torch.rand(4, 2, 3), 1, "PCL", "data.windows") == (3,)
    with pytest.raises(InputError, match=r"batches \(n, \*\(3,\)\), got \(4, 2, 3\)"):
        single(MODEL, torch.rand(4, 2, 3))
    for x, axes in ((torch.rand(4, 3), 1), (torch.rand(4, 2, 5), 1), (torch.rand(4, 2, 3), 2)):
        with pytest.raises(InputError, match=r"PCL learns from tuples .* \(3,\).*make them with data\.windows"):
            frame_shape(MODEL, x, axes, "PCL", "data.windows")


def test_a_model_without_a_shape_takes_any_frame():
    assert frame_shape(object(), torch.rand(4, 2, 1, 8, 8), 1, "PCL", "data.windows") == (1, 8, 8)
