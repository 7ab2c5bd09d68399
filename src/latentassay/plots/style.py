"""The look of every figure: colours that a page can re-map for the dark, and axes without clutter."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.ticker import AutoLocator, MaxNLocator

from latentassay.core.errors import InputError
from latentassay.plots.layout import LabelRoom
from latentassay.plots.scales import ColourScale

INK = "#1c2530"
"""Texts, and what is drawn in no colour."""

MUTED = "#5b6674"
"""Texts and lines of less weight."""

RULE = "#d2d8df"
"""Thin lines that only guide the eye."""

PAPER = "#fdfdfc"
"""The page."""

MAIN = "#2768a8"
"""Blue: what a figure is about."""

QUIET = "#a9b2bd"
"""Grey: what does not count."""

ALERT = "#c4551b"
"""Orange: thresholds, and what stands against the blue."""

THIRD = "#7a4fa3"
"""Violet."""

LEAF = "#23894f"
"""Green: real data, and the learned manifold."""

THEME = {
    INK: "ink",
    MUTED: "muted",
    RULE: "rule",
    PAPER: "paper",
    MAIN: "main",
    QUIET: "quiet",
    ALERT: "alert",
    THIRD: "third",
    LEAF: "leaf",
}
"""Colours a page replaces by variables of these names; all others (maps, pictures) stay as they are."""

SERIES = (MAIN, ALERT, LEAF, THIRD, MUTED, QUIET)
"""Colours of lines, in their order."""

WIDE = 8.8
"""Inches of the widest figure, the width of a page."""

TALL = 60.0
"""Inches of the tallest figure."""

SIZE = 9.0
"""Points of labels and titles."""

SMALL = 7.5
"""Points of the numbers at the ticks, and of notes."""

LETTER = 0.06
"""Inches of a letter of a legend, roughly."""

Panels = Sequence[Axes] | np.ndarray
"""Axes to draw on, in the order of the panels."""


def sheet(width: float, height: float) -> Figure:
    """Return an empty figure of the given size in inches, laid out around its labels, outside pyplot."""
    return Figure(figsize=(width, min(height, TALL)), facecolor=PAPER, layout=LabelRoom())


def panel(ax: Axes | None, width: float, height: float, **subplot: Any) -> Axes:
    """Return the axes to draw on: those that a caller has, or those of a new figure of so many inches."""
    return sheet(width, height).add_subplot(**subplot) if ax is None else ax


def panels(axes: Panels | None, count: int) -> np.ndarray | None:
    """Return the ``count`` axes that a caller has, ``(count,)``, or ``None`` where the caller has none.

    Raises:
        InputError: there are more or fewer, or they are something else.
    """
    if axes is None:
        return None
    found = np.ravel(np.asarray(axes, dtype=object))
    if len(found) != count or not all(isinstance(ax, Axes) for ax in found):
        kinds = ", ".join(dict.fromkeys(type(ax).__name__ for ax in found)) or "none"
        raise InputError(f"axes must be {count} matplotlib Axes, one for each panel, got {len(found)} ({kinds})")
    return found


def width_of(ax: Axes) -> float:
    """Return the width of axes in inches, as they are laid out now."""
    return float(ax.get_position().width * figure_of(ax).get_figwidth())


def height_of(ax: Axes) -> float:
    """Return the height of axes in inches, as they are laid out now."""
    return float(ax.get_position().height * figure_of(ax).get_figheight())


def figure_of(drawn: Figure | Axes | np.ndarray | Sequence[Axes]) -> Figure:
    """Return the figure that holds what a plotting function returned: one panel, several, or the figure itself."""
    if isinstance(drawn, Figure):
        return drawn
    ax = drawn if isinstance(drawn, Axes) else next(iter(np.ravel(np.asarray(drawn, dtype=object))))
    figure = ax.get_figure(root=True)
    if figure is None:
        raise InputError("axes must belong to a figure, got some that were removed from theirs")
    return figure


def few_ticks(ax: Axes) -> None:
    """Put numbers at a few round places, as many as the axes have room for, unless ticks were chosen."""
    for axis, room in ((ax.xaxis, width_of(ax) / 0.55), (ax.yaxis, height_of(ax) / 0.3)):
        if isinstance(axis.get_major_locator(), AutoLocator):
            axis.set_major_locator(MaxNLocator(int(np.clip(room, 2, 5)), steps=[1, 2, 5, 10]))


def tidy(ax: Axes, *, x: str = "", y: str = "", title: str = "", frame: bool = False) -> Axes:
    """Label the axes, quieten the spines, and give every text the page's ink."""
    ax.set_facecolor("none")
    ax.tick_params(which="both", colors=MUTED, labelcolor=INK, labelsize=SMALL, width=0.7, length=3)
    for side, spine in ax.spines.items():
        spine.set_color(RULE if frame else MUTED)
        spine.set_linewidth(0.7)
        spine.set_visible(frame or side in ("left", "bottom"))
    ax.set_xlabel(x, color=INK, fontsize=SIZE, parse_math=False)
    ax.set_ylabel(y, color=INK, fontsize=SIZE, parse_math=False)
    few_ticks(ax)
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_offset_text().set(color=INK, fontsize=SMALL)
    if title:
        ax.set_title(title, color=INK, fontsize=SIZE, loc="left", pad=8)
    return ax


def legend(ax: Axes, **options: Any) -> None:
    """Put a frameless legend above the axes, in as many columns as there is room for, or where ``options`` say."""
    names = [str(handle.get_label()) for handle in options.get("handles", ())] or ax.get_legend_handles_labels()[1]
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2}
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL + 0.5, "labelcolor": INK, "handlelength": 1.4}
    place["ncols"] = _columns(ax, options.get("labels", names), options.get("handlelength", 1.4))
    box = ax.legend(**{**look, **place, **options})
    for text in box.get_texts():
        text.set_parse_math(False)


def _columns(ax: Axes, names: Sequence[str], handle: float) -> int:
    """As many columns of a legend as fit between the left end of the axes and the right end of the figure."""
    room = (0.93 - ax.get_position().x0) * figure_of(ax).get_figwidth()  # panels may yet move to the right
    widths = [LETTER * len(name) + (handle + 2.8) * (SMALL + 0.5) / 72 for name in names]
    if sum(widths) < room:
        return max(1, len(names))
    return max(1, min(5, int(room / max(widths))))


def legend_above(figure: Figure, *panels: Axes) -> None:
    """Put one frameless legend above the whole figure, with every name of its panels once."""
    named = _named(panels)
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL + 0.5, "labelcolor": INK, "handlelength": 2.3}
    figure.legend(named.values(), named.keys(), loc="outside upper left", ncols=5, borderaxespad=0.4, **look)


def legend_over(place: Axes, axes: Iterable[Axes]) -> None:
    """Put one frameless legend above ``place`` with every name of several panels once.

    It may be wider than ``place`` and reach over the panels beside it.
    """
    named = _named(axes)
    legend(place, handles=list(named.values()), labels=list(named), handlelength=2.3)


def _named(axes: Iterable[Axes]) -> dict[str, Any]:
    """What a legend of several panels shows, by its name."""
    named: dict[str, Any] = {}
    for ax in axes:
        for handle, name in zip(*ax.get_legend_handles_labels(), strict=True):
            named.setdefault(str(name), handle)
    return named


def note_below(ax: Axes, text: str, *, lines: int = 0) -> None:
    """Write a quiet line below the axes, under so many lines of ticks and labels."""
    below = -5 - (SIZE + 5) * lines
    look: dict[str, Any] = {"ha": "center", "va": "top", "color": MUTED, "fontsize": SMALL, "parse_math": False}
    ax.annotate(text, (0.5, 0), (0, below), xycoords="axes fraction", textcoords="offset points", **look)


def clear_to(colour: str, *, most: float = 1.0) -> Colormap:
    """Map 0 to nothing and 1 to ``colour``, at most so opaque, so that an empty cell shows the page, light or dark."""
    return LinearSegmentedColormap.from_list("clear_to", [to_rgba(colour, 0.0), to_rgba(colour, most)])


def diverging(low: str, high: str) -> Colormap:
    """Map −1 to ``low``, 0 to nothing and 1 to ``high``."""
    stops = [(0.0, to_rgba(low, 1)), (0.5, to_rgba(low, 0)), (0.5, to_rgba(high, 0)), (1.0, to_rgba(high, 1))]
    return LinearSegmentedColormap.from_list("diverging", stops)


def scale_beside(ax: Axes, image: AxesImage, label: str, *, along: tuple[float, float] = (0.2, 0.8)) -> None:
    """Draw the colour scale of ``image`` upright at the right of its axes, between two shares of their height."""
    _scale(ax, image, label, side="right", apart=0.09, along=along)


def scale_below(ax: Axes, image: AxesImage, label: str) -> None:
    """Draw the colour scale of ``image`` lying below the ticks and the label of its axes."""
    _scale(ax, image, label, side="below", apart=0.5, along=(0, 1))


def scale_above(ax: Axes, image: AxesImage, label: str) -> None:
    """Draw the colour scale of ``image`` lying above its axes, under the label, which takes the place of a title."""
    _scale(ax, image, label, side="above", apart=0.09, along=(0.05, 0.95))


def _scale(ax: Axes, image: AxesImage, label: str, **place: Any) -> None:
    image.set_gid("tint")
    ax.add_artist(ColourScale(ax, image, label, ink=INK, frame=MUTED, size=SMALL, **place))
