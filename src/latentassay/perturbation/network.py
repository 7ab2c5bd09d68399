"""The manipulation network m(w): from generating factors through one neuron to a picture of changes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Literal, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from latentassay.core.arrays import Array, as_float_tensor, like
from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.core.randomness import seeded
from latentassay.nn.blocks import mlp
from latentassay.nn.coders import conv_coders, mlp_coders, small_conv_coders, square

Kind = Literal["conv-64", "conv", "conv-small", "mlp"]
KINDS: tuple[Kind, ...] = ("conv-64", "conv", "conv-small", "mlp")
"""What ``Manipulation`` may be made of."""

HIDDEN = 256
"""Width of the layer before the neuron."""


@final
class Manipulation(nn.Module):
    """Maps generating factors through a single number to changes of every value, between −1 and 1.

    ``m(w) = tanh(decoder(s(w)))`` with one number s(w) for each combination of factors, so ``‖m(w)‖∞ ≤ 1``.
    The decoder is one that autoencoders here use; what leads to it is narrowed to a single neuron:
    factors → 256 → 1 → decoder. The text says only that the input MLP "was extended by a single neuron hidden layer"
    and that ``‖m‖∞ ≤ 1``: the layer of 256 before the neuron, nothing bent at it, and tanh are choices made here.

    Args:
        factors: number of factors m.
        x_shape: shape of one observation.
        kind: ``"conv-64"``, the decoder of the Disentanglement Library for sides of 64, which the text used;
            ``"conv"``, ``"conv-small"`` or ``"mlp"``, those of ``models.build``.
        seed: fixes the initial weights; the global random state is neither used nor changed.

    Raises:
        InputError: an unknown kind, or a shape that it does not take.

    Source: "VAEs and principal components", 4.2.4, 4.3.1 and figure 4.2.

    >>> Manipulation(5, (1, 16, 16), "conv-small", seed=0)(torch.zeros(2, 5)).shape
    torch.Size([2, 1, 16, 16])
    """

    def __init__(self, factors: int, x_shape: Sequence[int], kind: str, *, seed: int):
        super().__init__()
        with seeded(seed):
            self.narrow = nn.Sequential(*mlp((factors, HIDDEN, 1), "relu"))
            self.wide = _decoder(tuple(x_shape), kind)

    def forward(self, w: Float[Tensor, "n m"]) -> Float[Tensor, "n *x_shape"]:
        """Return changes in [−1, 1], ``(n, *x_shape)``, for scaled factors ``(n, m)``."""
        changes: Tensor = self.wide(self.narrow(w)).tanh()
        return changes


def choose_kind(x_shape: Sequence[int]) -> Kind:
    """Return the kind that suits a shape: small convolutions where they take it, else fully connected layers.

    >>> choose_kind((1, 32, 32)), choose_kind((3,))
    ('conv-small', 'mlp')
    """
    try:
        with seeded(0):  # weights are drawn, and dropped
            small_conv_coders(x_shape, 1, 1)
    except InputError:
        return "mlp"
    return "conv-small"


def scale_factors(factors: Any, sizes: Sequence[int]) -> Float[Tensor, "n m"]:
    """Return integer codes as numbers from −1 to 1, ``w_j = 2 c_j / (size_j − 1) − 1``; 0 for a factor of one value.

    >>> scale_factors(np.array([[0, 0], [2, 0]]), (3, 1))
    tensor([[-1.,  0.],
            [ 1.,  0.]])
    """
    codes, last = torch.as_tensor(np.asarray(factors)).double(), torch.tensor(list(sizes)).double() - 1
    return torch.where(last > 0, 2 * codes / last.clamp(min=1) - 1, 0.0).float()


def reflect(x: Array) -> Array:
    """Fold values from (−1, 2) back into [0, 1] at its ends: ``x − 2 ReLU(x − 1) + 2 ReLU(−x)``.

    Takes a tensor or a numpy array and returns the same kind.

    A value in [0, 1] that was moved by d is after it no further than d from where it was. (In print the ReLUs have the
    unchanged x in them, which would do nothing; its changed value is meant.)

    Source: "VAEs and principal components", 4.3.1.

    >>> reflect(torch.tensor([-0.25, 0.5, 1.25]))
    tensor([0.2500, 0.5000, 0.7500])
    """
    return like(fold(finite(as_float_tensor(x, "x"), "x")), x)


def fold(values: Tensor) -> Tensor:
    """Return the same of a tensor that nobody looked at: a training checks its losses instead."""
    return values - 2 * F.relu(values - 1) + 2 * F.relu(-values)


def _decoder(x_shape: tuple[int, ...], kind: str) -> nn.Module:
    if kind == "conv-64":
        return _locatello(x_shape)
    makers: dict[str, Any] = {"conv": conv_coders, "conv-small": small_conv_coders, "mlp": mlp_coders}
    if kind not in makers:
        raise InputError(f"network must be one of {', '.join(KINDS)} or 'auto', got {kind!r}")
    decoder: nn.Module = makers[kind](x_shape, 1, 1).decoder
    return decoder


def _locatello(x_shape: tuple[int, ...]) -> nn.Module:
    channels, side = square(x_shape)
    if side != 64:
        raise InputError(f"network 'conv-64' needs images of side 64, got {x_shape}; take 'auto' or 'mlp'")
    widths = (64, 64, 32, 32, channels)
    up = [layer for a, b in pairwise(widths) for layer in (nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1))]
    return nn.Sequential(*mlp((1, HIDDEN, 1024), "relu"), nn.Unflatten(1, (64, 4, 4)), *up)
