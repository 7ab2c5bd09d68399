"""Shortest ways where codes are dense: a length counts for more where data are rare."""

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.geometry.curves import BATCH, CONTROLS, ITERATIONS, Geodesics, Pieces, shortest
from latentassay.geometry.pullback import latent_pair

FLOOR, MOST = 0.01, 2000
"""A place without codes costs at most 1/FLOOR; at most so many codes are looked at."""


class Density:
    """How dense codes are, by Gaussian kernels, and what a step costs there.

    A step costs ``1/((p(z)/p₀)^{1/d} + 0.01)`` times its length, where p is the kernel density with Scott's bandwidth
    ``sd · n^{−1/(d+4)}`` in every latent and p₀ its geometric mean over the codes. The distance between neighbours
    grows as ``p^{−1/d}``, so a way is measured in neighbours; it costs at most a hundred times its length.

    Args:
        codes: latents of data ``(n, *latent_shape)``; 2000 evenly spread rows are looked at where there are more.

    Raises:
        InputError: no floating-point tensor, fewer than two codes, NaN or infinite values, or codes that are all equal.

    Source: Bijral, Ratliff & Srebro, Semi-supervised learning with density based distances, 2011.
    """

    def __init__(self, codes: Tensor):
        if not isinstance(codes, Tensor) or not codes.is_floating_point() or codes.ndim < 2 or len(codes) < 2:
            raise InputError("codes must be a floating-point tensor (n, *latent_shape) of at least 2 latents of data")
        flat = finite(codes.detach(), "codes").flatten(1).double()
        flat = flat[torch.linspace(0, len(flat) - 1, min(len(flat), MOST)).long()]
        spread = flat.std(0)
        if not float(spread.max()) > 0:
            raise InputError("all codes are equal, so they have no density; pass codes of different data")
        self.latent_shape, self.n = tuple(codes.shape[1:]), len(flat)
        width = spread.clamp(min=1e-3 * float(spread.max())) * len(flat) ** (-1 / (flat.shape[1] + 4))
        self._width, self._codes = width, flat / width
        self._usual = self._log(flat).mean()

    def _log(self, z: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        at = z / self._width
        squares = at.square().sum(1)[:, None] + self._codes.square().sum(1) - 2 * at @ self._codes.T
        return torch.logsumexp(-0.5 * squares, 1)

    def cost(self, z: Tensor) -> Float[Tensor, " n"]:
        """What a step costs at latents ``(n, *latent_shape)``, in steps at a place of usual density."""
        flat = z.flatten(1).to(self._codes)
        return 1 / (((self._log(flat) - self._usual) / flat.shape[1]).exp() + FLOOR)

    def pieces(self) -> Pieces:
        """Return the function that measures every piece of curves: the square of cost in its middle × length."""

        def measure(curves: Tensor) -> Tensor:
            middle = 0.5 * (curves[:, 1:] + curves[:, :-1])
            cost = self.cost(middle.flatten(0, 1)).view(middle.shape[:2])
            return (curves[:, 1:] - curves[:, :-1]).flatten(2).square().sum(2) * cost.to(curves).square()

        return measure


def density_of(codes: Tensor, latent_shape: tuple[int, ...]) -> Density:
    """Return the density of codes that are latents of this shape."""
    density = Density(codes)
    if density.latent_shape != latent_shape:
        raise InputError(f"codes are latents {density.latent_shape}, a and b are {latent_shape}")
    return density


def density_geodesic(
    codes: Tensor,
    a: Tensor,
    b: Tensor,
    *,
    steps: int = 20,
    controls: int = CONTROLS,
    iterations: int = ITERATIONS,
    batch_size: int = BATCH,
) -> Geodesics:
    """Find the way from every a to its b that keeps to where codes are dense, downhill from the straight line.

    Args:
        codes: latents of data ``(m, *latent_shape)``.
        a: latents ``(n, *latent_shape)``.
        b: likewise; rows are paired.
        steps: points that are returned, both ends among them, evenly spaced by cost.
        controls: inner points of the spline.
        iterations: most steps of the search.
        batch_size: latents looked at at once.

    Raises:
        InputError: as ``Density``; shapes that differ, NaN or infinite values, or too small a number.
    """
    a, b = latent_pair(a, b)
    density = density_of(codes, tuple(a.shape[1:]))
    ways = shortest(
        a.double(),
        b.double(),
        density.pieces(),
        f"density of {density.n} codes, Gaussian kernels, Scott's bandwidth",
        steps=steps,
        controls=controls,
        iterations=iterations,
        batch_size=batch_size,
    )
    return ways._replace(z=ways.z.to(a))
