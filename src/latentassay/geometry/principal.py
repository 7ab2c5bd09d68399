"""How many directions of the latent space carry information, and whether they are the axes."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.geometry.permutations import match_columns, random_rotations
from latentassay.metrics.arrays import codes_only

ROUNDING = 1e-12
"""Share of the largest eigenvalue below which another is none."""

ROTATIONS = 200
"""Random rotations that alignment by chance is measured on."""


class PrincipalSpectrum(NamedTuple):
    """Principal components of posterior means, ``d`` latents; arrays are numpy's.

    Attributes:
        eigenvalues: ``(d,)``, variances along the components, largest first.
        components: ``(d, d)``, a component in each row, of length 1.
        informative: ``(d,)``, true where the eigenvalue exceeds the threshold.
        dimension: how many do.
        axes: ``(d,)``, the latent that each informative component is matched with, each latent once; −1 for the others.
        cosines: ``(d,)``, ``|cos|`` of the angle between a component and its axis; 0 for the others.
        alignment: mean of ``cosines`` over the informative components; 1 if they are axes, 0 if there are none. How
            much another sample of rows would change it is not estimated.
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
    alignment: Estimate
    chance: Estimate
    n: int
    variant: str


def principal_spectrum(codes: Any, *, threshold: float = 0.01, generator: Generator | int = 0) -> PrincipalSpectrum:
    """Decompose the covariance of posterior means, ``Cov(μ) = Vᵀ diag(λ) V``, and match components with axes.

    A component carries information if ``λ > threshold``: the data move the means along it. Components and latents are
    matched one to one so that ``Σ |V_ij|`` is greatest. Covariances are divided by n. Where eigenvalues are equal, the
    components between them are arbitrary, and so is their alignment.

    Args:
        codes: ``(n, d)`` array or tensor of posterior means, n at least 2.
        threshold: 0.01 as published, in the codes' own scale (a standard normal prior is supposed).
        generator: draws the random rotations that ``chance`` is measured on; or a seed.

    Raises:
        InputError: codes of another shape, NaN or infinite codes, a negative threshold.

    Source: "The geometry of latent variables", 2.1 and figures 1 and 2.

    >>> codes = np.random.default_rng(0).normal(size=(500, 3)) * [3, 1, 0.01]
    >>> found = principal_spectrum(codes)
    >>> found.dimension, found.axes.tolist(), found.alignment > 0.99
    (2, [0, 1, -1], True)
    """
    if not threshold >= 0:
        raise InputError(f"threshold must be 0 or more, got {threshold}")
    c = codes_only(codes)
    centred = c - c.mean(0)
    ascending, columns = np.linalg.eigh(centred.T @ centred / len(c))
    # Of fewer rows than latents some eigenvalues are 0, which rounding may put below.
    eigenvalues, components = np.maximum(ascending[::-1], 0), np.ascontiguousarray(columns.T[::-1])
    informative = eigenvalues > np.maximum(threshold, ROUNDING * eigenvalues[0])
    count, axes, cosines = int(informative.sum()), np.full(c.shape[1], -1), np.zeros(c.shape[1])
    if count:
        axes[:count], cosines[:count] = match_columns(np.abs(components[:count]))
    return PrincipalSpectrum(
        eigenvalues=eigenvalues,
        components=components,
        informative=informative,
        dimension=count,
        axes=axes,
        cosines=cosines,
        alignment=Estimate(float(cosines[:count].mean()) if count else 0.0, n=len(c)),
        chance=_align_by_chance(count, c.shape[1], as_seed(generator)),
        n=len(c),
        variant=f"components of variance above {threshold:g}, in the codes' own scale; matched with axes one to one",
    )


def _align_by_chance(k: int, d: int, seed: int) -> Estimate:
    """Mean alignment of k orthogonal directions of d, drawn uniformly; 0 for none."""
    if not k:
        return Estimate(0.0)
    turns = np.abs(random_rotations(d, ROTATIONS, seed)[:, :k])
    means = np.array([match_columns(turn)[1].mean() for turn in turns])
    return Estimate(float(np.mean(means)), stderr=float(means.std(ddof=1)) / ROTATIONS**0.5, n=ROTATIONS)
