"""A table of an experiment and its figures as one self-contained HTML page, light or dark."""

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup
from matplotlib.figure import Figure

from latentassay.experiments.results import Table
from latentassay.report.svg import inline_svg


class Picture(NamedTuple):
    """A figure of a paper, made again.

    Attributes:
        name: unique in its table and fit for a file name, e.g. ``"figure-2"``.
        title: its heading.
        caption: what it shows.
        figure: the drawing.
    """

    name: str
    title: str
    caption: str
    figure: Figure


def render(table: Table, pictures: Sequence[Picture] = ()) -> str:
    """Return the page; names in the table are text, whatever they hold."""
    drawn = [(picture, _svg(picture)) for picture in pictures]
    return _template().render(table=table, drawn=drawn)


def _svg(picture: Picture) -> Markup:
    return inline_svg(picture.figure, name=picture.name, described_by=f"{picture.name}-caption")


def _minus(text: object) -> str:
    """Write a minus sign where a number is negative."""
    return str(text).replace("-", "−")


@cache
def _template() -> Template:
    loader = PackageLoader("latentassay", "experiments")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.lstrip_blocks = True
    environment.filters["minus"] = _minus
    files = resources.files("latentassay.report")
    environment.globals["style"] = Markup((files / "page.css").read_text("utf-8"))
    return environment.get_template("table.html.jinja")
