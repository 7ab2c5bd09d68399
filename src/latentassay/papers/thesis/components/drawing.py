"""Figures of "VAEs and principal components": scores against each other and against β, and latent planes of squares."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from latentassay.core.errors import InputError
from latentassay.plots.check import named_items
from latentassay.plots.style import INK, SERIES, legend, legend_above, sheet, tidy

DOTS = 4000
"""At most so many codes are drawn of a latent plane."""


def against(groups: Mapping[str, tuple[Any, Any]], *, x: str, y: str) -> Figure:
    """Draw two scores of many runs against each other, a colour for each group (thesis figure 3.4).

    Args:
        groups: label → (x values, y values), one of each run.
        x: name of the first score.
        y: name of the second.

    Raises:
        InputError: nothing to draw, lengths that differ, NaN or infinite values.
    """
    figure = sheet(5.0, 3.8)
    ax = tidy(figure.add_subplot(), x=x, y=y)
    for i, (label, (first, second)) in enumerate(named_items(groups, "groups")):
        a, b = (_check_numbers(values, f"{label}: {name}") for values, name in ((first, x), (second, y)))
        if len(a) != len(b):
            raise InputError(f"{label} needs as many values of {x} as of {y}, got {len(a)} and {len(b)}")
        ax.plot(a, b, "os^Dv"[i % 5], color=SERIES[i % len(SERIES)], markersize=4.5, alpha=0.85, label=label)
    legend(ax)
    return figure


def line_search(
    curves: Mapping[str, Mapping[str, Mapping[float, Sequence[float]]]], *, chosen: Mapping[str, float | int]
) -> Figure:
    """Draw scores against β, one above the other: mean over seeds, and every seed as a dot (thesis figure 3.7).

    Args:
        curves: score → data set → β → a value of every seed; a β without values leaves a gap.
        chosen: data set → the β that the experiments take, a dashed line.

    Raises:
        InputError: nothing to draw, a β that is not positive, NaN or infinite values.
    """
    figure = sheet(6.2, 2.4 * len(named_items(curves, "curves")))
    axes = np.atleast_1d(np.asarray(figure.subplots(len(curves), 1, sharex=True)))
    for ax, (score, sets) in zip(axes, curves.items(), strict=True):
        tidy(ax, x="β" if ax is axes[-1] else "", y=score)
        for i, (label, values) in enumerate(named_items(sets, score)):
            _draw_line(ax, i, label, values)
            if label in chosen:
                ax.axvline(float(chosen[label]), color=SERIES[i % len(SERIES)], linewidth=1.0, linestyle=(0, (4, 2)))
        if all(float(seed).is_integer() for values in sets.values() for own in values.values() for seed in own):
            ax.yaxis.set_major_locator(MaxNLocator(integer=True))
        ax.set_xscale("log")
        ax.minorticks_off()
    legend(axes[0])
    return figure


def _draw_line(ax: Axes, i: int, label: str, values: Mapping[float, Sequence[float]]) -> None:
    if not all(beta > 0 for beta in values):
        raise InputError(f"β must be positive to stand on a log scale, got {sorted(values)}")
    colour, betas = SERIES[i % len(SERIES)], sorted(values)
    for beta in betas:
        found = _check_numbers(values[beta], f"{label} at β = {beta:g}", fewest=0)
        ax.plot([beta] * len(found), found, "os^Dv"[i % 5], color=colour, markersize=3.2, alpha=0.6)
    means = [float(np.mean(values[beta])) if len(values[beta]) else np.nan for beta in betas]
    ax.plot(betas, means, color=colour, linewidth=1.6, label=label)


def squares(codes: Mapping[str, tuple[Any, Any]], *, columns: int = 4) -> Figure:
    """Draw latent planes of several models of the unit square, grid lines of its two factors in colour (figure 3.5).

    Args:
        codes: label → codes ``(n, 2)`` and factors ``(n, 2)`` in [0, 1].
        columns: planes beside each other, at most.

    Raises:
        InputError: nothing to draw, another shape, NaN or infinite values.
    """
    shown = named_items(codes, "codes")
    columns = min(columns, len(shown))
    rows = -(-len(shown) // columns)
    figure = sheet(2.2 * columns + 0.4, 2.4 * rows)
    axes = np.atleast_1d(np.asarray(figure.subplots(rows, columns, squeeze=False))).ravel()
    for ax, (label, (z, w)) in zip(axes, shown, strict=False):
        plane, factors = (_check_plane(values, label)[:DOTS] for values in (z, w))
        tidy(ax, x="latent 0", y="latent 1")
        ax.set_title(label, fontsize=8.5, color=INK, loc="left")
        for factor, colour in enumerate(SERIES[:2]):
            on = np.abs((factors[:, factor] * 5 + 0.5) % 1 - 0.5) < 0.06
            name = f"w{factor + 1} constant"
            ax.plot(plane[on, 0], plane[on, 1], ".", color=colour, markersize=1.8, rasterized=True)
            ax.plot([], [], "o", color=colour, markersize=4, label=name)
        ax.set_aspect("equal")
        for axis in (ax.xaxis, ax.yaxis):
            axis.set_major_locator(MaxNLocator(3))
    for ax in axes[len(shown) :]:
        ax.set_axis_off()
    legend_above(figure, axes[0])
    return figure


def _check_numbers(values: Any, name: str, fewest: int = 1) -> Float[np.ndarray, " n"]:
    found = np.asarray(values, dtype=float)
    if found.ndim != 1 or len(found) < fewest or not np.isfinite(found).all():
        raise InputError(f"{name} must be finite numbers in a row, got {values!r}")
    return found


def _check_plane(values: Any, label: str) -> Float[np.ndarray, "n 2"]:
    found = np.asarray(values, dtype=float)
    if found.ndim != 2 or found.shape[1] != 2 or not len(found) or not np.isfinite(found).all():
        raise InputError(f"{label} must be finite (n, 2), got {found.shape}")
    return found
