"""Curves between pairs of latents: splines that are bent until a length is least, and points evenly along them."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.guard import differentiate
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.geometry.minimise import Minimum, minimise

POINTS = 33
"""Points on which the energy of a curve is measured during the search."""

DENSE = 129
"""Points on which lengths are measured in the end: four times as many pieces."""

CONTROLS = 8
"""Inner points of a spline."""

ITERATIONS = 150
"""Most steps of the search."""

TOLERANCE = 1e-4
"""A step that gains less than this share of the energy counts as none."""

BATCH = 1024
"""Latents that are measured at once."""

Pieces = Callable[[Tensor], Tensor]
"""``curves (k, points, *latent_shape) → squared length of every piece (k, points − 1)``, differentiable."""


ByCurve = Float[Tensor, " n"]
"""A number for every curve."""


class Geodesics(NamedTuple):
    """The shortest curves that were found, beside the straight lines. Arrays are tensors, or numpy if the ends were.

    Attributes:
        z: latents ``(n, steps, *latent_shape)``, evenly spaced in the metric; both ends are a and b exactly.
        length: length in the metric, ``(n,)``, on 129 points; never more than that of the straight line, and 0 where
            both ends are equal.
        straight_length: length of the straight line, measured in the same way.
        energy: ``∫ ‖ẋ‖² dt`` of the spline over t from 0 to 1; the square of its length if its speed is constant.
        straight_energy: that of the straight line.
        iterations: steps of the search, ``(n,)``.
        variant: which metric, and how it was searched.
    """

    z: Tensor
    length: ByCurve
    straight_length: ByCurve
    energy: ByCurve
    straight_energy: ByCurve
    iterations: Tensor
    variant: str


class Search(NamedTuple):
    """How to search for geodesics: points to return, inner points of the spline, most steps, latents at once."""

    steps: int
    controls: int
    iterations: int
    batch_size: int

    def check(self) -> None:
        """Refuse numbers that are too small."""
        if self.steps < 2 or min(self[1:]) < 1:
            values = f"{self.steps}, {self.controls}, {self.iterations} and {self.batch_size}"
            raise InputError(f"needs at least 2 steps, 1 control, 1 iteration and a batch_size of 1, got {values}")


def find_geodesics(a: Tensor, b: Tensor, pieces: Pieces, metric: str, search: Search) -> Geodesics:
    """Bend splines from every a to its b, both ``(n, *latent_shape)``, until ``Σ pieces`` is least, block by block.

    Args:
        a: latents that curves start from.
        b: latents that they end at; rows are paired.
        pieces: measures the squared length of every piece of curves in double precision.
        metric: what it measures by, for ``variant``.
        search: how to search.

    Raises:
        InputError: too small a number, or lengths that are NaN or infinite.
    """
    search.check()
    size, parts = max(1, search.batch_size // POINTS), []
    with bar(len(a), "geodesics") as progress:
        for first, last in zip(torch.split(a.double(), size), torch.split(b.double(), size), strict=True):
            parts.append(_bend(first, last, pieces, search))
            progress.update(len(first))
    variant = f"{metric}; spline of {search.controls} inner points, L-BFGS, at most {search.iterations} steps"
    z, length, straight_length, energy, straight_energy, taken = map(torch.cat, zip(*parts, strict=True))
    return Geodesics(
        z=z.to(a),
        length=length,
        straight_length=straight_length,
        energy=energy,
        straight_energy=straight_energy,
        iterations=taken,
        variant=variant,
    )


def _bend(a: Tensor, b: Tensor, pieces: Pieces, search: Search) -> tuple[Tensor, ...]:
    """Search one block; return z, length, length of the line, both energies, and steps taken."""
    straight = straight_lines(a, b, DENSE)
    before = _measure(pieces, straight)
    found = _minimise_energy(a, b, pieces, before.sum(1).square(), search)
    coefficients = found.at.view(len(a), search.controls, -1)
    bent = straight + _basis(search.controls, DENSE).to(a.device).matmul(coefficients).view_as(straight)
    after = _measure(pieces, bent)
    # The search sees every fourth point, so a spline may cut between them through what makes it longer than the line.
    better = after.sum(1) < before.sum(1)
    lengths = torch.where(better[:, None], after, before)
    z = space_evenly(torch.where(better.view(-1, *[1] * (bent.ndim - 1)), bent, straight), lengths, search.steps)
    z[:, 0], z[:, -1] = a, b
    energies = ((DENSE - 1) * part.square().sum(1) for part in (lengths, before))
    return (z, lengths.sum(1), before.sum(1), *energies, found.steps)


def _minimise_energy(a: Tensor, b: Tensor, pieces: Pieces, squares: Float[Tensor, " n"], search: Search) -> Minimum:
    """Find coefficients of splines ``(n, controls · d)`` of least energy; ``squares`` are squared lengths of lines."""
    straight, basis = straight_lines(a, b, POINTS), _basis(search.controls, POINTS).to(a.device)

    def energy_and_gradient(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            free = at.detach().requires_grad_()
            curve = straight[rows] + basis.matmul(free.view(len(at), search.controls, -1)).view_as(straight[rows])
            energy = (POINTS - 1) * pieces(curve).double().sum(1)
            gradient = differentiate(energy.sum(), free)
        return energy.detach(), finite(gradient, "derivatives of the length")

    apart = (b - a).flatten(1)
    start = torch.zeros(len(a), search.controls * apart.shape[1], dtype=torch.float64, device=a.device)
    # In a metric that were the same everywhere, the energy of coefficients c would be ‖c‖² · length² / ‖b − a‖².
    scale = apart.square().sum(1).clamp(min=1e-24) / (2 * squares).clamp(min=1e-24)
    return minimise(energy_and_gradient, start, scale, iterations=search.iterations, tolerance=TOLERANCE)


def straight_lines(a: Tensor, b: Tensor, points: int) -> Tensor:
    """Return so many points at even distances on the line from every a to its b, ``(n, points, *latent_shape)``."""
    share = torch.linspace(0, 1, points, dtype=torch.float64, device=a.device)
    t = share.view(1, -1, *[1] * (a.ndim - 1))
    return a.unsqueeze(1) * (1 - t) + b.unsqueeze(1) * t


@torch.no_grad()
def _measure(pieces: Pieces, z: Tensor) -> Float[Tensor, "n k"]:
    """Length of every piece, in stretches of as many points as the search measures, so that batches stay as large."""
    stretches = [pieces(z[:, first : first + POINTS]) for first in range(0, z.shape[1] - 1, POINTS - 1)]
    return finite(torch.cat(stretches, 1).double().clamp(min=0).sqrt(), "lengths")


@lru_cache
def _basis(controls: int, points: int) -> Float[Tensor, "points controls"]:
    """Cubic splines that are 0 at both ends, mixed so that their slopes are orthonormal.

    Then the coefficients of a curve add their squares to its Euclidean energy, and a search in them is well scaled.
    """
    from scipy.interpolate import CubicSpline

    knots, fine = np.linspace(0, 1, controls + 2), np.linspace(0, 1, 2001)
    spline = CubicSpline(knots, np.eye(controls + 2)[:, 1:-1], bc_type="natural")
    slopes = np.diff(spline(fine), axis=0) * (len(fine) - 1) ** 0.5
    mixed = np.linalg.solve(np.linalg.cholesky(slopes.T @ slopes), spline(np.linspace(0, 1, points)).T).T
    return torch.from_numpy(np.ascontiguousarray(mixed))


def space_evenly(z: Tensor, lengths: Float[Tensor, "n k"], steps: int) -> Tensor:
    """Return ``steps`` points that part polygons ``z`` (n, k + 1, …) into equal sums of the ``lengths`` of pieces."""
    reach = torch.cat([torch.zeros_like(lengths[:, :1]), lengths.cumsum(1)], 1)
    at = reach[:, -1:] * torch.linspace(0, 1, steps, dtype=reach.dtype, device=reach.device)
    upper = torch.searchsorted(reach, at).clamp(1, lengths.shape[1])
    low, high = reach.gather(1, upper - 1), reach.gather(1, upper)
    share = ((at - low) / (high - low).clamp(min=1e-300)).clamp(0, 1)
    flat = z.flatten(2).to(reach.dtype)
    index = upper[..., None].expand(-1, -1, flat.shape[2])
    points = torch.lerp(flat.gather(1, index - 1), flat.gather(1, index), share[..., None])
    return points.to(z).view(len(z), steps, *z.shape[2:])
