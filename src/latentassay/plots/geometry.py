"""The geometry of a latent space: shortest paths between Gaussians, decodings along paths, volume elements.

Every function takes arrays, and raises ``InputError`` where there is nothing to draw, where shapes do not fit, and on
values that are NaN, infinite or out of range.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from latentassay.core.errors import InputError
from latentassay.plots.check import finite_array, named_items, names_of, shaped_array
from latentassay.plots.images import COLUMNS, strips
from latentassay.plots.plane import PERCENTILE, around, cloud, extent_of, frame
from latentassay.plots.style import ALERT, INK, PAPER, SERIES, SIZE, THIRD, clear_to, legend, panel, scale_beside, tidy

POINTS = 600
"""At most so many codes are drawn over a map."""

DOTS = 9
"""At most so many points are marked between the ends of a geodesic."""

PURPLES = clear_to(THIRD, most=0.9)
"""Of volume elements."""


def half_plane(curves: Sequence[tuple[Any, Any]], *, ax: Axes | None = None) -> Axes:
    """Draw Fisher–Rao geodesics (solid) and straight lines (dotted) between Gaussians (GEO figure 4).

    Args:
        curves: one latent's means and standard deviations along each geodesic, ``(steps,)`` each, at least 2;
            of those between the ends, nine or fewer are marked by dots.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no curve, fewer than two steps, or a standard deviation that is not positive.
    """
    drawn = [_gaussians(mean, std, i) for i, (mean, std) in named_items(dict(enumerate(curves)), "curves")]
    left, right, _, top = around(*drawn, margin=0.05)
    ax = tidy(
        panel(ax, 6.4, 0.9 + 5.6 * float(np.clip(top / (right - left), 0.4, 1.2))), x="mean μ", y="standard deviation σ"
    )
    for look, name in (("-", "Fisher–Rao geodesic"), (":", "straight line")):
        ax.plot([], [], look, color=INK, linewidth=1.6, label=name)
    for i, curve in enumerate(drawn):
        colour = SERIES[i % len(SERIES)]
        ax.plot(*curve[[0, -1]].T, ":", color=colour, linewidth=1.6)
        ax.plot(*curve.T, "-", color=colour, linewidth=1.6)
        ax.plot(*curve[_evenly(len(curve), DOTS + 2)[1:-1]].T, "o", color=colour, markersize=3)
        ax.plot(*curve[[0, -1]].T, "o", color=colour, markeredgecolor=PAPER, markersize=7, clip_on=False)
    ax.set(xlim=(left, right), ylim=(0, top))
    legend(ax, handlelength=2.4)
    return ax


def ways(rows: Mapping[str, Any], *, turns: Mapping[str, float] | None = None, ax: Axes | None = None) -> Axes:
    """Draw the decodings along several ways between the same ends, a labelled row for each (GEO figure 5).

    Args:
        rows: kind of interpolation → images ``(steps, c, h, w)`` in [0, 1], the same shape in every row; of more than
            twelve steps, twelve evenly spaced ones with both ends are drawn.
        turns: kind of interpolation → share of the way at which one end turns into the other: a red line there.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no rows, images that are none or differ in shape, or turns of rows that are not there.
    """
    if unknown := set(turns or {}) - set(rows):
        raise InputError(f"turns must name rows, got {', '.join(map(repr, sorted(unknown)))}")
    images = {label: finite_array(row, f"images of {label!r}", 4) for label, row in named_items(rows, "rows")}
    shapes = {row.shape for row in images.values()}
    first = next(iter(images.values()))
    if len(shapes) > 1 or len(first) < 2 or first.shape[1] not in (1, 3):
        raise InputError(f"rows must hold images of one shape (steps ≥ 2, 1 or 3, h, w), got {sorted(shapes)}")
    chosen = _evenly(len(first), COLUMNS)
    ax = strips({label: row[chosen] for label, row in images.items()}, ax=ax)
    ax.set_xticks(np.arange(len(chosen)) + 0.5, [f"{t:.0%}".replace("%", " %") for t in chosen / (len(first) - 1)])
    ax.set_xlabel("share of the way", color=INK, fontsize=SIZE)
    ax.set_ylabel("interpolation", color=INK, fontsize=SIZE)
    for i, label in enumerate(images):
        if turns is not None and label in turns:
            x = 0.5 + finite_array([turns[label]], f"turn of {label!r}", 1, low=0, high=1)[0] * (len(chosen) - 1)
            ax.vlines(x, i + 0.03, i + 0.97, colors=ALERT, linewidth=2)
    return ax


def volume_map(
    xs: Any,
    ys: Any,
    values: Any,
    *,
    points: Any = None,
    labels: Sequence[Any] = ("a", "b"),
    ax: Axes | None = None,
) -> Axes:
    """Draw log₁₀ of the volume element √det JᵀJ on a plane of two latents, with codes over it.

    Colours saturate at the 2 % and 98 % quantiles; where the element is 0, the map stays clear.

    Args:
        xs: values of the first latent, ``(nx,)``.
        ys: values of the second latent, ``(ny,)``.
        values: volume elements, ``(ny, nx)``.
        points: codes of data in this plane, ``(n, 2)``.
        labels: names of the two latents.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: shapes that do not fit, or volume elements that are negative, not finite, or all 0.
    """
    across, up = finite_array(xs, "xs", 1), finite_array(ys, "ys", 1)
    sizes = finite_array(values, "volume elements", 2, low=0)
    if sizes.shape != (len(up), len(across)) or min(sizes.shape) < 2 or not sizes.any():
        wanted = f"shape (ny, nx) = {(len(up), len(across))}, at least 2 each, and not be 0 everywhere"
        raise InputError(f"volume elements must have {wanted}, got {sizes.shape}")
    codes = None if points is None else shaped_array(points, "points", "n", 2)
    logs = np.log10(np.where(sizes > 0, sizes, np.nan))
    low, high = np.nanpercentile(logs, [100 - PERCENTILE, PERCENTILE])
    norm = Normalize(low, high) if high > low else Normalize(low - 0.5, low + 0.5)
    ax, extent = panel(ax, 5.1, 4.6), extent_of(across, up)
    image = ax.imshow(logs, cmap=PURPLES, norm=norm, extent=extent, origin="lower", interpolation="none")
    frame(ax, extent, names_of(labels, 2), "")
    scale_beside(ax, image, "log₁₀ of the volume element")
    if codes is not None:
        cloud(ax, codes[_evenly(len(codes), POINTS)], INK, "codes of data")
        legend(ax)
    return ax


def _gaussians(mean: Any, std: Any, i: int) -> np.ndarray:
    m, s = finite_array(mean, f"means of curve {i}", 1), finite_array(std, f"stds of curve {i}", 1)
    if m.shape != s.shape or len(m) < 2 or (s <= 0).any():
        raise InputError(f"curve {i} needs as many means as positive stds, at least 2, got {m.shape} and {s.shape}")
    return np.stack([m, s], 1)


def _evenly(n: int, most: int) -> np.ndarray:
    """Return at most so many of n places, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))
