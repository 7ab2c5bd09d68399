"""Figures as inline SVG whose inks follow the page, light or dark."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from markupsafe import Markup
from matplotlib.figure import Figure

from latentassay.report.renderer import SvgRenderer

PHONE = 590
"""Narrower figures shrink to fit a phone, wider ones scroll inside their box (CSS pixels)."""


def inline_svg(figure: Figure, *, name: str, described_by: str) -> Markup:
    """Return a figure as an ``<svg>`` element for an HTML page.

    Texts stay text in the page's font, colours of the theme become CSS variables, ids are prefixed with
    ``name`` so that many figures can share a page, and nothing refers to anything outside.

    Args:
        figure: what to draw.
        name: unique on the page, letters, digits and ``-``.
        described_by: id of the element that says what the picture shows.
    """
    width, height = (72 * side for side in figure.get_size_inches().tolist())
    renderer = SvgRenderer(width, height, name)
    with _page_dots(figure):
        figure.draw(renderer)
    return Markup(_root(width, height, described_by) + renderer.body() + "</g></svg>")


@contextmanager
def _page_dots(figure: Figure) -> Iterator[None]:
    """Draw at 72 dots per inch on a clear ground, and leave the figure as it was."""
    dots, ground = figure.dpi, figure.get_facecolor()
    figure.set(dpi=72, facecolor="none")
    try:
        yield
    finally:
        figure.set(dpi=dots, facecolor=ground)


@contextmanager
def pause_collector() -> Iterator[None]:
    """Let the garbage of figures lie until the page is done.

    Figures are made of thousands of small objects that refer to each other in circles. Python looks for such circles
    every few hundred objects, and each time goes through all that torch and the caller hold: a quarter of the time.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _root(width: float, height: float, described_by: str) -> str:
    """Open the element with a size that may shrink with its box, and a role for screen readers."""
    shown = 96 / 72 * width
    least = 0.6 * shown if shown < PHONE else 0.74 * shown
    return (
        f'<svg viewBox="0 0 {width:.5g} {height:.5g}" role="img" aria-labelledby="{described_by}" '
        f'style="max-width:{shown:.0f}px;min-width:{least:.0f}px">'
        '<g stroke-linejoin="round" font-family="sans-serif">'
    )
