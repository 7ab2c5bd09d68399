"""The page of a table: every number beside the paper's, names as text, figures inside."""

from html.parser import HTMLParser

from matplotlib.figure import Figure

from latentassay.papers.page import Picture, render
from latentassay.papers.results import Table, over_seeds, share_of_seeds

EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>{{ 7 * 7 }}[red]'


class Page(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.texts, self.links = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "xlink:href")]

    def handle_data(self, data):
        self.texts.append(data)


def table(name="a"):
    cells = (
        over_seeds(name, "CDS", [0.5, 0.6, 0.7], scale="smoke", paper=0.44),
        over_seeds(name, "SS", [-3e-4], scale="smoke", paper=36, paper_half=2),
        over_seeds("b", "CDS", [], scale="smoke", paper=0.2),
        share_of_seeds("b", "SS", [True, True, True, False], scale="smoke"),
    )
    return Table(title=name, what=name, scale={name: name}, cells=cells, notes=(name,))


def test_the_page_shows_every_number_beside_the_papers():
    html = render(table())
    text = " ".join("".join(Page(html).texts).split())
    for shown in (
        "0.60 ± 0.25",
        "paper 0.44",
        "−3.00e−04",
        "paper 36 ± 2",
        "not measured",
        "paper 0.2",
        "75 (30 to 95) %",
    ):
        assert shown in text


def test_names_in_a_page_are_text():
    page = Page(render(table(EVIL)))
    assert "script" not in page.tags and "img" not in page.tags
    assert "<script>alert(1)</script>" in "".join(page.texts) and "{{ 7 * 7 }}" in "".join(page.texts)


def test_figures_are_inside_the_page():
    figure = Figure()
    figure.add_subplot().plot([0, 1])
    html = render(table(), [Picture("figure-2", EVIL, EVIL, figure)])
    page = Page(html)
    assert page.tags.count("svg") == 1 and "script" not in page.tags and "img" not in page.tags
    assert all(link.startswith(("#", "data:")) for link in page.links) and "http" not in html
