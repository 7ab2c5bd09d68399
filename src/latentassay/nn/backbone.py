"""The backbone that all models of SA share (A.2.1), and the coders whose latents enter it in one vector."""

from collections.abc import Sequence
from functools import partial
from itertools import count
from math import gcd, prod
from typing import Any, NamedTuple

from torch import nn

from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.nn.blocks import double_size, mlp
from latentassay.nn.coders import Coders, init_layers, square, widths
from latentassay.nn.structural import INSIDE, StrTfm, StructuralDecoder

POOLED = (0, 3, 6, 9)
"""Blocks of the encoder whose convolution is followed by max-pooling; the decoder mirrors them."""

BOTTOM = 8
"""Greatest side of the features at the bottom, unless all of ``POOLED`` have halved it."""

GROUPS = 8
"""Groups of a normalisation, unless they do not divide the filters."""

HEAD = (256, 128)
"""Widths of the encoder's dense layers between the features at the bottom and the latents."""


class Backbone(NamedTuple):
    """The convolutions of both networks, or the dense layers in their place.

    Attributes:
        blocks: the encoder's, from an observation to the features at the bottom.
        stages: the decoder's, from there back; the last one answers in the likelihood's parameters.
        bottom: shape of those features, ``(filters, side, side)`` or ``(filters,)``.
    """

    blocks: Sequence[nn.Module]
    stages: Sequence[nn.Module]
    bottom: tuple[int, ...]


def backbone(x_shape: Sequence[int], *, filters: Any = 64, depth: Any = 12) -> Backbone:
    """Blocks of convolution, group normalisation and Mish: ``depth`` of them each side, all ``filters`` wide.

    Convolutions are 3×3, the encoder's first 5×5. Those of its blocks 1, 4, 7 and 10 are followed by 2×2 max-pooling,
    those of the decoder's mirror images preceded by bilinear upsampling. There are 8 groups, or, where 8 does not
    divide the filters, as many as the greatest number that divides both. Small pictures are pooled less often: as
    long as their side is even and half of it is 2 or more. 128×128 is pooled four times as well, which is what the
    6–7 million parameters of the text amount to. Vectors pass dense layers, layer normalisation and Mish instead.

    Raises:
        InputError: pictures that are not square, or whose side leaves more than 8 where it cannot be halved further;
            filters or depth that are not positive.

    >>> backbone((3, 32, 32), filters=16).bottom, backbone((50,)).bottom
    ((16, 2, 2), (64,))
    """
    check_counts(filters=filters, depth=depth)
    if len(x_shape) == 1:
        return Backbone(*_dense(x_shape[0], filters, depth), (filters,))
    channels, side = square(x_shape)
    pools = _pools(side, depth)
    pooled = POOLED[:pools]
    blocks = [_block(filters if i else channels, filters, 3 if i else 5, pool=i in pooled) for i in range(depth)]
    stages = [_stage(filters, channels if i == 0 else None, up=i in pooled) for i in reversed(range(depth))]
    return Backbone(blocks, stages, (filters, side >> pools, side >> pools))


def hourglass_coders(x_shape: Sequence[int], latents: int, width: int, *, filters: Any = 64, depth: Any = 12) -> Coders:
    """The backbone with all latents in the middle: what SA calls the traditional architecture.

    A head of 256 and 128 units reads the latents off the bottom; one linear layer leads back to it, since one that
    mirrored the head would give 1.4 million parameters instead of the text's 1–1.2.

    Raises:
        InputError: as ``backbone``.
    """
    body = backbone(x_shape, filters=filters, depth=depth)
    back = nn.Sequential(nn.Linear(latents, prod(body.bottom)), nn.Unflatten(1, body.bottom))
    return init_weights(Coders(_encoder(body, width), nn.Sequential(*back, *body.stages)))


def infused_coders(
    x_shape: Sequence[int],
    latents: int,
    width: int,
    *,
    variables: int,
    whole: bool = False,
    filters: Any = 64,
    depth: Any = 12,
    hidden: Any = INSIDE,
) -> Coders:
    """The same encoder, and a structural decoder whose Str-Tfm layers are spaced evenly among its stages.

    Args:
        x_shape: shape of one observation.
        latents: split evenly into variables, of which each has a layer of its own (SAE).
        width: outputs of the encoder.
        variables: how many layers.
        whole: every layer reads all latents instead (AdaAE).
        filters: channels of every convolution.
        depth: blocks each side.
        hidden: widths inside a layer; three in the text, which does not say how wide.

    Raises:
        InputError: as ``backbone``; latents that the variables do not divide; fewer blocks than variables.
    """
    body = backbone(x_shape, filters=filters, depth=depth)
    decoder = StructuralDecoder(
        body.bottom,
        body.stages,
        [body.bottom[0]] * variables,
        latents,
        hidden=widths("hidden", hidden),
        places=place_layers(variables, len(body.stages)),
        whole=whole,
    )
    return init_weights(Coders(_encoder(body, width), decoder))


def place_layers(layers: int, depth: int) -> tuple[int, ...]:
    """Return which of ``depth`` stages are preceded by a layer: ``⌊i · depth / layers⌋``.

    Raises:
        InputError: more layers than stages.

    >>> place_layers(3, 12)
    (0, 4, 8)
    """
    if layers > depth:
        raise InputError(f"{layers} variables need a depth of {layers} or more, got {depth}; choose fewer variables")
    return tuple(i * depth // layers for i in range(layers))


def init_weights(coders: Coders) -> Coders:
    """Begin with He et al.'s weights (2015, equation 10) and no biases; keep convolutions channels last.

    The text does not say how models begin. PyTorch's own smaller weights leave codes all but equal at first, and
    VAEs of this depth then give up their latents before they are of use. Answers of convolutions follow the memory
    format of their weights, which is a fifth faster on CPUs.
    """
    init_layers(coders, partial(nn.init.kaiming_uniform_, nonlinearity="relu"))
    for module in coders.decoder.modules():
        if isinstance(module, StrTfm):
            module.start_at_identity()
    return coders


def _encoder(body: Backbone, width: int) -> nn.Sequential:
    return nn.Sequential(*body.blocks, nn.Flatten(), *mlp((prod(body.bottom), *HEAD, width), "mish"))


def _block(channels: int, filters: int, kernel: int, *, pool: bool) -> nn.Sequential:
    layers = [nn.Conv2d(channels, filters, kernel, padding=kernel // 2), *([nn.MaxPool2d(2)] if pool else [])]
    return nn.Sequential(*layers, nn.GroupNorm(gcd(GROUPS, filters), filters), nn.Mish())


def _stage(filters: int, channels: int | None, *, up: bool) -> nn.Sequential:
    before = [double_size()] if up else []
    if channels is not None:
        return nn.Sequential(*before, nn.Conv2d(filters, channels, 3, padding=1))
    return nn.Sequential(*before, *_block(filters, filters, 3, pool=False))


def _dense(values: int, filters: int, depth: int) -> tuple[list[nn.Module], list[nn.Module]]:
    def layer(wide: int) -> nn.Module:
        return nn.Sequential(nn.Linear(wide, filters), nn.LayerNorm(filters), nn.Mish())

    blocks = [layer(filters if i else values) for i in range(depth)]
    return blocks, [*(layer(filters) for _ in range(depth - 1)), nn.Linear(filters, values)]


def _pools(side: int, depth: int) -> int:
    """How often pictures of this side are pooled."""
    pools = _count_halvings(side, depth)
    if pools is None:
        below = next((k for k in range(side - 1, 1, -1) if _count_halvings(k, depth) is not None), None)
        above = next(k for k in count(side + 1) if _count_halvings(k, depth) is not None)
        near = above if below is None else f"{below} or {above}"
        raise InputError(
            f"pictures of side {side} cannot be halved often enough; crop, pad or resize them to {near}, "
            "or to 16, 28, 32, 48, 64, 96, 128 …"
        )
    return pools


def _count_halvings(side: int, depth: int) -> int | None:
    most = sum(place < depth for place in POOLED)
    pools = max((k for k in range(most + 1) if side % 2**k == 0 and side >> k >= 2), default=None)
    # Where not all poolings fit, the bottom has to be small already, or the dense head would be most of the model.
    return None if pools is None or (pools < most and side >> pools > BOTTOM) else pools
