"""The page: whole, escaped, self-contained, light."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from matplotlib.figure import Figure

from latentassay import report
from latentassay.core.findings import LEVELS, Picture, Section
from tests.report.conftest import META

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Page(HTMLParser):
    """Collects ids, links and texts, and checks that tags close in order."""

    def __init__(self, html: str):
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)
        self._note(attrs)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self._note(attrs)

    def _note(self, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in ("href", "src", "xlink:href", "aria-labelledby"):
                self.links.append(value if name != "aria-labelledby" else f"#{value}")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_tags_close_ids_are_unique_and_links_lead_somewhere(html):
    page = Page(html)
    assert page.open == []
    assert len(page.ids) == len(set(page.ids))
    inside = {link[1:] for link in page.links if link.startswith("#")}
    assert inside <= set(page.ids)
    assert all(link.startswith(("#", "data:")) for link in page.links)
    assert page.tags.count("h1") == 1


def test_nothing_is_fetched_from_anywhere(html):
    assert "http" not in html and "@import" not in html
    assert set(re.findall(r"url\((.)", html)) <= {"#"}


def test_it_is_light(html):
    assert len(html.encode()) < 4_000_000


def test_every_finding_score_and_section_is_there(html, sections):
    text = " ".join(" ".join(Page(html).texts).split())
    for section in sections:
        assert section.title in text and section.question in text
        for finding in section.findings:
            assert text.count(finding.sentence) == 2
            assert finding.remedy is None or finding.remedy in text
        for score in section.scores:
            assert score.label in text and score.definition in text and str(score).replace("-", "−") in text


def test_the_verdict_comes_first_and_the_gravest_first(html):
    verdict = html[html.index('id="verdict"') : html.index('id="reconstruction"')]
    levels = re.findall(r'<li class="(\w+)">', verdict)
    assert levels == sorted(levels, key=LEVELS.index) and set(levels) == set(LEVELS) - {"unsure"}
    words = re.findall(r"</svg>(\w+)</span>", verdict)
    assert [word.lower() for word in words] == levels


def test_every_figure_says_what_it_shows(html, sections):
    figures = len(report.figures(sections))
    assert html.count("<figure ") == html.count('role="img"') == html.count("<figcaption ") == figures > 12


def test_names_are_escaped(sections):
    evil = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'
    section = next(s for s in sections if s.key == "factors")
    evidence = replace(section.evidence, factor_names=(evil,) * len(section.evidence.factor_names))
    section = replace(section, title=evil, evidence=evidence)
    meta = replace(META, model=evil, data=evil, date=evil, prior=evil, device=evil, versions={evil: evil})
    page = Page(report.render([section], meta, title=evil, summary=evil))
    assert page.tags.count("script") == 1 and "img" not in page.tags
    assert "<script>alert(1)</script>" in "".join(page.texts)


def test_dollars_in_names_are_not_mathematics(sections):
    section = next(s for s in sections if s.key == "factors")
    evidence = replace(section.evidence, factor_names=("$x^{$", "50 $", "a_b", "\\frac", "%", "ü"))
    html = report.render([replace(section, evidence=evidence)], title="t")
    assert "\\frac" in html


def test_a_page_of_almost_nothing():
    html = report.render([Section("own", "Own", "Why?")], title="Nothing")
    assert Page(html).open == [] and "Why?" in html and "No findings" in html


def test_the_head_repeats_nothing():
    page = Page(report.render([], replace(META, model="AE", data="digits", date="2026-01-01")))
    text = " ".join("".join(page.texts).split())
    assert text.count("AE on digits") == 2 and text.count("digits") == 2 and text.count("2026-01-01") == 1


def test_the_same_sections_give_the_same_page(sections):
    few = [s for s in sections if s.key in ("graph", "holes")]
    assert report.render(few, META) == report.render(few, META)


def test_a_figure_that_cannot_be_drawn_costs_only_itself():
    def fail():
        raise ValueError("no <room>")

    pictures = (Picture("broken", "Broken", "What it shows.", fail), Picture("whole", "Whole", "A line.", Figure))
    page = report.render([Section("x", "X", "Why?", evidence=0, figures=lambda _: iter(pictures))])
    assert (
        "This figure could not be drawn (ValueError: no &lt;room&gt;)." in page and page.count('class="picture"') == 2
    )
