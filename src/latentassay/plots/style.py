"""The look of every figure: colours that a page can re-map for the dark, and axes without clutter."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, Normalize, to_rgba
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from latentassay.core.errors import InputError

INK, MUTED, RULE, PAPER = "#1c2530", "#5b6674", "#d2d8df", "#fdfdfc"
MAIN, QUIET, ALERT, THIRD, LEAF = "#2768a8", "#a9b2bd", "#c4551b", "#7a4fa3", "#23894f"

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
WIDE, TALL = 8.8, 60.0
SIZE, SMALL = 9.0, 7.5


def sheet(width: float, height: float) -> Figure:
    """Return an empty figure of the given size in inches, laid out by constraints, outside pyplot."""
    figure = Figure(figsize=(width, min(height, TALL)), facecolor=PAPER)
    figure.set_layout_engine("compressed", w_pad=0.06, h_pad=0.06)
    return figure


def figure_of(drawn: Figure | Axes | np.ndarray | Sequence[Axes]) -> Figure:
    """Return the figure that holds what a plotting function returned: one panel, several, or the figure itself."""
    if isinstance(drawn, Figure):
        return drawn
    ax = drawn if isinstance(drawn, Axes) else next(iter(np.ravel(np.asarray(drawn, dtype=object))))
    figure = ax.get_figure(root=True)
    if figure is None:
        raise InputError("axes must belong to a figure, got some that were removed from theirs")
    return figure


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
    for axis in (ax.xaxis, ax.yaxis):
        axis.get_offset_text().set(color=INK, fontsize=SMALL)
    if title:
        ax.set_title(title, color=INK, fontsize=SIZE, loc="left", pad=8)
    return ax


def legend(ax: Axes, **options: Any) -> None:
    """Put a frameless legend above the axes, or where ``options`` say."""
    place: dict[str, Any] = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 3, "borderaxespad": 0.2}
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL + 0.5, "labelcolor": INK, "handlelength": 1.4}
    made = ax.legend(**{**look, **place, **options})
    for text in made.get_texts():
        text.set_parse_math(False)


def legend_above(figure: Figure, *panels: Axes) -> None:
    """Put one frameless legend above the whole figure, with every name of its panels once."""
    named: dict[str, Artist] = {}
    for ax in panels:
        handles, names = ax.get_legend_handles_labels()
        named.update(zip(map(str, names), handles, strict=True))
    look: dict[str, Any] = {"frameon": False, "fontsize": SMALL + 0.5, "labelcolor": INK, "handlelength": 2.3}
    figure.legend(named.values(), named.keys(), loc="outside upper left", ncols=5, borderaxespad=0.4, **look)


def fading(colour: str, *, most: float = 1.0) -> Colormap:
    """Map 0 to nothing and 1 to ``colour``, at most so opaque, so that an empty cell shows the page, light or dark."""
    return LinearSegmentedColormap.from_list("fading", [to_rgba(colour, 0.0), to_rgba(colour, most)])


def diverging(low: str, high: str) -> Colormap:
    """Map −1 to ``low``, 0 to nothing and 1 to ``high``."""
    stops = [(0.0, to_rgba(low, 1)), (0.5, to_rgba(low, 0)), (0.5, to_rgba(high, 0)), (1.0, to_rgba(high, 1))]
    return LinearSegmentedColormap.from_list("diverging", stops)


def scale(bar: Axes, image: AxesImage, label: str, *, upright: bool) -> None:
    """Draw the colour scale of ``image`` as a slim picture that fills the axes ``bar``."""
    low, high = image.get_clim()
    steps = np.linspace(low, high, 128)
    extent = (0, 1, low, high) if upright else (low, high, 0, 1)
    values = steps[:, None] if upright else steps[None, :]
    norm, colours = Normalize(low, high), image.get_cmap()
    bar.imshow(values, cmap=colours, norm=norm, extent=extent, origin="lower", aspect="auto", gid="tint")
    image.set_gid("tint")
    tidy(bar, frame=True, x="" if upright else label, y=label if upright else "")
    if upright:
        bar.set_xticks([])
        bar.yaxis.tick_right()
        bar.yaxis.set_label_position("right")
    else:
        bar.set_yticks([])
        bar.locator_params(axis="x", nbins=5)
