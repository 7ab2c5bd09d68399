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
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import listing
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import GRAVE, grade
from latentassay.responses import ResponseField, divergence, mean_curvature, respond, response_field
from latentassay.responses.field import grid_latents
from latentassay.sampling import decode
from latentassay.stats.intervals import proportion

MAP = 12
"""Decodings along each side of the plane."""

REACH = 3
"""Standard deviations of the posterior that the plane spans to each side of its mean."""

STILL = 1e-4
"""A response field shorter than this share of the plane's extent is rounding."""

FLOWING = 1e-5
"""Directions of arrows shorter than this share of the plane's extent are rounding."""

SAMPLES = 128
"""Posterior samples at which slopes are measured, at most."""

FEWEST_SAMPLES = 32
"""And at least."""

MOST_UNITS = 8
"""Units along which slopes are measured, the most responsive."""

STEP = 0.1
"""Distance over which slopes are measured, to each side, in standard deviations of the unit."""

APART = 0.1
"""Responses move apart where changes come back at more than 1 + APART of their size, mean over the units."""

EXACT = 0.99
"""Share of the variance from which on reconstructions count as exact."""

CHECKED = 64
"""Rows that are reconstructed to know, where nobody did before."""

BOUNDS = Bounds(
    0,
    0.05,
    0.25,
    "share of posterior samples where responses move apart: around one in twenty is a matter of borders between kinds "
    "of data; from one in four on they do so in the midst of the data",
)


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
        slopes: mean over units of ∂R_u/∂z_u at some posterior samples, ``(s,)``.
        slope_units: name of every one of these units.
        expanding: share of these samples where the mean slope is above 1.1, so that responses move apart.
        converging: share of posterior samples where the field on the plane converges.
        still: whether responses stay where they are.
        exact: whether reconstructions are exact, too.
    """

    xs: Float[np.ndarray, " w"]
    ys: Float[np.ndarray, " h"]
    vectors: Float[np.ndarray, "h w 2"]
    divergence: Float[np.ndarray, "h w"]
    curvature: Float[np.ndarray, "h w"]
    posterior: Float[np.ndarray, "n 2"]
    reconstructions: Float[np.ndarray, "m m *x_shape"]
    latents: tuple[int, int]
    slopes: Float[np.ndarray, " s"]
    slope_units: tuple[str, ...]
    expanding: Estimate
    converging: Estimate
    still: bool
    exact: bool


def passes_needed(context: Context) -> int | None:
    """The coarsest field, half a pass for every decoding, and slopes; needs a plane of two alive scalars."""
    slopes = 2 * FEWEST_SAMPLES * len(_scalars(context))
    return COARSEST**2 + MAP**2 // 2 + slopes if context.plane else None


def _scalars(context: Context) -> list[int]:
    """The most responsive units of one latent."""
    scalars = [unit for unit in context.ledger.live if len(context.matrix.units.groups[unit]) == 1]
    return context.ledger.strongest(scalars, MOST_UNITS)


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
        n=context.side(2 * (1 + MAP**2 / COARSEST**2)),  # the other half of the passes is for slopes
        extent=extent,
        batch_size=context.batch_size,
    )
    flow = divergence(field)
    inside, n = _at_nearest(field, flow, plane) < 0, len(plane)
    slopes, units = _slopes(context), _scalars(context)
    still = float(field.vectors.norm(dim=-1).max()) < STILL * float(field.xs[-1] - field.xs[0])
    return FieldEvidence(
        xs=field.xs.numpy(),
        ys=field.ys.numpy(),
        vectors=field.vectors.numpy(),
        divergence=flow.numpy(),
        curvature=mean_curvature(field).numpy(),
        posterior=plane.numpy(),
        reconstructions=_map(context, base, field).numpy(),
        latents=(int(field.latents[0]), int(field.latents[1])),
        slopes=slopes.numpy(),
        slope_units=tuple(context.ledger.labels(units)),
        expanding=proportion(int((slopes > 1 + APART).sum()), len(slopes)),
        converging=proportion(int(inside.sum()), n),
        still=still,
        exact=still and _is_exact(context),
    )


def _slopes(context: Context) -> Float[Tensor, " s"]:
    """Mean over units of central differences of their own responses, at posterior samples.

    They are measured at the samples themselves, in all units: what a plane shows depends on where it is laid.
    """
    latents = [context.matrix.units.groups[unit][0] for unit in _scalars(context)]
    afforded = context.passes // 2 // (2 * len(latents))
    z = context.sample(min(context.at_most(SAMPLES), max(FEWEST_SAMPLES, afforded)), "slopes").flatten(1)
    steps = STEP * context.z.flatten(1)[:, latents].double().std(0).to(z)
    moved = z.repeat(2, len(latents), 1, 1)
    for k, latent in enumerate(latents):
        moved[0, k, :, latent] -= steps[k]
        moved[1, k, :, latent] += steps[k]
    response = respond(context.model, moved.flatten(0, 2), batch_size=context.batch_size).view_as(moved)
    # Over the distance that was really gone, since a small step beside a large value is rounded.
    gone, back = ((ends[1] - ends[0]).double()[:, :, latents].diagonal(dim1=0, dim2=2) for ends in (moved, response))
    return (back / gone).mean(1)


def _is_exact(context: Context) -> bool:
    """Whether codes decode to what was encoded."""
    known = context.found.get("reconstruction")
    if known is not None:
        return float(known.explained) >= EXACT
    x = context.x(slice(CHECKED)).double()
    decoded = decode(context.model, context.codes.mean[: len(x)], batch_size=context.batch_size)
    return float((decoded - x).square().sum()) <= (1 - EXACT) * float((x - x.mean(0)).square().sum())


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
    """Say at which share of the data responses move apart by more than a little; a field that stands still is fine."""
    expanding = Score.of(
        "field.expanding",
        "Posterior samples where responses move apart",
        evidence.expanding,
        f"share of posterior samples where ∂R_u/∂z_u is above {1 + APART:g}, mean over the units "
        f"{listing(evidence.slope_units)}; central differences over ± {STEP:g} σ; Wilson interval",
        n=len(evidence.slopes),
        seed=context.seed,
        unit="%",
    )
    scores = (expanding, _converging(evidence, context))
    if evidence.still:
        sentence = f"On the plane of units {listing(list(map(str, evidence.latents)))} responses stay where they are"
        sentence += ": the coders invert each other." if evidence.exact else "."
    else:
        sentence = (
            f"At {expanding} of posterior samples responses move apart (small changes come back more than "
            f"{100 * APART:g} % larger); on average over all samples they come back at "
            f"{evidence.slopes.mean():.2f} of their size."
        )
    level = grade(evidence.expanding, BOUNDS)
    remedy = "Do not repair samples by responding several times: where responses move apart, they get further away."
    finding = Finding(
        "field",
        sentence,
        level,
        (expanding.name,),
        direction="above",
        estimate=evidence.expanding,
        bounds=BOUNDS,
        remedy=remedy if level in GRAVE else None,
        settle=how_to_settle(evidence.expanding, BOUNDS),
    )
    return Judgement(scores, (finding,))


def _converging(evidence: FieldEvidence, context: Context) -> Score:
    """Sign of the divergence alone, as in the paper's figure: a number to look at, which says nothing of sizes."""
    first, second = evidence.latents
    return Score.of(
        "field.converging",
        "Posterior samples where responses converge",
        evidence.converging,
        f"share of posterior samples with ∇·(R(z) − z) < 0 on the plane of latents {first} and {second}, the others "
        f"at the real code nearest to the mean, whatever its size; central differences, {len(evidence.xs)}×"
        f"{len(evidence.ys)} points over mean ± {REACH} σ; Wilson interval",
        n=len(evidence.posterior),
        seed=context.seed,
        unit="%",
    )


def figures(evidence: FieldEvidence) -> Iterator[Picture]:
    """Yield divergence, curvature and decodings as maps, and the field as arrows."""
    labels = [str(latent) for latent in evidence.latents]
    yield Picture(
        "maps",
        "A plane of two units",
        "Blue divergence: responses flow together; red: they move apart, as at borders between kinds of data. Green: "
        "real data. Curvature is high where the direction of responses turns. Decodings cover the same plane. "
        "Colours saturate at the 98 % quantile.",
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
        "what is decoded is encoded as another latent.",
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
