"""Distributions: errors of reconstruction, how far latents move, and how alive each unit is."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from latentassay.core.estimate import Z95
from latentassay.plots.style import ALERT, INK, MAIN, QUIET, THIRD, WIDE, legend, sheet, tidy


def error_histogram(error: np.ndarray) -> Figure:
    """Draw the distribution of the reconstruction error over samples, with its median and 95 % quantile.

    Args:
        error: ``(n,)``, one number per sample.
    """
    figure = sheet(6.0, 2.8)
    ax = tidy(figure.add_subplot(), x="reconstruction error of a sample", y="samples")
    ax.hist(error, bins=min(50, max(5, len(error) // 10)), color=MAIN, histtype="stepfilled", alpha=0.85)
    median, high = np.quantile(error, [0.5, 0.95])
    ax.axvline(median, color=INK, linewidth=1.1, label=f"median {median:.3g}")
    ax.axvline(high, color=ALERT, linewidth=1.1, linestyle="--", label=f"95 % below {high:.3g}")
    legend(ax)
    return figure


def response_distances(distances: Mapping[str, np.ndarray], threshold: float) -> Figure:
    """Draw how far latents of several origins move when decoded and encoded again; beyond the line lie holes.

    Args:
        distances: origin → ``(n,)`` distances ‖R(z) − z‖.
        threshold: the distance above which a latent counts as a hole.

    Source: the question of LR section 4 (holes); the figure is this package's own.
    """
    figure = sheet(WIDE * 0.82, 3.3)
    ax = tidy(figure.add_subplot(), x="response distance ‖R(z) − z‖", y="share of samples")
    values = np.append(np.concatenate(list(distances.values())), threshold)
    floor = max(float(values.max()) * 1e-6, 1e-12)
    low, high = max(float(values.min()), floor), max(float(values.max()), 2 * floor)
    bins = np.geomspace(low * 0.9, high * 1.1, 50)
    for (origin, d), colour in zip(distances.items(), (MAIN, ALERT, THIRD), strict=False):
        label = f"{origin}: {np.mean(d > threshold):.1%} beyond".replace("%", " %")
        weights = np.full(len(d), 1 / len(d))
        height, _ = np.histogram(np.maximum(d, low), bins=bins, weights=weights)
        ax.stairs(height, bins, fill=True, color=colour, alpha=0.18)
        ax.stairs(height, bins, color=colour, linewidth=1.4, label=label)
    ax.axvline(threshold, color=INK, linewidth=1.1, linestyle="--", label=f"hole beyond {threshold:.3g}")
    ax.set_xscale("log")
    if low > 1e-3 and high < 1e3:  # 0.3 reads better than 3×10⁻¹
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(_plain_minor(high / low))
    legend(ax, ncols=2)
    return figure


def _plain_minor(span: float) -> FuncFormatter:
    """Write 2 and 5 between the powers of ten while there is room for them."""

    def text(value: float, position: int | None = None) -> str:
        digit = round(value / 10 ** math.floor(math.log10(value)))
        return f"{value:g}" if digit in (2, 5) and span < 1e3 else ""

    return FuncFormatter(text)


def unit_bars(
    response: np.ndarray,
    stderr: np.ndarray,
    alive: Sequence[bool],
    threshold: float,
    *,
    mean_std: np.ndarray,
    posterior_std: np.ndarray,
    labels: Sequence[str],
    kl: np.ndarray | None = None,
) -> Figure:
    """Draw every unit from the most to the least responsive: response, spread of its codes, information.

    Args:
        response: normalized diagonal response, ``(U,)``; 1 is a perfect response (diagonal of LR figure 11a).
        stderr: its standard error.
        alive: whether the unit counts as alive.
        threshold: the cut on the response.
        mean_std: std of the posterior means over the data (PCA definition 1).
        posterior_std: mean posterior std; near the prior's in a unit that says nothing.
        labels: names of the units.
        kl: nats the unit carries, where the model has a prior.
    """
    panels = 2 if kl is None else 3
    figure = sheet(float(np.clip(2.6 + 0.28 * len(response), 4.2, WIDE)), 2.4 + 1.5 * (panels - 1))
    axes = figure.subplots(panels, 1, sharex=True, squeeze=False, height_ratios=[2.2, 1.4, 1.1][:panels])[:, 0]
    order, at = np.argsort(-np.asarray(response), kind="stable"), np.arange(len(response))
    live = np.asarray(alive, dtype=bool)[order]
    _bars(axes[0], np.asarray(response)[order], live, np.asarray(stderr)[order])
    axes[0].axhline(threshold, color=ALERT, linewidth=1.1, linestyle="--", label=f"alive from {threshold:.3g}")
    tidy(axes[0], y="response")
    axes[0].set_ylim(bottom=0)
    legend(axes[0])
    axes[1].plot(
        at, np.asarray(mean_std)[order], "o", color=MAIN, markersize=4.5, clip_on=False, label="std of posterior means"
    )
    axes[1].plot(
        at, np.asarray(posterior_std)[order], "x", color=THIRD, markersize=5, clip_on=False, label="mean posterior std"
    )
    tidy(axes[1], y="std")
    axes[1].set_ylim(bottom=0)
    legend(axes[1])
    if kl is not None:
        _bars(axes[2], np.asarray(kl)[order], live)
        tidy(axes[2], y="KL (nats)")
    step = -(-len(at) // 32)
    axes[-1].set_xticks(at[::step], [labels[unit] for unit in order[::step]], parse_math=False)
    axes[-1].set_xlabel("unit, most responsive first", color=INK)
    axes[-1].set_xlim(-0.8, len(at) - 0.2)
    return figure


def _bars(ax: Axes, heights: np.ndarray, alive: np.ndarray, stderr: np.ndarray | None = None) -> None:
    at = np.arange(len(heights))
    for mask, colour, name in ((alive, MAIN, "alive"), (~alive, QUIET, "not alive")):
        if mask.any():
            ax.bar(at[mask], heights[mask], width=0.72, color=colour, label=f"{name} ({int(mask.sum())})")
    if stderr is not None:
        ax.errorbar(at, heights, Z95 * stderr, fmt="none", ecolor=INK, elinewidth=0.9, capsize=2)
