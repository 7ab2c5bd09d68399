"""Matrices as heat maps: what an intervention on one unit does to every other, and what it means for factors."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.plots.style import INK, MAIN, MUTED, WIDE, fading, scale, sheet, tidy

CELL, TIGHT = 0.4, 0.255
"""Inches of a column whose numbers are easy to read, and of one where small ones just fit."""

BAR, PANEL = 0.75, 2.1
"""Inches of a colour scale with its label, and of the narrowest map under its title."""

LONGEST = 36
"""Letters of a factor's name before it is cut."""

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
    heat(ax, normalized, labels, labels, label="normalized response", cell=6.6 / len(labels))
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
    factors: Sequence[str],
    labels: Sequence[str],
    *,
    importance: np.ndarray | None = None,
    conditioned: np.ndarray | None = None,
) -> Figure:
    """Draw what units predict beside what they move, as LR figures 6b and 6c, side by side where both fit.

    Args:
        factors: names of the factors, ``m``; the rows of both maps.
        labels: names of the units, ``u``; the columns of both maps.
        importance: DCI importances, ``(m, u)``.
        conditioned: conditioned response matrix, ``(m, u)``; at least one of the two is given.
    """
    maps = [("predicts: DCI importance", "importance", importance)] if importance is not None else []
    if conditioned is not None:
        maps.append(("moves: conditioned response", "response", conditioned))
    factors = _shortened(factors)
    cell, names = _cell(labels), _room(factors)
    columns = 1 if names + len(maps) * (max(PANEL, _cell(labels, TIGHT) * len(labels)) + BAR) > WIDE else len(maps)
    panel = min(max(PANEL, cell * len(labels)), (WIDE - names) / columns - BAR)
    width, height = names + columns * (panel + BAR), 1.0 + max(0.8, 0.36 * len(factors))
    figure = sheet(width, len(maps) // columns * height)
    for i, (title, label, matrix) in enumerate(maps):
        ax = figure.add_subplot(len(maps) // columns, columns, i + 1)
        heat(ax, matrix, factors, labels, label=label, aspect="auto", cell=panel / len(labels))
        tidy(ax, x="unit", y="" if i % columns else "factor", title=title, frame=True)
        ax.tick_params(axis="y", labelleft=not i % columns)
    return figure


def information_map(information: np.ndarray, factors: Sequence[str], labels: Sequence[str]) -> Figure:
    """Draw how much each unit alone tells about each factor.

    Args:
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        factors: names of the factors, ``m``.
        labels: names of the units, ``u``.
    """
    factors = _shortened(factors)
    names = _room(factors)
    panel = min(max(PANEL, _cell(labels) * len(labels)), WIDE - names - BAR)
    figure = sheet(names + panel + BAR, 1.0 + max(0.8, 0.36 * len(factors)))
    ax = figure.add_subplot()
    heat(ax, information, factors, labels, label="share of entropy", aspect="auto", cell=panel / len(labels))
    tidy(ax, x="unit", y="factor", title="tells: mutual information", frame=True)
    return figure


def _cell(labels: Sequence[str], least: float = CELL) -> float:
    """Inches of a column that its label fits into."""
    return max(least, 0.08 + 0.065 * max(map(len, labels)))


def _room(factors: Sequence[str]) -> float:
    """Inches that the names of the rows take, with the label of their axis."""
    return 0.5 + 0.06 * max(map(len, factors))


def _shortened(names: Sequence[str]) -> list[str]:
    """Names that leave most of the page to the maps."""
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in names]


def heat(
    ax: Axes,
    matrix: np.ndarray,
    rows: Sequence[str],
    columns: Sequence[str],
    *,
    label: str,
    numbers: bool = True,
    cell: float = 0.0,
    aspect: Literal["equal", "auto"] = "equal",
) -> None:
    """Draw one matrix from 0 (the page shows through) to its greatest value, at least 1 where numbers are wanted.

    Numbers are written where a column, ``cell`` inches wide, has room for them.
    """
    top = max(float(np.max(matrix, initial=0.0)), 1.0 if numbers else 1e-12)
    image = ax.imshow(matrix, cmap=fading(MAIN), vmin=0, vmax=top, interpolation="none", aspect=aspect)
    _ticks(ax, rows, columns)
    if numbers and cell >= TIGHT:
        _write(ax, matrix, top, 8.0 if cell >= 0.8 * CELL else 6.5)
    scale(ax.inset_axes((1.03, 0.2, 0.03, 0.6)), image, label, upright=True)


def _ticks(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    for set_ticks, names in ((ax.set_xticks, columns), (ax.set_yticks, rows)):
        step = -(-len(names) // 32)
        set_ticks(np.arange(0, len(names), step), list(names)[::step], parse_math=False)
    if sum(map(len, columns)) > 60:
        ax.tick_params(axis="x", rotation=90)


def _write(ax: Axes, matrix: np.ndarray, top: float, size: float) -> None:
    for (row, column), value in np.ndenumerate(matrix):
        colour = ON_COLOUR if value > 0.6 * top else INK if value >= 0.1 * top else MUTED
        text = f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}" if value >= 0.005 else "0"
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour, in_layout=False)
