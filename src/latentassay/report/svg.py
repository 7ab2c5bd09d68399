"""Figures as inline SVG whose inks follow the page, light or dark."""

import io
import re

import matplotlib
from markupsafe import Markup
from matplotlib.figure import Figure

from latentassay.plots.style import THEME

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
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": name, "svg.image_inline": True}):
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.S)
    text = re.sub(r'\s(xmlns(:\w+)?|version)="[^"]*"', "", text)
    text = text.replace('id="tint"', 'class="tint"')
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)
    for colour, variable in THEME.items():
        text = text.replace(colour, f"var(--{variable})")
    return Markup(_opened(text, figure, described_by))


def _opened(text: str, figure: Figure, described_by: str) -> str:
    """Give the root element a size that may shrink with its box, and a role for screen readers."""
    width = 96 * float(figure.get_size_inches()[0])
    least = 0.6 * width if width < PHONE else 0.74 * width
    box = re.search(r'viewBox="[^"]*"', text)
    root = (
        f'<svg {box.group() if box else ""} role="img" aria-labelledby="{described_by}" '
        f'style="max-width:{width:.0f}px;min-width:{least:.0f}px">'
    )
    return re.sub(r"<svg[^>]*>", root, text, count=1)
