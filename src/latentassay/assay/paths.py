"""How to get from one observation to another without leaving the manifold."""

import torch
from torch import Tensor

from latentassay.assay.subject import Subject
from latentassay.errors import ContractError
from latentassay.findings import Finding, Level, Score, Section
from latentassay.math.intervals import normal
from latentassay.responses import Curve, ManifoldPath, excitation, manifold_path, respond
from latentassay.responses.field import axes_over

PAIRS, LOOKS, STRIP = 32, 8, 12
"""Pairs of real latents that are joined by straight lines, points looked at on each, and decodings shown of a path."""


def ask_paths(subject: Subject) -> Section | None:
    """What does a straight interpolation cost, and is there a better way? Needs a plane of two alive scalars."""
    plane = subject.plane
    if plane is None:
        return None
    starts, ends, excess = _straight_lines(subject, plane)
    worst = int(excess.argmax())
    a, b = starts[worst], ends[worst]
    found = _ways(subject, a, b, plane)
    flat = manifold_path(
        subject.model, a, b, latents=plane, refine=False, n=subject.grid, extent=_extent(subject, plane, a, b),
        batch_size=subject.batch_size,
    ) if found is None else found  # fmt: skip
    scores = (_lines_score(subject, excess, plane), _gain_score(subject, flat, plane))
    xs, ys = axes_over(_extent(subject, plane, a, b), subject.grid)
    map_ = excitation(subject.model, plane, (a + b) / 2, xs, ys, subject.batch_size)
    arrays: dict[str, Tensor] = {
        "xs": map_.xs, "ys": map_.ys, "excitation": map_.cost.sqrt(), "posterior": subject.z[:, list(plane)],
        **_curve("straight", flat.straight, plane), **_curve("manifold", flat.start, plane),
    }  # fmt: skip
    costs = {"straight": flat.straight.cost, "manifold": flat.start.cost}
    if found is not None:
        arrays |= _curve("manifold_full", found.manifold, plane)
        costs["manifold_full"] = found.manifold.cost
    if len(subject.data.x_shape) == 1:
        arrays["observations"] = subject.x(slice(400))
    details = {"labels": [str(latent) for latent in plane], "costs": costs, "variant": flat.variant}
    return Section(
        "paths", "Interpolation", "Does a straight line between two observations stay on the manifold?",
        scores, (_finding(subject, scores, plane),), {name: value.numpy() for name, value in arrays.items()}, details,
    )  # fmt: skip


def _straight_lines(subject: Subject, plane: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
    """Pairs in the plane through a real latent, and the mean cost of their straight line relative to that of its ends.

    Only the two latents of the plane change; the others stay as they are in the first of each pair.
    """
    chosen = torch.randperm(subject.n, generator=subject.generator("paths"))[: 2 * PAIRS]
    starts, others = subject.codes.mean[chosen].tensor_split(2)
    ends = starts.clone()
    ends[:, list(plane)] = others[: len(starts), list(plane)]
    share = torch.linspace(0, 1, LOOKS)[:, None, None].to(starts)
    z = (starts * (1 - share) + ends * share).reshape(-1, starts.shape[1])
    moved = (respond(subject.model, z, batch_size=subject.batch_size) - z).double().square().sum(1)
    cost = moved.reshape(LOOKS, -1)
    typical = float((respond(subject.model, subject.codes.mean) - subject.codes.mean).square().sum(1).mean())
    return starts, ends, cost.mean(0) / max(typical, 1e-12)


def _extent(subject: Subject, plane: tuple[int, int], *points: Tensor) -> list[list[float]]:
    """Mean ± 3 σ of the posterior along both axes, widened to hold the points."""
    out = []
    for latent in plane:
        column, own = subject.z[:, latent].double(), [float(point[latent]) for point in points]
        middle, reach = float(column.mean()), 3 * float(column.std())
        out.append([min(middle - reach, *own), max(middle + reach, *own)])
    return out


def _ways(subject: Subject, a: Tensor, b: Tensor, plane: tuple[int, int]) -> ManifoldPath | None:
    """The way found in all latents, or ``None`` for a model that torch cannot differentiate."""
    try:
        return manifold_path(
            subject.model, a, b, latents=plane, n=subject.grid, extent=_extent(subject, plane, a, b),
            budget=subject.seconds / 8, batch_size=subject.batch_size,
        )  # fmt: skip
    except ContractError:
        return None


def _curve(kind: str, curve: Curve, plane: tuple[int, int]) -> dict[str, Tensor]:
    shown = torch.linspace(0, len(curve.x) - 1, STRIP).round().long()
    return {kind: curve.z[:, list(plane)], f"{kind}_distance": curve.distance, f"{kind}_images": curve.x[shown]}


def _lines_score(subject: Subject, excess: Tensor, plane: tuple[int, int]) -> Score:
    mean, stderr = float(excess.mean()), float(excess.std()) / len(excess) ** 0.5
    low, high = normal(mean, stderr)
    return Score(
        "paths.straight", "Cost of straight lines", mean,
        f"mean of ‖R(z) − z‖² along straight lines between real codes, over its mean at real codes: 1 is as good as "
        f"data; {len(excess)} pairs that differ in latents {plane[0]} and {plane[1]} alone, {LOOKS} points each",
        len(excess), subject.seed, max(0.0, low), high, unit="×",
    )  # fmt: skip


def _gain_score(subject: Subject, found: ManifoldPath, plane: tuple[int, int]) -> Score:
    best = min(found.manifold, found.start, key=lambda curve: curve.cost)
    return Score(
        "paths.gain", "Cost of the way along the manifold", best.cost / found.straight.cost,
        "∫ (‖R(z) − z‖² + temperature) ds along the way found, over that of the straight line, for the costliest of "
        f"these pairs (one example, so no interval): {found.variant}",
        1, subject.seed,
    )  # fmt: skip


def _finding(subject: Subject, scores: tuple[Score, ...], plane: tuple[int, int]) -> Finding:
    straight, gain = scores
    level: Level = "good" if straight.value <= 2 else "note" if straight.value <= 5 else "warning"
    sentence = (
        f"Straight lines on the plane of units {plane[0]} and {plane[1]} cost {straight} what real data do; "
        f"for the worst, a way along the manifold costs {100 * gain.value:.0f} % of the straight line."
    )
    remedy = None if level == "good" else "Interpolate with la.manifold_path rather than straight."
    return Finding("paths", sentence, level, (straight.name, gain.name), remedy)
