"""Pictures of observations: mosaics of images, small line plots of vectors, points in two or three dimensions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from latentassay.core.errors import InputError
from latentassay.plots.check import named_items, names_of, shaped_array
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    MUTED,
    RULE,
    SERIES,
    SMALL,
    THIRD,
    WIDE,
    legend,
    note_below,
    panel,
    tidy,
)

PIXELS = 600_000
"""A mosaic larger than this is averaged down, so that a report stays light."""

COLUMNS = 12
"""At most so many observations lie in a row."""

NAMES = 1.4
"""Inches for the names of the rows."""

CLOUDS = ((MAIN, "o"), (LEAF, "^"), (ALERT, "x"), (THIRD, "s"))
"""Colours and markers of groups of points."""


def reconstruction_pairs(originals: Any, reconstructions: Any, *, ax: Axes | None = None) -> Axes:
    """Draw data above their reconstructions; vectors of 2 or 3 numbers as points joined to where they went.

    Args:
        originals: ``(k, *x_shape)``, images ``(1 or 3, H, W)`` in [0, 1] or vectors ``(D,)``.
        reconstructions: the same shape.
        ax: where to draw, with ``projection="3d"`` for points in space; a new figure where left out.

    Raises:
        InputError: nothing to draw, or shapes that differ.

    Source: the reconstruction strips of the papers; for points, LR figure 3 (right).
    """
    x, y = np.asarray(originals, dtype=float), np.asarray(reconstructions, dtype=float)
    if x.shape != y.shape or x.ndim < 2 or not x.size:
        raise InputError(f"originals and reconstructions must both be (k, *x_shape), got {x.shape} and {y.shape}")
    return _moves(x, y, ax) if are_points(x) else strips({"data": x, "reconstruction": y}, ax=ax)


def strips(groups: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw one labelled row of observations per group, at most twelve in a row; points share one plot.

    Args:
        groups: label → observations ``(k, *x_shape)``.
        ax: where to draw, with ``projection="3d"`` for points in space; a new figure where left out.

    Raises:
        InputError: nothing to draw, or observations of several shapes.
    """
    rows = {str(label): np.asarray(samples, dtype=float) for label, samples in named_items(groups, "groups")}
    if len({samples.shape[1:] for samples in rows.values()}) > 1 or any(
        x.ndim < 2 or not x.size for x in rows.values()
    ):
        shapes = {label: samples.shape for label, samples in rows.items()}
        raise InputError(f"groups must hold observations (k, *x_shape) of one shape, at least one each, got {shapes}")
    if all(are_points(samples) for samples in rows.values()):
        return _clouds(rows, ax)
    columns = min(COLUMNS, max(map(len, rows.values())))
    filled = np.full((len(rows), columns, *next(iter(rows.values())).shape[1:]), np.nan)
    for i, samples in enumerate(rows.values()):
        filled[i, : len(samples)] = samples[:columns]
    ax = _tiled(filled, ax)
    ax.set_yticks(np.arange(len(rows)) + 0.5, list(rows), parse_math=False)
    ax.set_xticks([])
    return ax


def traversals(images: Any, values: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw what each unit does alone: one row per unit, its value growing from left to right.

    Args:
        images: decodings ``(rows, steps, *x_shape)``.
        values: the value the unit had, ``(rows, steps)``.
        labels: names of the units, one per row.
        ax: where to draw, with ``projection="3d"`` for points in space; a new figure where left out.

    Raises:
        InputError: nothing to draw, or shapes that do not fit.

    Source: LR figures 12–24, SA section 5.6; points are drawn as curves.
    """
    x = np.asarray(images, dtype=float)
    if x.ndim < 3 or not x.size:
        raise InputError(f"images must have shape (rows, steps, *x_shape), got {x.shape}")
    v, names = shaped_array(values, "values", *x.shape[:2]), names_of(labels, len(x))
    if are_points(x[0]):
        return _curves(x, names, ax)
    common = bool(np.allclose(v, v[0]))
    ax = _tiled(x, ax)
    if not common:
        names = [
            f"{name}\n{row.min():.1f} … {row.max():.1f}".replace("-", "−") for name, row in zip(names, v, strict=True)
        ]
    ax.set_yticks(np.arange(len(x)) + 0.5, [f"unit {name}" for name in names], parse_math=False)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ticks = [f"{value:.1f}".replace("-", "−") for value in v[0]] if common else ["least", "greatest"]
    at = np.arange(x.shape[1]) + 0.5
    ax.set_xticks(at if common else at[[0, -1]], ticks)
    ax.set_xlabel("value of the unit", color=INK, fontsize=SMALL + 1)
    return ax


def are_points(samples: np.ndarray) -> bool:
    """Tell whether samples ``(k, *x_shape)`` are points of the plane or of space."""
    return np.ndim(samples) == 2 and np.shape(samples)[1] in (2, 3)


def mosaic(images: np.ndarray, *, gaps: bool = True, pixels: int = PIXELS) -> np.ndarray:
    """Tile images ``(rows, columns, C, H, W)`` into one picture ``(·, ·, 4)``; NaN tiles stay clear.

    A picture of more than so many pixels is averaged down by a whole number.

    >>> mosaic(np.ones((2, 3, 1, 32, 32))).shape
    (68, 102, 4)
    """
    images = _shrink(np.asarray(images, dtype=np.float32), pixels)
    rows, columns, channels, height, width = images.shape
    colour = images if channels == 3 else np.repeat(images.mean(2, keepdims=True), 3, 2)
    alpha = np.isfinite(colour).all(2, keepdims=True).astype(np.float32)
    tiles = np.concatenate([np.nan_to_num(colour).clip(0, 1), alpha], 2)
    gap = max(1, round(max(height, width) / 32)) if gaps else 0
    padded = np.pad(tiles, ((0, 0), (0, 0), (0, 0), (gap, gap), (gap, gap)))
    return padded.transpose(0, 3, 1, 4, 2).reshape(rows * (height + 2 * gap), columns * (width + 2 * gap), 4)


def tiles(
    ax: Axes,
    samples: np.ndarray,
    extent: tuple[float, float, float, float],
    *,
    gaps: bool = True,
    limits: tuple[float, float] | None = None,
    pixels: int = PIXELS,
) -> str:
    """Fill ``extent`` (left, right, bottom, top) with samples ``(rows, columns, *x_shape)``; row 0 is on top.

    Args:
        gaps: whether images stand apart.
        limits: least and greatest value of plots of vectors; those of these samples where left out.
        pixels: as many as images may have in all before they are averaged down.

    Returns:
        How to read a tile, where that is not plain to see.
    """
    if np.ndim(samples) == 5:
        picture = mosaic(samples, gaps=gaps, pixels=pixels)
        ax.imshow(picture, extent=extent, interpolation="none", aspect="auto", origin="upper")
        return ""
    shown = np.asarray(samples).reshape(*samples.shape[:2], -1)
    return _small_plots(ax, shown, extent, limits or (float(np.nanmin(shown)), float(np.nanmax(shown))))


def _small_plots(
    ax: Axes, samples: np.ndarray, extent: tuple[float, float, float, float], limits: tuple[float, float]
) -> str:
    (rows, columns, size), (low, high) = samples.shape, limits
    left, right, bottom, top = extent
    width, height = (right - left) / columns, (top - bottom) / rows
    t = np.linspace(0.1, 0.9, size) if size > 1 else np.array([0.5])
    unit = 0.12 + 0.76 * (samples - low) / ((high - low) or 1.0)
    x = left + (np.arange(columns)[None, :, None] + t) * width
    y = top - (np.arange(rows)[:, None, None] + 1 - unit) * height
    lines = np.stack(np.broadcast_arrays(x, y), -1).reshape(-1, size, 2)
    ax.add_collection(LineCollection([line for line in lines if np.isfinite(line).all()], colors=MAIN, linewidths=0.9))
    if size < 6:
        ax.plot(*lines.reshape(-1, 2).T, ".", color=MAIN, markersize=3)
    ax.hlines(np.linspace(bottom, top, rows + 1), left, right, colors=RULE, linewidths=0.6)
    ax.vlines(np.linspace(left, right, columns + 1), bottom, top, colors=RULE, linewidths=0.6)
    return f"each tile: value (from {low:.2g} to {high:.2g}) over index (0 to {size - 1})".replace("-", "−")


def _tiled(samples: np.ndarray, ax: Axes | None) -> Axes:
    """Axes full of tiles ``(rows, columns, *x_shape)`` of unit size, the first on top."""
    rows, columns = samples.shape[:2]
    ratio = samples.shape[3] / samples.shape[4] if np.ndim(samples) == 5 else 0.75
    cell = min((WIDE - NAMES) / columns, 0.95 if rows <= 16 else 0.6)
    ax = tidy(panel(ax, NAMES + cell * columns, 0.45 + cell * ratio * rows))
    note = tiles(ax, samples, (0, columns, rows, 0))
    ax.set(xlim=(0, columns), ylim=(rows, 0))
    ax.set_aspect(ratio)
    ax.tick_params(length=0, labelsize=SMALL + 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)
    if note:
        note_below(ax, note)
    return ax


def _shrink(images: np.ndarray, pixels: int) -> np.ndarray:
    rows, columns, channels, height, width = images.shape
    by = int(np.ceil(np.sqrt(rows * columns * height * width / pixels)))
    if by == 1 or min(height, width) < 2 * by:
        return images
    h, w = height // by, width // by
    blocks = images[..., : h * by, : w * by].reshape(rows, columns, channels, h, by, w, by)
    return np.asarray(blocks.mean((4, 6)))


def points_panel(ax: Axes | None, dimensions: int, *, zoom: float = 0.9) -> Axes:
    """Return axes for points of the plane or of space: a caller's, or those of a new figure."""
    ax = panel(ax, 6.0, 4.8, projection="3d" if dimensions == 3 else None)
    space(ax, dimensions, zoom=zoom)
    return ax


def space(ax: Any, dimensions: int, *, zoom: float = 0.9) -> Any:
    """Label the axes of the plane or of space, and quieten them.

    Raises:
        InputError: points have three numbers, and the axes two dimensions.
    """
    if dimensions == 2:
        return tidy(ax, x="x₀", y="x₁")
    if ax.name != "3d":
        raise InputError(f'points in space need axes made with projection="3d", got {ax.name} axes')
    ax.set_facecolor("none")
    for axis, name, subscript in zip((ax.xaxis, ax.yaxis, ax.zaxis), "xyz", "₀₁₂", strict=True):
        axis.set_pane_color((0, 0, 0, 0))
        axis.line.set_color(MUTED)
        axis.set_tick_params(colors=MUTED, labelcolor=INK, labelsize=SMALL)
        axis._axinfo["grid"].update(color=RULE, linewidth=0.5)
        getattr(ax, f"set_{name}label")(f"x{subscript}", color=INK, fontsize=SMALL + 1)
    ax.locator_params(nbins=4)
    ax.set_box_aspect(None, zoom=zoom)
    return ax


def _moves(originals: np.ndarray, reconstructions: np.ndarray, ax: Axes | None) -> Axes:
    ax = points_panel(ax, originals.shape[1])
    for start, end in zip(originals, reconstructions, strict=True):
        ax.plot(*np.stack([start, end], 1), color=MUTED, linewidth=0.6)
    ax.plot(*originals.T, "o", color=INK, markersize=4, label="data")
    ax.plot(*reconstructions.T, "x", color=MAIN, markersize=4.5, label="reconstruction")
    legend(ax)
    return ax


def _clouds(groups: Mapping[str, np.ndarray], ax: Axes | None) -> Axes:
    ax = points_panel(ax, next(iter(groups.values())).shape[1])
    for i, (label, samples) in enumerate(groups.items()):
        colour, marker = CLOUDS[i % len(CLOUDS)]
        ax.plot(*samples.T, marker, color=colour, markersize=4, label=label, fillstyle="none")
    legend(ax, ncols=2)
    return ax


def _curves(images: np.ndarray, labels: Sequence[str], ax: Axes | None) -> Axes:
    ax = points_panel(ax, images.shape[-1])
    for i, (curve, label) in enumerate(zip(images, labels, strict=True)):
        colour, style = SERIES[i % len(SERIES)], ("-", "--", ":", "-.")[i // len(SERIES) % 4]
        ax.plot(*curve.T, style, color=colour, marker=".", markersize=4, linewidth=1.2, label=f"unit {label}")
        ax.plot(*curve[-1:].T, "o", color=colour, markersize=5)
    legend(ax, ncols=min(len(images), 5))
    return ax
