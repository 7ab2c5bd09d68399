"""The geometry of a latent space: spectra, dimensions and likelihoods, probes, shortest ways, volume elements.

Every function takes arrays, and raises ``InputError`` where there is nothing to draw, where shapes do not fit, and on
values that are NaN, infinite or out of range.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from latentassay.core.errors import InputError
from latentassay.plots.images import COLUMNS, strips
from latentassay.plots.plane import PERCENTILE, around, cloud, extent_of, frame
from latentassay.plots.style import ALERT, INK, PAPER, SERIES, SIZE, THIRD, fading, legend, scale, sheet, tidy

SHOWN = 1e-4
"""Eigenvalues below this share of the threshold are drawn at it, so that a zero has a place on a log scale."""

POINTS, DOTS = 600, 9
"""At most so many codes are drawn over a map, and points between the ends of a geodesic."""

PURPLES = fading(THIRD, most=0.9)
LINES, MARKERS = ("-", "--", "-.", ":"), "os^DvxP"


def spectra(eigenvalues: Mapping[str, np.ndarray], *, threshold: float = 0.01) -> Figure:
    """Draw variances of the principal components of posterior means, largest first, on a log scale (GEO figure 1).

    Args:
        eigenvalues: label (such as ``"α = 0.5"``) → ``(d,)``, in any order; zeros are drawn at the bottom.
        threshold: the variance above which a component counts as informative.
    """
    if not 0 < threshold < np.inf:
        raise InputError(f"threshold must be positive to stand on a log scale, got {threshold}")
    figure = sheet(6.4, 3.6)
    ax = tidy(figure.add_subplot(), x="principal component, largest first", y="eigenvalue (variance of means)")
    for i, (label, given) in enumerate(_some(eigenvalues, "eigenvalues")):
        values = _checked(given, f"eigenvalues of {label!r}", 1, low=0)
        above = int((values > threshold).sum())
        falling = np.maximum(np.sort(values)[::-1], SHOWN * threshold)
        _line(ax, i, np.arange(1, len(values) + 1), falling, f"{label}: {above} of {len(values)}", markersize=3.2)
    ax.axhline(threshold, color=INK, linewidth=1.1, linestyle=(0, (2, 2)), label=f"informative above {threshold:g}")
    ax.set_yscale("log")
    ax.minorticks_off()
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend(ax)
    return figure


def components(counts: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw how many components carry information against α, a line for each latent size (GEO figure 2, left).

    Args:
        counts: label (such as ``"k = 30"``) → alphas ``(a,)`` and counts ``(a,)``, or ``(runs, a)``: then their mean,
            and a band from the least to the most.
    """
    figure = sheet(5.4, 3.4)
    ax = tidy(figure.add_subplot(), x="α of the Rényi bound", y="informative components")
    for i, (label, (alphas, found)) in enumerate(_some(counts, "counts")):
        _average(ax, i, label, *_series(alphas, found, f"counts of {label!r}", low=0))
    ax.set_ylim(bottom=0)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    legend(ax)
    return figure


Curve = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Alphas, means, and half the width of their intervals, ``(a,)`` each."""


def likelihoods(bounds: Mapping[str, Curve], estimates: Mapping[str, Curve]) -> Figure:
    """Draw bounds (dashed) and importance-sampled log-likelihoods (solid) against α (GEO figure 2, right).

    Args:
        bounds: label (such as ``"k = 30"``) → alphas, bounds in nats, and half the width of their intervals.
        estimates: likewise of the log-likelihood; the same label has the same colour.
    """
    figure = sheet(6.0, 3.8)
    ax = tidy(figure.add_subplot(), x="α of the Rényi bound", y="log-likelihood of test data (nats)")
    labels = [label for label, _ in _some(dict.fromkeys([*estimates, *bounds]), "bounds and estimates")]
    for group, name, style in ((estimates, "estimate", "-"), (bounds, "bound", "--")):
        for label, (alphas, means, half) in group.items():
            at, (mean,) = _series(alphas, _checked(means, f"{name} of {label!r}", 1), f"{name} of {label!r}")
            _, (width,) = _series(alphas, _checked(half, f"widths of {label!r}", 1, low=0), f"widths of {label!r}")
            line = _line(ax, labels.index(label), at, mean, f"{label}, {name}", linestyle=style)
            line.set_markerfacecolor(line.get_color() if style == "-" else PAPER)
            ax.errorbar(at, mean, width, fmt="none", ecolor=line.get_color(), elinewidth=0.9, capsize=2)
    legend(ax, handlelength=2.4)
    return figure


def probes(steps: np.ndarray, accuracies: Mapping[str, np.ndarray], *, low: float | None = None) -> Figure:
    """Draw a linear classifier's accuracy while the model trains, a line for each set of features (GEO figure 3).

    Args:
        steps: training steps ``(s,)``.
        accuracies: features → accuracy on test data ``(s,)``, or ``(runs, s)``: then their mean, and a band from the
            least to the greatest.
        low: where the axis begins, if it then goes up to 1, so that several figures can be held side by side.
    """
    figure = sheet(6.0, 3.4)
    ax = tidy(figure.add_subplot(), x="training step", y="accuracy on test data")
    for i, (label, values) in enumerate(_some(accuracies, "accuracies")):
        _average(ax, i, label, *_series(steps, values, f"accuracies of {label!r}", low=0, high=1))
    if low is not None:
        ax.set_ylim(low, 1)
    if np.max(steps) >= 10_000:
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    legend(ax)
    return figure


def half_plane(curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> Figure:
    """Draw Fisher–Rao geodesics (solid) and straight lines (dotted) between Gaussians (GEO figure 4).

    Args:
        curves: one latent's means and standard deviations along each geodesic, ``(steps,)`` each, at least 2;
            of those between the ends, nine or fewer are marked by dots.
    """
    drawn = [_gaussians(mean, std, i) for i, (mean, std) in _some(dict(enumerate(curves)), "curves")]
    left, right, _, top = around(*drawn, margin=0.05)
    figure = sheet(6.4, 0.9 + 5.6 * float(np.clip(top / (right - left), 0.4, 1.2)))
    ax = tidy(figure.add_subplot(), x="mean μ", y="standard deviation σ")
    for look, name in (("-", "Fisher–Rao geodesic"), (":", "straight line")):
        ax.plot([], [], look, color=INK, linewidth=1.6, label=name)
    for i, way in enumerate(drawn):
        colour = SERIES[i % len(SERIES)]
        ax.plot(*way[[0, -1]].T, ":", color=colour, linewidth=1.6)
        ax.plot(*way.T, "-", color=colour, linewidth=1.6)
        ax.plot(*way[_evenly(len(way), DOTS + 2)[1:-1]].T, "o", color=colour, markersize=3)
        ax.plot(*way[[0, -1]].T, "o", color=colour, markeredgecolor=PAPER, markersize=7, clip_on=False)
    ax.set(xlim=(left, right), ylim=(0, top))
    legend(ax, handlelength=2.4)
    return figure


def ways(rows: Mapping[str, np.ndarray], *, turns: Mapping[str, float] | None = None) -> Figure:
    """Draw the decodings along several ways between the same ends, a labelled row for each (GEO figure 5).

    Args:
        rows: kind of interpolation → images ``(steps, c, h, w)`` in [0, 1], the same shape in every row; of more than
            twelve steps, twelve evenly spaced ones with both ends are drawn.
        turns: kind of interpolation → share of the way at which one end turns into the other: a red line there.
    """
    if unknown := set(turns or {}) - set(rows):
        raise InputError(f"turns must name rows, got {', '.join(map(repr, sorted(unknown)))}")
    images = {label: _checked(row, f"images of {label!r}", 4) for label, row in _some(rows, "rows")}
    shapes = {row.shape for row in images.values()}
    first = next(iter(images.values()))
    if len(shapes) > 1 or len(first) < 2 or first.shape[1] not in (1, 3):
        raise InputError(f"rows must hold images of one shape (steps ≥ 2, 1 or 3, h, w), got {sorted(shapes)}")
    chosen = _evenly(len(first), COLUMNS)
    figure = strips({label: row[chosen] for label, row in images.items()})
    (ax,) = figure.axes
    ax.set_xticks(np.arange(len(chosen)) + 0.5, [f"{t:.0%}".replace("%", " %") for t in chosen / (len(first) - 1)])
    ax.set_xlabel("share of the way", color=INK, fontsize=SIZE)
    ax.set_ylabel("interpolation", color=INK, fontsize=SIZE)
    for i, label in enumerate(images):
        if turns is not None and label in turns:
            x = 0.5 + _checked([turns[label]], f"turn of {label!r}", 1, low=0, high=1)[0] * (len(chosen) - 1)
            ax.vlines(x, i + 0.03, i + 0.97, colors=ALERT, linewidth=2)
    return figure


def volume_map(
    xs: np.ndarray,
    ys: np.ndarray,
    values: np.ndarray,
    *,
    points: np.ndarray | None = None,
    labels: Sequence[str] = ("a", "b"),
) -> Figure:
    """Draw log₁₀ of the volume element √det JᵀJ on a plane of two latents, with codes over it.

    Colours saturate at the 2 % and 98 % quantiles; where the element is 0, the map stays clear.

    Args:
        xs: values of the first latent, ``(nx,)``.
        ys: values of the second latent, ``(ny,)``.
        values: volume elements, ``(ny, nx)``.
        points: codes of data in this plane, ``(n, 2)``.
        labels: names of the two latents.
    """
    xs, ys, sizes = _checked(xs, "xs", 1), _checked(ys, "ys", 1), _checked(values, "volume elements", 2, low=0)
    if sizes.shape != (len(ys), len(xs)) or min(sizes.shape) < 2 or not sizes.any():
        wanted = f"shape (ny, nx) = {(len(ys), len(xs))}, at least 2 each, and not be 0 everywhere"
        raise InputError(f"volume elements must have {wanted}, got {sizes.shape}")
    logs = np.log10(np.where(sizes > 0, sizes, np.nan))
    low, high = np.nanpercentile(logs, [100 - PERCENTILE, PERCENTILE])
    norm = Normalize(low, high) if high > low else Normalize(low - 0.5, low + 0.5)
    figure = sheet(5.6, 4.6)
    ax, bar = figure.subplots(1, 2, width_ratios=[1, 0.045])
    image = ax.imshow(logs, cmap=PURPLES, norm=norm, extent=extent_of(xs, ys), origin="lower", interpolation="none")
    frame(ax, extent_of(xs, ys), labels, "")
    scale(bar, image, "log₁₀ of the volume element", upright=True)
    if points is not None:
        codes = _checked(points, "points", 2)
        if codes.shape[1] != 2:
            raise InputError(f"points must have shape (n, 2), got {codes.shape}")
        cloud(ax, codes[_evenly(len(codes), POINTS)], INK, "codes of data")
        legend(ax)
    return figure


def _some(named: Mapping[Any, Any], name: str) -> Sequence[tuple[Any, Any]]:
    if not named:
        raise InputError(f"{name} must name at least one thing to draw, got none")
    return list(named.items())


def _checked(values: Any, name: str, *dimensions: int, low: float = -np.inf, high: float = np.inf) -> np.ndarray:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim not in dimensions or not array.size:
        raise InputError(f"{name} must have {' or '.join(map(str, dimensions))} dimensions, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise InputError(f"{name} hold NaN or infinite values; remove them")
    if array.min() < low or array.max() > high:
        raise InputError(f"{name} must lie from {low:g} to {high:g}, got {array.min():.3g} to {array.max():.3g}")
    return array


def _series(at: Any, values: Any, name: str, **limits: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places ``(k,)`` in growing order, and values there, ``(runs, k)``."""
    places, runs = _checked(at, f"places of {name}", 1), np.atleast_2d(_checked(values, name, 1, 2, **limits))
    if runs.shape[1] != len(places):
        raise InputError(f"{name} must have one value at each of {len(places)} places, got shape {np.shape(values)}")
    order = np.argsort(places, kind="stable")
    return places[order], runs[:, order]


def _gaussians(mean: Any, std: Any, i: int) -> np.ndarray:
    m, s = _checked(mean, f"means of curve {i}", 1), _checked(std, f"stds of curve {i}", 1)
    if m.shape != s.shape or len(m) < 2 or (s <= 0).any():
        raise InputError(f"curve {i} needs as many means as positive stds, at least 2, got {m.shape} and {s.shape}")
    return np.stack([m, s], 1)


def _evenly(n: int, most: int) -> np.ndarray:
    """Return at most so many of n places, evenly spaced, the first and the last among them."""
    return np.unique(np.linspace(0, n - 1, min(n, most)).round().astype(int))


def _line(ax: Axes, i: int, x: np.ndarray, y: np.ndarray, label: str, **look: Any) -> Line2D:
    """Draw the i-th line of a plot; colours come again in another style, markers later still."""
    style = {"linestyle": LINES[i // len(SERIES) % len(LINES)], "linewidth": 1.4, "markersize": 3.8, "label": label}
    (line,) = ax.plot(x, y, color=SERIES[i % len(SERIES)], marker=MARKERS[i % len(MARKERS)], **{**style, **look})
    return line


def _average(ax: Axes, i: int, label: str, x: np.ndarray, runs: np.ndarray) -> None:
    line = _line(ax, i, x, runs.mean(0), label)
    if len(runs) > 1:
        ax.fill_between(x, runs.min(0), runs.max(0), color=line.get_color(), alpha=0.15, linewidth=0)
