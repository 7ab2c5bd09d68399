"""Interpolation along great circles, for latents that live near a sphere."""

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.arrays import Array, like
from latentassay.core.errors import InputError
from latentassay.geometry.decoders import latent_pairs

NEARLY_OPPOSITE = 1e-6
"""Radians that two directions must stay short of π."""


def slerp(a: Array, b: Array, steps: int) -> Array:
    """Turn from every a to its b in equal angles, the length going from one to the other in equal steps.

    Args:
        a: latents ``(n, *latent_shape)``, a tensor or an array.
        b: likewise; rows are paired.
        steps: points, both ends among them.

    Returns:
        ``(n, steps, *latent_shape)``, of the kind of a.

    Raises:
        InputError: shapes that differ, NaN or infinite values, a latent at the origin, or a pair of opposite ones,
            between which no great circle is the shortest.

    Source: Shoemake, Animating rotation with quaternion curves, 1985; White, Sampling generative networks, 2016.

    >>> slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 3)[0, 1]
    tensor([0.7071, 0.7071])
    """
    ends = latent_pairs(a, b)
    first, last = (end.flatten(1).double() for end in ends)
    norms = [end.norm(dim=1, keepdim=True) for end in (first, last)]
    if not all(bool((norm > 0).all()) for norm in norms):
        raise InputError('a latent at the origin has no direction; use metric="euclidean"')
    u, v = first / norms[0], last / norms[1]
    angle = angles(u, v)[:, None, None]
    if float(angle.max()) > torch.pi - NEARLY_OPPOSITE:
        raise InputError('a and b lie opposite each other, so no direction leads the shortest way; use "euclidean"')
    t = torch.linspace(0, 1, steps, dtype=u.dtype, device=u.device)[None, :, None]
    wide = angle.clamp(min=1e-9)  # nearer ends go straight: the weights differ from t by the square of the angle
    turned = (torch.sin((1 - t) * wide) * u[:, None] + torch.sin(t * wide) * v[:, None]) / torch.sin(wide)
    points = turned * torch.lerp(norms[0][:, None], norms[1][:, None], t)
    z = points.to(ends[0]).view(len(first), steps, *ends[0].shape[1:])
    z[:, 0], z[:, -1] = ends
    return like(z, a)


def angles(u: Float[Tensor, "*n d"], v: Float[Tensor, "*n d"]) -> Float[Tensor, "*n"]:
    """Return the angle between directions in radians, exact near 0 and π, too (Kahan's formula)."""
    u, v = (w / w.norm(dim=-1, keepdim=True).clamp(min=1e-300) for w in (u.double(), v.double()))
    angle: Tensor = 2 * torch.atan2((u - v).norm(dim=-1), (u + v).norm(dim=-1))
    return angle
