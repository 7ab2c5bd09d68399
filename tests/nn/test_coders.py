"""Networks: sizes that work, sizes that do not, and the counts that the papers state."""

import pytest
import torch
from torch import nn

from latentassay.core.errors import InputError
from latentassay.nn.coders import conv_coders, mlp_coders, small_conv_coders


def shapes(coders, x_shape, latents=3):
    return coders.encoder(torch.zeros(2, *x_shape)).shape, coders.decoder(torch.zeros(2, latents)).shape


@pytest.mark.parametrize("side", [8, 16, 32, 64, 128])
def test_conv_takes_powers_of_two(side):
    assert shapes(conv_coders((3, side, side), 3, 6), (3, side, side)) == ((2, 6), (2, 3, side, side))


@pytest.mark.parametrize("side", [8, 14, 20, 24, 28, 32, 48, 64, 96])
def test_small_conv_takes_small_multiples_of_powers_of_two(side):
    assert shapes(small_conv_coders((1, side, side), 3, 6), (1, side, side)) == ((2, 6), (2, 1, side, side))


@pytest.mark.parametrize("make", [conv_coders, small_conv_coders])
@pytest.mark.parametrize("x_shape", [(1, 32, 64), (1, 33, 33), (1, 4, 4), (1, 18, 18), (32, 32), (784,)])
def test_other_sizes_are_refused_with_those_that_work(make, x_shape):
    with pytest.raises(InputError, match=r"square images|side 8, 1"):
        make(x_shape, 3, 6)


def test_conv_is_the_network_of_the_paper():
    """LR A.4.2: five blocks of 64 channels, first kernel 5; about 500 k parameters; at 32 one block fewer."""
    count = {}
    for side in (64, 32):
        encoder, decoder = conv_coders((3, side, side), 24, 48)
        count[side] = sum(p.numel() for p in [*encoder.parameters(), *decoder.parameters()])
        kernels = [layer.kernel_size[0] for layer in encoder.modules() if isinstance(layer, nn.Conv2d)]
        assert kernels == [5, 3, 3, 3, 3][: 5 if side == 64 else 4]
    assert 450_000 < count[64] < 600_000
    # a block is 64·64·9 weights, 64 biases and 128 of its normalisation, once each side
    assert count[64] - count[32] == 2 * (64 * 64 * 9 + 64 + 128)


def test_mlp_mirrors_its_hidden_layers():
    encoder, decoder = mlp_coders((3,), 2, 4, hidden=(8, 5))
    widths = [[layer.out_features for layer in net if isinstance(layer, nn.Linear)] for net in (encoder, decoder)]
    assert widths == [[8, 5, 4], [5, 8, 3]]


def test_a_decoder_may_have_layers_and_activations_of_its_own():
    encoder, decoder = mlp_coders((3,), 2, 4, hidden=(), decoder_hidden=(8, 5), decoder_activation="tanh")
    widths = [[layer.out_features for layer in net if isinstance(layer, nn.Linear)] for net in (encoder, decoder)]
    assert widths == [[4], [8, 5, 3]] and isinstance(decoder[1], nn.Tanh)
    with pytest.raises(InputError, match="decoder_hidden must be positive"):
        mlp_coders((3,), 2, 4, decoder_hidden=(0,))
    with pytest.raises(InputError, match="decoder_activation must be one of"):
        mlp_coders((3,), 2, 4, decoder_activation="step")


@pytest.mark.parametrize("hidden", [(0,), (8, -1), (2.5,)])
def test_mlp_refuses_widths_that_are_none(hidden):
    with pytest.raises(InputError, match="layer widths"):
        mlp_coders((3,), 2, 4, hidden=hidden)
