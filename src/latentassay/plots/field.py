"""The response field over two units: divergence, mean curvature, decodings, and the arrows themselves."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec

from latentassay.plots.images import space, tiles
from latentassay.plots.plane import BLUE_RED, PURPLE_ORANGE, STILL, Extent, extent_of, frame, signed_map
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    MUTED,
    SIZE,
    SMALL,
    WIDE,
    legend,
    scale,
    sheet,
)

POINTS, ARROWS = 500, 25


def field_maps(
    xs: np.ndarray,
    ys: np.ndarray,
    divergence: np.ndarray,
    *,
    curvature: np.ndarray | None = None,
    posterior: np.ndarray | None = None,
    reconstructions: np.ndarray | None = None,
    labels: Sequence[str] = ("a", "b"),
) -> Figure:
    """Draw the plane of two units three times, as LR figure 4: divergence, mean curvature, decodings.

    Args:
        xs: values of the first unit, ``(nx,)``.
        ys: values of the second unit, ``(ny,)``.
        divergence: ∇·F, ``(ny, nx)``; colours saturate at the 98 % quantile of its absolute value.
        curvature: mean curvature H, ``(ny, nx)``; likewise.
        posterior: latents of real data in this plane, ``(k, 2)``, drawn in green.
        reconstructions: decodings ``(gy, gx, *x_shape)`` at gy × gx points evenly spaced from corner to corner
            of the plane, row 0 at the least value of the second unit; each is centred on its point.
        labels: names of the two units.
    """
    maps = [(divergence, BLUE_RED, "divergence", "← together · apart →", STILL)]
    if curvature is not None:
        maps.append((curvature, PURPLE_ORANGE, "mean curvature", "H", 0.0))
    panels = len(maps) + (reconstructions is not None)
    figure = sheet(WIDE * max(panels, 1.4) / 3, 3.75)
    grid = figure.add_gridspec(2, panels, height_ratios=[1, 0.035])
    extent = extent_of(xs, ys)
    for i, (values, colours, title, reading, least) in enumerate(maps):
        ax = figure.add_subplot(grid[0, i])
        scale(figure.add_subplot(grid[1, i]), signed_map(ax, values, extent, colours, least), reading, upright=False)
        if i == 0 and posterior is not None:
            ax.plot(*np.asarray(posterior)[:POINTS].T, ".", color=LEAF, markersize=2.2, alpha=0.7)
        frame(ax, extent, labels, title)
    if reconstructions is not None:
        _decodings(figure, grid, reconstructions, extent, labels)
    return figure


def field_arrows(
    xs: np.ndarray,
    ys: np.ndarray,
    vectors: np.ndarray,
    *,
    posterior: np.ndarray | None = None,
    labels: Sequence[str] = ("a", "b"),
) -> Figure:
    """Draw where responses move latents, an arrow from z to R(z) at full length, as LR figure 27.

    Args:
        xs: values of the first unit, ``(nx,)``.
        ys: values of the second unit, ``(ny,)``.
        vectors: F = R(z) − z, ``(ny, nx, 2)``; a grid finer than 25 is thinned.
        posterior: latents of real data in this plane, ``(k, 2)``, drawn in green.
        labels: names of the two units.
    """
    figure = sheet(6.0, 6.0)
    ax = figure.add_subplot()
    step_y, step_x = (max(1, -(-n // ARROWS)) for n in vectors.shape[:2])
    rows, columns = slice(step_y // 2, None, step_y), slice(step_x // 2, None, step_x)
    x, y = np.meshgrid(xs[columns], ys[rows])
    u, v = vectors[rows, columns, 0], vectors[rows, columns, 1]
    if posterior is not None:
        ax.plot(
            *np.asarray(posterior)[:POINTS].T, ".", color=LEAF, markersize=2.6, alpha=0.6, label="posterior samples"
        )
    ax.quiver(x, y, u, v, angles="xy", scale_units="xy", scale=1, color=MUTED, width=0.0022, headwidth=4)
    ax.plot(x.ravel(), y.ravel(), ".", color=MAIN, markersize=2.4, label="latent z")
    ax.plot((x + u).ravel(), (y + v).ravel(), ".", color=ALERT, markersize=2.4, label="response R(z)")
    frame(ax, extent_of(xs, ys), labels, "")
    legend(ax, markerscale=2.5, handletextpad=0.2)
    return figure


def _around(extent: Extent, columns: int, rows: int) -> Extent:
    """Widen the plane by half a tile on every side, so that outermost tiles are centred on its border."""
    left, right, bottom, top = extent
    x, y = (right - left) / max(columns - 1, 1) / 2, (top - bottom) / max(rows - 1, 1) / 2
    return left - x, right + x, bottom - y, top + y


def _decodings(
    figure: Figure,
    grid: GridSpec,
    samples: np.ndarray,
    extent: Extent,
    labels: Sequence[str],
) -> None:
    if np.ndim(samples) == 3 and samples.shape[-1] in (2, 3):
        ax = space(figure, samples.shape[-1], grid[0, -1], zoom=0.7)
        for line in [*samples, *samples.transpose(1, 0, 2)]:
            ax.plot(*line.T, color=MAIN, linewidth=0.6)
        ax.set_title("decodings of the plane", color=INK, fontsize=SIZE, loc="left", pad=8)
        return
    ax = figure.add_subplot(grid[0, -1])
    extent = _around(extent, samples.shape[1], samples.shape[0])
    note = tiles(ax, samples[::-1], extent, gaps=False)
    frame(ax, extent, labels, "decodings")
    if note:
        text = figure.add_subplot(grid[1, -1])
        text.set_axis_off()
        text.text(0.5, 0, note.replace(" over", "\nover"), ha="center", va="top", color=MUTED, fontsize=SMALL)
