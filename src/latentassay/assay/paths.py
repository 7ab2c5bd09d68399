"""How to get from one observation to another without leaving the manifold."""

from typing import Any

import torch
from torch import Tensor

from latentassay.assay.context import COARSEST, Context
from latentassay.core.errors import ContractError
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.responses import Curve, ManifoldPath, manifold_path, respond, response_error
from latentassay.responses.field import axes_over
from latentassay.stats.intervals import normal

PAIRS, LOOKS, STRIP, STONES = 32, 8, 12, 256
"""Pairs of real codes that are joined by straight lines, points looked at on each, decodings shown of a path, and real
codes that a way may lead through."""

FEWEST, CURVES = 8, 300
"""Pairs that even a slow model is asked for, and passes that the curves found take."""

Plane = tuple[int, int]


def paths_least(context: Context) -> int | None:
    """Passes that paths take at least: codes, straight lines of two kinds, the map of costs twice, and the curves."""
    if context.plane is None:
        return None
    return context.n + FEWEST * (2 * LOOKS + 1) + 2 * COARSEST**2 + CURVES


def ask_paths(context: Context) -> Section | None:
    """What does a straight interpolation cost, and is there a better way? Needs a plane of two alive scalars."""
    plane = context.plane
    if plane is None:
        return None
    chosen = torch.randperm(context.n, generator=context.generator("paths"))[: 2 * _pairs(context)]
    starts, ends = (codes[: len(chosen) // 2] for codes in context.codes.mean[chosen].tensor_split(2))
    usual = _moved(context, context.codes.mean)
    lines = _costs(context, starts, ends) / max(float(usual.mean()), 1e-12)
    a, b, flat = _example(context, starts, ends, lines, usual, plane)
    found = _ways(context, a, b, plane if flat else None)
    arrays, details = _evidence(context, a, b, plane if flat else None, found)
    scores = (_lines_score(context, lines), _gain_score(context, found))
    arrays["posterior"] = context.z[:, list(plane)]
    details["labels"] = [str(latent) for latent in plane]
    return Section(
        "paths",
        "Interpolation",
        "Does a straight line between two observations stay on the manifold?",
        scores,
        (_finding(*scores),),
        {name: value.numpy() for name, value in arrays.items()},
        details,
    )


def _pairs(context: Context) -> int:
    return max(FEWEST, min(PAIRS, context.passes // 8 // (2 * LOOKS + 1)))


def _costs(context: Context, starts: Tensor, ends: Tensor) -> Tensor:
    """Mean of ‖R(z) − z‖² along straight lines, one number per line."""
    share = torch.linspace(0, 1, LOOKS)[:, None, None].to(starts)
    z = (starts * (1 - share) + ends * share).flatten(0, 1)
    return _moved(context, z).reshape(LOOKS, -1).mean(0)


def _moved(context: Context, z: Tensor) -> Tensor:
    return (respond(context.model, z, batch_size=context.batch_size) - z).double().square().sum(1)


def _example(
    context: Context, starts: Tensor, ends: Tensor, lines: Tensor, usual: Tensor, plane: Plane
) -> tuple[Tensor, Tensor, bool]:
    """The costliest pair that lies far apart on the plane alone, both ends on the manifold; else, of real codes.

    Returns:
        Both ends, and whether they share all latents but two.
    """
    swapped = starts.clone()
    swapped[:, list(plane)] = ends[:, list(plane)]
    apart = (swapped - starts).norm(dim=1)
    landed = (_moved(context, swapped) <= torch.quantile(usual, 0.95)) & (apart >= apart.median())
    if not bool(landed.any()):
        worst = int(lines.argmax())
        return starts[worst], ends[worst], False
    worst = int(torch.where(landed, _costs(context, starts, swapped), -1.0).argmax())
    return starts[worst], swapped[worst], True


def _ways(context: Context, a: Tensor, b: Tensor, plane: Plane | None) -> ManifoldPath:
    """The way across the plane, or through real codes; refined in all latents where torch can differentiate."""
    options: dict[str, Any] = {"batch_size": context.batch_size}
    if plane is not None:
        options |= {"latents": plane, "n": context.side(4), "extent": _extent(context, plane, a, b)}
    else:
        options["through"] = context.codes.mean[:STONES]
    try:
        return manifold_path(context.model, a, b, budget=context.seconds / 4, **options)
    except ContractError:
        return manifold_path(context.model, a, b, refine=False, **options)


def _extent(context: Context, plane: Plane, *points: Tensor) -> list[list[float]]:
    """Mean ± 3 σ of the posterior along both axes, widened to hold the points."""
    out = []
    for latent in plane:
        column, own = context.z[:, latent].double(), [float(point[latent]) for point in points]
        middle, reach = float(column.mean()), 3 * float(column.std())
        out.append([min(middle - reach, *own), max(middle + reach, *own)])
    return out


def _evidence(
    context: Context, a: Tensor, b: Tensor, plane: Plane | None, found: ManifoldPath
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Arrays and details of the figures: every way seen on the plane, and the map below if it applies to them."""
    shown = plane or context.plane or (0, 1)
    ways = {"straight": found.straight, "manifold": found.start, "manifold_full": found.manifold}
    if found.manifold is found.start or found.manifold is found.straight:
        del ways["manifold_full"]
    arrays = {name: array for kind, curve in ways.items() for name, array in _curve(kind, curve, shown).items()}
    if plane is not None:
        xs, ys = axes_over(_extent(context, plane, a, b), context.side(4))
        map_ = response_error(context.model, plane, a, xs, ys, context.batch_size)
        arrays |= {"xs": map_.xs, "ys": map_.ys, "response_error": map_.cost.sqrt()}
    if len(context.data.x_shape) == 1:
        arrays["observations"] = context.x(slice(400))
    costs = {kind: curve.cost for kind, curve in ways.items()}
    return arrays, {"costs": costs, "variant": found.variant}


def _curve(kind: str, curve: Curve, plane: Plane) -> dict[str, Tensor]:
    shown = torch.linspace(0, len(curve.x) - 1, STRIP).round().long()
    return {kind: curve.z[:, list(plane)], f"{kind}_distance": curve.distance, f"{kind}_images": curve.x[shown]}


def _lines_score(context: Context, lines: Tensor) -> Score:
    mean, stderr = float(lines.mean()), float(lines.std()) / len(lines) ** 0.5
    low, high = normal(mean, stderr)
    return Score(
        "paths.straight",
        "Cost of straight lines",
        mean,
        f"mean of ‖R(z) − z‖² along straight lines between real codes, over its mean at real codes: 1 is as good as "
        f"data; {len(lines)} pairs, {LOOKS} points each",
        len(lines),
        context.seed,
        max(0.0, low),
        high,
        unit="×",
    )


def _gain_score(context: Context, found: ManifoldPath) -> Score:
    return Score(
        "paths.gain",
        "Cost of the way along the manifold",
        found.manifold.cost / found.straight.cost,
        "∫ (‖R(z) − z‖² + temperature) ds along the way found, over that of the straight line, for the costliest of "
        f"these pairs (one example, so no interval): {found.variant}",
        1,
        context.seed,
    )


def _finding(straight: Score, gain: Score) -> Finding:
    level: Level = "good" if straight.value <= 2 else "note" if straight.value <= 5 else "warning"
    sentence = (
        f"Straight lines between real codes cost {straight} what real data do; for a bad one, a way along the manifold "
        f"costs {100 * gain.value:.0f} % of it."
    )
    remedy = None if level == "good" else "Interpolate with la.manifold_path(…, through=codes) rather than straight."
    return Finding("paths", sentence, level, (straight.name, gain.name), remedy)
