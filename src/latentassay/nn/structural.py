"""Structural decoders: latents enter one after another, each through a layer of its own (SA 2.1)."""

from collections.abc import Callable, Sequence
from typing import final

import torch
from torch import Tensor, nn

from latentassay.core.errors import InputError
from latentassay.nn.blocks import mlp

INSIDE = (32, 32, 32)
"""Widths inside a Str-Tfm layer: SAE-12 has 1,196,623 parameters with these, of the text's 1 to 1.2 million."""


@final
class StrTfm(nn.Module):
    """Structural transform: ``α(u) ⊙ features + β(u)``, the same for every pixel.

    An MLP with three hidden layers reads log α and β off a segment u of the latent. Its last layer starts at 0, so
    that α = 1 and β = 0: at first nothing depends on u, and what is let in has to be learned.

    Args:
        values: length of the segment.
        channels: of the features.
        hidden: widths of the MLP; the text says how many, and its counts of parameters fit 32 each (SA A.2).

    >>> StrTfm(1, 8)(torch.ones(2, 8, 4, 4), torch.randn(2, 1)).unique()
    tensor([1.], grad_fn=<Unique2Backward0>)
    """

    def __init__(self, values: int, channels: int, *, hidden: Sequence[int] = INSIDE):
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


def segments(latents: int, variables: int) -> tuple[tuple[int, ...], ...]:
    """Return which latents each variable has: as many for all, in order.

    Raises:
        InputError: there is no such split.

    >>> segments(6, 3)
    ((0, 1), (2, 3), (4, 5))
    """
    values = latents // variables
    if latents % variables:
        near = [variables * k for k in (values, values + 1) if k]
        raise InputError(
            f"{latents} latents cannot be split evenly among {variables} structural layers; choose a "
            f"multiple of {variables}, such as {' or '.join(map(str, near))}"
        )
    return tuple(tuple(range(i * values, (i + 1) * values)) for i in range(variables))


@final
class StructuralDecoder(nn.Module):
    """A learned constant that passes through stages, some of which are preceded by one segment of the latent.

    Args:
        root: shape of the constant, ``(channels, *places)``.
        stages: networks from the constant to the output.
        channels: channels of the features before each of the stages that a layer precedes.
        latents: number of latents, split evenly into segments in order.
        hidden: widths inside every layer.
        places: which stages these are; the first ones if left out.
        whole: every layer reads all latents, as adaptive normalisation does, instead of a segment (SA's AdaAE).
        layer: what lets latents in, ``(values, channels, hidden=…) → module(features, u)``.
        start: network that makes the constant of ones, instead of one that is learned itself.

    Attributes:
        variables: the latents of each segment, or each on its own where every layer reads all.

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
        hidden: Sequence[int] = INSIDE,
        places: Sequence[int] | None = None,
        whole: bool = False,
        layer: Callable[..., nn.Module] = StrTfm,
        start: nn.Sequential | None = None,
    ):
        super().__init__()
        self.variables = segments(latents, latents if whole else len(channels))
        self.segments = [(0, latents)] * len(channels) if whole else [(g[0], g[-1] + 1) for g in self.variables]
        self.places = tuple(range(len(channels))) if places is None else tuple(places)
        self.start, self._shape = start, tuple(root)
        # Not 0, or all places would stay alike.
        self.root = nn.Parameter(torch.randn(1, *root)) if start is None else None
        self.transforms = nn.ModuleList(
            layer(end - start, count, hidden=hidden)
            for (start, end), count in zip(self.segments, channels, strict=True)
        )
        self.stages = nn.ModuleList(stages)

    def start_at_identity(self) -> None:
        """Let nothing depend on the latents; call it after any other initialisation."""
        for transform in self.transforms:
            transform.start_at_identity()  # type: ignore[operator]  # torch's stubs do not know what a list holds

    def forward(self, z: Tensor) -> Tensor:
        """Decode latents ``(n, latents)``."""
        features = self._constant(z).expand(len(z), *self._shape)
        for i, stage in enumerate(self.stages):
            if i in self.places:
                which = self.places.index(i)
                start, end = self.segments[which]
                features = self.transforms[which](features, z[:, start:end])
            features = stage(features)
        return features

    def _constant(self, z: Tensor) -> Tensor:
        if self.root is not None:
            return self.root
        start = self.start
        ones = z.new_ones(1, start[0].in_features)  # type: ignore[index,arg-type]  # there is one without a root
        made: Tensor = start(ones)  # type: ignore[misc]
        return made.view(1, *self._shape)
