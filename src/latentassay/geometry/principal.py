"""How many directions of the latent space carry information, and whether they are the axes."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay.core.errors import InputError

ROUNDING = 1e-12
"""Share of the largest eigenvalue below which another is none."""


class PrincipalSpectrum(NamedTuple):
    """Principal components of posterior means, ``d`` latents.

    Attributes:
        eigenvalues: ``(d,)``, variances along the components, largest first.
        components: ``(d, d)``, a component in each row, of length 1.
        informative: ``(d,)``, true where the eigenvalue exceeds the threshold.
        dimension: how many do.
        axes: ``(d,)``, the latent that each informative component is matched with, each latent once; −1 for the others.
        cosines: ``(d,)``, ``|cos|`` of the angle between a component and its axis; 0 for the others.
        alignment: mean of ``cosines`` over the informative components; 1 if they are axes, 0 if there are none.
        chance: the mean alignment of as many random orthogonal directions (200 rotations).
        n: number of rows.
        variant: threshold in words.
    """

    eigenvalues: Float[np.ndarray, " d"]
    components: Float[np.ndarray, "d d"]
    informative: Bool[np.ndarray, " d"]
    dimension: int
    axes: np.ndarray
    cosines: Float[np.ndarray, " d"]
    alignment: float
    chance: float
    n: int
    variant: str


def principal_spectrum(codes: Any, *, threshold: float = 0.01, seed: int = 0) -> PrincipalSpectrum:
    """Decompose the covariance of posterior means, ``Cov(μ) = Vᵀ diag(λ) V``, and match components with axes.

    A component carries information if ``λ > threshold``: the data move the means along it. Components and latents are
    matched one to one so that ``Σ |V_ij|`` is greatest. Covariances are divided by n. Where eigenvalues are equal, the
    components between them are arbitrary, and so is their alignment.

    Args:
        codes: ``(n, d)`` array or tensor of posterior means, n at least 2.
        threshold: 0.01 as published, in the codes' own scale (a standard normal prior is supposed).
        seed: of the random rotations that ``chance`` is measured on.

    Raises:
        InputError: codes of another shape, NaN or infinite codes, a negative threshold.

    Source: "The geometry of latent variables", 2.1 and figures 1 and 2.

    >>> codes = np.random.default_rng(0).normal(size=(500, 3)) * [3, 1, 0.01]
    >>> found = principal_spectrum(codes)
    >>> found.dimension, found.axes.tolist(), found.alignment > 0.99
    (2, [0, 1, -1], True)
    """
    c = _checked(codes, threshold)
    centred = c - c.mean(0)
    ascending, columns = np.linalg.eigh(centred.T @ centred / len(c))
    eigenvalues, components = np.maximum(ascending[::-1], 0), np.ascontiguousarray(columns.T[::-1])
    informative = eigenvalues > np.maximum(threshold, ROUNDING * eigenvalues[0])
    count, axes, cosines = int(informative.sum()), np.full(c.shape[1], -1), np.zeros(c.shape[1])
    if count:
        axes[:count], cosines[:count] = _matched(components[:count])
    alignment = float(cosines[:count].mean()) if count else 0.0
    chance = _by_chance(count, c.shape[1], seed) if count else 0.0
    variant = f"components of variance above {threshold:g}, in the codes' own scale; matched with axes one to one"
    return PrincipalSpectrum(
        eigenvalues, components, informative, count, axes, cosines, alignment, chance, len(c), variant
    )


def _checked(codes: Any, threshold: float) -> Float[np.ndarray, "n d"]:
    if not threshold >= 0:
        raise InputError(f"threshold must be 0 or more, got {threshold}")
    c = np.asarray(codes.detach().cpu() if isinstance(codes, Tensor) else codes)
    if c.ndim != 2 or len(c) < 2 or c.shape[1] < 1 or c.dtype.kind not in "fiu":
        raise InputError(f"codes must be numbers of shape (samples, latents), at least 2 samples, got {c.shape}")
    if bad := int((~np.isfinite(c)).any(1).sum()):
        raise InputError(f"codes hold NaN or infinite values in {bad} rows; remove them")
    return c.astype(np.float64)


def _matched(components: Float[np.ndarray, "k d"]) -> tuple[np.ndarray, Float[np.ndarray, " k"]]:
    from scipy.optimize import linear_sum_assignment

    cosines = np.abs(components)
    rows, columns = linear_sum_assignment(-cosines)
    return columns, cosines[rows, columns]


def _by_chance(k: int, d: int, seed: int) -> float:
    from scipy.stats import ortho_group

    if d == 1:
        return 1.0
    turns = ortho_group.rvs(d, size=200, random_state=np.random.default_rng(seed))
    return float(np.mean([_matched(turn[:k])[1].mean() for turn in turns]))
