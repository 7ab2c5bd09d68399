"""The smallest pieces of networks, each a plain ``nn.Module``."""

from collections.abc import Sequence
from itertools import pairwise

from torch import nn

ACTIVATIONS: dict[str, type[nn.Module]] = {
    "elu": nn.ELU,
    "mish": nn.Mish,
    "relu": nn.ReLU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}
"""Nonlinearities by name."""


def mlp(sizes: Sequence[int], activation: str = "elu") -> list[nn.Module]:
    """Return linear layers of the given widths with ``ACTIVATIONS[activation]`` between them, none after the last.

    >>> [type(layer).__name__ for layer in mlp((3, 8, 2))]
    ['Linear', 'ELU', 'Linear']
    """
    between = ACTIVATIONS[activation]
    layers: list[tuple[nn.Module, ...]] = [(nn.Linear(a, b), between()) for a, b in pairwise(sizes)]
    return [module for pair in layers for module in pair][:-1]


def pooled_conv(channels_in: int, channels_out: int, kernel: int = 3) -> nn.Sequential:
    """Convolution, 2×2 max-pooling, group normalisation (8 groups), ELU: halves height and width (LR Fig. 7)."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2),
        nn.MaxPool2d(2),
        nn.GroupNorm(8, channels_out),
        nn.ELU(),
    )


def upsampled_conv(channels_in: int, channels_out: int) -> nn.Sequential:
    """Bilinear upsampling, 3×3 convolution, group normalisation (8 groups), ELU: doubles height and width."""
    return nn.Sequential(
        double_size(), nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.GroupNorm(8, channels_out), nn.ELU()
    )


def double_size() -> nn.Upsample:
    """Bilinear upsampling to twice the height and width."""
    return nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False)
