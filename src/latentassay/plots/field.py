"""The response field over two units: divergence, mean curvature, decodings, and the arrows themselves."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.images import space, tiles
from latentassay.plots.plane import BLUE_RED, PURPLE_ORANGE, STILL, Extent, extent_of, frame, signed_map
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    MUTED,
    SIZE,
    WIDE,
    Panels,
    legend,
    note_below,
    panel,
    panels,
    scale_below,
    sheet,
)

POINTS = 500
"""At most so many real latents are drawn."""

PIXELS = 250_000
"""As many as the decodings may have in all: twice what a screen shows of so small a panel."""

ARROWS = 25
"""At most so many arrows a side."""


def field_maps(
    xs: Any,
    ys: Any,
    divergence: Any,
    *,
    curvature: Any = None,
    posterior: Any = None,
    reconstructions: Any = None,
    labels: Sequence[Any] = ("a", "b"),
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw the plane of two units up to three times, as LR figure 4: divergence, mean curvature, decodings.

    Args:
        xs: values of the first unit, ``(nx,)``.
        ys: values of the second unit, ``(ny,)``.
        divergence: ∇·F, ``(ny, nx)``; colours saturate at the 98 % quantile of its absolute value.
        curvature: mean curvature H, ``(ny, nx)``; likewise.
        posterior: latents of real data in this plane, ``(k, 2)``, drawn in green.
        reconstructions: decodings ``(gy, gx, *x_shape)`` at gy × gx points evenly spaced from corner to corner
            of the plane, row 0 at the least value of the second unit; each is centred on its point.
        labels: names of the two units.
        axes: one axes for each of divergence, curvature and reconstructions that is given, the last with
            ``projection="3d"`` if observations are points in space; a new figure where left out.

    Raises:
        InputError: shapes that do not fit, or as many axes as there are no panels for.
    """
    x, y, names = shaped_array(xs, "xs", "nx"), shaped_array(ys, "ys", "ny"), names_of(labels, 2)
    maps = [(divergence, BLUE_RED, "divergence", "← together · apart →", STILL)]
    if curvature is not None:
        maps.append((curvature, PURPLE_ORANGE, "mean curvature", "H", 0.0))
    decoded = None if reconstructions is None else np.asarray(reconstructions, dtype=float)
    count, extent = len(maps) + (decoded is not None), extent_of(x, y)
    found = panels(axes, count)
    if found is None:
        found = _row(count, solid=decoded is not None and decoded.ndim == 3 and decoded.shape[-1] == 3)
    for ax, (values, colours, title, reading, least) in zip(found, maps, strict=False):
        image = signed_map(ax, shaped_array(values, title, len(y), len(x)), extent, colours, least)
        frame(ax, extent, names, title)
        scale_below(ax, image, reading)
    if posterior is not None:
        points = shaped_array(posterior, "posterior", "k", 2)[:POINTS]
        found[0].plot(*points.T, ".", color=LEAF, markersize=2.2, alpha=0.7)
    if decoded is not None:
        _decodings(found[-1], decoded, extent, names)
    return found


def _row(count: int, *, solid: bool) -> np.ndarray:
    """Panels side by side in a figure of their own, the last perhaps a space of three dimensions."""
    figure = sheet(WIDE * max(count, 1.4) / 3, 3.75)
    kinds = [None] * (count - 1) + ["3d" if solid else None]
    return np.array(
        [figure.add_subplot(1, count, i + 1, projection=kind) for i, kind in enumerate(kinds)], dtype=object
    )


def field_arrows(
    xs: Any,
    ys: Any,
    vectors: Any,
    *,
    posterior: Any = None,
    labels: Sequence[Any] = ("a", "b"),
    ax: Axes | None = None,
) -> Axes:
    """Draw where responses move latents, an arrow from z to R(z) at full length, as LR figure 27.

    Args:
        xs: values of the first unit, ``(nx,)``.
        ys: values of the second unit, ``(ny,)``.
        vectors: F = R(z) − z, ``(ny, nx, 2)``; a grid finer than 25 is thinned.
        posterior: latents of real data in this plane, ``(k, 2)``, drawn in green.
        labels: names of the two units.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: shapes that do not fit.
    """
    across, up, names = shaped_array(xs, "xs", "nx"), shaped_array(ys, "ys", "ny"), names_of(labels, 2)
    field = shaped_array(vectors, "vectors", len(up), len(across), 2)
    ax = panel(ax, 6.0, 6.0)
    step_y, step_x = (max(1, -(-n // ARROWS)) for n in field.shape[:2])
    rows, columns = slice(step_y // 2, None, step_y), slice(step_x // 2, None, step_x)
    x, y = np.meshgrid(across[columns], up[rows])
    u, v = field[rows, columns, 0], field[rows, columns, 1]
    if posterior is not None:
        points = shaped_array(posterior, "posterior", "k", 2)[:POINTS]
        ax.plot(*points.T, ".", color=LEAF, markersize=2.6, alpha=0.6, label="posterior samples")
    ax.quiver(x, y, u, v, angles="xy", scale_units="xy", scale=1, color=MUTED, width=0.0022, headwidth=4)
    ax.plot(x.ravel(), y.ravel(), ".", color=MAIN, markersize=2.4, label="latent z")
    ax.plot((x + u).ravel(), (y + v).ravel(), ".", color=ALERT, markersize=2.4, label="response R(z)")
    frame(ax, extent_of(across, up), names, "")
    legend(ax, markerscale=2.5, handletextpad=0.2)
    return ax


def _around(extent: Extent, columns: int, rows: int) -> Extent:
    """Widen the plane by half a tile on every side, so that outermost tiles are centred on its border."""
    left, right, bottom, top = extent
    x, y = (right - left) / max(columns - 1, 1) / 2, (top - bottom) / max(rows - 1, 1) / 2
    return left - x, right + x, bottom - y, top + y


def _decodings(ax: Axes, samples: np.ndarray, extent: Extent, labels: Sequence[str]) -> None:
    if samples.ndim == 3 and samples.shape[-1] in (2, 3):
        space(ax, samples.shape[-1], zoom=0.7)
        for line in [*samples, *samples.transpose(1, 0, 2)]:
            ax.plot(*line.T, color=MAIN, linewidth=0.6)
        ax.set_title("decodings of the plane", color=INK, fontsize=SIZE, loc="left", pad=8)
        return
    if samples.ndim < 3 or not samples.size:
        raise InputError(f"reconstructions must have shape (gy, gx, *x_shape), got {samples.shape}")
    extent = _around(extent, samples.shape[1], samples.shape[0])
    note = tiles(ax, samples[::-1], extent, gaps=False, pixels=PIXELS)
    frame(ax, extent, labels, "decodings")
    if note:
        note_below(ax, note.replace(" over", "\nover"), lines=2)
