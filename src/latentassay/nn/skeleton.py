"""The networks of IC (figure 10): convolutions at one width, regularly pooled, and dense layers, as in table 4."""

from collections.abc import Sequence
from typing import NamedTuple, final

from torch import Tensor, nn

from latentassay.core.errors import InputError
from latentassay.nn.blocks import mlp
from latentassay.nn.coders import Coders, init_layers, square
from latentassay.nn.structural import StructuralDecoder

STR_TFM = (10, 20)
"""Widths inside a Str-Tfm layer for each value that it reads: 1,584 parameters a layer for 32 filters (table 4)."""


class Skeleton(NamedTuple):
    """Depth and width of both networks.

    Attributes:
        depth: convolutions in the encoder, and in the decoder but for its last, which keeps the image's channels.
        pools: how many of them are pooled 2×2 (preceded by bilinear upsampling): the first of as many equal parts.
        filters: channels of every convolution.
        head: widths of the encoder's dense layers; the decoder's are the same in reverse.
        gaussian: whether means and log-variances are linear in the code that the dense layers end in.
    """

    depth: int
    pools: int
    filters: int
    head: tuple[int, ...]
    gaussian: bool = False


def skeleton_coders(x_shape: Sequence[int], latents: int, width: int, *, skeleton: Skeleton) -> Coders:
    """Build encoder and decoder that mirror each other; what pooling cut off odd sides, the last convolution pads.

    As in the authors' public code, the encoder ends in a layer normalisation before its dense layers, and Mish follows
    every dense layer, that of the code among them.

    Args:
        x_shape: ``(channels, side, side)``.
        latents: values that the decoder reads.
        width: outputs of the encoder.
        skeleton: depth and width.

    Raises:
        InputError: images that are not square, or too small to be pooled so often.
    """
    channels, _, low = _sides(x_shape, skeleton.pools)
    decoder = nn.Sequential(
        *_dense((latents, *reversed(skeleton.head), skeleton.filters * low**2)),
        nn.Unflatten(1, (skeleton.filters, low, low)),
        *_up(channels, x_shape[1], skeleton),
    )
    return _init_weights(Coders(_encoder(channels, low, width, skeleton), decoder))


def structural_coders(x_shape: Sequence[int], latents: int, width: int, *, skeleton: Skeleton, unit: int = 1) -> Coders:
    """Build the same encoder, and a decoder whose first layers let latents in one by one, or several at each (SA 2.1).

    The decoder starts from a constant that the dense layers make of ones, as in the authors' public code: they count
    in table 4, and could as well be one learned constant. Of causes of several values each layer reads the first, as
    the counts of table 4 say; the others only reach later causes. (The authors' layers read the first so many values
    of all, which belong to the first causes.)

    Args:
        x_shape: ``(channels, side, side)``.
        latents: values of all variables.
        width: outputs of the encoder.
        skeleton: depth and width.
        unit: values in a variable.

    Raises:
        InputError: as ``skeleton_coders``; more variables than layers that no number of layers can share evenly.
    """
    channels, side, low = _sides(x_shape, skeleton.pools)
    variables, depth = latents // unit, skeleton.depth
    # As many layers as the depth allows, each with as many variables.
    layers = next(k for k in range(min(variables, depth), 0, -1) if variables % k == 0)
    if layers == 1 < variables:
        raise InputError(
            f"{variables} latents cannot be shared evenly by up to {depth} structural layers; "
            f"choose {depth} or fewer, or a number with a divisor up to {depth}"
        )
    root = (skeleton.filters, low, low)
    start = nn.Sequential(*_dense((latents, *reversed(skeleton.head), skeleton.filters * low**2)))
    body = StructuralDecoder(
        root,
        _up(channels, side, skeleton),
        [skeleton.filters] * layers,
        variables,
        hidden=[variables // layers * size for size in STR_TFM],
        start=start,
    )
    decoder = body if unit == 1 else FirstValues(unit, body)
    coders = _init_weights(Coders(_encoder(channels, low, width, skeleton), decoder))
    body.start_at_identity()
    return coders


@final
class FirstValues(nn.Module):
    """Passes on the first value of every variable.

    Args:
        unit: values in a variable.
        network: what reads the first ones.
    """

    def __init__(self, unit: int, network: nn.Module):
        super().__init__()
        self.unit, self.network = unit, network

    def forward(self, z: Tensor) -> Tensor:
        """Return the network's output for values ``(n, variables · unit)``."""
        out: Tensor = self.network(z[:, :: self.unit])
        return out


def _encoder(channels: int, low: int, width: int, skeleton: Skeleton) -> nn.Sequential:
    layers = list[nn.Module]()
    for i in range(skeleton.depth):
        pool = [nn.MaxPool2d(2)] if i in _pool_places(skeleton) else []
        layers += _block(skeleton.filters if i else channels, skeleton.filters, between=pool)
    places = skeleton.filters * low**2
    code = width // 2 if skeleton.gaussian else width
    dense = _dense((places, *skeleton.head, code)) + ([nn.Linear(code, width)] if skeleton.gaussian else [])
    return nn.Sequential(*layers, nn.Flatten(), nn.LayerNorm(places), *dense)


def _up(channels: int, side: int, skeleton: Skeleton) -> list[nn.Module]:
    """Layers of the decoder: blocks, upsampling before some, and one more block that pads to the image's side."""
    stages, width = list[nn.Module](), skeleton.filters
    for i in range(skeleton.depth):
        if i in _pool_places(skeleton):
            stages.append(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
        stages.append(nn.Sequential(*_block(width, channels if i == skeleton.depth - 1 else width)))
    # An odd remainder takes an even kernel, as every pixel of padding counts twice.
    missing = side % 2**skeleton.pools
    kernel, padding = (2, (missing + 1) // 2) if missing % 2 else (3, (missing + 2) // 2)
    return [*stages, nn.Sequential(*_block(channels, channels, kernel=kernel, padding=padding))]


def _block(
    channels_in: int, channels_out: int, *, kernel: int = 3, padding: int = 1, between: Sequence[nn.Module] = ()
) -> list[nn.Module]:
    """Convolution, Mish, batch normalisation (IC figure 10), with something after the convolution."""
    convolution = nn.Conv2d(channels_in, channels_out, kernel, padding=padding)
    return [convolution, *between, nn.Mish(), nn.BatchNorm2d(channels_out)]


def _dense(sizes: Sequence[int]) -> list[nn.Module]:
    """Linear layers with Mish behind each, the last among them."""
    return [*mlp(sizes, "mish"), nn.Mish()]


def _pool_places(skeleton: Skeleton) -> set[int]:
    """Which convolutions are pooled: the first of each of as many equal parts as there are poolings."""
    return {k * (skeleton.depth // skeleton.pools) for k in range(skeleton.pools)}


def _sides(x_shape: Sequence[int], pools: int) -> tuple[int, int, int]:
    """Channels, side of the image, and side after all poolings."""
    channels, side = square(x_shape)
    low = side // 2**pools
    if low < 1:
        raise InputError(f"images of side {side} cannot be pooled {pools} times; resize them to {2**pools} or more")
    return channels, side, low


def _init_weights(coders: Coders) -> Coders:
    """Glorot & Bengio's initialisation of everything but the normalisations (IC A.3)."""
    return init_layers(coders, nn.init.xavier_uniform_)
