"""Figures of GEO of many models: spectra, components that carry information, likelihoods, probes.

Every function takes arrays, and raises ``InputError`` where there is nothing to draw, where shapes do not fit, and on
values that are NaN, infinite or out of range.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import EngFormatter, MaxNLocator

from latentassay.core.errors import InputError
from latentassay.plots.check import finite_array, named_items
from latentassay.plots.style import INK, PAPER, SERIES, legend, sheet, tidy

SHOWN = 1e-4
"""Eigenvalues below this share of the threshold are drawn at it, so that a zero has a place on a log scale."""

LINES = ("-", "--", "-.", ":")
"""Styles of lines, after all colours have been used."""

MARKERS = "os^DvxP"
"""Markers of lines, one after the other."""


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
    for i, (label, variances) in enumerate(named_items(eigenvalues, "eigenvalues")):
        values = finite_array(variances, f"eigenvalues of {label!r}", 1, low=0)
        above = int((values > threshold).sum())
        falling = np.maximum(np.sort(values)[::-1], SHOWN * threshold)
        _draw_line(ax, i, np.arange(1, len(values) + 1), falling, f"{label}: {above} of {len(values)}", markersize=3.2)
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
    for i, (label, (alphas, found)) in enumerate(named_items(counts, "counts")):
        _draw_average(ax, i, label, *_sort_series(alphas, found, f"counts of {label!r}", low=0))
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
    labels = [label for label, _ in named_items(dict.fromkeys([*estimates, *bounds]), "bounds and estimates")]
    for group, name, style in ((estimates, "estimate", "-"), (bounds, "bound", "--")):
        for label, (alphas, means, half) in group.items():
            at, (mean,) = _sort_series(alphas, finite_array(means, f"{name} of {label!r}", 1), f"{name} of {label!r}")
            _, (width,) = _sort_series(
                alphas, finite_array(half, f"widths of {label!r}", 1, low=0), f"widths of {label!r}"
            )
            line = _draw_line(ax, labels.index(label), at, mean, f"{label}, {name}", linestyle=style)
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
    for i, (label, values) in enumerate(named_items(accuracies, "accuracies")):
        _draw_average(ax, i, label, *_sort_series(steps, values, f"accuracies of {label!r}", low=0, high=1))
    if low is not None:
        ax.set_ylim(low, 1)
    if np.max(steps) >= 10_000:
        ax.xaxis.set_major_formatter(EngFormatter(sep=""))
    legend(ax)
    return figure


def _sort_series(at: Any, values: Any, name: str, **limits: float) -> tuple[np.ndarray, np.ndarray]:
    """Return places ``(k,)`` in growing order, and values there, ``(runs, k)``."""
    places, runs = finite_array(at, f"places of {name}", 1), np.atleast_2d(finite_array(values, name, 1, 2, **limits))
    if runs.shape[1] != len(places):
        raise InputError(f"{name} must have one value at each of {len(places)} places, got shape {np.shape(values)}")
    order = np.argsort(places, kind="stable")
    return places[order], runs[:, order]


def _draw_line(ax: Axes, i: int, x: np.ndarray, y: np.ndarray, label: str, **look: Any) -> Line2D:
    """Draw the i-th line of a plot; colours come again in another style, markers later still."""
    style = {"linestyle": LINES[i // len(SERIES) % len(LINES)], "linewidth": 1.4, "markersize": 3.8, "label": label}
    (line,) = ax.plot(x, y, color=SERIES[i % len(SERIES)], marker=MARKERS[i % len(MARKERS)], **{**style, **look})
    return line


def _draw_average(ax: Axes, i: int, label: str, x: np.ndarray, runs: np.ndarray) -> None:
    line = _draw_line(ax, i, x, runs.mean(0), label)
    if len(runs) > 1:
        ax.fill_between(x, runs.min(0), runs.max(0), color=line.get_color(), alpha=0.15, linewidth=0)
