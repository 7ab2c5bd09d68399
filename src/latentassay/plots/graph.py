"""The response graph: units on a circle, arrows for interventions that reach another unit."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Circle, FancyArrowPatch

from latentassay.core.errors import InputError
from latentassay.plots.style import INK, LEAF, MAIN, MUTED, PAPER, SIZE, SMALL, height_of, legend, panel, width_of

EDGES = 120
"""Only this many of the strongest arrows are drawn; more are a thicket."""

SPAN = 2.7
"""Side of the figure in radii of the circle."""


def response_graph(
    nodes: Sequence[int] | np.ndarray,
    edges: Any,
    weights: Any,
    pairs: Any,
    labels: Sequence[Any],
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw the directed weighted graph over the alive units, as LR figure 6d; units of one variable share a band.

    Args:
        nodes: the alive units.
        edges: ``(e, 2)`` source and target, unit numbers.
        weights: ``(e,)`` normalized responses; the width of an arrow.
        pairs: ``(p, 2)`` units that form one two-dimensional variable.
        labels: names of all units, by unit number.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: an edge or a pair of units that are no nodes, or another number of weights than of edges.
    """
    alive, names = [int(node) for node in nodes], [str(label) for label in labels]
    ways, twins = (np.asarray(units, dtype=int).reshape(-1, 2) for units in (edges, pairs))
    widths = np.asarray(weights, dtype=float).reshape(-1)
    _check(alive, ways, widths, twins, len(names))
    side = 5.6 if len(alive) > 3 and len(ways) else 3.8
    if ax is not None:
        side = min(width_of(ax), height_of(ax))
    ax = panel(ax, side, side + 0.2)
    ax.set(xlim=(-SPAN / 2, SPAN / 2), ylim=(-SPAN / 2, SPAN / 2), aspect="equal")
    ax.set_axis_off()
    radius = float(np.clip(1.9 / max(len(alive), 1), 0.045, 0.13))
    place = _circle(alive, twins)
    points = 72 * side / SPAN
    _bands(ax, twins, place, radius * points)
    _arrows(ax, ways, widths, place, (radius + 0.015) * points)
    for node, (x, y) in place.items():
        ax.add_patch(Circle((x, y), radius, facecolor=PAPER, edgecolor=INK, linewidth=1.1, zorder=4))
        size = SIZE + 1 if len(alive) <= 20 else SMALL - 1.5
        ax.text(x, y, names[node], ha="center", va="center", color=INK, fontsize=size, zorder=5, parse_math=False)
    _explain(ax, len(alive), widths, len(twins))
    return ax


def _check(nodes: list[int], edges: np.ndarray, weights: np.ndarray, pairs: np.ndarray, count: int) -> None:
    if len(weights) != len(edges):
        raise InputError(f"weights must be one for each of {len(edges)} edges, got {len(weights)}")
    if unknown := set(nodes) - set(range(count)):
        raise InputError(f"nodes must be units from 0 to {count - 1}, which have labels, got {sorted(unknown)}")
    if strangers := {*edges.ravel().tolist(), *pairs.ravel().tolist()} - set(nodes):
        raise InputError(f"edges and pairs must join nodes, got units {sorted(strangers)} that are none")


def _circle(nodes: Sequence[int], pairs: np.ndarray) -> dict[int, tuple[float, float]]:
    order: list[int] = []
    for node in nodes:
        _visit(int(node), np.asarray(pairs).reshape(-1, 2), order)
    order = [node for node in order if node in set(map(int, nodes))]
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(order)) / max(len(order), 1)
    reach = 1.0 if len(order) > 1 else 0.0
    return {node: (reach * float(np.cos(a)), reach * float(np.sin(a))) for node, a in zip(order, angles, strict=True)}


def _visit(node: int, pairs: np.ndarray, order: list[int]) -> None:
    """Place a unit, and right after it those it forms a variable with."""
    if node in order:
        return
    order.append(node)
    for pair in pairs[(pairs == node).any(1)]:
        _visit(int(pair[0] if pair[1] == node else pair[1]), pairs, order)


def _bands(ax: Axes, pairs: np.ndarray, place: dict[int, tuple[float, float]], radius: float) -> None:
    for j, k in np.asarray(pairs, dtype=int).reshape(-1, 2):
        x, y = zip(place[j], place[k], strict=True)
        ax.plot(x, y, color=LEAF, alpha=0.3, linewidth=2.9 * radius, solid_capstyle="round", zorder=1)


def _arrows(
    ax: Axes, edges: np.ndarray, weights: np.ndarray, place: dict[int, tuple[float, float]], gap: float
) -> None:
    top = float(np.max(weights, initial=1e-12))
    for index in np.argsort(weights)[::-1][:EDGES]:
        source, target = (place[int(node)] for node in edges[index])
        share = float(weights[index]) / top
        arrow = FancyArrowPatch(
            source,
            target,
            connectionstyle="arc3,rad=0.14",
            arrowstyle="-|>,head_length=5,head_width=2.6",
            shrinkA=gap,
            shrinkB=gap,
            linewidth=0.6 + 2.4 * share,
            color=MAIN,
            alpha=0.35 + 0.6 * share,
            zorder=3,
        )
        ax.add_patch(arrow)


def _explain(ax: Axes, nodes: int, weights: np.ndarray, pairs: int) -> None:
    handles, count = [], len(weights)
    if count:
        low, high = float(np.min(weights)), float(np.max(weights))
        shown = f"{EDGES} strongest of {count} responses, from" if count > EDGES else "share"
        handles = [
            Line2D(
                [], [], color=MAIN, linewidth=0.6 + 2.4 * low / (high or 1.0), alpha=0.5, label=f"{shown} {low:.2f}"
            ),
            Line2D([], [], color=MAIN, linewidth=3.0, label=f"share {high:.2f}"),
        ]
    if pairs:
        handles.append(Line2D([], [], color=LEAF, alpha=0.3, linewidth=9, label="one variable"))
    if handles:
        legend(ax, handles=handles, loc="upper center", bbox_to_anchor=(0.5, 0.0), ncols=len(handles))
    if not count:
        text = "no unit moves another:\nno response above the threshold" if nodes else "no unit is alive"
        ax.text(0, -0.45 if nodes == 1 else 0, text, ha="center", va="center", color=MUTED, fontsize=SIZE)
