"""Interpolations along the learned manifold and straight: in the plane of two latents, and decoded."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.plots.images import COLUMNS, are_points, space, strips
from latentassay.plots.plane import (
    KINDS,
    Extent,
    around,
    cloud,
    draw_ends,
    draw_path,
    extent_of,
    frame,
    heat_map,
    union,
)
from latentassay.plots.style import INK, WIDE, legend_above, scale, sheet, tidy

POINTS = 600
"""At most so many real latents are drawn."""

Backdrop = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Grid values xs ``(nx,)``, ys ``(ny,)``, and what is shown over them, ``(ny, nx)``."""

RESPONSE_DISTANCE = "response distance ‖R(z) − z‖"


def path_map(
    paths: Mapping[str, np.ndarray],
    distances: Mapping[str, np.ndarray],
    *,
    costs: Mapping[str, float] | None = None,
    posterior: np.ndarray | None = None,
    backdrop: Backdrop | None = None,
    labels: Sequence[str] = ("a", "b"),
) -> Figure:
    """Draw paths between two latents in a plane, and beside it how far responses move along each.

    Args:
        paths: ``"manifold"``, ``"straight"`` and perhaps ``"manifold_full"`` → ``(k, 2)``, all with the same ends.
        distances: the same keys → ``‖R(z) − z‖``, ``(k,)``, at points evenly spaced by arc length.
        costs: the same keys → what the path costs, for the legend.
        posterior: latents of real data in this plane, ``(n, 2)``.
        backdrop: xs ``(nx,)``, ys ``(ny,)`` and ``‖R(z) − z‖``, ``(ny, nx)``, on the plane, drawn in grey.
        labels: names of the two units.

    Source: LR figures 3 (left) and 5b.
    """
    figure = sheet(WIDE, 3.9 if backdrop is None else 4.6)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.25])
    shown = {kind: np.asarray(paths[kind]) for kind in KINDS if kind in paths}
    _profiles(right, {kind: distances[kind] for kind in shown}, costs or {})
    frame(left, _limits(shown, posterior, backdrop), labels, "")
    _plane(left, shown, posterior, backdrop, float(right.get_ylim()[1]))
    legend_above(figure, left, right)
    return figure


def path_strips(images: Mapping[str, np.ndarray], *, observations: np.ndarray | None = None) -> Figure:
    """Draw what each path decodes to, evenly spaced from a to b; points as curves through space.

    Args:
        images: ``"manifold"``, ``"straight"`` and perhaps ``"manifold_full"`` → decodings ``(s, *x_shape)``.
        observations: real data ``(n, 2 or 3)``, drawn around curves only.

    Source: LR figures 5c and 5d; for points, LR figure 3 (right).
    """
    shown = {kind: np.asarray(images[kind]) for kind in KINDS if kind in images}
    if all(are_points(samples) for samples in shown.values()):
        return _curves(shown, observations)
    figure = strips({KINDS[kind].name: _thinned(samples) for kind, samples in shown.items()})
    ax = figure.axes[0]
    for row, kind in enumerate(shown):
        ax.plot([-0.07] * 2, [row + 0.08, row + 0.92], color=KINDS[kind].colour, linewidth=2.4, clip_on=False)
    columns = max(len(_thinned(samples)) for samples in shown.values())
    ax.tick_params(axis="y", pad=10)
    ax.xaxis.tick_top()
    ax.set_xticks([0.5, columns - 0.5], ["a", "b"])
    return figure


def _plane(
    ax: Axes,
    paths: Mapping[str, np.ndarray],
    posterior: np.ndarray | None,
    backdrop: Backdrop | None,
    limit: float,
) -> None:
    if backdrop is not None:
        image = heat_map(ax, backdrop[2], extent_of(*backdrop[:2]), limit)
        scale(ax.inset_axes((0, -0.21, 1, 0.035)), image, RESPONSE_DISTANCE, upright=False)
    if posterior is not None:
        cloud(ax, posterior[:POINTS], INK, "real data")
    for kind, points in paths.items():
        draw_path(ax, kind, points, named=False)
    draw_ends(ax, list(paths.values()))


def _limits(
    paths: Mapping[str, np.ndarray],
    posterior: np.ndarray | None,
    backdrop: Backdrop | None,
) -> Extent:
    """The backdrop's extent, or the data's; wider where a path leaves it."""
    ways = around(*paths.values())
    if backdrop is not None:
        return union(extent_of(*backdrop[:2]), ways)
    return ways if posterior is None else union(around(np.asarray(posterior)), ways)


def _profiles(ax: Axes, distances: Mapping[str, np.ndarray], costs: Mapping[str, float]) -> None:
    tidy(ax, x="share of the way from a to b", y=RESPONSE_DISTANCE)
    for kind, distance in distances.items():
        look = KINDS[kind]
        label = f"{look.name}: cost {_number(costs[kind])}" if kind in costs else look.name
        ax.plot(np.linspace(0, 1, len(distance)), distance, look.line, color=look.colour, linewidth=1.8, label=label)
    ax.set(xlim=(0, 1), ylim=(0, None), box_aspect=0.8)


def _number(value: float) -> str:
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"


def _thinned(samples: np.ndarray) -> np.ndarray:
    """At most twelve, the first and the last among them."""
    rows = np.linspace(0, len(samples) - 1, min(len(samples), COLUMNS)).round().astype(int)
    return np.asarray(samples[rows])


def _curves(curves: Mapping[str, np.ndarray], observations: np.ndarray | None) -> Figure:
    figure = sheet(6.0, 4.8)
    ax = space(figure, next(iter(curves.values())).shape[1], zoom=1.12)
    ax.computed_zorder = False
    if observations is not None:
        cloud(ax, observations[:POINTS], INK, "data")
    for kind, curve in curves.items():
        draw_path(ax, kind, curve, dotted=True)
    draw_ends(ax, list(curves.values()))
    legend_above(figure, ax)
    return figure
