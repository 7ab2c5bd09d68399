"""The backbone of SA: where it pools, which pictures it takes, and what it does with vectors."""

import re
from functools import partial

import pytest
import torch
from torch import nn

from latentassay.core.errors import InputError
from latentassay.nn.backbone import backbone, hourglass_coders, infused_coders, place_layers


def kinds(modules):
    """Names of all layers in order, those of one block in one tuple."""
    return [tuple(type(layer).__name__ for layer in block.modules() if not list(layer.children())) for block in modules]


@pytest.mark.parametrize("depth", [12, 16])
def test_blocks_are_those_of_the_text(depth):
    """A.2.1: 3×3 and first 5×5; pooling right after the convolutions 1, 4, 7, 10; upsampling before every third one."""
    made = backbone((3, 64, 64), filters=16, depth=depth)
    plain, pooled = ("Conv2d", "GroupNorm", "Mish"), ("Conv2d", "MaxPool2d", "GroupNorm", "Mish")
    assert kinds(made.blocks) == ([pooled, plain, plain] * 4 + [plain] * 4)[:depth]
    up = ("Upsample", *plain)
    expected = [plain] * (depth - 12) + [plain, plain, up] * 4
    assert kinds(made.stages) == [*expected[:-1], ("Upsample", "Conv2d")]
    kernels = [layer.kernel_size for layer in nn.Sequential(*made.blocks).modules() if isinstance(layer, nn.Conv2d)]
    assert kernels == [(5, 5)] + [(3, 3)] * (depth - 1)


SIDES = {2: 2, 7: 7, 8: 2, 16: 2, 20: 5, 28: 7, 32: 2, 40: 5, 48: 3, 56: 7, 64: 4, 96: 6, 128: 8, 224: 14}


@pytest.mark.parametrize("side", SIDES)
def test_sides_that_work_come_back(side):
    encoder, decoder = hourglass_coders((3, side, side), 5, 7, filters=4)
    assert backbone((3, side, side), filters=4).bottom == (4, SIDES[side], SIDES[side])
    assert encoder(torch.rand(2, 3, side, side)).shape == (2, 7)
    assert decoder(torch.rand(2, 5)).shape == (2, 3, side, side)


@pytest.mark.parametrize("side", [1, 9, 31, 50, 66, 100, 150])
def test_other_sides_are_refused_with_the_nearest_that_work(side):
    with pytest.raises(InputError, match=f"side {side} cannot be halved often enough") as refused:
        backbone((3, side, side), filters=4)
    named = [int(number) for number in re.findall(r"\d+", str(refused.value).partition("resize")[2])]
    for good in named:
        backbone((3, good, good), filters=4)
    nearest = named[:-7]
    assert [near > side for near in nearest] == ([True] if side == 1 else [False, True])
    for between in set(range(min(nearest), max(nearest))) - set(nearest):
        with pytest.raises(InputError):
            backbone((3, between, between), filters=4)


@pytest.mark.parametrize("x_shape", [(3, 64, 48), (64, 64), ()])
def test_other_shapes_are_refused(x_shape):
    with pytest.raises(InputError, match="square images"):
        backbone(x_shape)


@pytest.mark.parametrize(("filters", "groups"), [(64, 8), (16, 8), (12, 4), (6, 2), (4, 4), (7, 1)])
def test_groups_divide_the_filters(filters, groups):
    norms = [
        m for m in nn.Sequential(*backbone((1, 8, 8), filters=filters).blocks).modules() if isinstance(m, nn.GroupNorm)
    ]
    assert {norm.num_groups for norm in norms} == {groups} and len(norms) == 12


def test_vectors_pass_dense_layers():
    made = backbone((50,), filters=16, depth=4)
    assert kinds(made.blocks) == [("Linear", "LayerNorm", "Mish")] * 4 and made.bottom == (16,)
    assert kinds(made.stages) == [("Linear", "LayerNorm", "Mish")] * 3 + [("Linear",)]
    assert nn.Sequential(*made.blocks, *made.stages)(torch.rand(3, 50)).shape == (3, 50)


@pytest.mark.parametrize("options", [{"filters": 0}, {"depth": 0}, {"filters": 2.5}, {"depth": "4"}, {"depth": True}])
def test_sizes_are_positive_integers(options):
    with pytest.raises(InputError, match=f"{next(iter(options))} must be a positive integer, got"):
        backbone((1, 8, 8), **options)


@pytest.mark.parametrize(
    ("layers", "depth", "places"),
    [(12, 12, range(12)), (4, 12, [0, 3, 6, 9]), (2, 12, [0, 6]), (3, 4, [0, 1, 2]), (16, 16, range(16))],
)
def test_layers_are_spaced_evenly(layers, depth, places):
    assert place_layers(layers, depth) == tuple(places)


def test_more_layers_than_blocks_are_refused():
    with pytest.raises(InputError, match="6 variables need a depth of 6 or more, got 5"):
        infused_coders((4,), 6, 6, variables=6, depth=5)


def test_layers_that_let_latents_in_are_as_wide_as_it_is_said():
    decoder = infused_coders((4,), 6, 6, variables=3, filters=5, depth=3, hidden=(7, 9)).decoder
    widths = [layer.out_features for layer in decoder.transforms[0].net if isinstance(layer, nn.Linear)]
    assert widths == [7, 9, 10]
    with pytest.raises(InputError, match="hidden must be positive layer widths"):
        infused_coders((4,), 6, 6, variables=3, hidden=(0,))


@pytest.mark.parametrize("x_shape", [(3, 16, 16), (9,)])
def test_weights_begin_as_it_is_said(x_shape):
    """Weights of variance 2 / inputs, no biases; the layers that let latents in end in 0."""
    coders = infused_coders(x_shape, 12, 12, variables=12, filters=64)
    layers = [m for network in coders for m in network.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    last = {transform.net[-1] for transform in coders.decoder.transforms}
    for layer in layers:
        assert not layer.bias.any() and (layer in last) == (not layer.weight.any())
        if layer not in last and layer.weight.numel() > 4000:
            assert layer.weight.var().item() == pytest.approx(2 / layer.weight[0].numel(), rel=0.1)


@pytest.mark.parametrize("make", [hourglass_coders, partial(infused_coders, variables=12)])
@pytest.mark.parametrize("x_shape", [(3, 32, 32), (20,)])
def test_codes_differ_at_first(make, x_shape):
    """As much as a prior's draws do, about: else a VAE's noise hides them."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        x, encoder = torch.rand(64, *x_shape), make(x_shape, 12, 12, filters=16).encoder
        x = x * torch.linspace(0, 1, 64).view(64, *[1] * len(x_shape))
    assert 0.2 < encoder(x).std(0).mean() < 2
