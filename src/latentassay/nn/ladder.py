"""Ladders: latents leave the encoder and enter the decoder rung by rung (Zhao et al. 2017)."""

from collections.abc import Sequence
from math import prod
from typing import Any, final

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d

from latentassay.nn.backbone import backbone, init_weights, place_layers
from latentassay.nn.blocks import mlp
from latentassay.nn.coders import Coders
from latentassay.nn.structural import INSIDE, StructuralDecoder, segments

RUNG = (136, 64, 32)
"""Widths of a rung of the encoder; three in the text, as in the decoder, where they are those of a Str-Tfm layer."""


@final
class Rung(nn.Module):
    """A rung of the decoder: ``features + MLP(u)``, the same for every pixel.

    Zhao et al. concatenate what a segment u becomes to the features. Where that is the same for every pixel, a
    convolution of both is one of the features and a bias for every channel, which is what is added here.

    Args:
        values: length of the segment.
        channels: of the features.
        hidden: widths of the MLP.

    >>> Rung(1, 8)(torch.ones(2, 8, 4, 4), torch.randn(2, 1)).shape
    torch.Size([2, 8, 4, 4])
    """

    def __init__(self, values: int, channels: int, *, hidden: Sequence[int] = INSIDE):
        super().__init__()
        self.net = nn.Sequential(*mlp((values, *hidden, channels), "mish"))

    def forward(self, features: Tensor, u: Tensor) -> Tensor:
        """Add to features ``(n, channels, *places)`` what segments ``(n, values)`` say."""
        out: Tensor = features + self.net(u).view(len(u), -1, *[1] * (features.ndim - 2))
        return out


@final
class LadderEncoder(nn.Module):
    """Blocks whose features are read at several depths: a deterministic ladder with a rung for every variable.

    The deepest features give the first variable, those of the first blocks the last one, as a structural decoder lets
    them in. The rung of the deepest reads all of them; the others average theirs over ``side × side`` places first.

    Args:
        blocks: from an observation to the features at the bottom.
        bottom: shape of those features.
        places: after how many blocks each variable is read, in the order of the variables.
        values: length of every variable.
        side: of the averaged features.
    """

    def __init__(
        self, blocks: Sequence[nn.Module], bottom: Sequence[int], places: Sequence[int], values: int, *, side: int
    ):
        super().__init__()
        self.blocks, self.places = nn.ModuleList(blocks), tuple(places)
        averaged = [1 if len(bottom) == 1 else side**2] * (len(places) - 1)
        inputs = [prod(bottom), *(bottom[0] * each for each in averaged)]
        self.rungs = nn.ModuleList(nn.Sequential(*mlp((each, *RUNG, 2 * values), "mish")) for each in inputs)
        self.side = side

    def forward(self, x: Tensor) -> Tensor:
        """Return the means of all variables, then their log-variances, ``(n, 2 · latents)``."""
        read: dict[int, Tensor] = {}
        for passed, block in enumerate(self.blocks, 1):
            x = block(x)
            if passed in self.places:
                read[passed] = x
        outputs = [
            rung(_average(read[place], self.side) if i else _flatten(read[place]))
            for i, (rung, place) in enumerate(zip(self.rungs, self.places, strict=True))
        ]
        means, logvars = zip(*(output.chunk(2, dim=1) for output in outputs), strict=True)
        return torch.cat([*means, *logvars], 1)


def _flatten(features: Tensor) -> Tensor:
    """Flatten, channels last, as convolutions keep them; otherwise every gradient that is added would be reordered."""
    return features.movedim(1, -1).flatten(1)


def _average(features: Tensor, side: int) -> Tensor:
    """Average over ``side × side`` places and flatten; vectors have no places."""
    if features.ndim == 2:
        return features
    return features.movedim(1, -1).mean((1, 2)) if side == 1 else _flatten(adaptive_avg_pool2d(features, side))


def ladder_coders(
    x_shape: Sequence[int], latents: int, width: int, *, variables: int, filters: Any = 64, depth: Any = 12
) -> Coders:
    """A variational ladder autoencoder on SA's backbone: rungs where a structural decoder has its Str-Tfm layers.

    The encoder's rungs mirror the decoder's. What the text does not say was chosen so that its counts hold: VLAEs have
    the most parameters, and SAEs roughly 5 % fewer (2 to 9 %, 4.9 % on average over the numbers of rungs). As SAE-12
    has the text's 1.2 million already, ladders have up to 1.26. Rungs but the first average their features over
    ``s × s`` places, s = ``bottom · √(4 / 3 (variables − 1))`` rounded.

    Args:
        x_shape: shape of one observation.
        latents: split evenly into variables.
        width: ``2 · latents``.
        variables: how many rungs.
        filters: channels of every convolution.
        depth: blocks each side.

    Raises:
        InputError: as ``infused_coders``.

    Source: Zhao, Song & Ermon 2017, "Learning hierarchical features from deep generative models", section 5.
    """
    body = backbone(x_shape, filters=filters, depth=depth)
    blocks, places = len(body.blocks), place_layers(variables, len(body.stages))
    values = len(segments(latents, variables)[0])
    side = round(body.bottom[-1] * (4 / 3 / max(1, variables - 1)) ** 0.5)
    encoder = LadderEncoder(body.blocks, body.bottom, [blocks - p for p in places], values, side=max(1, side))
    decoder = StructuralDecoder(
        body.bottom, body.stages, [body.bottom[0]] * variables, latents, hidden=INSIDE, places=places, layer=Rung
    )
    return init_weights(Coders(encoder, decoder))
