"""Does a decoder, linearised at data, keep to the axes of its latent space?"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.observations import Observations, as_observations
from latentassay.core.randomness import as_generator
from latentassay.geometry.permutations import distance_by_chance, nearest_signed_permutation
from latentassay.geometry.volume import decoder_jacobian
from latentassay.metrics import active_units
from latentassay.sampling import BATCH_SIZE, blocks, encode
from latentassay.stats.intervals import proportion, student_estimate

ACTIVE = 0.5
"""A unit is active if the standard deviation of its mean exceeds this (thesis 3.3.2)."""

DEGENERATE = 1.05
"""Neighbouring singular values with a ratio below this leave the directions between them open (thesis 3.3.4)."""

SINGULAR = 1e-6
"""A Jacobian whose least singular value is below this share of the greatest has directions that nothing decides."""


class Orthogonality(NamedTuple):
    """Distances to orthogonality at n points; of the active units alone unless it says otherwise. Arrays are tensors.

    Attributes:
        score: mean of ``values``, 0 if the decoder stretches along the axes everywhere; the interval is over points.
        values: ``‖V − P‖_F`` at every point, ``(n,)``.
        chance: the mean of random orthogonal matrices of this size.
        degenerate: share of points where two neighbouring singular values differ by less than a factor of 1.05; there
            the axes between them are arbitrary, and so is their distance.
        singular_values: at every point, largest first, ``(n, active)``.
        active: the units with a standard deviation of the posterior mean above ``threshold``.
        full: the mean over points with all d units, passive ones among them; ``None`` where some of them do not reach
            the decoder at all, which leaves their axes open.
        full_chance: its chance.
        singular: points left out, since the active units do not span as many directions there.
        n: number of points.
        variant: threshold and points in words.
    """

    score: Estimate
    values: Float[Tensor, " n"]
    chance: Estimate
    degenerate: Estimate
    singular_values: Float[Tensor, "n active"]
    active: tuple[int, ...]
    full: Estimate | None
    full_chance: Estimate
    singular: int
    n: int
    variant: str


class ActivePoints(NamedTuple):
    """Posterior means of some rows, and the units whose mean moves over all rows.

    Attributes:
        z: posterior means of the points drawn, ``(points, d)``.
        active: the units whose posterior mean has a standard deviation above the threshold over all rows.
    """

    z: Float[Tensor, "points d"]
    active: tuple[int, ...]


def distance_to_orthogonality(
    model: Autoencoder,
    data: Any,
    *,
    generator: Generator | int = 0,
    points: int = 1000,
    threshold: float = ACTIVE,
    batch_size: int = BATCH_SIZE,
) -> Orthogonality:
    """Measure ``DtO = 1/n Σ_i ‖V_i − P(V_i)‖_F`` of the decoder's Jacobians ``J_i = U_i Σ_i V_iᵀ`` at posterior means.

    P(V) is the signed permutation next to V. Where J's columns are at right angles and of different length, V is one
    itself: each latent moves the decoding in a direction of its own. Passive units, to which the decoder hardly
    listens, are left out before the SVD; ``full`` counts them, as published.

    Costs one forward-mode pass of each point for each unit; memory does not grow with the number of points.

    Args:
        model: an autoencoder whose latents are a vector ``(d,)``.
        data: a float array or tensor ``(n, *x_shape)`` or ``Observations``, at least two rows; all are encoded.
        generator: draws the points among the rows; or a seed.
        points: at how many rows, at most, Jacobians are taken.
        threshold: of the standard deviation of posterior means, above which a unit counts as active.
        batch_size: rows encoded, and Jacobians taken, at once.

    Raises:
        InputError: latents that are no vector; fewer than two points or active units; Jacobians without full rank at
            all points but one.
        ContractError: torch cannot differentiate the decoder.

    Source: "VAEs and principal components", equation 3.25.

    >>> from latentassay.models import build
    >>> model, x = build("vae-mlp", x_shape=(5,), latents=2), torch.rand(9, 5)
    >>> distance_to_orthogonality(model, x, threshold=0).n
    9
    """
    observations = as_observations(data)
    z, active = draw_active_points(model, observations, generator, points, threshold, batch_size)
    how = getattr(model, "derivatives", "forward-mode Jacobians")
    variant = (
        f"{len(active)} of {z.shape[1]} units with a standard deviation of the mean above {threshold:g}, at "
        f"posterior means of {len(observations)} rows; {how}"
    )
    return _summarise(_decompose_jacobians(model, z, active, batch_size), active, variant)


def draw_active_points(
    model: Autoencoder,
    data: Observations,
    generator: Generator | int,
    points: int,
    threshold: float,
    batch_size: int,
) -> ActivePoints:
    """Encode all rows, find the units whose posterior mean moves enough, and draw points among the rows.

    Raises:
        InputError: latents that are no vector, fewer than two points or active units.
    """
    shape = latent_shape_of(model)
    if len(shape) != 1:
        raise InputError(f"latents must be a vector, got latent_shape {shape}; spatial ones have no axes")
    if points < 2 or len(data) < 2:
        raise InputError(f"needs at least 2 points, got {points} of {len(data)} rows")
    means = encode(model, data, batch_size=batch_size).mean
    found = active_units(means, threshold=threshold**2).active
    active = tuple(torch.from_numpy(found).nonzero().flatten().tolist())
    if len(active) < 2:
        raise InputError(
            f"{len(active)} of {len(found)} units are active (standard deviation of the mean above {threshold:g}), and "
            "this needs two; lower beta, or lower threshold"
        )
    return ActivePoints(means[torch.randperm(len(means), generator=as_generator(generator))[:points]], active)


class _Decompositions(NamedTuple):
    """Right singular vectors and singular values at every point: of active units, and of all."""

    v: Float[Tensor, "n active active"]
    singular_values: Float[Tensor, "n active"]
    full_v: Float[Tensor, "n d d"]
    full_values: Float[Tensor, "n d"]


def _decompose_jacobians(model: Autoencoder, z: Tensor, active: tuple[int, ...], batch_size: int) -> _Decompositions:
    """Decompose Jacobians batch by batch; only what is as small as the latent is kept."""
    parts = []
    for block in blocks(len(z), batch_size, "orthogonality"):
        j = decoder_jacobian(model.decode, z[block], batch_size=batch_size).double()
        # R of J = QR has the same singular values and V, and is as small as the latent.
        r = torch.linalg.qr(j, mode="r").R
        parts.append((*_right_vectors(r[..., list(active)]), *_right_vectors(r)))
    return _Decompositions(*(torch.cat(part) for part in zip(*parts, strict=True)))


def _right_vectors(j: Float[Tensor, "n r d"]) -> tuple[Float[Tensor, "n d d"], Float[Tensor, "n k"]]:
    _, values, v = torch.linalg.svd(j, full_matrices=True)
    return v.mT, values


def _summarise(found: _Decompositions, active: tuple[int, ...], variant: str) -> Orthogonality:
    d = found.full_v.shape[-1]
    regular, spans = _have_rank(found.singular_values, len(active)), _have_rank(found.full_values, d)
    if int(regular.sum()) < 2:
        raise InputError(
            f"the decoder's Jacobian has less than full rank at {int((~regular).sum())} of {len(regular)} points: some "
            "active units do not reach the decoding, or only together; leave them out with a larger threshold"
        )
    values, strengths = nearest_signed_permutation(found.v[regular]).distance, found.singular_values[regular]
    close = int((strengths[:, :-1] < DEGENERATE * strengths[:, 1:]).any(1).sum())
    # A direction that the decoder does not listen to may be turned at will, so V has no distance of its own.
    full = _mean(nearest_signed_permutation(found.full_v).distance) if bool(spans.all()) else None
    return Orthogonality(
        score=_mean(values),
        values=values,
        chance=distance_by_chance(len(active)),
        degenerate=proportion(close, len(values)),
        singular_values=strengths,
        active=active,
        full=full,
        full_chance=distance_by_chance(d),
        singular=int((~regular).sum()),
        n=len(values),
        variant=variant,
    )


def _mean(values: Float[Tensor, " n"]) -> Estimate:
    """Mean over points."""
    return student_estimate(float(values.mean()), float(values.std()) / len(values) ** 0.5, len(values))


def _have_rank(values: Float[Tensor, "n k"], d: int) -> Tensor:
    """Whether Jacobians with these singular values, the largest first, have rank d."""
    return (values[:, -1] > SINGULAR * values[:, 0]) & torch.tensor(values.shape[1] == d)
