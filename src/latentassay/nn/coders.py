"""Pairs of encoder and decoder networks for one kind of input each."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from latentassay.core.errors import InputError
from latentassay.nn.blocks import ACTIVATIONS, double_size, mlp, pooled_conv, upsampled_conv


class Coders(NamedTuple):
    """The two networks of an autoencoder."""

    encoder: nn.Module
    """Observations ``(n, *x_shape)`` to outputs ``(n, width)`` that a head reads."""

    decoder: nn.Module
    """Latents ``(n, d)`` to the likelihood's parameters ``(n, *x_shape)``."""


def mlp_coders(
    x_shape: Sequence[int],
    latents: int,
    width: int,
    *,
    hidden: Any = (256, 256),
    activation: Any = "elu",
    decoder_hidden: Any = None,
    decoder_activation: Any = None,
) -> Coders:
    """Fully connected networks; the decoder's hidden layers mirror the encoder's unless it is said otherwise.

    Raises:
        InputError: hidden layers are something else than positive widths, or nobody knows an activation.
    """
    inside, outside = widths("hidden", hidden), widths("decoder_hidden", decoder_hidden)
    inner = _check_activation("activation", activation)
    outer = _check_activation("decoder_activation", decoder_activation or activation)
    outside = tuple(reversed(inside)) if decoder_hidden is None else outside
    values = math.prod(x_shape)
    encoder = nn.Sequential(nn.Flatten(), *mlp((values, *inside, width), inner))
    decoder = nn.Sequential(*mlp((latents, *outside, values), outer), nn.Unflatten(1, tuple(x_shape)))
    return Coders(encoder, decoder)


def widths(name: str, hidden: Any) -> tuple[int, ...]:
    """Return layer widths.

    Raises:
        InputError: they are something else than positive integers.
    """
    sizes = () if hidden is None else hidden
    if not isinstance(sizes, Sequence) or not all(isinstance(size, int) and size > 0 for size in sizes):
        raise InputError(f"{name} must be positive layer widths such as (256, 256), got {hidden!r}")
    return tuple(sizes)


def _check_activation(name: str, activation: Any) -> str:
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise InputError(f"{name} must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    return str(activation)


def conv_coders(x_shape: Sequence[int], latents: int, width: int) -> Coders:
    """LR's network (A.4.2, Fig. 7–9): 64 channels halved down to 2×2, two layers of 256 units each side.

    64×64 images take five blocks and 32×32 four, as in the paper: about 519 k parameters for 64×64×3 and 24 latents.

    Raises:
        InputError: images that are not square with a side of 8, 16, 32, 64, 128 …
    """
    channels, side = square(x_shape)
    blocks = side.bit_length() - 2
    if side < 8 or side != 2 ** (blocks + 1):
        raise InputError(
            f"conv needs images of side 8, 16, 32, 64, 128 or 256, got {tuple(x_shape)}; "
            "resize them, or use conv-small or mlp"
        )
    encoder = nn.Sequential(
        pooled_conv(channels, 64, kernel=5),
        *(pooled_conv(64, 64) for _ in range(blocks - 1)),
        nn.Flatten(),
        *mlp((256, 256, 256, width)),
    )
    decoder = nn.Sequential(
        *mlp((latents, 256, 256)),
        nn.ELU(),
        nn.Unflatten(1, (64, 2, 2)),
        *(upsampled_conv(64, 64) for _ in range(blocks - 1)),
        double_size(),
        nn.Conv2d(64, channels, 3, padding=1),
    )
    return Coders(encoder, decoder)


def small_conv_coders(x_shape: Sequence[int], latents: int, width: int) -> Coders:
    """A quick strided network: 4×4 convolutions of stride 2 (16, then 32 channels) down to a side of 4 to 7.

    No normalisation and one layer of 128 units each side, so that a laptop trains thousands of 32×32 images a second.

    Raises:
        InputError: images that are not square with a side of 4, 5, 6 or 7 times a power of two.
    """
    channels, side = square(x_shape)
    filters, end = [channels], side
    while end > 7 and end % 2 == 0:
        filters, end = [*filters, 16 if len(filters) == 1 else 32], end // 2
    if not 4 <= end <= 7 or len(filters) < 2:
        raise InputError(
            f"conv-small needs images of side 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, "
            f"112 or 128, got {tuple(x_shape)}; resize them, or use mlp"
        )
    inner = filters[-1] * end * end
    down = [(nn.Conv2d(a, b, 4, 2, 1), nn.ELU()) for a, b in pairwise(filters)]
    up = [(nn.ELU(), nn.ConvTranspose2d(b, a, 4, 2, 1)) for a, b in pairwise(filters)]
    encoder = nn.Sequential(*(layer for pair in down for layer in pair), nn.Flatten(), *mlp((inner, 128, width)))
    decoder = nn.Sequential(
        *mlp((latents, 128, inner)),
        nn.Unflatten(1, (filters[-1], end, end)),
        *(layer for pair in reversed(up) for layer in pair),
    )
    return to_channels_last(Coders(encoder, decoder))


def to_channels_last(coders: Coders) -> Coders:
    """Lay the weights of convolutions out channels last; their outputs follow, a third faster on CPUs."""
    for network in coders:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # unknown to torch's stubs
    return coders


def init_layers(coders: Coders, init: Callable[[Tensor], Any]) -> Coders:
    """Let the weights of all convolutions and linear layers begin by ``init``, and their biases at 0.

    Convolutions are laid out channels last. Normalisations stay as they are.
    """
    for network in to_channels_last(coders):
        for module in network.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                init(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
    return coders


def square(x_shape: Sequence[int]) -> tuple[int, int]:
    """Return channels and side of square images.

    Raises:
        InputError: the shape is another.
    """
    if len(x_shape) != 3 or x_shape[1] != x_shape[2]:
        raise InputError(
            f"convolutional models need square images (channels, side, side), got {tuple(x_shape)}; "
            "crop or pad them, or use an mlp model"
        )
    return x_shape[0], x_shape[1]
