"""Discriminators: of pairs that are real and share what pairs of their kind share, and of codes that are whole."""

import math
from collections.abc import Sequence
from itertools import chain, pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrizations import spectral_norm

SLOPE = 0.2
"""Of leaky ReLUs below 0."""


class PairDiscriminator(nn.Module):
    """Tells pairs of real observations that share what their kind S says from others.

    One logit for every pair: ``a (u(h) + ⟨h, w_S⟩)``, h computed from both and w_S of length 1 for every kind S.

    Each observation passes the same body: for pictures with even sides 4×4 convolutions of stride 2 (64, 64, 128 and
    128 channels) down to a side of 4 or one that is odd, for others none; then one dense layer of ``width``. Both
    together pass two more. Every layer but w is held to a spectral norm of 1.

    Args:
        x_shape: shape of one observation.
        kinds: number of kinds of pairs.
        width: of the dense layers; 256 in the source.
        sharpness: a, 1 in the source.

    Source: Shu et al. 2020, the discriminator of the authors' code for match pairing.

    >>> PairDiscriminator((1, 8, 8), 3)(torch.rand(5, 3, 2, 1, 8, 8)).shape
    torch.Size([5, 3])
    """

    def __init__(self, x_shape: Sequence[int], kinds: int, width: int = 256, sharpness: float | int = 1.0):
        super().__init__()
        self.sharpness = sharpness
        layers, values = _pictures(x_shape)
        self.body = nn.Sequential(*layers, nn.Flatten(), *_dense(values, width))
        self.neck = nn.Sequential(*_dense(2 * width, width), *_dense(width, width))
        self.head = spectral_norm(nn.Linear(width, 1, bias=False))
        self.kinds = nn.Parameter(torch.randn(kinds, width))  # of length 1 when used, not held to a spectral norm

    def forward(self, x: Float[Tensor, "n s 2 *x_shape"]) -> Float[Tensor, "n s"]:
        """Return the logits of pairs, those of kind S at place S."""
        each = self.body(x.flatten(0, 2)).unflatten(0, x.shape[:3])
        both = self.neck(each.flatten(0, 1).flatten(1)).unflatten(0, x.shape[:2])
        logits: Tensor = self.head(both)[..., 0] + (both * normalize(self.kinds, dim=1)).sum(-1)
        return self.sharpness * logits


def _pictures(x_shape: Sequence[int]) -> tuple[list[nn.Module], int]:
    """Convolutions that halve a picture while they can, and the number of values they leave."""
    if len(x_shape) != 3:
        return [], math.prod(x_shape)
    (channels, height, width), layers = x_shape, []
    for wide in (64, 64, 128, 128):
        if min(height, width) <= 4 or height % 2 or width % 2:
            break
        layers += [spectral_norm(nn.Conv2d(channels, wide, 4, 2, 1)), nn.LeakyReLU(SLOPE)]
        channels, height, width = wide, height // 2, width // 2
    return layers, channels * height * width


def _dense(width_in: int, width_out: int) -> list[nn.Module]:
    return [spectral_norm(nn.Linear(width_in, width_out)), nn.LeakyReLU(SLOPE)]


class CodeDiscriminator(nn.Module):
    """Tells codes from codes whose latents were permuted: dense layers of one ``width`` with leaky ReLUs between.

    Args:
        latents: length of a code.
        width: of the hidden layers; 1000 in the source.
        layers: how many of them; 6 in the source.

    Source: Kim & Mnih 2018, appendix A, whose two logits are one here, their difference.

    >>> CodeDiscriminator(3, width=8)(torch.randn(5, 3)).shape
    torch.Size([5])
    """

    def __init__(self, latents: int, width: int = 1000, layers: int = 6):
        super().__init__()
        widths = [latents, *[width] * layers]
        hidden = [(nn.Linear(*ends), nn.LeakyReLU(SLOPE)) for ends in pairwise(widths)]
        self.net = nn.Sequential(*chain.from_iterable(hidden), nn.Linear(widths[-1], 1))

    def forward(self, codes: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        """Return the logits of codes."""
        logits: Tensor = self.net(codes)[:, 0]
        return logits
