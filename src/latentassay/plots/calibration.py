"""Calibration: what noise costs, codes against their prior, errors of several sets of rows, use of code vectors."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.check import finite_array, named_items, names_of, shaped_array
from latentassay.plots.style import ALERT, INK, MAIN, QUIET, SERIES, WIDE, legend, panel, tidy

MOST = 32
"""Units that are shown beside each other."""


def noise_costs(cost: Any, expected: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw what the posterior noise of every unit loses, and a line where a calibrated posterior would.

    Args:
        cost: share of the data's variance that the noise of every unit loses, ``(u,)``.
        expected: the same of a calibrated posterior, ``(u,)``.
        labels: names of the units; of more than 32 those that lose most are shown.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no units, or not one number for each.
    """
    values = finite_array(cost, "cost", 1, low=0)
    wanted, names = shaped_array(expected, "expected", len(values)), names_of(labels, len(values))
    order = np.argsort(-np.maximum(values, wanted), kind="stable")[:MOST]
    ax = panel(ax, float(np.clip(3 + 0.28 * len(order), 4.5, WIDE)), 2.9)
    at = np.arange(len(order))
    ax.bar(at, 100 * values[order], width=0.72, color=MAIN, label="as it is")
    ax.hlines(100 * wanted[order], at - 0.45, at + 0.45, color=ALERT, linewidth=1.8, label="if it were calibrated")
    tidy(ax, x="unit", y="% of the variance lost")
    ax.set(ylim=(0, None), xlim=(-0.7, len(order) - 0.3))
    ax.set_xticks(at, [names[unit] for unit in order], parse_math=False)
    legend(ax)
    return ax


def quantile_lines(
    prior: Any, quantiles: Any, labels: Sequence[Any], *, others: Any = None, ax: Axes | None = None
) -> Axes:
    """Draw quantiles of units over those of the prior: units that follow it lie on the dashed line.

    Args:
        prior: quantiles of the prior, ``(q,)``, growing.
        quantiles: the same quantiles of the units to show, ``(u, q)``, six at most.
        labels: names of these units.
        others: quantiles of all other units, ``(k, q)``, drawn thin and grey.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: nothing to draw, more than six units, or shapes that do not fit.
    """
    along = finite_array(prior, "prior", 1)
    lines = shaped_array(quantiles, "quantiles", "units", len(along))
    names = names_of(labels, len(lines))
    if len(lines) > len(SERIES):
        raise InputError(f"quantiles must be of at most {len(SERIES)} units, got {len(lines)}")
    ax = panel(ax, 5.2, 3.8)
    for k, line in enumerate([] if others is None else shaped_array(others, "others", "units", len(along))):
        ax.plot(along, line, color=QUIET, linewidth=0.7, alpha=0.7, label="" if k else "all others")
    for line, name, colour in zip(lines, names, SERIES, strict=False):
        ax.plot(along, line, color=colour, linewidth=1.6, label=f"unit {name}")
    ax.plot(along, along, color=INK, linewidth=1.1, linestyle="--", label="as the prior")
    tidy(ax, x="quantile of the prior", y="quantile of the codes")
    legend(ax)
    return ax


def error_shares(errors: Mapping[str, Any], *, ax: Axes | None = None) -> Axes:
    """Draw for several sets of rows the share that is reconstructed with at most so large an error.

    Args:
        errors: name of the rows → error of every row, ``(n,)``, none negative; at most six names.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no rows, more than six names, or errors that are negative or not finite.
    """
    found = {name: finite_array(e, f"errors of {name!r}", 1, low=0) for name, e in named_items(errors, "errors")}
    if len(found) > len(SERIES):
        raise InputError(f"errors must name at most {len(SERIES)} sets of rows, got {len(found)}")
    ax = panel(ax, 6.0, 3.0)
    floor = max(max(values.max() for values in found.values()) * 1e-6, 1e-12)
    for (name, values), colour in zip(found.items(), SERIES, strict=False):
        steps = np.sort(np.maximum(values, floor))
        label = f"{name}: mean {values.mean():.3g}"
        ax.step(steps, np.arange(1, len(steps) + 1) / len(steps), where="post", color=colour, label=label)
        ax.axvline(max(float(values.mean()), floor), color=colour, linewidth=0.9, linestyle="--")
    tidy(ax, x="reconstruction error of a row", y="share of rows with at most that")
    if max(values.max() for values in found.values()) > floor:
        ax.set_xscale("log")
    ax.set(ylim=(0, 1.02))
    legend(ax)
    return ax


def code_use(counts: Any, *, ax: Axes | None = None) -> Axes:
    """Draw how often every code vector is used, from the most to the least frequent, beside even use.

    Args:
        counts: how many codes use each entry, ``(k,)``.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no entries, negative counts, or nothing counted.
    """
    values = np.sort(finite_array(counts, "counts", 1, low=0))[::-1]
    if not values.any():
        raise InputError("counts must count at least one code, got none")
    ax, at, share = panel(ax, 6.0, 2.8), np.arange(len(values)), 100 * values / values.sum()
    ax.fill_between(at, share, step="mid", color=MAIN, alpha=0.85, linewidth=0, label=_describe_use(values))
    ax.axhline(100 / len(values), color=ALERT, linewidth=1.1, linestyle="--", label="all alike")
    tidy(ax, x="entry, most used first", y="% of the codes")
    ax.set(ylim=(0, None), xlim=(-0.5, len(values) - 0.5))
    legend(ax)
    return ax


def _describe_use(values: np.ndarray) -> str:
    return f"{int((values > 0).sum())} of {len(values)} are used"
