"""The skeleton of IC's models."""

import pytest
import torch
from torch import nn

from latentassay.core.errors import InputError
from latentassay.nn.skeleton import Skeleton, skeleton_coders, structural_coders

SMALL = Skeleton(depth=6, pools=3, filters=4, head=(8, 6))


@pytest.mark.parametrize("make", [skeleton_coders, structural_coders])
@pytest.mark.parametrize("side", [8, 9, 28])
def test_odd_sides_come_back(make, side):
    coders = make((2, side, side), 6, 12, skeleton=SMALL)
    assert coders.encoder(torch.rand(3, 2, side, side)).shape == (3, 12)
    assert coders.decoder(torch.rand(3, 6)).shape == (3, 2, side, side)


def test_convolutions_are_pooled_as_regularly_as_can_be():
    kinds = [type(layer) for layer in skeleton_coders((1, 8, 8), 6, 6, skeleton=SMALL).encoder]
    pooled = [place for place, kind in enumerate(kinds) if kind is nn.MaxPool2d]
    assert kinds.count(nn.Sequential) == 6 and pooled == [2, 5, 8]  # after the second, fourth and sixth block


def test_biases_begin_at_0():
    for network in skeleton_coders((1, 8, 8), 6, 6, skeleton=SMALL):
        layers = [module for module in network.modules() if isinstance(module, nn.Conv2d | nn.Linear)]
        assert layers and all(float(layer.bias.detach().abs().max()) == 0 for layer in layers)


@pytest.mark.parametrize(
    ("make", "x_shape", "latents", "words"),
    [
        (skeleton_coders, (1, 4, 4), 6, "cannot be pooled 3 times; resize them to 8 or more"),
        (skeleton_coders, (1, 8, 9), 6, "square images"),
        (structural_coders, (1, 8, 8), 7, "7 latents cannot be shared evenly by up to 6"),
    ],
)
def test_what_cannot_be_is_refused(make, x_shape, latents, words):
    with pytest.raises(InputError, match=words):
        make(x_shape, latents, 6, skeleton=SMALL)
