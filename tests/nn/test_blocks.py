"""The smallest pieces of networks."""

import pytest
import torch
from torch import nn

from latentassay.nn.blocks import ACTIVATIONS, double_size, mlp, pooled_conv, upsampled_conv


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_stands_between_layers_and_none_after_the_last(name):
    kinds = [type(layer) for layer in mlp((3, 8, 4, 2), name)]
    assert kinds == [nn.Linear, ACTIVATIONS[name], nn.Linear, ACTIVATIONS[name], nn.Linear]


@pytest.mark.parametrize(
    ("block", "side"),
    [(pooled_conv(3, 8), 4), (pooled_conv(3, 8, kernel=5), 4), (upsampled_conv(3, 8), 16)],
)
def test_blocks_change_channels_and_sides_as_they_say(block, side):
    assert block(torch.rand(2, 3, 8, 8)).shape == (2, 8, side, side)


def test_doubling_keeps_constants():
    assert torch.equal(double_size()(torch.full((1, 2, 3, 5), 0.25)), torch.full((1, 2, 6, 10), 0.25))
