"""Interventional consistency, unit by unit: what comes back wrong while one is moved, and when none is (IC 2).

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.style import (
    ALERT,
    INK,
    LEAF,
    MAIN,
    MUTED,
    PAPER,
    QUIET,
    SIZE,
    SMALL,
    THIRD,
    WIDE,
    Panels,
    legend,
    panel,
    panels,
    sheet,
    tidy,
)

PANELS = 6
"""Panels of a row of traversal errors."""

FLOOR = -1.0
"""Self-consistency below this is cut off, and its number written: one bad unit would flatten all others."""

SHADES = (MAIN, LEAF, THIRD, ALERT)
"""Colours of the modes."""


def traversal_errors(
    values: Any, errors: Any, labels: Sequence[Any], moved: int, *, axes: Panels | None = None
) -> np.ndarray:
    """Draw by how much each unit comes back wrong while one is moved, a thin line per sample (IC figures 2, 19–25).

    Args:
        values: values of the unit that is moved, ``(steps,)``, growing.
        errors: response minus latent after the intervention, with its sign, ``(units, samples, steps)``.
        labels: names of the units.
        moved: which of them is moved; its panel is framed.
        axes: one axes for each unit; a new figure where left out.

    Raises:
        InputError: nothing to draw, shapes that do not fit, or a moved unit that there is not.
    """
    at, names = shaped_array(values, "values", "steps"), names_of(labels, len(labels))
    found = shaped_array(errors, "errors", len(names), "samples", len(at))
    if not 0 <= moved < len(names):
        raise InputError(f"moved must be one of {len(names)} units, got {moved}")
    caller_axes = panels(axes, len(names))
    drawn = _grid(len(names), f"value that unit {names[moved]} is set to") if caller_axes is None else caller_axes
    for unit, ax in enumerate(drawn):
        _bundle(ax, at, found[unit], f"unit {names[unit]}", moved=unit == moved)
        if caller_axes is not None:
            ax.set_xlabel(f"value of unit {names[moved]}", color=INK, fontsize=SIZE, parse_math=False)
            ax.set_ylabel("response − latent", color=INK, fontsize=SIZE)
    low, high = min(ax.get_ylim()[0] for ax in drawn), max(ax.get_ylim()[1] for ax in drawn)
    for ax in drawn:
        ax.set_ylim(low, high)
    return drawn


def _grid(count: int, x: str) -> np.ndarray:
    """Panels of a figure of their own, whose outermost alone have numbers."""
    columns = min(PANELS, count)
    rows = -(-count // columns)
    figure = sheet(max(3.2, WIDE * columns / PANELS), 0.9 + 1.35 * rows)
    drawn = [figure.add_subplot(rows, columns, unit + 1) for unit in range(count)]
    for unit, ax in enumerate(drawn):
        if unit % columns:
            ax.set_yticks([])
        if unit + columns < count:
            ax.set_xticks([])
    figure.supxlabel(x, color=INK, fontsize=SIZE, parse_math=False)
    figure.supylabel("response − latent", color=INK, fontsize=SIZE)
    return np.array(drawn, dtype=object)


def _bundle(ax: Axes, values: np.ndarray, errors: np.ndarray, title: str, *, moved: bool) -> None:
    colour = ALERT if moved else MAIN
    tidy(ax, title=f"{title}, moved" if moved else title, frame=moved)
    ax.axhline(0, color=MUTED, linewidth=0.7)
    ax.add_collection(
        LineCollection([np.stack([values, line], 1) for line in errors], colors=colour, linewidths=0.6, alpha=0.45)
    )
    ax.plot(values, errors.mean(0), color=INK, linewidth=1.3)
    ax.autoscale_view()
    ax.margins(x=0)
    if moved:
        for spine in ax.spines.values():
            spine.set(color=ALERT, linewidth=1.4)


def self_consistency_bars(
    scores: Mapping[str, Any],
    errors: Mapping[str, Any],
    labels: Sequence[Any],
    collapsed: Sequence[bool] | np.ndarray,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Draw how truly each unit of a latent comes back, without any intervention (IC figure 29; modes as in table 2).

    Args:
        scores: where latents come from, such as ``"posterior"`` → ``(u,)``; 1 is best, and there is no lower end.
        errors: the same keys → standard errors ``(u,)``; bars end in 95 % intervals.
        labels: names of the units.
        collapsed: whether each unit is; their bars are pale.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: nothing to draw, keys that differ, or not one value for each unit.
    """
    names, count = names_of(labels, len(labels)), len(labels)
    if not scores or set(scores) != set(errors):
        raise InputError(
            f"scores and errors must hold the same modes, at least one, got {list(scores)}, {list(errors)}"
        )
    modes = {mode: shaped_array(scores[mode], f"scores of {mode!r}", count) for mode in scores}
    half = {mode: Z95 * shaped_array(errors[mode], f"errors of {mode!r}", count) for mode in scores}
    dead = shaped_array(collapsed, "collapsed", count).astype(bool)
    low = max(FLOOR, min(0.0, *(float(values.min()) for values in modes.values())))
    ax = panel(ax, float(np.clip(1.6 + 0.2 * count * (1 + len(modes)), 4.4, WIDE)), 3.3)
    width = 0.8 / len(modes)
    for i, (mode, values) in enumerate(modes.items()):
        at, colour = np.arange(count) - 0.4 + (i + 0.5) * width, SHADES[i % len(SHADES)]
        _columns(ax, at, np.maximum(values, low), width=0.9 * width, colour=colour, pale=dead)
        cut = values < low
        ax.errorbar(at[~cut], values[~cut], half[mode][~cut], fmt="none", ecolor=INK, elinewidth=0.8)
        _cut_off(ax, at[cut], values[cut], low, colour)
    tidy(ax, x="unit", y="self-consistency")
    ax.axhline(0, color=MUTED, linewidth=0.7)
    ax.set(xlim=(-0.7, count - 0.3), ylim=(low - (0.12 if low < 0 else 0.0), 1.04))
    _unit_ticks(ax, names, dead)
    handles = [Patch(color=SHADES[i % len(SHADES)], label=mode) for i, mode in enumerate(modes)]
    if dead.any():
        handles.append(Patch(color=QUIET, alpha=0.6, label="pale: collapsed"))
    legend(ax, handles=handles, ncols=len(handles))
    return ax


def _columns(ax: Axes, at: np.ndarray, heights: np.ndarray, *, width: float, colour: str, pale: np.ndarray) -> None:
    for mask, alpha in ((~pale, 0.9), (pale, 0.3)):
        if mask.any():
            ax.bar(at[mask], heights[mask], width, color=colour, alpha=alpha)


def _cut_off(ax: Axes, at: np.ndarray, values: np.ndarray, low: float, colour: str) -> None:
    """Write the numbers of bars that end at ``low`` though they go on below."""
    for x, value in zip(at, values, strict=True):
        text = (f"{value:.{1 if value > -10 else 0}f}" if value > -1e4 else f"{value:.0e}").replace("-", "−")
        number = ax.text(x, 0.03, text, rotation=90, ha="center", va="bottom", fontsize=SMALL - 0.5, color=colour)
        number.set_path_effects([withStroke(linewidth=2, foreground=PAPER)])
        ax.plot(x, low, "v", color=colour, markersize=4, clip_on=False)


def _unit_ticks(ax: Axes, labels: Sequence[str], dead: np.ndarray) -> None:
    step = -(-len(labels) // 32)
    ax.set_xticks(np.arange(0, len(labels), step), list(labels)[::step], parse_math=False)
    for unit, text in zip(range(0, len(labels), step), ax.get_xticklabels(), strict=True):
        text.set_color(MUTED if dead[unit] else INK)
