"""Matrices as heat maps: what an intervention on one unit does to every other, and what it means for factors."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.style import (
    INK,
    MAIN,
    MUTED,
    WIDE,
    Panels,
    clear_to,
    panel,
    panels,
    scale_beside,
    sheet,
    tidy,
    width_of,
)

CELL = 0.4
"""Inches of a column whose numbers are easy to read."""

TIGHT = 0.255
"""Inches of a column where small numbers just fit."""

BAR = 0.75
"""Inches of a colour scale with its label."""

NARROWEST = 2.1
"""Inches of the narrowest map under its title."""

LONGEST = 36
"""Letters of a factor's name before it is cut."""

ON_COLOUR = "#ffffff"
"""Numbers on a dark cell."""


def response_matrix(
    normalized: Any, labels: Sequence[Any], *, scale: str = "normalized response", ax: Axes | None = None
) -> Axes:
    """Draw a normalized response matrix with its numbers, as LR figure 6a does for the causal units.

    Args:
        normalized: ``(u, u)``, row = unit intervened on, column = unit that responds.
        labels: names of the units, ``u`` of them.
        scale: what the numbers are, e.g. "share of a change" where they are squared.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: the matrix is not square, or has other units than labels.
    """
    return _responses(normalized, labels, scale, ax, each=0.46, most=6.6, numbers=True)


def full_matrix(matrix: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw the raw response matrix of all units without numbers, as LR figure 11a does.

    Args:
        matrix: ``(U, U)`` in the units of the latents.
        labels: names of the units, ``U`` of them.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: the matrix is not square, or has other units than labels.
    """
    return _responses(matrix, labels, "raw response", ax, each=0.2, most=5.4, numbers=False)


def principal_directions(turned: Any, stretch: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw of which units the directions are made that a decoder stretches along.

    Args:
        turned: mean squares of the directions' entries, ``(k, k)``, a direction in each row.
        stretch: how far each direction is stretched, ``(k,)``; written beside its row.
        labels: names of the units, ``k`` of them.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: matrix, lengths and labels do not fit.
    """
    values = shaped_array(turned, "the directions", "units", len(labels))
    lengths = shaped_array(stretch, "stretch", len(values))
    names = names_of(labels, len(values))
    side = 1.5 + min(5.4, max(1.5, 0.46 * len(names)))
    cell = 5.4 / len(names) if ax is None else width_of(ax) / len(names)
    ax = panel(ax, side + 0.9, side)
    heat(ax, values, [f"× {length:.2g}" for length in lengths], names, label="squared share", cell=cell)
    return tidy(ax, x="unit", y="principal direction, stretched", frame=True)


def _responses(
    matrix: Any, labels: Sequence[Any], label: str, ax: Axes | None, *, each: float, most: float, numbers: bool
) -> Axes:
    values = shaped_array(matrix, "the matrix", "units", len(labels))
    names = names_of(labels, len(values))
    side = 1.5 + min(most, max(1.5, each * len(names)))
    cell = most / len(names) if ax is None else width_of(ax) / len(names)
    ax = panel(ax, side + 0.7, side)
    heat(ax, values, names, names, label=label, numbers=numbers, cell=cell)
    return tidy(ax, x="responding unit", y="intervened unit", frame=True)


def factor_maps(
    factors: Sequence[Any],
    labels: Sequence[Any],
    *,
    importance: Any = None,
    conditioned: Any = None,
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw what units predict beside what they move, as LR figures 6b and 6c, side by side where both fit.

    Args:
        factors: names of the factors, ``m``; the rows of both maps.
        labels: names of the units, ``u``; the columns of both maps.
        importance: DCI importances, ``(m, u)``.
        conditioned: conditioned response matrix, ``(m, u)``; at least one of the two is given.
        axes: one axes for each of the two that is given, in this order; a new figure where left out.

    Raises:
        InputError: neither is given, or shapes that do not fit.
    """
    candidates = (
        ("predicts: DCI importance", "importance", importance),
        ("moves: conditioned response", "response", conditioned),
    )
    maps = [
        (title, label, shaped_array(m, label, len(factors), len(labels)))
        for title, label, m in candidates
        if m is not None
    ]
    if not maps or not len(factors) or not len(labels):
        raise InputError("factor_maps needs importance, conditioned or both, of at least one factor and one unit")
    rows, names, found = _shorten(factors), names_of(labels, len(labels)), panels(axes, len(maps))
    columns = 1
    if found is None:
        columns = (
            1
            if _room(rows) + len(maps) * (max(NARROWEST, _cell(names, TIGHT) * len(names)) + BAR) > WIDE
            else len(maps)
        )
        found, cells = _side_by_side(rows, names, len(maps), columns)
    else:
        cells = min(width_of(ax) for ax in found) / len(names)
    for i, (ax, (title, label, matrix)) in enumerate(zip(found, maps, strict=True)):
        heat(ax, matrix, rows, names, label=label, aspect="auto", cell=cells)
        tidy(ax, x="unit", y="" if i % columns else "factor", title=title, frame=True)
        ax.tick_params(axis="y", labelleft=not i % columns)
    return found


def _side_by_side(rows: Sequence[str], names: Sequence[str], count: int, columns: int) -> tuple[np.ndarray, float]:
    """Panels of a figure of their own in so many columns, and the inches of a unit in each."""
    wide = min(max(NARROWEST, _cell(names) * len(names)), (WIDE - _room(rows)) / columns - BAR)
    width, height = _room(rows) + columns * (wide + BAR), 1.0 + max(0.8, 0.36 * len(rows))
    figure = sheet(width, count // columns * height)
    return np.ravel(figure.subplots(count // columns, columns, squeeze=False)), wide / len(names)


def information_map(information: Any, factors: Sequence[Any], labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw how much each unit alone tells about each factor.

    Args:
        information: mutual information as a share of the factor's entropy, ``(m, u)``.
        factors: names of the factors, ``m``.
        labels: names of the units, ``u``.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: no factors or no units, or a matrix of another shape.
    """
    values = shaped_array(information, "information", "factors", "units")
    rows, names = _shorten(names_of(factors, len(values), "factors")), names_of(labels, values.shape[1])
    wide = min(max(NARROWEST, _cell(names) * len(names)), WIDE - _room(rows) - BAR) if ax is None else width_of(ax)
    ax = panel(ax, _room(rows) + wide + BAR, 1.0 + max(0.8, 0.36 * len(rows)))
    heat(ax, values, rows, names, label="share of entropy", aspect="auto", cell=wide / len(names))
    return tidy(ax, x="unit", y="factor", title="tells: mutual information", frame=True)


def _cell(labels: Sequence[str], least: float = CELL) -> float:
    """Inches of a column that its label fits into."""
    return max(least, 0.08 + 0.065 * max(map(len, labels)))


def _room(factors: Sequence[str]) -> float:
    """Inches that the names of the rows take, with the label of their axis."""
    return 0.5 + 0.06 * max(map(len, factors))


def _shorten(names: Sequence[Any]) -> list[str]:
    """Names that leave most of the page to the maps."""
    return [name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in map(str, names)]


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
    known = matrix[np.isfinite(matrix)]
    top = max(float(np.max(known, initial=0.0)), 1.0 if numbers else 1e-12)
    image = ax.imshow(matrix, cmap=clear_to(MAIN), vmin=0, vmax=top, interpolation="none", aspect=aspect)
    _ticks(ax, rows, columns)
    if numbers and cell >= TIGHT:
        _write(ax, matrix, top, 8.0 if cell >= 0.8 * CELL else 6.5)
    scale_beside(ax, image, label)


def _ticks(ax: Axes, rows: Sequence[str], columns: Sequence[str]) -> None:
    for set_ticks, names in ((ax.set_xticks, columns), (ax.set_yticks, rows)):
        step = -(-len(names) // 32)
        set_ticks(np.arange(0, len(names), step), list(names)[::step], parse_math=False)
    if sum(map(len, columns)) > 60:
        ax.tick_params(axis="x", rotation=90)


def _write(ax: Axes, matrix: np.ndarray, top: float, size: float) -> None:
    for row, column in np.argwhere(np.isfinite(matrix)).tolist():
        value = matrix[row, column]
        colour = ON_COLOUR if value > 0.6 * top else INK if value >= 0.1 * top else MUTED
        text = f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}" if value >= 0.005 else "0"
        ax.text(column, row, text, ha="center", va="center", fontsize=size, color=colour, in_layout=False)
