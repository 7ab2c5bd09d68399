"""Distributions: errors of reconstruction, how far latents move, and how alive each unit is."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.check import finite_array, named_items, names_of, shaped_array
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    QUIET,
    THIRD,
    WIDE,
    Panels,
    legend,
    panel,
    panels,
    sheet,
    tidy,
)

ORIGINS = (MAIN, ALERT, THIRD, LEAF)
"""Colours of the origins of latents."""


def error_histogram(error: Any, *, ax: Axes | None = None) -> Axes:
    """Draw the distribution of the reconstruction error over samples, with its median and 95 % quantile.

    Args:
        error: ``(n,)``, one number per sample.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: not one finite number per sample.
    """
    values = finite_array(error, "errors", 1)
    ax = tidy(panel(ax, 6.0, 2.8), x="reconstruction error of a sample", y="samples")
    ax.hist(values, bins=min(50, max(5, len(values) // 10)), color=MAIN, histtype="stepfilled", alpha=0.85)
    median, high = np.quantile(values, [0.5, 0.95])
    ax.axvline(median, color=INK, linewidth=1.1, label=f"median {median:.3g}")
    ax.axvline(high, color=ALERT, linewidth=1.1, linestyle="--", label=f"95 % below {high:.3g}")
    legend(ax)
    return ax


def response_distances(distances: Mapping[str, Any], threshold: float, *, ax: Axes | None = None) -> Axes:
    """Draw how far latents of several origins move when decoded and encoded again; beyond the line lie holes.

    Args:
        distances: origin, such as ``"prior"`` → distances ‖R(z) − z‖, ``(n,)``; at most four origins.
        threshold: the distance above which a latent counts as a hole.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no origin, more than four, or distances that are negative or not finite.

    Source: the question of LR section 4 (holes); the figure is this package's own.
    """
    found = {
        name: finite_array(d, f"distances of {name!r}", 1, low=0) for name, d in named_items(distances, "distances")
    }
    if len(found) > len(ORIGINS):
        raise InputError(f"distances must name at most {len(ORIGINS)} origins, got {len(found)}: {', '.join(found)}")
    ax = tidy(panel(ax, WIDE * 0.82, 3.3), x="response distance ‖R(z) − z‖", y="share of samples")
    values = np.append(np.concatenate(list(found.values())), threshold)
    floor = max(float(values.max()) * 1e-6, 1e-12)
    low, high = max(float(values.min()), floor), max(float(values.max()), 2 * floor)
    bins = np.geomspace(low * 0.9, high * 1.1, 50)
    for (origin, d), colour in zip(found.items(), ORIGINS, strict=False):
        label = f"{origin}: {np.mean(d > threshold):.1%} beyond".replace("%", " %")
        height, _ = np.histogram(np.maximum(d, low), bins=bins, weights=np.full(len(d), 1 / len(d)))
        ax.stairs(height, bins, fill=True, color=colour, alpha=0.18)
        ax.stairs(height, bins, color=colour, linewidth=1.4, label=label)
    ax.axvline(threshold, color=INK, linewidth=1.1, linestyle="--", label=f"hole beyond {threshold:.3g}")
    ax.set_xscale("log")
    if low > 1e-3 and high < 1e3:  # 0.3 reads better than 3×10⁻¹
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(_plain_minor(high / low))
    legend(ax, ncols=2)
    return ax


def _plain_minor(span: float) -> FuncFormatter:
    """Write 2 and 5 between the powers of ten while there is room for them."""

    def text(value: float, position: int | None = None) -> str:
        digit = round(value / 10 ** math.floor(math.log10(value)))
        return f"{value:g}" if digit in (2, 5) and span < 1e3 else ""

    return FuncFormatter(text)


def unit_bars(
    response: Any,
    stderr: Any,
    alive: Sequence[bool] | np.ndarray,
    threshold: float,
    *,
    mean_std: Any,
    posterior_std: Any,
    labels: Sequence[Any],
    kl: Any = None,
    expected: Any = None,
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw every unit from the most to the least responsive: response, spread of its codes, information.

    Args:
        response: normalized diagonal response, ``(U,)``; 1 is a perfect response (diagonal of LR figure 11a).
        stderr: its standard error; bars end in 95 % intervals.
        alive: whether the unit counts as alive.
        threshold: the cut on the response.
        mean_std: std of the posterior means over the data (PCA definition 1).
        posterior_std: mean posterior std; near the prior's in a unit that says nothing.
        labels: names of the units.
        kl: nats the unit carries, where the model has a prior.
        expected: response that the width of the posterior allows, ``(U,)``, drawn as a mark.
        axes: two axes, three with ``kl``, from top to bottom; a new figure where left out.

    Raises:
        InputError: no units, or not one value for each.
    """
    heights, count = shaped_array(response, "response", "units"), np.size(response)
    names, found = names_of(labels, count), panels(axes, 2 if kl is None else 3)
    if found is None:
        size, ratios = float(np.clip(2.6 + 0.28 * count, 4.2, WIDE)), [2.2, 1.4] + [1.1] * (kl is not None)
        figure = sheet(size, 2.4 + 1.5 * (len(ratios) - 1))
        found = figure.subplots(len(ratios), 1, squeeze=False, height_ratios=ratios)[:, 0]
    order = np.argsort(-heights, kind="stable")
    live = np.asarray(alive, dtype=bool)[order]
    _bars(found[0], heights[order], live, shaped_array(stderr, "stderr", count)[order])
    if expected is not None:
        marks = shaped_array(expected, "expected", count)[order]
        found[0].scatter(
            np.arange(count), marks, marker="_", s=90, color=THIRD, label="allowed by the posterior", zorder=3
        )
    found[0].axhline(threshold, color=ALERT, linewidth=1.1, linestyle="--", label=f"alive from {threshold:.3g}")
    _spreads(found[1], *(shaped_array(std, "spreads", count)[order] for std in (mean_std, posterior_std)))
    if kl is not None:
        _bars(found[2], shaped_array(kl, "kl", count)[order], live)
    for ax, y in zip(found, ("response", "std", "KL (nats)"), strict=False):
        tidy(ax, y=y)
        ax.set_ylim(bottom=0)
    _name_units(found, [names[unit] for unit in order])
    legend(found[0])
    legend(found[1])
    return found


def _bars(ax: Axes, heights: np.ndarray, alive: np.ndarray, stderr: np.ndarray | None = None) -> None:
    at = np.arange(len(heights))
    for mask, colour, name in ((alive, MAIN, "alive"), (~alive, QUIET, "not alive")):
        if mask.any():
            ax.bar(at[mask], heights[mask], width=0.72, color=colour, label=f"{name} ({int(mask.sum())})")
    if stderr is not None:
        ax.errorbar(at, heights, Z95 * stderr, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)


def _spreads(ax: Axes, mean_std: np.ndarray, posterior_std: np.ndarray) -> None:
    at = np.arange(len(mean_std))
    ax.plot(at, mean_std, "o", color=MAIN, markersize=4.5, clip_on=False, label="std of posterior means")
    ax.plot(at, posterior_std, "x", color=THIRD, markersize=5, clip_on=False, label="mean posterior std")


def _name_units(axes: np.ndarray, names: Sequence[str]) -> None:
    """Give all panels the same places, and the lowest the names."""
    step = -(-len(names) // 32)
    for ax in axes:
        ax.set_xlim(-0.8, len(names) - 0.2)
    for ax in axes[:-1]:
        ax.set_xticks([])
    axes[-1].set_xticks(range(0, len(names), step), names[::step], parse_math=False)
    axes[-1].set_xlabel("unit, most responsive first", color=INK)
