"""Structural decoders: latents enter one after another, each through a layer of its own (SA 2.1)."""

from collections.abc import Sequence
from typing import final

import torch
from torch import Tensor, nn

from latentassay.errors import InputError
from latentassay.nn.blocks import mlp


@final
class StrTfm(nn.Module):
    """Structural transform: ``α(u) ⊙ features + β(u)``, the same for every pixel.

    An MLP (64, 128) reads log α and β off a segment u of the latent. Its last layer starts at 0, so that α = 1 and
    β = 0: at first nothing depends on u, and what is let in has to be learned.

    Args:
        values: length of the segment.
        channels: of the features.
        hidden: widths of the MLP (SPEC 5.1: 64 and 128).

    >>> StrTfm(1, 8)(torch.ones(2, 8, 4, 4), torch.randn(2, 1)).unique()
    tensor([1.], grad_fn=<Unique2Backward0>)
    """

    def __init__(self, values: int, channels: int, *, hidden: Sequence[int] = (64, 128)):
        super().__init__()
        self.net = nn.Sequential(*mlp((values, *hidden, 2 * channels), "mish"))
        self.start_at_identity()

    def start_at_identity(self) -> None:
        """Set the last layer to 0, whatever initialised it."""
        last = self.net[-1]
        for parameter in last.parameters():
            nn.init.zeros_(parameter)

    def forward(self, features: Tensor, u: Tensor) -> Tensor:
        """Transform features ``(n, channels, *places)`` by segments ``(n, values)``."""
        log_scale, shift = self.net(u).view(len(u), 2, -1, *[1] * (features.ndim - 2)).unbind(1)
        out: Tensor = features * log_scale.exp() + shift
        return out


@final
class StructuralDecoder(nn.Module):
    """A learned constant that passes through stages, each preceded by one segment of the latent.

    Args:
        root: shape of the constant, ``(channels, *places)``.
        stages: networks from the constant to the output; the first ``len(channels)`` are each preceded by a ``StrTfm``.
        channels: channels of the features before each of those stages.
        latents: number of latents, split evenly into segments in order.
        hidden: widths inside every ``StrTfm``.

    Raises:
        InputError: the latents cannot be split evenly.
    """

    def __init__(
        self,
        root: Sequence[int],
        stages: Sequence[nn.Module],
        channels: Sequence[int],
        latents: int,
        *,
        hidden: Sequence[int] = (64, 128),
    ):
        super().__init__()
        if latents % len(channels):
            raise InputError(f"{latents} latents cannot be split evenly among {len(channels)} structural layers; "
                             f"choose a multiple of {len(channels)}")  # fmt: skip
        self.segment = latents // len(channels)
        self.root = nn.Parameter(torch.randn(1, *root))
        self.transforms = nn.ModuleList(StrTfm(self.segment, count, hidden=hidden) for count in channels)
        self.stages = nn.ModuleList(stages)
        self.start_at_identity()

    def start_at_identity(self) -> None:
        """Let nothing depend on the latents; call it after any other initialisation."""
        for transform in self.transforms:
            transform.start_at_identity()  # type: ignore[operator]  # torch's stubs do not know what a list holds

    def forward(self, z: Tensor) -> Tensor:
        """Decode latents ``(n, latents)``."""
        segments = torch.split(z, self.segment, 1)
        features = self.root.expand(len(z), *self.root.shape[1:])
        for i, stage in enumerate(self.stages):
            if i < len(self.transforms):
                features = self.transforms[i](features, segments[i])
            features = stage(features)
        return features
