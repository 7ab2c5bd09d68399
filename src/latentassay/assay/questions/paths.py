"""Does a straight line between two observations stay on the manifold?"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay import detours
from latentassay.assay.context import COARSEST, Context
from latentassay.assay.maps import present
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.errors import ContractError
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import grade
from latentassay.responses import Curve, ManifoldPath, manifold_path, respond, response_error
from latentassay.responses.field import axes_over
from latentassay.responses.response_error import ResponseError
from latentassay.stats.ratios import ratio_of_means

PAIRS = 32
"""Pairs of real codes that are joined by straight lines, at most."""

FEWEST_PAIRS = 8
"""And at least."""

LOOKS = 8
"""Points looked at on each line."""

SHOWN = 12
"""Decodings shown of a way."""

STONES = 256
"""Real codes that a way may lead through."""

CURVES = 300
"""Passes that the curves take."""

STEPS, FEWEST_STEPS, LOOKS_A_STEP = 75, 10, 96
"""Gradient steps that refine a way, after which its cost hardly falls; at least; and passes that one takes, about."""

RAW = 400
"""Observations that are shown beside the strips where they are points."""

ROUNDING = 1e-4
"""Responses that move by less than this share of the spread of codes do not move, as for holes."""

SAME = 1e-6
"""Codes nearer to each other than this share of their spread are the same."""

EXACT = 1000.0
"""Ratios beyond say only that responses to real codes are nearly exact, as those of a codebook are."""

WORTH = 0.8
"""Ways through real codes are worth taking if they surely cost no more than this share of straight lines."""

BOUNDS = Bounds(
    1,
    2,
    5,
    "mean squared distance between latents and responses on straight lines over that at real codes: 1 is as good as "
    "data, at 2 a line is about as far off as data in their worse half, at 5 further than nearly all data are",
)

Plane = tuple[int, int]


@dataclass(frozen=True)
class PathsEvidence:
    """What straight lines cost, and two or three ways between one pair of codes.

    Attributes:
        straight: points of the straight line on the plane, ``(m, 2)``.
        straight_distance: ‖R(z) − z‖ along it, ``(m,)``.
        straight_images: decodings along it, ``(k, *x_shape)``.
        manifold: points of the way along the manifold, likewise with distances and decodings.
        refined: points of that way refined in all latents, likewise; ``None`` where it is the same.
        xs: values of the first latent of the map of ``response_error``, ``(w,)``; ``None`` where no map applies.
        ys: of the second, ``(h,)``.
        response_error: ‖R(z) − z‖ on the plane, ``(h, w)``.
        posterior: posterior samples on the plane, ``(n, 2)``.
        observations: some observations, where they are vectors, ``(r, d)``.
        costs: ∫ (‖R(z) − z‖² + temperature) ds along straight line, manifold and refined way.
        labels: of the two latents of the plane.
        lines: mean cost of straight lines over that at real codes.
        pairs: how many lines.
        gain: cost of the best way over that of the straight line, for the pair that is shown.
        detours: cost of ways through real codes over that of straight lines, geometric mean over many pairs.
        variant: how the way was found.
    """

    straight: Float[np.ndarray, "m 2"]
    straight_distance: Float[np.ndarray, " m"]
    straight_images: Float[np.ndarray, "k *x_shape"]
    manifold: Float[np.ndarray, "p 2"]
    manifold_distance: Float[np.ndarray, " p"]
    manifold_images: Float[np.ndarray, "k *x_shape"]
    refined: Float[np.ndarray, "q 2"] | None
    refined_distance: Float[np.ndarray, " q"] | None
    refined_images: Float[np.ndarray, "k *x_shape"] | None
    xs: Float[np.ndarray, " w"] | None
    ys: Float[np.ndarray, " h"] | None
    response_error: Float[np.ndarray, "h w"] | None
    posterior: Float[np.ndarray, "n 2"]
    observations: Float[np.ndarray, "r d"] | None
    costs: dict[str, float]
    labels: tuple[str, str]
    lines: Estimate
    pairs: int
    gain: float
    detours: Estimate
    variant: str


def passes_needed(context: Context) -> int | None:
    """Codes, straight lines of two kinds, the map of costs, and the curves; needs a plane of alive scalars."""
    if context.plane is None:
        return None
    return context.n + FEWEST_PAIRS * (2 * LOOKS + 1) + COARSEST**2 + CURVES + detours.LEAST_PASSES


def measure(context: Context) -> PathsEvidence | None:
    """Price straight lines and ways through real codes, and look for a better way between one costly pair.

    Asked again, only the straight lines are priced, more of them.
    """
    plane = context.plane or (0, 1)
    starts, ends = _pairs(context)
    if len(starts) < 2:
        return None  # all codes are one, or nearly all: there is no line between them
    # Squared distances below this are rounding, of which no ratio means anything.
    floor = (ROUNDING * float(context.codes.mean.double().std(0).norm())) ** 2
    usual = _squared_error(context, context.codes.mean).clamp(min=floor)
    lines = _costs(context, starts, ends).clamp(min=floor)
    known, priced = context.found.get("paths"), ratio_of_means(lines, usual)
    if context.depth and isinstance(known, PathsEvidence):
        return replace(known, lines=priced, pairs=priced.n or 0)
    a, b, flat = _example(context, starts, ends, lines, usual, plane)
    background = _map(context, a, plane, _extent(context, plane, a, b)) if flat else None
    found = _ways(context, a, b, plane, background)
    ways = detours.cost_of_detours(context, starts, ends, context.passes // 8)
    return _evidence(context, _Priced(priced, ways), found, plane, background)


class _Priced(NamedTuple):
    """Costs of straight lines over that at real codes, and of ways through real codes over that of straight lines."""

    lines: Estimate
    detours: Estimate


def _pairs(context: Context) -> tuple[Tensor, Tensor]:
    """Pairs of real codes that differ: encoders that saturate give many rows the same code."""
    pairs = max(FEWEST_PAIRS, min(context.at_most(PAIRS), context.passes // 8 // (2 * LOOKS + 1)))
    chosen = torch.randperm(context.n, generator=context.generator("paths"))[: 2 * pairs]
    starts, ends = (codes[: len(chosen) // 2] for codes in context.codes.mean[chosen].tensor_split(2))
    differ = (starts - ends).double().norm(dim=1) > SAME * float(context.codes.mean.double().std(0).norm())
    return starts[differ], ends[differ]


def _costs(context: Context, starts: Tensor, ends: Tensor) -> Tensor:
    """Mean of ‖R(z) − z‖² along straight lines, one number per line."""
    share = torch.linspace(0, 1, LOOKS)[:, None, None].to(starts)
    z = (starts * (1 - share) + ends * share).flatten(0, 1)
    return _squared_error(context, z).reshape(LOOKS, -1).mean(0)


def _squared_error(context: Context, z: Tensor) -> Tensor:
    return (respond(context.model, z, batch_size=context.batch_size) - z).double().square().sum(1)


def _example(
    context: Context, starts: Tensor, ends: Tensor, lines: Tensor, usual: Tensor, plane: Plane
) -> tuple[Tensor, Tensor, bool]:
    """The costliest pair that lies far apart on the plane alone, both ends on the manifold; else, of real codes.

    Returns:
        Both ends, and whether they share all latents but two.
    """
    exchanged = starts.clone()
    exchanged[:, list(plane)] = ends[:, list(plane)]
    apart = (exchanged - starts).norm(dim=1)
    landed = (
        (_squared_error(context, exchanged) <= torch.quantile(usual, 0.95)) & (apart >= apart.median()) & (apart > 0)
    )
    if not bool(landed.any()):
        worst = int(lines.argmax())
        return starts[worst], ends[worst], False
    worst = int(torch.where(landed, _costs(context, starts, exchanged), -1.0).argmax())
    return starts[worst], exchanged[worst], True


def _ways(context: Context, a: Tensor, b: Tensor, plane: Plane, background: ResponseError | None) -> ManifoldPath:
    """The way across the plane, or through real codes; refined in all latents where torch can differentiate."""
    options: dict[str, Any] = {"batch_size": context.batch_size}
    if background is not None:
        options |= {"latents": plane, "plane": background, "n": len(background.xs)}
    else:
        options["through"] = context.codes.mean[:STONES]
    steps = min(STEPS, context.passes // 8 // LOOKS_A_STEP)
    # Refining needs derivatives; foreign models that torch cannot differentiate say so by a ContractError.
    with suppress(ContractError):
        if steps >= FEWEST_STEPS:
            return manifold_path(context.model, a, b, steps=steps, **options)
    return manifold_path(context.model, a, b, refine=False, **options)


def _extent(context: Context, plane: Plane, *points: Tensor) -> list[list[float]]:
    """Mean ± 3 σ of the posterior along both axes, widened to hold the points."""
    out = []
    for latent in plane:
        column, own = context.z[:, latent].double(), [float(point[latent]) for point in points]
        middle, reach = float(column.mean()), 3 * float(column.std())
        out.append([min(middle - reach, *own), max(middle + reach, *own)])
    return out


def _map(context: Context, a: Tensor, plane: Plane, extent: list[list[float]]) -> ResponseError:
    """Squared distances on the plane, where both ends lie on it."""
    xs, ys = axes_over(extent, context.side(2))
    return response_error(context.model, plane, a, xs, ys, context.batch_size)


def _evidence(
    context: Context, priced: _Priced, found: ManifoldPath, plane: Plane, background: ResponseError | None
) -> PathsEvidence:
    is_refined = found.manifold is not found.start and found.manifold is not found.straight
    ways = {"straight": found.straight, "manifold": found.start}
    ways |= {"refined": found.manifold} if is_refined else {}
    optional = ("refined", "refined_distance", "refined_images", "xs", "ys", "response_error")
    arrays: dict[str, Any] = dict.fromkeys(optional)
    if background is not None:
        distances = background.cost.sqrt()
        arrays |= {"xs": background.xs.numpy(), "ys": background.ys.numpy(), "response_error": distances.numpy()}
    for name, curve in ways.items():
        arrays |= _curve(name, curve, plane)
    is_vector = len(context.data.x_shape) == 1
    return PathsEvidence(
        **arrays,
        posterior=context.z[:, list(plane)].numpy(),
        observations=context.x(slice(RAW)).numpy() if is_vector else None,
        costs={name: float(curve.cost) for name, curve in ways.items()},
        labels=(str(plane[0]), str(plane[1])),
        lines=priced.lines,
        pairs=priced.lines.n or 0,
        gain=float(found.manifold.cost / found.straight.cost),
        detours=priced.detours,
        variant=found.variant,
    )


def _curve(name: str, curve: Curve, plane: Plane) -> dict[str, np.ndarray]:
    shown = torch.linspace(0, len(curve.x) - 1, SHOWN).round().long()
    return {
        name: curve.z[:, list(plane)].numpy(),
        f"{name}_distance": curve.distance.numpy(),
        f"{name}_images": curve.x[shown].numpy(),
    }


def judge(evidence: PathsEvidence, context: Context) -> Judgement:
    """Say what straight lines cost, and what a better way saves."""
    straight = Score.of(
        "paths.straight",
        "Cost of straight lines",
        evidence.lines,
        f"mean of ‖R(z) − z‖² along straight lines between real codes, over its mean at real codes: 1 is as good as "
        f"data; {evidence.pairs} pairs, {LOOKS} points each",
        n=evidence.pairs,
        seed=context.seed,
        unit="×",
    )
    gain = Score(
        "paths.gain",
        "Cost of the way along the manifold",
        evidence.gain,
        "∫ (‖R(z) − z‖² + temperature) ds along the way found, over that of the straight line, for the costliest of "
        f"these pairs (one example, so no interval): {evidence.variant}",
        n=1,
        seed=context.seed,
    )
    detour = Score.of(
        "paths.detours",
        "Cost of ways through real codes",
        evidence.detours,
        "∫ (‖R(z) − z‖² + temperature) ds along the cheapest way from real code to real code, over that of the "
        f"straight line, geometric mean over {evidence.detours.n} pairs, the straight line where it is cheaper; "
        "Student's interval of the mean logarithm",
        n=evidence.detours.n or 0,
        seed=context.seed,
        unit="%",
    )
    return Judgement((straight, gain, detour), (_finding(evidence, straight, detour),))


def _finding(evidence: PathsEvidence, straight: Score, detour: Score) -> Finding:
    level = grade(evidence.lines, BOUNDS)
    worth = level != "good" and (evidence.detours.high or 1.0) < WORTH
    cost = str(straight) if evidence.lines <= EXACT else f"more than {EXACT:,.0f} ×"
    sentence = f"Straight lines between real codes cost {cost} what real data do"
    sentence += f"; ways through real codes cost {detour} of that." if worth else "."
    remedy = "Interpolate with la.manifold_path(…, through=codes) rather than straight."
    return Finding(
        "paths",
        sentence,
        level,
        (straight.name, detour.name),
        direction="above",
        estimate=evidence.lines,
        bounds=BOUNDS,
        remedy=remedy if worth else None,
        settle=how_to_settle(evidence.lines, BOUNDS),
    )


def figures(evidence: PathsEvidence) -> Iterator[Picture]:
    """Yield the ways on the plane, and what lies on them."""
    background = None
    if evidence.xs is not None and evidence.ys is not None and evidence.response_error is not None:
        background = evidence.xs, evidence.ys, evidence.response_error
    ways = {"manifold": evidence.manifold, "straight": evidence.straight, "manifold_full": evidence.refined}
    distances = {
        "manifold": evidence.manifold_distance,
        "straight": evidence.straight_distance,
        "manifold_full": evidence.refined_distance,
    }
    images = {
        "manifold": evidence.manifold_images,
        "straight": evidence.straight_images,
        "manifold_full": evidence.refined_images,
    }
    costs = {("manifold_full" if name == "refined" else name): cost for name, cost in evidence.costs.items()}
    yield Picture(
        "map",
        "Along the manifold, and straight",
        "Left: two ways from a to b. Grey: how far responses move, as far as the plot on the right reaches; where "
        "the page is clear, the model knows the latent. Dots: real data. Right: the same distance along each way: "
        "one that stays low stays on the learned manifold. The cost is the integral of ‖R(z) − z‖² plus a "
        "temperature, which charges for length. A path refined in all latents is shown by its shadow on the plane.",
        partial(
            plots.path_map,
            present(ways),
            present(distances),
            costs=costs,
            posterior=evidence.posterior,
            backdrop=background,
            labels=evidence.labels,
        ),
    )
    yield Picture(
        "strips",
        "What lies on the way",
        "Decodings at evenly spaced latents from a to b. On the manifold every one should pass for real, and "
        "change little by little; off it, look for blends, oddities and jumps. Points are drawn as curves, "
        "a marker for each decoding: a wide gap between markers is a jump.",
        partial(plots.path_strips, present(images), observations=evidence.observations),
    )


QUESTION = Question(
    key="paths",
    title="Interpolation",
    text="Does a straight line between two observations stay on the manifold?",
    evidence=PathsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=3,
)
