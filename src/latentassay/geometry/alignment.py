"""Do latents move decodings along the principal components of the data?"""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder
from latentassay.core.errors import ContractError, InputError
from latentassay.core.estimate import Estimate
from latentassay.core.imports import importing
from latentassay.core.observations import Observations, as_observations
from latentassay.geometry.orthogonality import ACTIVE, draw_active_points
from latentassay.geometry.permutations import match_columns
from latentassay.geometry.volume import decoder_jacobian
from latentassay.sampling import BATCH_SIZE, blocks
from latentassay.stats.intervals import student_estimate

MOST = 1 << 27
"""Values of the data that principal components are taken of at a time; more are taken in batches."""


class PCAAlignment(NamedTuple):
    """Alignment of k active units with the first k principal components of the data, at n points; arrays are numpy's.

    Attributes:
        score: mean of ``values``: 1 if every unit moves decodings along a component of its own; the interval is over
            points.
        values: mean absolute cosine of matched pairs at every point, ``(n,)``.
        singular: the same for the left singular vectors of the Jacobian instead of its columns: whether the decoder
            stretches along components, whatever its units do.
        cosines: ``|cos|`` between component and the column of a unit, mean over points, ``(components, units)``.
        units: the unit matched with each component in ``cosines``, most important component first.
        explained: share of the data's variance along each component, ``(k,)``.
        active: the active units, in the order of the columns.
        n: number of points.
        variant: threshold and points in words.
    """

    score: Estimate
    values: Float[np.ndarray, " n"]
    singular: Estimate
    cosines: Float[np.ndarray, "k k"]
    units: tuple[int, ...]
    explained: Float[np.ndarray, " k"]
    active: tuple[int, ...]
    n: int
    variant: str


def pca_alignment(
    model: Autoencoder,
    data: Any,
    *,
    generator: Generator | int = 0,
    points: int = 100,
    threshold: float = ACTIVE,
    batch_size: int = BATCH_SIZE,
) -> PCAAlignment:
    """Match the columns of the decoder's Jacobian with principal components so that ``Σ |cos|`` is greatest.

    ``A = 1/k Σ_j |⟨p_π(j), J_j⟩| / ‖J_j‖`` at posterior means, for the k active units and as many components. A linear
    VAE reaches 1 (theorem 2); a plain autoencoder spans the same space along other axes.

    Args:
        model: an autoencoder whose latents are a vector ``(d,)``.
        data: a float array or tensor ``(n, *x_shape)`` or ``Observations``; components are those of all rows.
        generator: draws the points among the rows; or a seed.
        points: at how many rows, at most, Jacobians are taken.
        threshold: of the standard deviation of posterior means, above which a unit counts as active.
        batch_size: rows encoded, and Jacobians taken, at once.

    Raises:
        InputError: latents that are no vector, fewer than two points or active units, more active units than values of
            an observation, or a unit that moves nothing at some point.
        ContractError: torch cannot differentiate the decoder.

    Source: "VAEs and principal components", theorem 2.

    >>> from latentassay.models import build
    >>> model, x = build("ae-mlp", x_shape=(5,), latents=2), torch.rand(9, 5)
    >>> pca_alignment(model, x, threshold=0).cosines.shape
    (2, 2)
    """
    observations = as_observations(data)
    z, active = draw_active_points(model, observations, generator, points, threshold, batch_size)
    components, explained = _components(observations, len(active), batch_size)
    columns, left = [], []
    for block in blocks(len(z), batch_size, "alignment"):
        j = decoder_jacobian(model.decode, z[block], batch_size=batch_size)[..., list(active)].double().cpu()
        if j.shape[1] != components.shape[1]:
            raise ContractError(
                f"decode must return the {components.shape[1]} values of an observation, got {j.shape[1]}"
            )
        columns.append(np.abs(components @ unit_columns(j).numpy()))
        left.append(np.abs(components @ torch.linalg.svd(j, full_matrices=False).U.numpy()))
    cosines = np.concatenate(columns)
    values, singular = matched_means(cosines), matched_means(np.concatenate(left))
    mean = cosines.mean(0)
    return PCAAlignment(
        score=_mean(values),
        values=values,
        singular=_mean(singular),
        cosines=mean,
        units=tuple(active[column] for column in match_columns(mean)[0]),
        explained=explained,
        active=active,
        n=len(values),
        variant=f"{len(active)} units with a standard deviation of the mean above {threshold:g}, at {len(values)} "
        "posterior means",
    )


def _mean(values: Float[np.ndarray, " n"]) -> Estimate:
    """Mean over points."""
    return student_estimate(float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5, len(values))


def matched_means(cosines: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, " n"]:
    """Return the mean of the matched entries at every point, each matched on its own."""
    return np.array([match_columns(each)[1].mean() for each in cosines])


def _components(
    data: Observations, k: int, batch_size: int
) -> tuple[Float[np.ndarray, "k values"], Float[np.ndarray, " k"]]:
    """The first k principal components of all rows, and the share of the variance along each."""
    with importing():
        from sklearn.decomposition import PCA, IncrementalPCA

    size = int(np.prod(data.x_shape))
    if k > size:
        raise InputError(f"{k} active units, but an observation has {size} values, so there are no {k} components")
    if len(data) * size <= MOST:
        # Of few values a row the covariance is small, and quicker to decompose than the data.
        fitted = PCA(k, svd_solver="covariance_eigh" if size <= 4096 else "auto", random_state=0)
        fitted.fit(data.batch(torch.arange(len(data))).flatten(1).double().numpy())
    else:
        fitted = IncrementalPCA(k)
        for rows in torch.split(torch.arange(len(data)), max(batch_size, 4 * k)):
            if len(rows) >= k:
                fitted.partial_fit(data.batch(rows).flatten(1).numpy())
    return fitted.components_, fitted.explained_variance_ratio_


def unit_columns(j: Float[Tensor, "n values k"]) -> Tensor:
    """Give every column length 1; raise ``InputError`` for one of length 0."""
    length = j.norm(dim=1, keepdim=True)
    if not (length > 0).all():
        raise InputError("an active unit moves the decoding nowhere at some points; raise threshold to leave it out")
    return torch.div(j, length)
