"""Walks between samples: the way that keeps to latents which the model recognises, beside the straight line."""

import time
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.responses import manifold_path, respond

WALKS = 4
"""Walks of a page."""

POINTS = 32
"""Points of each."""

STEPS = 60
"""Gradient steps that each way is lowered by."""

THROUGH = 300
"""Real latents that ways may lead through."""


@dataclass(frozen=True)
class Walk:
    """One way between two samples.

    Attributes:
        a: number of the sample that it begins at.
        b: and of that it ends at.
        z: latents of the way found, ``(points, d)``.
        distance: response distance at each, ``(points,)``.
        straight: the same of the straight line between the ends.
        variant: how it was found, in words.
    """

    a: int
    b: int
    z: np.ndarray
    distance: np.ndarray
    straight: np.ndarray
    variant: str


def find_walks(model: Autoencoder, ends: Tensor, *, through: Tensor, kept: list[int], budget: float) -> list[Walk]:
    """Find walks between samples that lie far from each other; fewer where time is up.

    Args:
        model: any autoencoder; where torch cannot differentiate it, ways lead through real latents alone.
        ends: codes of the samples, ``(k, *latent_shape)``.
        through: real latents.
        kept: latents that distances are measured over.
        budget: seconds, about.
    """
    found, begun = list[Walk](), time.monotonic()
    for a, b in _far_pairs(ends, kept):
        left = budget - (time.monotonic() - begun)
        if left <= 0:
            break
        with suppress(InputError):  # two rows of one code, or responses that are no numbers
            found.append(_walk(model, ends, (a, b), through[:THROUGH], kept, left / (WALKS - len(found))))
    return found


def _walk(
    model: Autoencoder, ends: Tensor, pair: tuple[int, int], through: Tensor, kept: list[int], budget: float
) -> Walk:
    a, b = pair
    options = {"points": POINTS, "steps": STEPS, "budget": budget, "through": through}
    try:
        path = manifold_path(model, ends[a], ends[b], **options)  # type: ignore[arg-type]
    except ContractError:
        path = manifold_path(model, ends[a], ends[b], refine=False, **options)  # type: ignore[arg-type]
    return Walk(
        a=a,
        b=b,
        z=path.manifold.z.flatten(1).float().cpu().numpy(),
        distance=response_distance(model, path.manifold.z, kept),
        straight=response_distance(model, path.straight.z, kept),
        variant=path.variant,
    )


def response_distance(model: Autoencoder, z: Tensor, kept: list[int]) -> np.ndarray:
    """Return ‖R(z) − z‖ over the latents that count, of every latent ``(n, *latent_shape)``: ``(n,)``."""
    moved = (respond(model, z) - z).flatten(1)[:, kept]
    distance: np.ndarray = moved.double().norm(dim=1).float().cpu().numpy()
    return distance


def _far_pairs(ends: Tensor, kept: list[int]) -> list[tuple[int, int]]:
    """Pairs of samples, the farthest apart first, none with an end that two others have already."""
    flat = ends.flatten(1)[:, kept].double()
    away = torch.cdist(flat, flat)
    order = torch.triu(away, 1).flatten().argsort(descending=True).tolist()
    pairs, used = list[tuple[int, int]](), [0] * len(ends)
    for at in order:
        a, b = divmod(at, len(ends))
        if a < b and max(used[a], used[b]) < 1 and len(pairs) < WALKS:
            pairs.append((a, b))
            used[a], used[b] = used[a] + 1, used[b] + 1
    return pairs
