"""What every picture is held to: named axes, nothing cut off."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.plots.scales import ColourScale
from latentassay.plots.style import figure_of


def axes_of(figure: Figure) -> list[Axes]:
    """Every axes of a figure."""
    return list(figure.axes)


def scales_of(ax: Axes) -> list[str]:
    """Labels of the colour scales of axes."""
    return [part.label for part in ax.artists if isinstance(part, ColourScale)]


def named(axis: Any, ax: Axes) -> bool:
    """An axis is explained if it has a label, shows no ticks, or its ticks are words."""
    texts = [tick.get_text() for tick in axis.get_ticklabels() if tick.get_visible() and tick.get_text()]
    words = any(any(letter.isalpha() for letter in text) for text in texts)
    shared = axis.axis_name == "x" and not ax.xaxis.get_tick_params().get("labelbottom", True)
    return bool(axis.get_label_text().strip()) or not texts or words or shared


def inside(drawn: Any) -> Figure:
    """Check that nothing sticks out of the figure, and return it."""
    figure = figure_of(drawn)
    figure.draw_without_rendering()
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert box.x0 > -0.02 and box.y0 > -0.02 and box.x1 < width + 0.02 and box.y1 < height + 0.02
    return figure


def readable(drawn: Any) -> Figure:
    """Check that every axis is named and nothing sticks out of the figure, and return it."""
    figure = inside(drawn)
    for ax in axes_of(figure):
        axes = [ax.xaxis, ax.yaxis, *([ax.zaxis] if ax.name == "3d" else [])]
        assert not ax.axison or all(named(axis, ax) for axis in axes)
    return figure
