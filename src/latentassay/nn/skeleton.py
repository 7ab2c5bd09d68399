"""The skeleton of IC's models (figure 10): convolutions at one width, regularly pooled, and a dense head."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import nn

from latentassay.core.errors import InputError
from latentassay.nn.blocks import mish_block, mlp
from latentassay.nn.coders import Coders, init_layers, square
from latentassay.nn.structural import StructuralDecoder

STR_TFM = (128, 64)
"""Widths inside a Str-Tfm layer; what a wider cause costs an SAE in table 4 says that the first of them is 128."""


class Skeleton(NamedTuple):
    """Depth and width of both networks.

    Attributes:
        depth: convolutions in the encoder, and in the decoder.
        pools: how many of them are followed by 2×2 max-pooling (preceded by bilinear upsampling).
        filters: channels of every convolution.
        head: widths of the encoder's dense layers; the decoder's are the same in reverse.
    """

    depth: int
    pools: int
    filters: int
    head: tuple[int, ...]


def skeleton_coders(x_shape: Sequence[int], latents: int, width: int, *, skeleton: Skeleton) -> Coders:
    """Encoder and decoder that mirror each other; odd sides are pooled down and upsampled back to what they were.

    Raises:
        InputError: images that are not square, or too small to be pooled so often.
    """
    channels, sides = x_shape[0], _sides(x_shape, skeleton.pools)
    places = skeleton.filters * sides[-1] ** 2
    decoder = nn.Sequential(
        *mlp((latents, *reversed(skeleton.head), places), "mish"),
        nn.Unflatten(1, (skeleton.filters, *sides[-1:] * 2)),
        *_up(channels, sides, skeleton),
    )
    return _init_weights(Coders(_encoder(channels, places, width, skeleton), decoder))


def structural_coders(x_shape: Sequence[int], latents: int, width: int, *, skeleton: Skeleton) -> Coders:
    """The same encoder; latents enter the decoder's first layers one by one, or several at each (SA 2.1).

    Raises:
        InputError: as ``skeleton_coders``; more latents than layers that no number of layers can share evenly.
    """
    channels, sides = x_shape[0], _sides(x_shape, skeleton.pools)
    places = skeleton.filters * sides[-1] ** 2
    stages = _up(channels, sides, skeleton)
    # As many layers as the stages allow, each with as many latents.
    layers = next(k for k in range(min(latents, len(stages)), 0, -1) if latents % k == 0)
    if layers == 1 < latents:
        raise InputError(
            f"{latents} latents cannot be shared evenly by up to {len(stages)} structural layers; "
            f"choose {len(stages)} or fewer, or a number with a divisor up to {len(stages)}"
        )
    decoder = StructuralDecoder(
        (skeleton.filters, sides[-1], sides[-1]), stages, [skeleton.filters] * layers, latents, hidden=STR_TFM
    )
    coders = _init_weights(Coders(_encoder(channels, places, width, skeleton), decoder))
    decoder.start_at_identity()
    return coders


def _encoder(channels: int, places: int, width: int, skeleton: Skeleton) -> nn.Sequential:
    pooled, layers = _pool_places(skeleton), list[nn.Module]()
    for i in range(skeleton.depth):
        layers.append(mish_block(skeleton.filters if i else channels, skeleton.filters))
        if i in pooled:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), *mlp((places, *skeleton.head, width), "mish"))


def _up(channels: int, sides: Sequence[int], skeleton: Skeleton) -> list[nn.Module]:
    """The convolutions of the decoder, each with the upsampling before it; the last one answers in pixels."""
    pooled, larger = _pool_places(skeleton), list(reversed(sides))[1:]
    stages: list[nn.Module] = []
    for i in reversed(range(skeleton.depth)):
        block = mish_block(skeleton.filters, skeleton.filters) if i else _output_layer(skeleton.filters, channels)
        up = nn.Upsample(size=(larger.pop(0),) * 2, mode="bilinear", align_corners=False) if i in pooled else None
        stages.append(block if up is None else nn.Sequential(up, block))
    return stages


def _output_layer(filters: int, channels: int) -> nn.Module:
    return nn.Conv2d(filters, channels, 3, padding=1)


def _pool_places(skeleton: Skeleton) -> set[int]:
    """Which convolutions are followed by a pooling: as regular as can be, the last of all among them."""
    return {round((k + 1) * skeleton.depth / skeleton.pools) - 1 for k in range(skeleton.pools)}


def _sides(x_shape: Sequence[int], pools: int) -> list[int]:
    """Side of the image, and after every pooling."""
    _, side = square(x_shape)
    sides = [side // 2**k for k in range(pools + 1)]
    if sides[-1] < 1:
        raise InputError(f"images of side {side} cannot be pooled {pools} times; resize them to {2**pools} or more")
    return sides


def _init_weights(coders: Coders) -> Coders:
    """Glorot & Bengio's initialisation of everything but the normalisations (IC A.3)."""
    return init_layers(coders, nn.init.xavier_uniform_)
