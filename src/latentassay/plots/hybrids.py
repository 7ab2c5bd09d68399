"""Hybrids: what becomes of a sample when some of its units come from another (IC A.4.4).

Every function takes arrays, and raises ``InputError`` where their shapes do not fit or where there is nothing to draw.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from latentassay.core.errors import InputError
from latentassay.plots.check import names_of
from latentassay.plots.images import COLUMNS, tiles
from latentassay.plots.style import ALERT, INK, MAIN, SIZE, SMALL, WIDE, Panels, note_below, panels, sheet, tidy

BASE = "#d9a514"
"""Yellow, as in the paper, light or dark."""

GAP = 3
"""Columns before the first hybrid: base, alternative, and none."""

BESIDE = 7
"""Grids of more units stand below each other, so that their tiles can be seen."""


STRIP = 1.1
"""Inches of the column of samples,"""

SAMPLE = 0.9
"""and of each sample in it."""

NAMES = 0.75
"""Inches of what is written beside a grid,"""

TITLES = 0.8
"""and above it."""


def hybridisation(
    base: Any, alternative: Any, hybrids: Any, labels: Sequence[Any], *, axes: Panels | None = None
) -> np.ndarray:
    """Draw samples, alternatives, and every hybrid with one unit from the alternative (IC figure 34).

    Args:
        base: ``(k, *x_shape)``, images in [0, 1] or vectors.
        alternative: likewise.
        hybrids: ``(k, units, *x_shape)``; more than twelve units go on below.
        labels: names of the units.
        axes: one axes for every twelve units, from top to bottom; a new figure where left out.

    Raises:
        InputError: nothing to draw, or shapes that do not fit.
    """
    a, b, mixed = (np.asarray(array, dtype=float) for array in (base, alternative, hybrids))
    if a.shape != b.shape or not len(a) or mixed.shape != (len(a), len(labels), *a.shape[1:]) or not len(labels):
        raise InputError(
            f"hybrids must have shape (k, units, *x_shape) = {(len(a), len(labels), *a.shape[1:])}, and "
            f"base and alternative (k, *x_shape), got {mixed.shape}, {a.shape} and {b.shape}"
        )
    parts = [range(start, min(start + COLUMNS, len(labels))) for start in range(0, len(labels), COLUMNS)]
    columns, ratio, drawn = GAP + len(parts[0]), _ratio(a), panels(axes, len(parts))
    if drawn is None:
        cell = min(WIDE / columns, 1.0)
        figure = sheet(cell * columns + 0.3, 0.2 + (0.55 + cell * ratio * len(a)) * len(parts))
        drawn = figure.subplots(len(parts), 1, squeeze=False)[:, 0]
    for ax, part in zip(drawn, parts, strict=True):
        names = [str(labels[unit]) for unit in part]
        note = _row(ax, np.stack([a, b, np.full_like(a, np.nan)], 1), mixed[:, part], names, columns, ratio)
    if note:
        note_below(drawn[-1], note)
    return np.asarray(drawn)


def _row(ax: Axes, pair: np.ndarray, mixed: np.ndarray, labels: Sequence[str], columns: int, ratio: float) -> str:
    shown = np.concatenate([pair, mixed], 1)
    note = tiles(ax, shown, (0, shown.shape[1], len(shown), 0))
    _bare(ax, columns, len(shown), ratio)
    at = np.array([0, 1, *range(GAP, shown.shape[1])]) + 0.5
    ax.set_xticks(at, ["base", "alternative", *labels], parse_math=False)
    middle: dict[str, Any] = {"x": (GAP + len(labels) / 2) / columns}
    above = middle if len(labels) > 2 else {"x": 1.0, "ha": "right"}  # or it would stand over the end
    ax.set_xlabel("unit taken from the alternative", color=INK, fontsize=SMALL + 1, **above)
    return note


def double_intervention(
    base: Any,
    first: Any,
    second: Any,
    grids: Mapping[str, Any],
    labels: Sequence[Any],
    *,
    axes: Panels | None = None,
) -> np.ndarray:
    """Draw a sample with two units from two others, in a matrix of all pairs (IC figure 35).

    Args:
        base: the sample that is changed, an image ``(1 or 3, H, W)`` in [0, 1].
        first: where the unit of the row comes from.
        second: where that of the column comes from; on the diagonal it has no say.
        grids: title, such as ``"on the noises N"`` → decodings ``(units, units, *x_shape)``.
        labels: names of the units.
        axes: one axes for each grid, then three, for base, first and second; a new figure where left out.

    Raises:
        InputError: no grid, or shapes that do not fit.
    """
    samples = [np.asarray(x, dtype=float) for x in (base, first, second)]
    names, wanted = names_of(labels, len(labels)), (len(labels), len(labels), *samples[0].shape)
    shapes = [np.shape(grid) for grid in grids.values()]
    if samples[0].ndim != 3 or len({x.shape for x in samples}) > 1 or not grids or set(shapes) != {wanted}:
        raise InputError(f"grids must hold at least one matrix of hybrids of images, of shape {wanted}, got {shapes}")
    ratio, caller_axes = _ratio(samples[0][None]), panels(axes, len(grids) + 3)
    drawn = _beside_samples(len(grids), len(names), ratio) if caller_axes is None else caller_axes
    for ax, (title, grid) in zip(drawn, grids.items(), strict=False):
        _pairs(ax, np.asarray(grid, float), title, names, ratio)
    looks = zip(drawn[-3:], samples, ("base", "first", "second"), (BASE, MAIN, ALERT), strict=True)
    for ax, sample, name, colour in looks:
        _sample(ax, sample, name, colour, ratio)
    return drawn


def _beside_samples(count: int, units: int, ratio: float) -> np.ndarray:
    """Panels of a figure of their own: grids of tiles of one size, and three samples in a column at the left."""
    across = count if units <= BESIDE else 1
    cell = min((WIDE - STRIP - across * NAMES) / (across * units), 0.8)
    each = TITLES + max(cell * ratio * units, 3 * ratio * SAMPLE + 0.7)
    figure = sheet(STRIP + across * (NAMES + cell * units), -(-count // across) * each + 0.1)
    figure.set_layout_engine("none")  # every inch is accounted for
    drawn = []
    for i in range(count):
        left, top = STRIP + i % across * (NAMES + cell * units) + NAMES - 0.1, i // across * each + TITLES
        drawn.append(_place(figure, left, top, cell * units, cell * ratio * units))
    tops = [TITLES + i * (ratio * SAMPLE + 0.35) for i in range(3)]
    drawn += [_place(figure, 0.12, top, SAMPLE, ratio * SAMPLE) for top in tops]
    return np.array(drawn, dtype=object)


def _place(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Return axes at a place in inches from the upper left corner."""
    w, h = figure.get_size_inches()
    return figure.add_axes((left / w, 1 - (top + height) / h, width / w, height / h))


def _sample(ax: Axes, sample: np.ndarray, name: str, colour: str, ratio: float) -> None:
    tiles(ax, sample[None, None], (0, 1, 1, 0))
    _bare(ax, 1, 1, ratio)
    ax.add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor=colour, linewidth=2.2, clip_on=False))
    ax.set_xticks([0.5], [name])
    ax.tick_params(labelsize=SIZE)


def _pairs(ax: Axes, grid: np.ndarray, title: str, labels: Sequence[str], ratio: float) -> None:
    n = len(labels)
    tiles(ax, grid, (0, n, n, 0))
    _bare(ax, n, n, ratio)
    at = np.arange(n) + 0.5
    ax.set_xticks(at, labels, parse_math=False)
    ax.set_yticks(at, labels, parse_math=False)
    for i in range(n):
        ax.add_patch(Rectangle((i, i), 1, 1, fill=False, edgecolor=MAIN, linewidth=1.4, clip_on=False))
    ax.set_xlabel("unit from the second", color=ALERT, fontsize=SIZE)
    ax.set_ylabel("unit from the first", color=MAIN, fontsize=SIZE)
    ax.set_title(title, color=INK, fontsize=SIZE, loc="left", pad=8)


def _bare(ax: Axes, columns: float, rows: float, ratio: float) -> None:
    """Room for tiles, its names on top, without a frame."""
    tidy(ax)
    ax.set(xlim=(0, columns), ylim=(rows, 0), yticks=[])
    ax.set_aspect(ratio)
    ax.xaxis.tick_top()
    ax.xaxis.set_label_position("top")
    ax.tick_params(length=0, labelsize=SMALL + 0.5)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _ratio(samples: np.ndarray) -> float:
    """Height of a tile over its width."""
    return samples.shape[2] / samples.shape[3] if samples.ndim == 4 else 0.75
