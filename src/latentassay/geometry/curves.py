"""Curves between pairs of latents: splines that bend until a length is least, and points evenly along them."""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.core.progress import bar
from latentassay.geometry.minimise import Lowest, minimised

POINTS, DENSE = 33, 129
"""Points where the energy is looked at, and where lengths are measured in the end."""

CONTROLS, ITERATIONS, TOLERANCE, BATCH = 8, 150, 1e-4, 1024
"""Inner points of a spline, most steps, the gain that is not worth a step, and latents at once."""

Pieces = Callable[[Tensor], Tensor]
"""``curves (k, points, *latent_shape) → squared length of every piece (k, points − 1)``, differentiable."""


class Geodesics(NamedTuple):
    """The shortest ways that were found, beside the straight lines.

    Attributes:
        z: latents ``(n, steps, *latent_shape)``, evenly spaced in the metric; both ends are those that were given.
        length: length in the metric, ``(n,)``, on 129 points; never more than that of the straight line, and 0 where
            both ends are equal.
        straight_length: length of the straight line, measured in the same way.
        energy: ``∫ ‖ẋ‖² dt`` of the spline over t from 0 to 1; the square of its length if its speed is constant.
        straight_energy: that of the straight line.
        iterations: steps of the search, ``(n,)``.
        variant: which metric, and how it was searched.
    """

    z: Tensor
    length: Float[Tensor, " n"]
    straight_length: Float[Tensor, " n"]
    energy: Float[Tensor, " n"]
    straight_energy: Float[Tensor, " n"]
    iterations: Tensor
    variant: str


def shortest(
    a: Tensor, b: Tensor, pieces: Pieces, variant: str, *, steps: int, controls: int, iterations: int, batch_size: int
) -> Geodesics:
    """Bend splines from every a to its b, both ``(n, *latent_shape)``, until ``Σ pieces`` is least, block by block."""
    if steps < 2 or controls < 1 or iterations < 1 or batch_size < 1:
        given = f"{steps}, {controls}, {iterations} and {batch_size}"
        raise InputError(f"needs at least 2 steps, 1 control, 1 iteration and a batch_size of 1, got {given}")
    size, parts = max(1, batch_size // POINTS), []
    with bar(len(a), "geodesics") as progress:
        for first, last in zip(torch.split(a, size), torch.split(b, size), strict=True):
            parts.append(_bent(first, last, pieces, steps, controls, iterations))
            progress.update(len(first))
    z, length, before, energy, energy_before, taken = (torch.cat(columns) for columns in zip(*parts, strict=True))
    variant = f"{variant}; spline of {controls} inner points, L-BFGS, at most {iterations} steps"
    return Geodesics(z, length, before, energy, energy_before, taken, variant)


def _bent(a: Tensor, b: Tensor, pieces: Pieces, steps: int, controls: int, iterations: int) -> tuple[Tensor, ...]:
    share = torch.linspace(0, 1, DENSE, dtype=torch.float64, device=a.device)
    straight = _line(a, b, share)
    before = _measured(pieces, straight)
    found = _searched(a, b, pieces, before.sum(1).square(), controls, iterations)
    coefficients = found.at.view(len(a), controls, -1)
    bent = straight + _basis(controls, DENSE).to(a.device).matmul(coefficients).view_as(straight)
    after = _measured(pieces, bent)
    better = after.sum(1) < before.sum(1)
    z = torch.where(better.view(-1, *[1] * (bent.ndim - 1)), bent, straight)
    lengths = torch.where(better[:, None], after, before)
    z = evenly_by(z, lengths, steps)
    z[:, 0], z[:, -1] = a, b
    energies = ((DENSE - 1) * part.square().sum(1) for part in (lengths, before))
    return (z, lengths.sum(1), before.sum(1), *energies, found.steps)


def _searched(
    a: Tensor, b: Tensor, pieces: Pieces, squares: Float[Tensor, " n"], controls: int, iterations: int
) -> Lowest:
    t = torch.linspace(0, 1, POINTS, dtype=torch.float64, device=a.device)
    straight, basis = _line(a, b, t), _basis(controls, POINTS).to(a.device)

    def slope(at: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            free = at.detach().requires_grad_()
            curve = straight[rows] + basis.matmul(free.view(len(at), controls, -1)).view_as(straight[rows])
            energy = (POINTS - 1) * pieces(curve).double().sum(1)
            (gradient,) = torch.autograd.grad(energy.sum(), [free])
        return energy.detach(), finite(gradient, "derivatives of the length")

    apart = (b - a).flatten(1)
    start = torch.zeros(len(a), controls * apart.shape[1], dtype=torch.float64, device=a.device)
    scale = apart.square().sum(1).clamp(min=1e-24) / (2 * squares).clamp(min=1e-24)
    return minimised(slope, start, scale, iterations=iterations, tolerance=TOLERANCE)


def _line(a: Tensor, b: Tensor, share: Tensor) -> Tensor:
    t = share.view(1, -1, *[1] * (a.ndim - 1))
    return a.unsqueeze(1) * (1 - t) + b.unsqueeze(1) * t


@torch.no_grad()
def _measured(pieces: Pieces, z: Tensor) -> Float[Tensor, "n k"]:
    """Length of every piece, looked at in stretches as long as those of the search."""
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


def evenly_by(z: Tensor, lengths: Float[Tensor, "n k"], steps: int) -> Tensor:
    """Return ``steps`` points that part polygons ``z`` (n, k + 1, …) into equal sums of the ``lengths`` of pieces."""
    reach = torch.cat([torch.zeros_like(lengths[:, :1]), lengths.cumsum(1)], 1)
    at = reach[:, -1:] * torch.linspace(0, 1, steps, dtype=reach.dtype, device=reach.device)
    upper = torch.searchsorted(reach, at).clamp(1, lengths.shape[1])
    low, high = reach.gather(1, upper - 1), reach.gather(1, upper)
    share = ((at - low) / (high - low).clamp(min=1e-300)).clamp(0, 1)
    flat = z.flatten(2).to(reach.dtype)
    index = upper[..., None].expand(-1, -1, flat.shape[2])
    out = torch.lerp(flat.gather(1, index - 1), flat.gather(1, index), share[..., None])
    return out.to(z).view(len(z), steps, *z.shape[2:])
