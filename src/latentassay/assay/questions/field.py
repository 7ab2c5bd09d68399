"""Where do responses flow?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import COARSEST, Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.responses import ResponseField, divergence, mean_curvature, response_field
from latentassay.responses.field import grid_latents
from latentassay.sampling import decode
from latentassay.stats.intervals import wilson

MAP = 12
"""Decodings along each side of the plane."""

REACH = 3
"""Standard deviations of the posterior that the plane spans to each side of its mean."""

STILL = 1e-4
"""A response field shorter than this share of the plane's extent is rounding."""

FLOWING = 1e-5
"""Directions of arrows shorter than this share of the plane's extent are rounding."""

GOOD, FAIR = 0.9, 0.6
"""Shares of the posterior where responses converge from which the field is good, and no warning."""


@dataclass(frozen=True)
class FieldEvidence:
    """Responses on a plane of two latents, all others at the most central real code.

    Attributes:
        xs: values of the first latent, ``(w,)``.
        ys: values of the second, ``(h,)``.
        vectors: response minus latent at every point, ``(h, w, 2)``.
        divergence: of these vectors, ``(h, w)``.
        curvature: mean curvature of their direction, ``(h, w)``.
        posterior: posterior samples on the plane, ``(n, 2)``.
        reconstructions: decodings of a coarser grid, ``(m, m, *x_shape)``.
        latents: numbers of the two.
        converging: share of posterior samples where the field converges.
        still: whether responses stay where they are.
    """

    xs: Float[np.ndarray, " w"]
    ys: Float[np.ndarray, " h"]
    vectors: Float[np.ndarray, "h w 2"]
    divergence: Float[np.ndarray, "h w"]
    curvature: Float[np.ndarray, "h w"]
    posterior: Float[np.ndarray, "n 2"]
    reconstructions: Float[np.ndarray, "m m *x_shape"]
    latents: tuple[int, int]
    converging: Estimate
    still: bool


def passes_needed(context: Context) -> int | None:
    """The coarsest field, and half a pass for every decoding; needs a plane of two alive scalars."""
    return COARSEST**2 + MAP**2 // 2 if context.plane else None


def measure(context: Context) -> FieldEvidence:
    """Let the points of a grid respond, on the plane of one variable, or of the two most responsive units."""
    first, second = context.plane or (0, 1)
    # The mean of all codes may lie in a hole; the plane goes through a real code, where responses mean something.
    plane, base = context.z[:, [first, second]].double(), context.centre
    extent = [[float(c.mean() - REACH * c.std()), float(c.mean() + REACH * c.std())] for c in plane.T]
    field = response_field(
        context.model,
        (first, second),
        base=base,
        n=context.side(1 + MAP**2 / COARSEST**2),
        extent=extent,
        batch_size=context.batch_size,
    )
    flow = divergence(field)
    inside, n = _at_nearest(field, flow, plane) < 0, len(plane)
    low, high = wilson(int(inside.sum()), n)
    return FieldEvidence(
        xs=field.xs.numpy(),
        ys=field.ys.numpy(),
        vectors=field.vectors.numpy(),
        divergence=flow.numpy(),
        curvature=mean_curvature(field).numpy(),
        posterior=plane.numpy(),
        reconstructions=_map(context, base, field).numpy(),
        latents=(int(field.latents[0]), int(field.latents[1])),
        converging=Estimate(float(inside.double().mean()), low=low, high=high, n=n),
        still=float(field.vectors.norm(dim=-1).max()) < STILL * float(field.xs[-1] - field.xs[0]),
    )


def _at_nearest(field: ResponseField, values: Tensor, points: Tensor) -> Tensor:
    """Value of the nearest grid point; points outside the grid take the border's."""
    dx, dy = field.spacing
    column = ((points[:, 0] - field.xs[0]) / dx).round().long().clamp(0, len(field.xs) - 1)
    row = ((points[:, 1] - field.ys[0]) / dy).round().long().clamp(0, len(field.ys) - 1)
    return values[row, column]


def _map(context: Context, base: Tensor, field: ResponseField) -> Tensor:
    axes = [torch.linspace(float(axis[0]), float(axis[-1]), MAP) for axis in (field.xs, field.ys)]
    images = decode(context.model, grid_latents(base, field.latents, *axes), batch_size=context.batch_size)
    return images.reshape(MAP, MAP, *images.shape[1:])


def judge(evidence: FieldEvidence, context: Context) -> Judgement:
    """Say how much of the posterior lies where responses converge; a field that stands still is no fault."""
    first, second = evidence.latents
    score = Score.of(
        "field.converging",
        "Posterior samples where responses converge",
        evidence.converging,
        f"share of posterior samples with ∇·(R(z) − z) < 0 on the plane of latents {first} and {second}, the others "
        f"at the real code nearest to the mean; central differences, {len(evidence.xs)}×{len(evidence.ys)} points over "
        f"mean ± {REACH} σ; Wilson interval",
        n=len(evidence.posterior),
        seed=context.seed,
        unit="%",
    )
    on_plane = f"On the plane of units {first} and {second}"
    if evidence.still:
        sentence = f"{on_plane} responses stay where they are: the coders invert each other."
        return Judgement((score,), (Finding("field", sentence, "good", (score.name,)),))
    level: Level = "good" if score.value >= GOOD else "note" if score.value >= FAIR else "warning"
    sentence = f"{on_plane}, {score} of the posterior lies where responses converge."
    remedy = None if level == "good" else "The decoder is unsure between clusters; interpolate around, not across."
    return Judgement((score,), (Finding("field", sentence, level, (score.name,), remedy=remedy),))


def figures(evidence: FieldEvidence) -> Iterator[Picture]:
    """Yield divergence, curvature and decodings as maps, and the field as arrows."""
    labels = [str(latent) for latent in evidence.latents]
    yield Picture(
        "maps",
        "A plane of two units",
        "Blue divergence: responses flow together, the decoder is sure of itself; red: borders between such "
        "regions. Green: real data. Curvature spikes where the latent manifold bends. Decodings cover the same "
        "plane. Colours saturate at the 98 % quantile.",
        partial(
            plots.field_maps,
            evidence.xs,
            evidence.ys,
            evidence.divergence,
            curvature=_visible_curvature(evidence),
            posterior=evidence.posterior,
            reconstructions=evidence.reconstructions,
            labels=labels,
        ),
    )
    yield Picture(
        "arrows",
        "Response field",
        "Every arrow leads from a latent to its response, at full length: where arrows are long, "
        "the model does not mean what the latent says.",
        partial(
            plots.field_arrows,
            evidence.xs,
            evidence.ys,
            evidence.vectors,
            posterior=evidence.posterior,
            labels=labels,
        ),
    )


def _visible_curvature(evidence: FieldEvidence) -> np.ndarray | None:
    """Curvature where responses move at all: directions of rounding errors are no manifold."""
    extent = max(np.ptp(evidence.xs), np.ptp(evidence.ys))
    flows = np.linalg.norm(evidence.vectors, axis=-1) > FLOWING * extent
    return np.where(flows, evidence.curvature, 0.0) if flows.any() else None


QUESTION = Question(
    key="field",
    title="Response field",
    text="Where do responses flow?",
    evidence=FieldEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
