"""Interpolations along the learned manifold and straight: in the plane of two latents, and decoded."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.check import finite_array, names_of, shaped_array
from latentassay.plots.images import COLUMNS, are_points, points_panel, strips
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
from latentassay.plots.style import INK, WIDE, Panels, legend_over, panels, scale_below, sheet, tidy

POINTS = 600
"""At most so many real latents are drawn."""

Backdrop = tuple[Any, Any, Any]
"""Grid values xs ``(nx,)``, ys ``(ny,)``, and what is shown over them, ``(ny, nx)``."""

RESPONSE_DISTANCE = "response distance ‖R(z) − z‖"
"""What the backdrop and the profiles show."""


def path_map(
    paths: Mapping[str, Any],
    distances: Mapping[str, Any],
    *,
    costs: Mapping[str, float] | None = None,
    posterior: Any = None,
    backdrop: Backdrop | None = None,
    labels: Sequence[Any] = ("a", "b"),
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw paths between two latents in a plane, and beside it how far responses move along each.

    Args:
        paths: ``"manifold"``, ``"straight"`` and perhaps ``"manifold_full"`` → ``(k, 2)``, all with the same ends.
        distances: the same keys → ``‖R(z) − z‖``, ``(k,)``, at points evenly spaced by arc length.
        costs: the same keys → what the path costs, for the legend.
        posterior: latents of real data in this plane, ``(n, 2)``.
        backdrop: xs ``(nx,)``, ys ``(ny,)`` and ``‖R(z) − z‖``, ``(ny, nx)``, on the plane, drawn in grey.
        labels: names of the two units.
        axes: two axes, of the plane and of the distances; a new figure where left out.

    Raises:
        InputError: no path of these kinds, one without distances, or shapes that do not fit.

    Source: LR figures 3 (left) and 5b.
    """
    shown = {kind: shaped_array(paths[kind], f"path {kind!r}", "k", 2) for kind in _kinds(paths)}
    if missing := set(shown) - set(distances):
        raise InputError(f"distances must have every path, got none of {', '.join(sorted(missing))}")
    grid = None if backdrop is None else _grid(backdrop)
    points = None if posterior is None else shaped_array(posterior, "posterior", "n", 2)
    found = panels(axes, 2)
    if found is None:
        found = sheet(WIDE, 3.9 if grid is None else 4.6).subplots(1, 2, width_ratios=[1, 1.25])
    left, right = found
    _profiles(right, {kind: finite_array(distances[kind], f"distances of {kind!r}", 1) for kind in shown}, costs or {})
    frame(left, _limits(shown, points, grid), names_of(labels, 2), "")
    _plane(left, shown, points, grid, float(right.get_ylim()[1]))
    legend_over(left, found)
    return found


def path_strips(images: Mapping[str, Any], *, observations: Any = None, ax: Axes | None = None) -> Axes:
    """Draw what each path decodes to, evenly spaced from a to b; points as curves through space.

    Args:
        images: ``"manifold"``, ``"straight"`` and perhaps ``"manifold_full"`` → decodings ``(s, *x_shape)``.
        observations: real data ``(n, 2 or 3)``, drawn around curves only.
        ax: where to draw, with ``projection="3d"`` for points in space; a new figure where left out.

    Raises:
        InputError: no path of these kinds, or shapes that do not fit.

    Source: LR figures 5c and 5d; for points, LR figure 3 (right).
    """
    shown = {kind: np.asarray(images[kind], dtype=float) for kind in _kinds(images)}
    if all(are_points(samples) for samples in shown.values()):
        return _curves(shown, observations, ax)
    thin = {kind: _thin(samples) for kind, samples in shown.items()}
    ax = strips({KINDS[kind].name: samples for kind, samples in thin.items()}, ax=ax)
    for row, kind in enumerate(shown):
        ax.plot([-0.07] * 2, [row + 0.08, row + 0.92], color=KINDS[kind].colour, linewidth=2.4, clip_on=False)
    ax.tick_params(axis="y", pad=10)
    ax.xaxis.tick_top()
    ax.set_xticks([0.5, max(map(len, thin.values())) - 0.5], ["a", "b"])
    return ax


def _kinds(named: Mapping[str, Any]) -> list[str]:
    kinds = [kind for kind in KINDS if kind in named]
    if not kinds:
        raise InputError(f"paths must be named {', '.join(KINDS)}, at least one of them, got {list(named)}")
    return kinds


def _grid(backdrop: Backdrop) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    xs, ys = finite_array(backdrop[0], "xs", 1), finite_array(backdrop[1], "ys", 1)
    return xs, ys, shaped_array(backdrop[2], "backdrop", len(ys), len(xs))


def _plane(
    ax: Axes, paths: Mapping[str, np.ndarray], posterior: np.ndarray | None, backdrop: Backdrop | None, limit: float
) -> None:
    if backdrop is not None:
        scale_below(ax, heat_map(ax, backdrop[2], extent_of(*backdrop[:2]), limit), RESPONSE_DISTANCE)
    if posterior is not None:
        cloud(ax, posterior[:POINTS], INK, "real data")
    for kind, points in paths.items():
        draw_path(ax, kind, points, named=False)
    draw_ends(ax, list(paths.values()))


def _limits(paths: Mapping[str, np.ndarray], posterior: np.ndarray | None, backdrop: Backdrop | None) -> Extent:
    """The backdrop's extent, or the data's; wider where a path leaves it."""
    box = around(*paths.values())
    if backdrop is not None:
        return union(extent_of(*backdrop[:2]), box)
    return box if posterior is None else union(around(posterior), box)


def _profiles(ax: Axes, distances: Mapping[str, np.ndarray], costs: Mapping[str, float]) -> None:
    tidy(ax, x="share of the way from a to b", y=RESPONSE_DISTANCE)
    for kind, distance in distances.items():
        look = KINDS[kind]
        label = f"{look.name}: cost {_number(costs[kind])}" if kind in costs else look.name
        ax.plot(np.linspace(0, 1, len(distance)), distance, look.line, color=look.colour, linewidth=1.8, label=label)
    ax.set(xlim=(0, 1), ylim=(0, None), box_aspect=0.8)


def _number(value: float) -> str:
    return f"{value:.0f}" if 1000 <= value < 1e6 else f"{value:.3g}"


def _thin(samples: np.ndarray) -> np.ndarray:
    """At most twelve, the first and the last among them."""
    rows = np.linspace(0, len(samples) - 1, min(len(samples), COLUMNS)).round().astype(int)
    return np.asarray(samples[rows])


def _curves(curves: Mapping[str, np.ndarray], observations: Any, ax: Axes | None) -> Axes:
    ax = points_panel(ax, next(iter(curves.values())).shape[1], zoom=1.12)
    if ax.name == "3d":
        ax.computed_zorder = False  # type: ignore[attr-defined]  # paths lie on top of the data, wherever they are
    if observations is not None:
        cloud(ax, np.asarray(observations, dtype=float)[:POINTS], INK, "data")
    for kind, curve in curves.items():
        draw_path(ax, kind, curve, dotted=True)
    draw_ends(ax, list(curves.values()))
    legend_over(ax, [ax])
    return ax
