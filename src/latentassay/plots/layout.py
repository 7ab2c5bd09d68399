"""Room for labels: one pass over the axes of a figure, each measured once.

Matplotlib's own engines measure every line and bar of every axes twice, and lay out again while they save: half of the
time that a page takes. Here only what stands around axes is measured: ticks, labels, titles, legends, scales.
"""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple, final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpecBase, SubplotSpec
from matplotlib.layout_engine import LayoutEngine
from matplotlib.transforms import Bbox

PAD = 0.06
"""Inches around a figure."""

BETWEEN_COLUMNS = 0.18
"""Inches between what stands around the axes of one column and of the next."""

BETWEEN_ROWS = 0.12
"""Inches between what stands around the axes of one row and of the next."""

LEAST = 0.1
"""Inches of the smallest axes, where labels leave no room."""


class Air(NamedTuple):
    """Inches that axes need on each side of themselves."""

    left: float = 0.0
    right: float = 0.0
    bottom: float = 0.0
    top: float = 0.0


class Cell(NamedTuple):
    """Axes, the columns and rows they lie in (first and last), and the air around them."""

    ax: Axes
    columns: tuple[int, int]
    rows: tuple[int, int]
    air: Air


@final
class Ruler(RendererBase):
    """Measures texts at so many dots per inch; draws nothing."""

    def __init__(self, dots: float):
        super().__init__()
        self._dots = dots

    def points_to_pixels(self, points: Any) -> float:
        """Return dots."""
        return float(points * self._dots / 72)


@cache
def ruler(dots: float) -> Ruler:
    """Return one ruler for all figures, since Matplotlib keeps sizes of texts by who measured them."""
    return Ruler(dots)


@final
class LabelRoom(LayoutEngine):
    """Gives axes of one grid all the room that labels leave; axes of a fixed shape lie close to each other."""

    _adjust_compatible = True
    _colorbar_gridspec = True

    def execute(self, fig: Figure) -> None:
        """Place all axes of ``fig`` that lie in grids; those in grids inside grids stay where they are."""
        for _ in range(2 if any(ax.name == "3d" for ax in fig.axes) else 1):  # what leaves a space grows with it
            self._lay_out(fig)

    def _lay_out(self, fig: Figure) -> None:
        by_grid: dict[GridSpecBase, list[Cell]] = {}
        measure = ruler(fig.dpi)
        for ax in fig.axes:
            spec = ax.get_subplotspec()
            if spec is not None and ax.get_in_layout() and spec.get_topmost_subplotspec() is spec:
                by_grid.setdefault(spec.get_gridspec(), []).append(_cell(ax, spec, measure))
        outer = _outer(fig, measure)
        for grid, cells in by_grid.items():
            _place(fig, grid, cells, outer)


def _cell(ax: Axes, spec: SubplotSpec, measure: Ruler) -> Cell:
    columns, rows = (spec.colspan.start, spec.colspan.stop - 1), (spec.rowspan.start, spec.rowspan.stop - 1)
    return Cell(ax, columns, rows, _air(ax, measure))


def _air(ax: Axes, measure: Ruler) -> Air:
    """What stands around axes, measured where they are now."""
    ax.apply_aspect()
    box, dots = ax.bbox, measure.points_to_pixels(72)
    boxes = [*_axis_boxes(ax, measure), *_attached(ax, measure)]
    for title in (ax.get_title("left"), ax.get_title("center"), ax.get_title("right")):
        if title:
            lines = title.count("\n") + 1
            high = measure.points_to_pixels(9.0 * 1.25 * lines + 8)
            above = max([box.y1, *(part.y1 for part in boxes if ax.xaxis.get_ticks_position() == "top")])
            boxes.append(Bbox.from_extents(box.x0, box.y1, box.x0, above + high))
    if not boxes:
        return Air()
    whole = Bbox.union([box, *boxes])
    left, right, bottom, top = box.x0 - whole.x0, whole.x1 - box.x1, box.y0 - whole.y0, whole.y1 - box.y1
    return Air(left / dots, right / dots, bottom / dots, top / dots)


def _axis_boxes(ax: Axes, measure: Ruler) -> Iterable[Bbox]:
    """Ticks and labels of both axes; of all three in space."""
    if ax.name == "3d":
        box = ax.get_tightbbox(measure, bbox_extra_artists=[])
        return [] if box is None else [box]
    if not ax.axison:
        return []
    boxes = [axis.get_tightbbox(measure, for_layout_only=True) for axis in (ax.xaxis, ax.yaxis)]
    return [box for box in boxes if box is not None]


def _attached(ax: Axes, measure: Ruler) -> Iterable[Bbox]:
    """The legend, whose width is its own affair, scales, and texts beside the axes."""
    legend = ax.get_legend()
    if legend is not None and legend.get_in_layout():
        box = legend.get_window_extent(measure)
        yield Bbox.from_extents(ax.bbox.x0, box.y0, ax.bbox.x1, box.y1)
    for part in (*ax.artists, *ax.texts):
        if part.get_in_layout() and part.get_visible():
            yield part.get_window_extent(measure)


def _outer(fig: Figure, measure: Ruler) -> Air:
    """What legends and texts of the whole figure take at its edges."""
    left = bottom = top = PAD
    middle, dots = fig.bbox.height / 2, measure.points_to_pixels(72)
    for part in [*fig.legends, *fig.texts]:
        if not part.get_in_layout():
            continue
        box = part.get_window_extent(measure)
        if box.height > box.width and box.x1 < fig.bbox.width / 4:
            left = max(left, box.x1 / dots + PAD)
        elif box.y0 > middle:
            top = max(top, (fig.bbox.height - box.y0) / dots + PAD)
        else:
            bottom = max(bottom, box.y1 / dots + PAD)
    return Air(left, PAD, bottom, top)


def _place(fig: Figure, grid: GridSpecBase, cells: list[Cell], outer: Air) -> None:
    rows, columns = grid.get_geometry()
    width, height = fig.get_size_inches().tolist()
    before, behind, above, below = np.zeros(columns), np.zeros(columns), np.zeros(rows), np.zeros(rows)
    for _, (first, last), (upper, lower), air in cells:
        before[first], behind[last] = max(before[first], air.left), max(behind[last], air.right)
        above[upper], below[lower] = max(above[upper], air.top), max(below[lower], air.bottom)
    across = width - outer.left - outer.right - float(np.sum(before + behind)) - BETWEEN_COLUMNS * (columns - 1)
    down = height - outer.top - outer.bottom - float(np.sum(above + below)) - BETWEEN_ROWS * (rows - 1)
    wide, high = _shares(across, grid.get_width_ratios(), columns), _shares(down, grid.get_height_ratios(), rows)
    _shrink(cells, wide, high)
    starts = outer.left + np.cumsum(before) + _sums(behind + wide + BETWEEN_COLUMNS)
    tops = outer.top + np.cumsum(above) + _sums(below + high + BETWEEN_ROWS)
    for ax, (first, last), (upper, lower), _ in cells:
        x, y = starts[first], tops[lower] + high[lower]
        w, h = starts[last] + wide[last] - x, y - tops[upper]
        ax.set_position((x / width, 1 - y / height, w / width, h / height))
        ax.set_in_layout(True)  # a place that is set by hand would otherwise be kept for ever


def _sums(steps: np.ndarray) -> np.ndarray:
    """Sums of all steps before each."""
    return np.concatenate([[0.0], np.cumsum(steps)[:-1]])


def _shares(room: float, ratios: Any, count: int) -> np.ndarray:
    parts = np.ones(count) if ratios is None else np.asarray(ratios, dtype=float)
    return np.asarray(np.maximum(room * parts / parts.sum(), LEAST))


def _shrink(cells: list[Cell], wide: np.ndarray, high: np.ndarray) -> None:
    """Take from columns and rows, in place, what axes of a fixed shape in them do not use."""
    used = {True: np.zeros_like(wide), False: np.zeros_like(high)}
    for columns in (True, False):
        sizes = wide if columns else high
        for cell in cells:
            first, last = cell.columns if columns else cell.rows
            size = sizes[first : last + 1]
            shape = _shape(cell.ax)
            if shape and cell.columns[0] == cell.columns[1] and cell.rows[0] == cell.rows[1]:
                size = np.minimum(size, high[cell.rows[0]] / shape if columns else wide[cell.columns[0]] * shape)
            used[columns][first : last + 1] = np.maximum(used[columns][first : last + 1], size)
        sizes[:] = np.where(used[columns] > 0, used[columns], sizes)


def _shape(ax: Axes) -> float | None:
    """Height over width of axes whose shape is fixed."""
    if ax.name == "3d":
        return None
    box: Any = ax.get_box_aspect()
    if box is not None:
        return float(box)
    return None if ax.get_aspect() == "auto" else float(ax.get_aspect()) * ax.get_data_ratio()
