"""The plane of two latents: its frame, maps and density, and paths across it with their ends."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, Normalize
from matplotlib.image import AxesImage
from matplotlib.patheffects import withStroke

from latentassay.plots.style import ALERT, INK, LEAF, MAIN, MUTED, PAPER, SIZE, THIRD, clear_to, diverging, tidy

Extent = tuple[float, float, float, float]

PERCENTILE = 98.0
"""Colours of a map saturate at this quantile of its absolute values."""

STILL = 0.01
"""A divergence below this is no flow worth a colour."""

BLUE_RED = diverging("#2a6fb8", "#c8352e")
"""Of divergences and correlations."""

PURPLE_ORANGE = diverging(THIRD, "#d98a1f")
"""Of curvatures."""

CLEAR_GREY = clear_to(MUTED, most=0.7)
"""Of distances, from the page to grey."""

BINS = 120
"""A density is a histogram of so many bins a side,"""

BLUR = 3.0
"""blurred by a Gaussian of so many bins,"""

SHADES = 6
"""in so many shades."""


class Look(NamedTuple):
    """How a kind of path is drawn everywhere, and what a legend calls it."""

    name: str
    colour: str
    line: str
    marker: str


KINDS = {
    "manifold": Look("along the manifold", LEAF, "-", "o"),
    "straight": Look("straight line", ALERT, "--", "s"),
    "manifold_full": Look("refined in all latents", MAIN, "-.", "^"),
}
"""The kinds of paths, in the order of legends, the last on top."""


def extent_of(xs: np.ndarray, ys: np.ndarray) -> Extent:
    """Return (left, right, bottom, top) of a grid."""
    return float(xs[0]), float(xs[-1]), float(ys[0]), float(ys[-1])


def around(*points: np.ndarray, margin: float = 0.06) -> Extent:
    """Return the extent of points ``(k, 2)`` with some air on every side."""
    every = np.concatenate(points)
    low, high = every.min(0), every.max(0)
    air = margin * np.where(high > low, high - low, 1.0)
    (left, bottom), (right, top) = low - air, high + air
    return float(left), float(right), float(bottom), float(top)


def union(first: Extent, second: Extent) -> Extent:
    """Return the least extent that holds both."""
    return min(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), max(first[3], second[3])


def frame(ax: Axes, extent: Extent, labels: Sequence[str], title: str) -> None:
    """Frame a square panel and name its axes after the two units."""
    tidy(ax, x=f"unit {labels[0]}", y=f"unit {labels[1]}", title=title, frame=True)
    ax.set(xlim=extent[:2], ylim=extent[2:], aspect="auto", box_aspect=1)


def signed_map(ax: Axes, values: np.ndarray, extent: Extent, colours: Colormap, least: float) -> AxesImage:
    """Draw ``(ny, nx)`` values of both signs; those far below ``least`` stay clear."""
    limit = saturation(values, least)
    return _image(ax, values, extent, colours, Normalize(-limit, limit))


def heat_map(ax: Axes, values: np.ndarray, extent: Extent, limit: float | None = None) -> AxesImage:
    """Draw ``(ny, nx)`` values from 0 (the page) to ``limit`` (grey); what is more is no darker."""
    return _image(ax, values, extent, CLEAR_GREY, Normalize(0, limit or saturation(values, 0.0)))


def saturation(values: np.ndarray, least: float) -> float:
    """Return the value of full colour: the 98 % quantile of the absolute values, or ``least`` if that is more."""
    size = np.abs(values)
    return max(float(np.percentile(size, PERCENTILE)), least) or float(size.max()) or 1.0


def _image(ax: Axes, values: np.ndarray, extent: Extent, colours: Colormap, norm: Normalize) -> AxesImage:
    image = ax.imshow(values, cmap=colours, norm=norm, extent=extent, origin="lower", interpolation="bilinear")
    ax.set_aspect("auto")  # imshow makes pixels square, whatever the frame had said
    return image


def density(ax: Axes, points: np.ndarray, extent: Extent, *, alpha: float = 0.85) -> None:
    """Shade where points ``(n, 2)`` lie, the darker the denser, in steps of equal mass.

    The steps are areas in the page's ink, not pixels, so that they can be read in the dark.
    """
    from scipy.ndimage import gaussian_filter

    left, right, bottom, top = extent
    places = np.asarray(points, dtype=float)
    counts, x, y = np.histogram2d(places[:, 0], places[:, 1], bins=BINS, range=((left, right), (bottom, top)))
    smooth = gaussian_filter(counts.T, BLUR, mode="constant")
    if not smooth.any():
        return
    falling = np.sort(smooth, axis=None)[::-1]
    share = np.cumsum(falling) / falling.sum()
    levels = np.unique(falling[np.searchsorted(share, np.linspace(0.97, 0.15, SHADES))])
    shades = [(INK, alpha * (i + 1) / len(levels)) for i in range(len(levels))]
    centres = (x[:-1] + x[1:]) / 2, (y[:-1] + y[1:]) / 2
    ax.contourf(*centres, smooth, levels=[*levels, falling[0] * 1.01], colors=shades, zorder=1.5)
    ax.plot([], [], "s", color=INK, markersize=6, markeredgewidth=0, alpha=0.5, label="aggregate posterior")


def cloud(ax: Axes, points: np.ndarray, colour: str, label: str) -> None:
    """Draw points ``(n, 2)`` or ``(n, 3)`` as small dots; the legend shows a larger one."""
    points = np.asarray(points)
    ax.plot(*points.T, ".", color=colour, markersize=2.6, markeredgewidth=0, alpha=0.6, zorder=2)
    ax.plot(*points[:0].T, "o", color=colour, markersize=3.5, markeredgewidth=0, alpha=0.8, label=label)


def draw_path(ax: Axes, kind: str, points: np.ndarray, *, named: bool = True, dotted: bool = False) -> None:
    """Draw a path ``(k, 2)`` or ``(k, 3)`` as its kind looks, perhaps with its points, set off from what is below."""
    look, width = KINDS[kind], 1.2 if dotted else 1.8
    (line,) = ax.plot(*np.asarray(points).T, color=look.colour, linewidth=width, zorder=3)
    line.set(linestyle="-" if dotted else look.line, label=look.name if named else "")
    line.set_path_effects([withStroke(linewidth=width + 1.6, foreground=PAPER)])
    if dotted:
        line.set(marker=look.marker, markersize=4)


def draw_ends(ax: Any, paths: Sequence[np.ndarray]) -> None:
    """Mark the ends that paths ``(k, 2)`` or ``(k, 3)`` share and call them a and b, on the side where no path is.

    Draw everything else and set the limits of the axes first.
    """
    ends = np.asarray(paths[0])[[0, -1]]
    ax.plot(*ends.T, "o", color=THIRD, markeredgecolor=PAPER, markersize=6.5, zorder=4, linestyle="none")
    flat, span = [np.asarray(path) for path in paths], np.array([np.ptp(ax.get_xlim()), np.ptp(ax.get_ylim())])
    if ax.name == "3d":
        from mpl_toolkits.mplot3d.proj3d import proj_transform

        flat, span = [np.stack(proj_transform(*path.T, ax.get_proj())[:2], 1) for path in flat], np.ones(2)
    font = {"color": INK, "fontsize": SIZE, "fontweight": "bold", "ha": "center", "va": "center", "zorder": 5}
    for name, ways in (("a", flat), ("b", [path[::-1] for path in flat])):
        place = 9 * free_side([way / span for way in ways])
        text = ax.annotate(name, ways[0][0], place, textcoords="offset points", **font)
        text.set_path_effects([withStroke(linewidth=2.4, foreground=PAPER)])


def free_side(paths: Sequence[np.ndarray]) -> np.ndarray:
    """Return the unit vector that leads away from where paths ``(k, 2)`` set out, ``(2,)``.

    >>> free_side([np.array([[0.0, 0], [1, 0]]), np.array([[0.0, 0], [0, 1], [1, 1]])]).round(2)
    array([-0.71, -0.71])
    """
    steps = np.stack([path[min(-(-len(path) // 8), len(path) - 1)] - path[0] for path in paths])
    away = -np.sum(steps / np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), 1e-12), axis=0)
    length = float(np.linalg.norm(away))
    return np.asarray(away / length if length > 1e-3 else np.full(2, 0.5**0.5))
