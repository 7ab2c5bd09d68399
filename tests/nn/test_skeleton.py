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


def test_the_first_of_each_equal_part_is_pooled_between_convolution_and_mish():
    encoder = skeleton_coders((1, 8, 8), 6, 6, skeleton=SMALL).encoder
    kinds = [type(layer) for layer in encoder]
    pools = [place for place, kind in enumerate(kinds) if kind is nn.MaxPool2d]
    convolutions = [place for place, kind in enumerate(kinds) if kind is nn.Conv2d]
    assert [place - 1 for place in pools] == convolutions[::2] and len(convolutions) == 6
    assert kinds[:4] == [nn.Conv2d, nn.MaxPool2d, nn.Mish, nn.BatchNorm2d]
    faces = skeleton_coders((3, 128, 128), 4, 4, skeleton=Skeleton(16, 7, 2, (3,))).encoder
    assert sum(type(layer) is nn.MaxPool2d for layer in faces) == 7


def test_the_code_is_behind_a_mish_and_gaussians_are_linear_in_it():
    """A Mish is never below −0.31; means and log-variances are free."""
    code, gaussian = (
        skeleton_coders((1, 8, 8), 6, width, skeleton=SMALL._replace(gaussian=width == 12)).encoder for width in (6, 12)
    )
    assert isinstance(code[-1], nn.Mish) and isinstance(gaussian[-2], nn.Mish)
    assert gaussian[-1].weight.shape == (12, 6)
    norm = next(layer for layer in code if isinstance(layer, nn.LayerNorm))
    assert norm.normalized_shape == (4,)


@pytest.mark.parametrize(("side", "kernel", "padding"), [(8, 3, 1), (28, 3, 3), (9, 2, 1), (15, 2, 4)])
def test_the_last_block_pads_what_pooling_cut_off(side, kernel, padding):
    last = skeleton_coders((2, side, side), 6, 6, skeleton=SMALL).decoder[-1]
    assert last[0].kernel_size == (kernel, kernel) and last[0].padding == (padding, padding)
    assert last[0].in_channels == last[0].out_channels == 2 and isinstance(last[2], nn.BatchNorm2d)


def test_a_structural_decoder_reads_the_first_value_of_every_variable():
    decoder = structural_coders((1, 8, 8), 12, 6, skeleton=SMALL, unit=2).decoder.eval()
    for transform in decoder.network.transforms:
        nn.init.normal_(transform.net[-1].weight)
    z = torch.randn(2, 12)
    other = z.clone()
    other[:, 1::2] += 1
    assert torch.equal(decoder(z), decoder(other))
    other[:, ::2] += 1
    assert not torch.equal(decoder(z), decoder(other))
    assert [transform.net[0].in_features for transform in decoder.network.transforms] == [1] * 6


def test_the_constant_of_a_structural_decoder_is_made_by_dense_layers():
    decoder = structural_coders((1, 8, 8), 6, 6, skeleton=SMALL).decoder
    made = decoder.start(torch.ones(1, 6)).view(1, 4, 1, 1)
    torch.testing.assert_close(decoder._constant(torch.zeros(1, 6)), made)
    assert decoder.root is None and decoder.variables == tuple((i,) for i in range(6))


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
