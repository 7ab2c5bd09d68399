"""Interventions along principal directions of the codes, for latents none of whose units answers alone."""

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, device_and_dtype, modules_of
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch, encode_means
from latentassay.core.posteriors import Point, Posterior
from latentassay.responses import causal_units, response_matrix

MOST = 32
"""Directions that are asked about, the widest."""

NARROW = 1e-6
"""Directions in which codes spread less than this share of the widest hold rounding."""


ROWS = 64
"""Codes on which a direction is asked about, at least, if there are as many."""

PRECISE = 0.1
"""A response is certain enough to say whether it comes back if its interval is no wider than this share of it."""


@final
@dataclass(frozen=True)
class Rotated:
    """An autoencoder whose latents are coordinates along principal directions of its codes; no prior holds for them.

    Attributes:
        model: whose latents are turned.
        mean: of the codes, flat.
        directions: orthonormal, ``(k, d)``; what lies beside them stays at the mean.
    """

    model: Autoencoder
    mean: Float[Tensor, " d"]
    directions: Float[Tensor, "k d"]
    prior: None = None

    @property
    def latent_shape(self) -> tuple[int, ...]:
        """As many numbers as directions."""
        return (len(self.directions),)

    @property
    def torch_modules(self) -> tuple[torch.nn.Module, ...]:
        """The modules of the model itself."""
        return modules_of(self.model)

    def encode(self, x: Tensor) -> Posterior:
        """Return the coordinates of posterior means."""
        flat = encode_means(self.model, x).mean.flatten(1)
        return Point((flat - self.mean.to(flat)) @ self.directions.to(flat).T)

    def decode(self, z: Tensor) -> Tensor:
        """Decode the latent that has these coordinates."""
        flat = z @ self.directions.to(z) + self.mean.to(z)
        return decode_batch(self.model, flat.view(len(z), *self.model.latent_shape))


def answering_directions(
    model: Autoencoder, means: Tensor, *, passes: int, generator: Generator, batch_size: int
) -> Estimate | None:
    """Count the principal directions of the codes that answer when they are changed alone.

    Args:
        model: any autoencoder.
        means: posterior means of real rows ``(n, *latent_shape)``.
        passes: how many may be spent; where they are few, fewer directions are asked about.
        generator: of the interventions.
        batch_size: rows per pass.

    Returns:
        How many of the widest directions, 32 at most, come back by LR's cut, its interval as that of alive units;
        ``None`` where codes do not vary, or where there is no time for two.
    """
    flat = means.flatten(1).to(device_and_dtype(model).dtype).double()
    centre = flat.mean(0)
    _, spread, directions = torch.linalg.svd(flat - centre, full_matrices=False)
    kept = spread > NARROW**0.5 * spread[0]
    if not bool(kept.any()) or float(spread[0]) == 0:
        return None
    affordable = min(MOST, passes // ROWS - 1)
    if affordable < 2:
        return None
    axes = directions[kept][:affordable]
    rotated = Rotated(model, centre, axes)
    z = ((flat - centre) @ axes.T)[: passes // (len(axes) + 1)].to(means.dtype)
    matrix = response_matrix(rotated, z, generator=generator, precision=PRECISE, batch_size=batch_size)
    return causal_units(matrix).dimension
