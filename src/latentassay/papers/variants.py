"""Many models at a glance: a dot per seed, a bar per variant, a panel's worth of room per family."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from latentassay.core.errors import InputError
from latentassay.plots.style import INK, RULE, SERIES, SIZE, WIDE, legend, sheet, tidy

MARKERS = "os^DvP"

FEW_TIMES = 5
"""A logarithmic axis shorter than this holds no power of ten, or one."""

FEW_DECADES = 1e3
"""A logarithmic axis shorter than this has room for 2 and 5 between the powers of ten."""


MANY = 12
"""Families whose names stand level."""

FEWEST = 3
"""Of two seeds Student's interval is thirteen times as wide as they are apart: it would be all there is to see."""


def by_variant(
    groups: Mapping[str, Mapping[str, Any]],
    ylabel: str,
    *,
    low: float | None = None,
    high: float | None = None,
    log: bool = False,
    order: Sequence[str] = (),
) -> Figure:
    """Draw a score of many models: a dot per seed, the mean of several, and its 95 % interval from three seeds on.

    Variants of one family stand side by side, and look the same in every family. Intervals are Student's t over seeds.

    Args:
        groups: family, such as ``"VAE"`` → variant, such as ``"XC-I"`` → one value per seed, ``(seeds,)``, from left to
            right.
        ylabel: what the score is, with its unit.
        low: where the axis begins; left to the data where left out.
        high: where it ends.
        log: a logarithmic axis, for positive values of many sizes.
        order: all variants there may be, so that each looks the same in every figure.

    Source: IC figures 5, 8, and 26–28, which have a violin or a bar for each model.
    """
    found = {
        family: {name: _check_seeds(runs, f"{family} {name}", log) for name, runs in variants.items()}
        for family, variants in groups.items()
        if variants
    }
    if not found:
        raise InputError("groups must name at least one family with at least one variant, got none")
    names = list(dict.fromkeys([*order, *(name for variants in found.values() for name in variants)]))
    width = sum(map(len, found.values())) + len(found) - 1
    figure = sheet(float(np.clip(1.4 + 0.42 * width, 3.6, WIDE)), 3.4)
    ax, at = tidy(figure.add_subplot(), y=ylabel), 0
    ticks = []
    for variants in found.values():
        for i, (name, runs) in enumerate(variants.items()):
            _draw_model(ax, at + i, runs, names.index(name))
        ticks.append(at + (len(variants) - 1) / 2)
        at += len(variants) + 1
        if at - 1 < width:
            ax.axvline(at - 1, color=RULE, linewidth=0.8)
    shown = {name for variants in found.values() for name in variants}
    for i, name in enumerate(names):
        if name not in shown:
            continue
        ax.plot([], [], MARKERS[i % len(MARKERS)], color=SERIES[i % len(SERIES)], markersize=5, label=name)
    ax.set_xlim(-0.8, width - 0.2)
    ax.set_xticks(ticks, list(found), fontsize=SIZE, parse_math=False)
    if len(found) > MANY:  # names of so many would touch
        ax.tick_params(axis="x", labelrotation=30)
    ax.tick_params(axis="x", length=0)
    if log:
        ax.set_yscale("log")
        ax.yaxis.set_major_formatter("{x:g}")
        bottom, top = ax.get_ylim()
        if top < FEW_TIMES * bottom:  # not a power of ten in sight: round numbers, as on a straight axis
            ax.yaxis.set_major_locator(MaxNLocator(6))
            ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_minor_formatter(_format_round if top < FEW_DECADES * bottom else _format_nothing)
    ax.set_ylim(low, high)
    legend(ax, ncols=min(6, len(shown)), handlelength=0.8)
    return figure


def _check_seeds(runs: Any, name: str, log: bool) -> np.ndarray:
    values = np.asarray(runs, dtype=float).reshape(-1)
    if not len(values) or not np.isfinite(values).all() or (log and values.min() <= 0):
        wanted = "positive" if log else "finite"
        raise InputError(f"{name} must hold at least one value, all {wanted}, got {values.tolist()}")
    return values


def _format_nothing(value: float, position: float | None = None) -> str:
    return ""


def _format_round(value: float, position: float | None = None) -> str:
    """Write 2 and 5 between the powers of ten."""
    return f"{value:g}" if round(value / 10 ** math.floor(math.log10(value))) in (2, 5) else ""


def _draw_model(ax: Axes, at: float, runs: np.ndarray, look: int) -> None:
    from scipy.special import stdtrit

    colour, n = SERIES[look % len(SERIES)], len(runs)
    beside = at + np.linspace(-0.22, 0.22, n) if n > 1 else np.array([at])
    size, alpha = (3.8, 0.6) if n > 1 else (6, 1.0)
    ax.plot(beside, runs, MARKERS[look % len(MARKERS)], color=colour, markersize=size, alpha=alpha, markeredgewidth=0)
    if n > 1:
        ax.hlines(runs.mean(), at - 0.36, at + 0.36, colors=colour, linewidth=2)
    if n >= FEWEST:
        half = float(stdtrit(n - 1, 0.975)) * runs.std(ddof=1) / n**0.5
        ax.errorbar(at, runs.mean(), half, fmt="none", ecolor=INK, elinewidth=1.1, capsize=3)
