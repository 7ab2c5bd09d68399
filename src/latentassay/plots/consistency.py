"""Interventional consistency, unit by unit: what comes back wrong while one is moved, and when none is (IC 2).

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke

from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95
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
    legend,
    sheet,
    tidy,
)

PANELS = 6
"""Panels of a row of traversal errors."""

FLOOR = -1.0
"""Self-consistency below this is cut off, and its number written: one bad unit would flatten all others."""

SHADES = (MAIN, LEAF, THIRD, ALERT)


def traversal_errors(values: np.ndarray, errors: np.ndarray, labels: Sequence[str], moved: int) -> Figure:
    """Draw by how much each unit comes back wrong while one is moved, a thin line per sample (IC figures 2, 19–25).

    Args:
        values: values of the unit that is moved, ``(steps,)``, growing.
        errors: response minus latent after the intervention, with its sign, ``(units, samples, steps)``.
        labels: names of the units.
        moved: which of them is moved; its panel is framed.
    """
    found, at = np.asarray(errors, dtype=float), np.asarray(values, dtype=float)
    if found.ndim != 3 or not found.size or found.shape[::2] != (len(labels), len(at)):
        raise InputError(
            f"errors must have shape (units, samples, steps) = ({len(labels)}, any, {len(at)}), got {found.shape}"
        )
    if not 0 <= moved < len(labels):
        raise InputError(f"moved must be one of {len(labels)} units, got {moved}")
    columns = min(PANELS, len(labels))
    rows = -(-len(labels) // columns)
    figure = sheet(max(3.2, WIDE * columns / PANELS), 0.9 + 1.35 * rows)
    panels = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for unit, ax in enumerate(panels):
        if unit < len(labels):
            _bundle(ax, at, found[unit], f"unit {labels[unit]}", moved=unit == moved)
        else:
            ax.set_axis_off()
    for ax in panels[max(0, len(labels) - columns) : len(labels)]:
        ax.tick_params(labelbottom=True)
    figure.supxlabel(f"value that unit {labels[moved]} is set to", color=INK, fontsize=SIZE)
    figure.supylabel("response − latent", color=INK, fontsize=SIZE)
    return figure


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
    scores: Mapping[str, np.ndarray],
    errors: Mapping[str, np.ndarray],
    labels: Sequence[str],
    collapsed: Sequence[bool] | np.ndarray,
) -> Figure:
    """Draw how truly each unit of a latent comes back, without any intervention (IC figure 29; modes as in table 2).

    Args:
        scores: where latents come from, such as ``"posterior"`` → ``(u,)``; 1 is best, and there is no lower end.
        errors: the same keys → standard errors ``(u,)``; bars end in 95 % intervals.
        labels: names of the units.
        collapsed: whether each unit is; their bars are pale.
    """
    if not scores or any(np.shape(scores[mode]) != (len(labels),) for mode in scores) or set(scores) != set(errors):
        raise InputError(f"scores and errors must hold the same modes, at least one, of {len(labels)} values each")
    dead, n = np.asarray(collapsed, dtype=bool), len(labels)
    low = max(FLOOR, min(0.0, *(float(np.min(scores[mode])) for mode in scores)))
    figure = sheet(float(np.clip(1.6 + 0.2 * n * (1 + len(scores)), 4.4, WIDE)), 3.3)
    ax, width = figure.add_subplot(), 0.8 / len(scores)
    for i, (mode, values) in enumerate(scores.items()):
        at = np.arange(n) - 0.4 + (i + 0.5) * width
        _columns(ax, at, np.asarray(values, dtype=float), errors[mode], width, low, SHADES[i % len(SHADES)], dead)
    tidy(ax, x="unit", y="self-consistency")
    ax.axhline(0, color=MUTED, linewidth=0.7)
    ax.set(xlim=(-0.7, n - 0.3), ylim=(low - (0.12 if low < 0 else 0.0), 1.04))
    _unit_ticks(ax, labels, dead)
    handles = [Patch(color=colour, label=mode) for mode, colour in zip(scores, SHADES, strict=False)]
    if dead.any():
        handles.append(Patch(color=QUIET, alpha=0.6, label="pale: collapsed"))
    legend(ax, handles=handles, ncols=len(handles))
    return figure


def _columns(
    ax: Axes,
    at: np.ndarray,
    values: np.ndarray,
    errors: np.ndarray,
    width: float,
    low: float,
    colour: str,
    dead: np.ndarray,
) -> None:
    shown, cut = np.maximum(values, low), values < low
    for mask, alpha in ((~dead, 0.9), (dead, 0.3)):
        ax.bar(at[mask], shown[mask], 0.9 * width, color=colour, alpha=alpha)
    ax.errorbar(at[~cut], values[~cut], Z95 * np.asarray(errors)[~cut], fmt="none", ecolor=INK, elinewidth=0.8)
    for x, value in zip(at[cut], values[cut], strict=True):
        text = (f"{value:.{1 if value > -10 else 0}f}" if value > -1e4 else f"{value:.0e}").replace("-", "−")
        number = ax.text(x, 0.03, text, rotation=90, ha="center", va="bottom", fontsize=SMALL - 0.5, color=colour)
        number.set_path_effects([withStroke(linewidth=2, foreground=PAPER)])
        ax.plot(x, low, "v", color=colour, markersize=4, clip_on=False)


def _unit_ticks(ax: Axes, labels: Sequence[str], dead: np.ndarray) -> None:
    step = -(-len(labels) // 32)
    ax.set_xticks(np.arange(0, len(labels), step), list(labels)[::step], parse_math=False)
    for unit, text in zip(range(0, len(labels), step), ax.get_xticklabels(), strict=True):
        text.set_color(MUTED if dead[unit] else INK)
