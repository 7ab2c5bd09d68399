"""What noise in the latents costs in the decoding at best, along the axes as they are and along better ones."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError


class NoiseFloor(NamedTuple):
    """Least expected ``‖J ε‖²`` under a budget of precision, at every point; multiply by ``e^{−2C/d}``.

    Attributes:
        along_axes: ``d (Π_j ‖J_j‖²)^{1/d}``: noise is drawn along the axes, as diagonal posteriors do.
        along_best: ``d (Π_j s_j²)^{1/d}`` with the singular values s: what the best rotation of the latents would cost.
        waste: their ratio, 1 where the columns are at right angles.
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
        jacobians: ``(n, values, d)``, as of ``decoder_jacobian``, with at least d values.

    Raises:
        InputError: another shape, NaN or infinite values.

    Source: "VAEs and principal components", equations 3.18 to 3.24.

    >>> m = torch.tensor([[[4.0, 1], [-3, 1], [5, -1]]])  # equation 3.20
    >>> round(float(noise_floor(m).along_axes), 1)
    24.5
    """
    j = jacobians
    if (
        not isinstance(j, Tensor)
        or not j.is_floating_point()
        or j.ndim != 3
        or not j.numel()
        or j.shape[1] < j.shape[2]
    ):
        shape = tuple(j.shape) if isinstance(j, Tensor) else type(j).__name__
        raise InputError(f"jacobians must be a floating-point tensor (n, values, d) with values ≥ d, got {shape}")
    if not torch.isfinite(j).all():
        raise InputError("jacobians hold NaN or infinite values; remove them")
    lengths, d = j.double().square().sum(1).log(), j.shape[2]
    values = torch.linalg.svdvals(j.double()).square().log()
    axes, best = (d * (logs.mean(1)).exp() for logs in (lengths, values))
    waste = torch.where(best > 0, axes / best, torch.inf)
    return NoiseFloor(axes, best, waste, lengths.mean(1, keepdim=True) - lengths)
