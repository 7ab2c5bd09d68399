"""Maxout layers: several affine maps, of which each unit passes on the greatest."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from latentassay.core.errors import InputError


class Maxout(nn.Module):
    """The greatest of ``pieces`` affine maps, ``max_p (W_p x + b_p)`` (Goodfellow et al. 2013), unit by unit.

    Weights begin as Xavier's.

    >>> import torch
    >>> Maxout(3, 5)(torch.zeros(2, 3)).shape
    torch.Size([2, 5])
    """

    def __init__(self, width_in: int, width_out: int, pieces: int = 2):
        super().__init__()
        self.linear, self._shape = nn.Linear(width_in, width_out * pieces), (width_out, pieces)
        nn.init.xavier_uniform_(self.linear.weight)

    def forward(self, x: Float[Tensor, "n a"]) -> Float[Tensor, "n b"]:
        """Return the greatest of the maps, unit by unit."""
        greatest: Tensor = self.linear(x).unflatten(1, self._shape).amax(-1)
        return greatest


def maxout_extractor(x_shape: Sequence[int], latents: int, hidden: Any) -> nn.Sequential:
    """Return layers of maxout units of two pieces and a linear one without bias, as PCL's source has them.

    Raises:
        InputError: ``hidden`` holds something else than positive widths.
    """
    if not isinstance(hidden, Sequence) or not all(isinstance(size, int) and size > 0 for size in hidden):
        raise InputError(f"hidden must be positive layer widths such as (40, 40), got {hidden!r}")
    widths = (math.prod(x_shape), *hidden)
    last = nn.Linear(widths[-1], latents, bias=False)
    nn.init.xavier_uniform_(last.weight)
    return nn.Sequential(nn.Flatten(), *(Maxout(a, b) for a, b in pairwise(widths)), last)
