"""One self-contained HTML page: the verdict first, then the evidence, then how it was measured."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure

from latentassay.core.findings import LEVELS, Finding, Meta, Picture, Section
from latentassay.plots.style import figure_of
from latentassay.report.meta import about, describe_facts, describe_measurement, seconds, title_of
from latentassay.report.svg import inline_svg, pause_collector
from latentassay.report.templates import template


class DrawnPicture(NamedTuple):
    """A figure ready for the page: its id, title, caption and drawing."""

    anchor: str
    title: str
    caption: str
    svg: Markup


def render(sections: Sequence[Section], meta: Meta | None = None, *, title: str = "", summary: str = "") -> str:
    """Return a report as HTML that needs nothing but itself.

    Args:
        sections: in the order of the page.
        meta: what was questioned and how; the head and the foot of the page are made of it.
        title: heading of the page; model and data where left out.
        summary: the assay in one sentence.
    """
    heading = title or (title_of(meta) if meta else "Report")
    with pause_collector():
        pictures = {section.key: list(_draw(section)) for section in sections}
    return template("report", "template.html.jinja").render(
        title=heading,
        sections=sections,
        verdict=_verdict(sections),
        pictures=pictures,
        subject=[text for text in about(meta) if text not in heading] if meta else [],
        summary=summary,
        facts=describe_facts(meta) if meta else {},
        seconds=seconds(sections, meta) if meta else {},
        measured=describe_measurement(meta) if meta else {},
    )


def figures(sections: Iterable[Section]) -> dict[str, Figure]:
    """Draw every figure that the sections have evidence for, by key such as ``"responses.matrix"``.

    Figures belong to no window and no pyplot state.
    """
    return {
        f"{section.key}.{picture.name}": figure_of(picture.draw())
        for section in sections
        for picture in section.pictures
    }


def _verdict(sections: Sequence[Section]) -> list[tuple[Finding, Section]]:
    """All findings, the gravest first."""
    pairs = [(finding, section) for section in sections for finding in section.findings]
    return sorted(pairs, key=lambda pair: LEVELS.index(pair[0].level))


def _draw(section: Section) -> Iterator[DrawnPicture]:
    for picture in section.pictures:
        anchor = f"figure-{section.key}-{picture.name}"
        try:
            yield _inline(picture, anchor)
        except Exception as error:  # whatever it is, what was measured is not lost over a drawing of it
            words = Markup("<p>This figure could not be drawn ({}: {}).</p>").format(type(error).__name__, error)
            yield DrawnPicture(anchor, picture.title, picture.caption, words)


def _inline(picture: Picture, anchor: str) -> DrawnPicture:
    svg = inline_svg(figure_of(picture.draw()), name=anchor, described_by=f"{anchor}-caption")
    return DrawnPicture(anchor, picture.title, picture.caption, svg)
