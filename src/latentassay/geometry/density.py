"""Geodesics where codes are dense: a length counts for more where data are rare."""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import Array, as_float_tensor, in_kind_of, like
from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.geometry.curves import BATCH, CONTROLS, ITERATIONS, Geodesics, Pieces, Search, find_geodesics
from latentassay.geometry.decoders import latent_pairs

FLOOR = 0.01
"""A place without codes costs at most 1/FLOOR."""

MOST = 2000
"""At most so many codes are looked at."""


class Density:
    """How dense codes are, by Gaussian kernels, and what a step costs there.

    A step costs ``1/((p(z)/p₀)^{1/d} + 0.01)`` times its length, where p is the kernel density with Scott's bandwidth
    ``sd · n^{−1/(d+4)}`` in every latent and p₀ its geometric mean over the codes. The distance between neighbours
    grows as ``p^{−1/d}``, so a curve is measured in neighbours; it costs at most a hundred times its length.

    Args:
        codes: latents of data ``(n, *latent_shape)``; 2000 evenly spread rows are looked at where there are more.

    Raises:
        InputError: no floating-point numbers, fewer than two codes, NaN or infinite values, or codes all equal.

    Source: Bijral, Ratliff & Srebro, Semi-supervised learning with density based distances, 2011.
    """

    def __init__(self, codes: Any):
        latents = as_float_tensor(codes, "codes").detach()
        if latents.ndim < 2 or len(latents) < 2 or not latents.numel():
            raise InputError(
                f"codes must be latents of data (n, *latent_shape), at least 2, got {tuple(latents.shape)}"
            )
        flat = finite(latents, "codes").flatten(1).double()
        flat = flat[torch.linspace(0, len(flat) - 1, min(len(flat), MOST)).long()]
        spread = flat.std(0)
        if not float(spread.max()) > 0:
            raise InputError("all codes are equal, so they have no density; pass codes of different data")
        self.latent_shape, self.n = tuple(latents.shape[1:]), len(flat)
        # A unit that does not vary would have kernels without width; a thousandth of the widest is width enough.
        width = spread.clamp(min=1e-3 * float(spread.max())) * len(flat) ** (-1 / (flat.shape[1] + 4))
        self._width, self._codes = width, flat / width
        self._usual = self._log_density(flat).mean()

    def _log_density(self, z: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
        at = z / self._width
        squares = at.square().sum(1)[:, None] + self._codes.square().sum(1) - 2 * at @ self._codes.T
        return torch.logsumexp(-0.5 * squares, 1)

    def cost(self, z: Array) -> Float[Array, " n"]:
        """Return what a step costs at latents ``(n, *latent_shape)``, in steps at a place of usual density."""
        flat = as_float_tensor(z, "z").flatten(1).to(self._codes)
        cost: Tensor = 1 / (((self._log_density(flat) - self._usual) / flat.shape[1]).exp() + FLOOR)
        return like(cost, z)

    def pieces(self) -> Pieces:
        """Return the function that measures every piece of curves: the square of cost in its middle × length."""

        def measure(curves: Tensor) -> Tensor:
            middle = 0.5 * (curves[:, 1:] + curves[:, :-1])
            cost = self.cost(middle.flatten(0, 1)).view(middle.shape[:2])
            return (curves[:, 1:] - curves[:, :-1]).flatten(2).square().sum(2) * cost.to(curves).square()

        return measure


def density_of(codes: Any, latent_shape: tuple[int, ...]) -> Density:
    """Return the density of codes that are latents of this shape."""
    density = Density(codes)
    if density.latent_shape != latent_shape:
        raise InputError(f"codes are latents {density.latent_shape}, a and b are {latent_shape}")
    return density


def density_geodesic(
    codes: Any,
    a: Array,
    b: Array,
    *,
    steps: int = 20,
    controls: int = CONTROLS,
    iterations: int = ITERATIONS,
    batch_size: int = BATCH,
) -> Geodesics:
    """Find the curve from every a to its b that keeps to where codes are dense, downhill from the straight line.

    Args:
        codes: latents of data ``(m, *latent_shape)``, a tensor or an array.
        a: latents ``(n, *latent_shape)``, a tensor or an array; the result has the same kind.
        b: likewise; rows are paired.
        steps: points that are returned, both ends among them, evenly spaced by cost.
        controls: inner points of the spline.
        iterations: most steps of the search.
        batch_size: latents looked at at once.

    Raises:
        InputError: as ``Density``; shapes that differ, NaN or infinite values, or too small a number.
    """
    first, last = latent_pairs(a, b)
    density = density_of(codes, tuple(first.shape[1:]))
    search = Search(steps=steps, controls=controls, iterations=iterations, batch_size=batch_size)
    metric = f"density of {density.n} codes, Gaussian kernels, Scott's bandwidth"
    return in_kind_of(find_geodesics(first, last, density.pieces(), metric, search), a, b)
