"""Fisher–Rao distance and geodesics between diagonal Gaussians, in closed form (GEO 2.3)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import as_float_tensor, in_kind_of
from latentassay.core.errors import InputError
from latentassay.core.observations import finite
from latentassay.core.posteriors import FullCovarianceGaussian
from latentassay.core.randomness import as_generator
from latentassay.sampling import beside

VARIANT = "Fisher–Rao metric of diagonal Gaussians, Σ (dμ² + 2 dσ²)/σ²"
BLOCK = 32_000
"""Numbers that are worked on at once: what fits the processor's cache, and is freed without a page fault."""

LEAST = 1e-9
"""Nearer ends than this go straight: the weights differ from t and 1 − t by the square of the distance."""


class FisherRaoGeodesic(NamedTuple):
    """Geodesics between pairs of diagonal Gaussians, at points evenly spaced by Fisher–Rao length.

    Arrays are tensors, or numpy if the ends were.

    Attributes:
        mean: μ along the geodesic, ``(n, steps, *latent_shape)``; the first and last are those of a and b.
        std: σ likewise.
        z: what to decode: the means, or one sample at every point.
        distance: Fisher–Rao length of every geodesic, ``(n,)``; 0 where both ends are equal.
        variant: which metric, and whether ``z`` was sampled.
    """

    mean: Tensor
    std: Tensor
    z: Tensor
    distance: Float[Tensor, " n"]
    variant: str


def fisher_rao_distance(a: Any, b: Any) -> Float[Tensor | np.ndarray, " n"]:
    """Return the Fisher–Rao distance of every pair of diagonal Gaussians.

    For one latent ``√2 · 2 asinh(√(½ (μ₁−μ₂)² + (σ₁−σ₂)²) / (2 √(σ₁ σ₂)))``, a half-plane of constant curvature −½ in
    (μ/√2, σ); over the latents, the root of the sum of squares.

    Args:
        a: ``(mean, std)``, each ``(n, *latent_shape)``, or a posterior such as ``DiagonalGaussian``.
        b: likewise, of the same shape; rows are paired.

    Returns:
        Distances in double precision, numpy if a and b were; 0 where both are the same.

    Raises:
        InputError: shapes that differ, a standard deviation that is not positive, NaN or infinite values, or Gaussians
            with full covariance.

    Source: Skovgaard, A Riemannian geometry of the multivariate normal model, 1981.

    >>> one = torch.ones(1, 1)
    >>> fisher_rao_distance((0 * one, one), (0 * one, torch.e * one))  # √2 · |log σ₁/σ₂|
    tensor([1.4142], dtype=torch.float64)
    """
    return in_kind_of(distances(*as_pair(a, b)), a, b)


def fisher_rao_geodesic(
    a: Any, b: Any, *, steps: int = 20, sample: bool = False, generator: Generator | int = 0
) -> FisherRaoGeodesic:
    """Return the geodesic between every pair of diagonal Gaussians.

    With D the distance of two Gaussians in one latent's half-plane, and weights ``u = sinh((1−t) D)/sinh D`` and
    ``v = sinh(t D)/sinh D``, it is ``σ(t) = 1/(u/σ₁ + v/σ₂)`` and ``μ(t) = σ(t) (u μ₁/σ₁ + v μ₂/σ₂)``, which holds for
    equal means, too. Where σ is equal at both ends it rises between them: ``σ² + (μ₁−μ₂)²/8`` in the middle.

    Args:
        a: ``(mean, std)``, each ``(n, *latent_shape)``, or a posterior such as ``DiagonalGaussian``.
        b: likewise, of the same shape; rows are paired.
        steps: points along the geodesic, both ends among them.
        sample: draw z ~ N(μ(t), σ(t)²) at every point, instead of its mean.
        generator: draws the samples; or a seed.

    Raises:
        InputError: as ``fisher_rao_distance``; fewer than two steps.

    Source: Pește, Malagò & Sârbu, An explanatory analysis of the geometry of latent variables, 2.3 and figure 4; the
    closed form is a straight line on the hyperboloid, whose points are ``(μ²/2 + σ², μ/√2, 1)/σ``.

    >>> one = torch.ones(1, 1)
    >>> found = fisher_rao_geodesic((0 * one, one), (4 * one, one))
    >>> found.mean.shape, bool((found.std[0, 1:-1] > 1).all())
    (torch.Size([1, 20, 1]), True)
    """
    ends, dtype = as_pair(a, b), _read(a, "a")[0].dtype
    if steps < 2:
        raise InputError(f"steps must be at least 2, the two ends, got {steps}")
    mean, std = (part.to(dtype) for part in _points_between(ends, steps))
    z, variant = mean, f"{VARIANT}; means"
    if sample:
        local = beside(as_generator(generator), mean.device)
        noise = torch.randn(mean.shape, generator=local, device=mean.device, dtype=dtype)
        z, variant = mean + std * noise, f"{VARIANT}; sampled at every point"
    return in_kind_of(FisherRaoGeodesic(mean, std, z, distances(*ends), variant), a, b)


Pair = tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]


def as_pair(a: Any, b: Any) -> Pair:
    """Check two batches of Gaussians, and return mean and standard deviation of both in double precision."""
    first, second = as_gaussians(a, "a"), as_gaussians(b, "b")
    if first[0].shape != second[0].shape:
        shapes = f"{tuple(first[0].shape)} and {tuple(second[0].shape)}"
        raise InputError(f"a and b must have the same shape (n, *latent_shape), got {shapes}")
    return first, second


def as_gaussians(q: Any, name: str) -> tuple[Tensor, Tensor]:
    """Check a posterior or a pair ``(mean, std)``, and return both parts in double precision."""
    mean, std = _read(q, name)
    if mean.shape != std.shape or mean.ndim < 2 or not len(mean):
        shapes = f"{tuple(mean.shape)} and {tuple(std.shape)}"
        raise InputError(
            f"mean and std of {name} must both have shape (n, *latent_shape), got {shapes}; for one use mean[None]"
        )
    finite(mean, f"mean of {name}")
    finite(std, f"std of {name}")
    if not bool((std > 0).all()):
        raise InputError(f"every std of {name} must be positive, the least is {float(std.min()):.3g}")
    return mean.detach().double(), std.detach().double()


def has_std(q: Any) -> bool:
    """Whether ``q`` is a pair, or something that has a standard deviation beside a mean."""
    return isinstance(q, tuple | list) or (hasattr(q, "mean") and hasattr(q, "std") and not isinstance(q, Tensor))


def distances(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> Float[Tensor, " n"]:
    """Return the distances of checked Gaussians ``(mean, std)``, over all dimensions but the first."""
    distance: Tensor = 2**0.5 * torch.linalg.vector_norm(_half_plane_distances(a, b).flatten(1), dim=1)
    return distance


def _read(q: Any, name: str) -> tuple[Tensor, Tensor]:
    if isinstance(q, FullCovarianceGaussian):
        raise InputError(f"{name} has full covariance, whose Fisher–Rao distance has no closed form; pass (mean, std)")
    if not has_std(q) or (isinstance(q, tuple | list) and not hasattr(q, "std") and len(q) != 2):
        raise InputError(f"{name} must be (mean, std) or a diagonal posterior, got {type(q).__name__}")
    mean, std = (q.mean, q.std) if hasattr(q, "std") else q
    return as_float_tensor(mean, f"mean of {name}"), as_float_tensor(std, f"std of {name}")


def _half_plane_distances(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> Tensor:
    """Distance in every latent's half-plane of curvature −1; asinh keeps digits that acosh loses between near ends."""
    chord = torch.hypot((b[0] - a[0]) / 2**0.5, b[1] - a[1])
    return 2 * torch.asinh(chord / (2 * a[1].sqrt() * b[1].sqrt()))


def _points_between(ends: Pair, steps: int) -> tuple[Tensor, Tensor]:
    """Means and standard deviations along all geodesics, block by block, written where they are kept.

    Few numbers are worked on at a time, in place: an expression over all pairs would touch fresh memory at every step,
    which takes longer than its arithmetic.
    """
    (mean_a, std_a), (mean_b, std_b) = ends
    mean, std = (mean_a.new_empty(len(mean_a), steps, *mean_a.shape[1:]) for _ in range(2))
    t = torch.linspace(0, 1, steps, dtype=mean.dtype, device=mean.device).view(1, -1, *[1] * (mean_a.ndim - 1))
    reach = _half_plane_distances(*ends).clamp_(min=LEAST)
    # sinh(tD)/sinh D = exp((t − 1) D) expm1(−2tD) / expm1(−2D) does not overflow; u is v read backwards.
    whole = torch.expm1(-2 * reach)
    scales = 1 / (whole * std_a), 1 / (whole * std_b), reach
    size = max(1, BLOCK // mean[0].numel())
    for rows in (slice(start, start + size) for start in range(0, len(mean), size)):
        far, near, last = (part[rows].unsqueeze(1) for part in scales)
        weight = torch.exp((t - 1) * last).mul_(torch.expm1((-2 * t) * last))
        backward, toward = weight.flip(1).mul_(far), weight.mul_(near)
        wide = torch.reciprocal(backward.add_(toward), out=std[rows])
        begin, apart = mean_a[rows].unsqueeze(1), (mean_b[rows] - mean_a[rows]).unsqueeze(1)
        torch.addcmul(begin, toward.mul_(wide), apart, out=mean[rows])
    mean[:, 0], mean[:, -1], std[:, 0], std[:, -1] = mean_a, mean_b, std_a, std_b
    return mean, std
