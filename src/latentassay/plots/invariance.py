"""Maps of unit by unit: who is left alone by whom, who follows whom, and who listens to whom (IC 2).

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.patches import Patch, Rectangle

from latentassay.core.errors import InputError
from latentassay.plots.check import names_of, shaped_array
from latentassay.plots.matrices import ON_COLOUR
from latentassay.plots.style import ALERT, INK, MAIN, MUTED, QUIET, RULE, clear_to, legend, panel, scale_beside, tidy

NUMBERED = 16
"""Matrices of more units are drawn without numbers, which nobody could read."""


def invariance_matrix(
    matrix: Any, labels: Sequence[Any], collapsed: Sequence[bool] | np.ndarray, *, ax: Axes | None = None
) -> Axes:
    """Draw how far units are left alone by a change of another: 1 is untouched (IC figure 3).

    The diagonal has a colour of its own, since there 1 means that a unit does not answer to itself; rows and columns
    of collapsed units are hatched, since what answers to nothing is no merit.

    Args:
        matrix: ``(u, u)``, row = unit intervened on, column = unit that responds; at most 1, NaN where unknown.
        labels: names of the units.
        collapsed: whether each unit is.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: the matrix is not square, holds nothing, or has other units than labels or collapsed.
    """
    values, names = _square(matrix, labels), names_of(labels, len(labels))
    dead = shaped_array(collapsed, "collapsed", len(names)).astype(bool)
    own, idle = np.eye(len(names), dtype=bool), dead[:, None] | dead[None, :]
    ax = _panel(ax, len(names))
    bar = _layer(ax, values, ~own & ~idle, MAIN)
    _layer(ax, values, own & ~idle, ALERT)
    _layer(ax, values, idle, QUIET, most=0.45)
    _hatch(ax, dead)
    _finish(ax, values, names, x="unit that responds", y="unit intervened on", pale=idle)
    scale_beside(ax, bar, "invariance")
    for axis in (ax.xaxis, ax.yaxis):
        for at, text in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True):
            text.set_color(MUTED if dead[round(at)] else INK)
    handles = [
        Patch(facecolor=MAIN, label="other units: 1 = untouched"),
        Patch(facecolor=ALERT, label="the unit itself: 0 = answers in full"),
    ]
    if dead.any():
        handles.append(Patch(facecolor="none", edgecolor=MUTED, hatch="//////", linewidth=0.5, label="collapsed"))
    legend(ax, handles=handles, ncols=1)
    return ax


def equivariance_matrix(matrix: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw how well every cause follows from the intervened noise, whether changed before or after responding.

    Args:
        matrix: ``(u, u)``, row = noise intervened on, column = cause that responds; 1 everywhere is best (IC 2.1).
        labels: names of the units.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: the matrix is not square, holds nothing, or has other units than labels.
    """
    values, names = _square(matrix, labels), names_of(labels, len(labels))
    ax = _panel(ax, len(names))
    bar = _layer(ax, values, np.ones_like(values, dtype=bool), MAIN)
    _finish(ax, values, names, x="cause that responds", y="noise intervened on")
    scale_beside(ax, bar, "equivariance")
    return ax


def adjacency(matrix: Any, labels: Sequence[Any], *, ax: Axes | None = None) -> Axes:
    """Draw which causes listen to which, as the masks of an XBlock have it (IC figures 30–33).

    Args:
        matrix: ``(u, u)`` in [0, 1], row = parent, column = child. What is 0 on or below the diagonal cannot be an edge
            and stays blank.
        labels: names of the units, in the order of the block.
        ax: where to draw; a new figure where left out.

    Raises:
        InputError: the matrix is not square, has other units than labels, or values outside [0, 1].
    """
    values, names = _square(matrix, labels), names_of(labels, len(labels))
    if np.nanmin(values) < 0 or np.nanmax(values) > 1:
        raise InputError(f"adjacency must lie from 0 to 1, got {np.nanmin(values):.3g} to {np.nanmax(values):.3g}")
    values = np.where(np.tri(len(names), dtype=bool) & (values == 0), np.nan, values)
    ax = _panel(ax, len(names))
    bar = _layer(ax, values, np.isfinite(values), MAIN)
    for row, column in np.argwhere(np.isfinite(values)) if len(names) <= NUMBERED else ():
        ax.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, edgecolor=RULE, linewidth=0.6))
    ax.plot(*_stairs(len(names)), color=MUTED, linewidth=0.8)
    _finish(ax, values, names, x="child", y="parent")
    scale_beside(ax, bar, "mask")
    return ax


def _stairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the possible edges of ``n`` units end."""
    k = np.arange(n - 1)
    return np.append(np.repeat(k + 0.5, 2), n - 0.5), np.append(np.stack([k - 0.5, k + 0.5], 1), n - 1.5)


def _square(matrix: Any, labels: Sequence[Any]) -> np.ndarray:
    values = np.asarray(matrix, dtype=float)
    if values.shape != (len(labels), len(labels)) or not np.isfinite(values).any():
        raise InputError(f"matrix must have shape ({len(labels)}, {len(labels)}) with known values, got {values.shape}")
    return values


def _panel(ax: Axes | None, units: int) -> Axes:
    side = 1.5 + float(np.clip((0.44 if units <= NUMBERED else 0.16) * units, 1.5, 6.4))
    return panel(ax, side + 0.9, side + 0.5)


def _layer(ax: Axes, values: np.ndarray, where: np.ndarray, colour: str, most: float = 1.0) -> AxesImage:
    shown = np.where(where, values, np.nan)
    return ax.imshow(shown, cmap=clear_to(colour, most=most), vmin=0, vmax=1, interpolation="none")


def _hatch(ax: Axes, dead: np.ndarray) -> None:
    look: dict[str, Any] = {"fill": False, "edgecolor": MUTED, "hatch": "//////", "linewidth": 0, "alpha": 0.45}
    for unit in np.flatnonzero(dead):
        ax.add_patch(Rectangle((unit - 0.5, -0.5), 1, len(dead), **look))
        ax.add_patch(Rectangle((-0.5, unit - 0.5), len(dead), 1, **look))


def _finish(
    ax: Axes, values: np.ndarray, labels: Sequence[str], *, x: str, y: str, pale: np.ndarray | None = None
) -> None:
    """Write numbers while they can be read, and name rows and columns."""
    if len(labels) <= NUMBERED:
        _write(ax, values, np.zeros_like(values, dtype=bool) if pale is None else pale)
    tidy(ax, x=x, y=y, frame=True)
    step = -(-len(labels) // 32)
    for set_ticks in (ax.set_xticks, ax.set_yticks):
        set_ticks(np.arange(0, len(labels), step), labels[::step], parse_math=False)
    if sum(map(len, labels)) > 60:
        ax.tick_params(axis="x", rotation=90)


def _write(ax: Axes, values: np.ndarray, pale: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(values):
        if np.isfinite(value):
            colour = ON_COLOUR if value > 0.6 and not pale[row, column] else INK
            text = f"{value:.{2 if value > -10 else 0}f}".replace("-", "−")
            ax.text(column, row, text, ha="center", va="center", fontsize=7.5, color=colour, in_layout=False)
