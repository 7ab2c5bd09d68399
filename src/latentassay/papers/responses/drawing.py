"""Figures of the double helix (LR section 5): maps of the response field in the latent plane, and two paths."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.plots.images import space
from latentassay.plots.plane import (
    BLUE_RED,
    PURPLE_ORANGE,
    STILL,
    Extent,
    cloud,
    density,
    draw_ends,
    draw_path,
    extent_of,
    frame,
    heat_map,
    signed_map,
)
from latentassay.plots.style import INK, MAIN, WIDE, legend_above, scale_below, sheet


def helix_maps(
    xs: np.ndarray,
    ys: np.ndarray,
    divergence: np.ndarray,
    curvature: np.ndarray,
    response_error: np.ndarray,
    *,
    posterior: np.ndarray,
    manifold: np.ndarray,
    straight: np.ndarray,
    labels: Sequence[str] = ("0", "1"),
) -> Figure:
    """Draw three maps of a plane of latents beside the posterior, two paths across each, as LR figure 2.

    Args:
        xs: values of the first latent, ``(nx,)``.
        ys: values of the second latent, ``(ny,)``.
        divergence: ∇·F of F = R(z) − z, ``(ny, nx)``.
        curvature: mean curvature H, ``(ny, nx)``.
        response_error: ‖F‖, ``(ny, nx)``.
        posterior: latents of real data, ``(n, 2)``, drawn as density.
        manifold: path along the learned manifold, ``(k, 2)``.
        straight: straight path between the same ends, ``(k, 2)``.
        labels: names of the two latents.
    """
    figure = sheet(WIDE, 3.45)
    extent = extent_of(xs, ys)
    panels = figure.subplots(1, 4)
    scale_below(panels[0], signed_map(panels[0], divergence, extent, BLUE_RED, STILL), "← together · apart →")
    scale_below(panels[1], signed_map(panels[1], curvature, extent, PURPLE_ORANGE, 0.0), "H")
    limit = float(np.quantile(_look_up(response_error, posterior, extent), 0.98))
    scale_below(panels[2], heat_map(panels[2], response_error, extent, limit), "‖R(z) − z‖")
    density(panels[3], posterior, extent)
    titles = ("divergence", "mean curvature", "response distance", "aggregate posterior")
    for ax, title in zip(panels, titles, strict=True):
        frame(ax, extent, labels, title)
        _draw_paths(ax, {"manifold": manifold, "straight": straight})
        ax.locator_params(nbins=4)
    for ax in panels[1:]:
        ax.tick_params(labelleft=False)
        ax.set_ylabel("")
    legend_above(figure, panels[0])
    return figure


def helix_paths(
    posterior: np.ndarray,
    manifold: np.ndarray,
    straight: np.ndarray,
    *,
    observations: np.ndarray,
    reconstructions: np.ndarray,
    manifold_decoded: np.ndarray,
    straight_decoded: np.ndarray,
    extent: Extent = (-3.0, 3.0, -3.0, 3.0),
    labels: Sequence[str] = ("0", "1"),
) -> Figure:
    """Draw two paths in the plane of latents and what they decode to in space, as LR figure 3.

    Args:
        posterior: latents of real data, ``(n, 2)``, drawn as density.
        manifold: path along the learned manifold, ``(k, 2)``.
        straight: straight path between the same ends, ``(k, 2)``.
        observations: real data, ``(n, 3)``.
        reconstructions: what the model makes of them, ``(n, 3)``.
        manifold_decoded: decodings along ``manifold``, ``(k, 3)``.
        straight_decoded: decodings along ``straight``, ``(k, 3)``.
        extent: left, right, bottom and top of the plane.
        labels: names of the two latents.
    """
    figure = sheet(WIDE, 4.5)
    grid = figure.add_gridspec(1, 2, width_ratios=[1, 1.05])
    left, right = figure.add_subplot(grid[0, 0]), space(figure.add_subplot(grid[0, 1], projection="3d"), 3, zoom=1.0)
    density(left, posterior, extent)
    frame(left, extent, labels, "")
    _draw_paths(left, {"manifold": manifold, "straight": straight})
    right.computed_zorder = False
    cloud(right, observations, INK, "data")
    cloud(right, reconstructions, MAIN, "reconstruction")
    _draw_paths(right, {"manifold": manifold_decoded, "straight": straight_decoded})
    legend_above(figure, left, right)
    return figure


def _draw_paths(ax: Axes, paths: dict[str, np.ndarray]) -> None:
    for kind, points in paths.items():
        draw_path(ax, kind, points)
    draw_ends(ax, list(paths.values()))


def _look_up(values: np.ndarray, points: np.ndarray, extent: Extent) -> np.ndarray:
    """Return a map ``(ny, nx)`` at the grid points next to points ``(n, 2)``; beyond the map, at its border."""
    low, high = np.array(extent[::2]), np.array(extent[1::2])
    share = ((points - low) / (high - low)).clip(0, 1)
    column, row = (share * (np.array(values.shape[::-1]) - 1)).round().astype(int).T
    return np.asarray(values[row, column])
