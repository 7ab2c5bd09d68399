"""What noise in the latents costs in the decoding at best, along the axes as they are and along better ones."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.errors import InputError
from latentassay.core.observations import finite


class NoiseFloor(NamedTuple):
    """Least expected ``‖J ε‖²`` under a budget of precision, at every point; multiply by ``e^{−2C/d}``.

    Arrays are tensors in double precision, or numpy if the Jacobians were.

    Attributes:
        along_axes: ``d (Π_j ‖J_j‖²)^{1/d}``, ``(n,)``: noise is drawn along the axes, as diagonal posteriors do.
        along_best: ``d (Π_j s_j²)^{1/d}`` with the singular values s, ``(n,)``: what the best rotation would cost.
        waste: their ratio, ``(n,)``; 1 where the columns are at right angles.
        precision: ``log σ_j²`` at the best, up to a constant that the budget fixes: ``−log ‖J_j‖²``, mean 0 over units.
    """

    along_axes: Float[Tensor, " n"]
    along_best: Float[Tensor, " n"]
    waste: Float[Tensor, " n"]
    precision: Float[Tensor, "n d"]


def noise_floor(jacobians: Any) -> NoiseFloor:
    """Return the least of ``E ‖J ε‖² = Σ_j ‖J_j‖² σ_j²`` over all σ with ``Σ_j log σ_j = −C``.

    By the inequality of means it is ``d (Π_j ‖J_j‖)^{2/d} e^{−2C/d}``. A rotation of the latents changes the product
    of the columns' lengths, but not the volume, so the least of all is reached where the columns are at right angles:
    the pull of VAEs towards the axes. A column of length 0 costs nothing.

    Args:
        jacobians: ``(n, values, d)``, a tensor or an array, as of ``decoder_jacobian``, with at least d values.

    Raises:
        InputError: another shape, NaN or infinite values.

    Source: "VAEs and principal components", equations 3.18 to 3.24.

    >>> m = torch.tensor([[[4.0, 1], [-3, 1], [5, -1]]])  # equation 3.20
    >>> round(float(noise_floor(m).along_axes), 1)
    24.5
    """
    array = as_float_tensor(jacobians, "jacobians").detach()
    if array.ndim != 3 or not array.numel() or array.shape[1] < array.shape[2]:
        raise InputError(f"jacobians must have shape (n, values, d) with values ≥ d, got {tuple(array.shape)}")
    j, d = finite(array, "jacobians").double(), array.shape[2]
    lengths, values = j.square().sum(1).log(), torch.linalg.svdvals(j).square().log()
    axes, best = (d * (logs.mean(1)).exp() for logs in (lengths, values))
    waste = torch.where(best > 0, axes / best, torch.inf)
    return in_kind_of(NoiseFloor(axes, best, waste, lengths.mean(1, keepdim=True) - lengths), jacobians)
