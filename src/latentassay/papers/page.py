"""A table of an experiment and its figures as one self-contained HTML page, light or dark."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from latentassay.papers.results import Table
from latentassay.plots.style import figure_of
from latentassay.report.svg import inline_svg
from latentassay.report.templates import template


class Picture(NamedTuple):
    """A figure of a paper, made again.

    Attributes:
        name: unique in its table and fit for a file name, e.g. ``"figure-2"``.
        title: its heading.
        caption: what it shows.
        figure: the drawing, or the axes it was drawn on.
    """

    name: str
    title: str
    caption: str
    figure: Figure | Axes | np.ndarray


def render(table: Table, pictures: Sequence[Picture] = ()) -> str:
    """Return the page; names in the table are text, whatever they hold."""
    drawn = [(picture, _draw_svg(picture)) for picture in pictures]
    return template("papers", "table.html.jinja").render(table=table, drawn=drawn)


def _draw_svg(picture: Picture) -> Markup:
    return inline_svg(figure_of(picture.figure), name=picture.name, described_by=f"{picture.name}-caption")
