"""One self-contained HTML page: the verdict first, then the evidence, then how it was measured."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from markupsafe import Markup
from matplotlib.figure import Figure

from latentassay.core.findings import LEVELS, Finding, Section
from latentassay.report.sheets import SHEETS, figures
from latentassay.report.svg import inline_svg
from latentassay.report.templates import template

KNOWN = ("model", "data", "date", "summary", "facts", "seconds")


class Picture(NamedTuple):
    """A figure ready for the page: its id, title, caption and drawing."""

    anchor: str
    title: str
    caption: str
    svg: Markup


def render(title: str, sections: Sequence[Section], meta: Mapping[str, Any]) -> str:
    """Return a report as HTML that needs nothing but itself.

    Args:
        title: heading of the page.
        sections: in the order of the page.
        meta: ``model``, ``data``, ``date``, ``summary`` (strings) and ``facts`` (label → value) for the head of the
            page, ``seconds`` (section key → time) and anything else for its foot, where mappings become lists.
            Every entry may be left out.
    """
    drawn = figures(sections)
    pictures = {section.key: _pictures(section, drawn) for section in sections}
    return template("report", "template.html.jinja").render(
        title=title,
        sections=sections,
        verdict=_verdict(sections),
        pictures=pictures,
        subject=_subject(title, meta),
        summary=str(meta.get("summary", "")),
        facts=dict(meta.get("facts", {})),
        seconds=dict(meta.get("seconds", {})),
        measured={name: value for name, value in meta.items() if name not in KNOWN},
        is_mapping=lambda value: isinstance(value, Mapping),
    )


def _subject(title: str, meta: Mapping[str, Any]) -> list[str]:
    """Say what the title has not said yet about model, data and date."""
    told = [str(meta[name]) for name in ("model", "data", "date") if name in meta]
    return [text for text in told if text not in title]


def _verdict(sections: Sequence[Section]) -> list[tuple[Finding, Section]]:
    """Return all findings, the gravest first."""
    pairs = [(finding, section) for section in sections for finding in section.findings]
    return sorted(pairs, key=lambda pair: LEVELS.index(pair[0].level))


def _pictures(section: Section, drawn: Mapping[str, Figure]) -> list[Picture]:
    found = []
    for sheet in SHEETS.get(section.key, ()):
        figure = drawn.get(f"{section.key}.{sheet.name}")
        if figure is not None:
            anchor = f"figure-{section.key}-{sheet.name}"
            svg = inline_svg(figure, name=anchor, described_by=f"{anchor}-caption")
            found.append(Picture(anchor, sheet.title, sheet.caption, svg))
    return found
