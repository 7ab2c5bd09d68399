"""Matrices as heat maps: what an intervention on one unit does to every other, and what it means for factors."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.report.style import INK, MAIN, MUTED, WIDE, fading, scale, sheet, tidy

READABLE = 16
"""Beyond this many columns a number no longer fits into its cell."""

ON_COLOUR = "#ffffff"


def response_matrix(normalized: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw a normalized response matrix with its numbers, as LR figure 6a does for the causal units.

    Args:
        normalized: ``(u, u)``, row = unit intervened on, column = unit that responds.
        labels: names of the units, ``u`` of them.
    """
    side = 1.6 + min(6.6, max(1.4, 0.46 * len(labels)))
    figure = sheet(side + 0.7, side)
    ax = figure.add_subplot()
    heat(ax, normalized, labels, labels, label="normalized response")
    tidy(ax, x="responding unit", y="intervened unit", frame=True)
    return figure


def full_matrix(matrix: np.ndarray, labels: Sequence[str]) -> Figure:
    """Draw the raw response matrix of all units without numbers, as LR figure 11a does.

    Args:
        matrix: ``(U, U)`` in the units of the latents.
        labels: names of the units, ``U`` of them.
    """
    side = 1.4 + min(5.4, max(1.6, 0.2 * len(labels)))
    figure = sheet(side + 0.7, side)
    ax = figure.add_subplot()
    heat(ax, matrix, labels, labels, label="raw response", numbers=False)
    tidy(ax, x="responding unit", y="intervened unit", frame=True)
    return figure


def factor_maps(
    information: np.ndarray, factors: Sequence[str], labels: Sequence[str], *, conditioned: np.ndarray | None = None
) -> Figure:
    """Draw what units know about factors above what they do to them, as LR figures 6b and 6c.

    Args:
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        factors: names of the factors, ``m``.
        labels: names of the units, ``u``.
        conditioned: conditioned response matrix, ``(m, u)``.
    """
    maps = [("mutual information", "share of entropy", information)]
    if conditioned is not None:
        maps.append(("conditioned response", "response", conditioned))
    width = min(WIDE, 2.6 + max(1.6, 0.5 * len(labels)))
    figure = sheet(width, len(maps) * (1.0 + max(0.8, 0.36 * len(factors))))
    for i, (title, label, matrix) in enumerate(maps):
        ax = figure.add_subplot(len(maps), 1, i + 1)
        heat(ax, matrix, factors, labels, label=label, aspect="auto")
        tidy(ax, x="unit", y="factor", title=title, frame=True)
    return figure


def heat(
    ax: Axes,
    matrix: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
    numbers: bool = True,
    aspect: Literal["equal", "auto"] = "equal",
) -> None:
    """Draw one matrix from 0 (the page shows through) to its greatest value, at least 1 where numbers are shown."""
    top = max(float(np.max(matrix, initial=0.0)), 1.0 if numbers else 1e-12)
    image = ax.imshow(matrix, cmap=fading(MAIN), vmin=0, vmax=top, interpolation="none", aspect=aspect)
    _ticks(ax, rows, columns)
    if numbers and len(columns) <= READABLE:
        _write(ax, matrix, top)
    scale(ax.inset_axes((1.03, 0.2, 0.03, 0.6)), image, label, upright=True)


def _ticks(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    for set_ticks, names in ((ax.set_xticks, columns), (ax.set_yticks, rows)):
        step = -(-len(names) // 32)
        set_ticks(np.arange(0, len(names), step), list(names)[::step], parse_math=False)
    if sum(map(len, columns)) > 60:
        ax.tick_params(axis="x", rotation=90)


def _write(ax: Axes, matrix: np.ndarray, top: float) -> None:
    size = 8.0 if matrix.shape[1] <= 12 else 6.5
    for (row, column), value in np.ndenumerate(matrix):
        colour = ON_COLOUR if value > 0.6 * top else INK if value >= 0.1 * top else MUTED
        text = f"{value:.2f}" if value >= 0.005 else "0"
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour, in_layout=False)
