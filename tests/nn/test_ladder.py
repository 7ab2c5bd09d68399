"""Ladders: which features each variable is read off, and where it enters."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d

from latentassay.nn.ladder import Rung, ladder_coders

SHAPES = [(2, 8, 8), (5,)]


def coders(x_shape, variables=3, latents=6, depth=6):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return ladder_coders(x_shape, latents, 2 * latents, variables=variables, filters=8, depth=depth)


def test_a_rung_is_a_concatenation_before_a_convolution():
    """[features, V(u)] ∗ [W, W] = (features + V(u)) ∗ W."""
    rung, features, u = Rung(2, 4), torch.randn(3, 4, 6, 6), torch.randn(3, 2)
    weight = torch.randn(5, 4, 3, 3)
    maps = rung.net(u)[:, :, None, None].expand(3, 4, 6, 6)
    both = conv2d(torch.cat([features, maps], 1), torch.cat([weight, weight], 1))
    torch.testing.assert_close(conv2d(rung(features, u), weight), both)


@pytest.mark.parametrize("x_shape", SHAPES)
def test_deeper_features_give_earlier_variables(x_shape):
    """A block that answers something else changes the variables that are read after it, and no other."""
    encoder, x = coders(x_shape).encoder, torch.rand(4, *x_shape)
    before = encoder(x).view(4, 2, 3, 2)
    for place, block in enumerate(encoder.blocks):
        hook = block.register_forward_hook(lambda module, args, output: output + torch.randn_like(output))
        changed = (encoder(x).view(4, 2, 3, 2) != before).any(3).any(1).any(0)
        hook.remove()
        assert changed.tolist() == [place < passed for passed in (6, 4, 2)]


@pytest.mark.parametrize("x_shape", SHAPES)
def test_means_come_before_log_variances_and_variables_in_order(x_shape):
    encoder = coders(x_shape).encoder
    for i, rung in enumerate(encoder.rungs):
        nn.init.zeros_(rung[-1].weight)
        with torch.no_grad():
            rung[-1].bias.copy_(torch.tensor([10.0 * i, 10 * i + 1, -10 * i, -10 * i - 1]))
    expected = torch.tensor([0.0, 1, 10, 11, 20, 21, 0, -1, -10, -11, -20, -21])
    assert torch.equal(encoder(torch.rand(2, *x_shape)), expected.expand(2, 12))


@pytest.mark.parametrize("x_shape", SHAPES)
def test_variables_enter_in_order_and_are_not_ignored_at_first(x_shape):
    decoder, z = coders(x_shape).decoder.eval(), torch.randn(1, 6)
    assert decoder.variables == ((0, 1), (2, 3), (4, 5)) and decoder.places == (0, 2, 4)
    for latent in range(6):
        inputs = []
        hooks = [
            stage.register_forward_pre_hook(lambda module, args: inputs.append(args[0])) for stage in decoder.stages
        ]
        decoder(z), decoder(z + torch.eye(6)[latent])
        same = [torch.equal(a, b) for a, b in zip(inputs[:6], inputs[6:], strict=True)]
        for hook in hooks:
            hook.remove()
        assert same == [stage < 2 * (latent // 2) for stage in range(6)]


@pytest.mark.parametrize(("variables", "side"), [(1, 4), (2, 5), (3, 3), (4, 3), (6, 2), (12, 1)])
def test_rungs_average_over_squares(variables, side):
    """Against sums by hand; the first rung reads all of the deepest features, channels last."""
    encoder = coders((3, 64, 64), variables, 12, depth=12).encoder.eval()
    assert encoder.side == max(side, 1) or variables == 1
    seen = []
    for part in (*encoder.blocks, *encoder.rungs):
        part.register_forward_hook(lambda module, args, output: seen.append((args[0], output)))
    encoder(torch.rand(2, 3, 64, 64))
    blocks, rungs = seen[:12], seen[12:]
    for i, ((read, _), place) in enumerate(zip(rungs, encoder.places, strict=True)):
        features = blocks[place - 1][1]
        if i:
            whole = features.shape[-1] / side
            cuts = [(int(k * whole), -(-(k + 1) * features.shape[-1] // side)) for k in range(side)]
            features = torch.stack([features[:, :, a:b, c:d].mean((2, 3)) for a, b in cuts for c, d in cuts], -1)
        torch.testing.assert_close(read, features.flatten(2).transpose(1, 2).flatten(1))
