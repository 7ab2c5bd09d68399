"""A figure as inline SVG: whole, for the page only, and the figure left as it was."""

import gc
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.colors import to_hex

from latentassay.plots import error_histogram, response_graph
from latentassay.plots.style import PAPER, THEME, figure_of, sheet
from latentassay.report.svg import inline_svg, pause_collector


def svg(ax, name: str = "figure-a") -> str:
    return str(inline_svg(figure_of(ax), name=name, described_by="caption"))


def histogram():
    return error_histogram(np.random.default_rng(0).gamma(4, 2, 500))


def test_it_is_whole_and_says_what_describes_it():
    root = ET.fromstring(svg(histogram()))
    assert root.tag == "svg" and root.get("viewBox") == "0 0 432 201.6"
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "caption")
    assert "max-width:576px" in root.get("style")
    assert "samples" in [text.text for text in root.iter("text")]


def test_nothing_refers_outside_and_ids_have_the_figures_name():
    text = svg(histogram())
    ids = [part.get("id") for part in ET.fromstring(text).iter() if part.get("id")]
    assert ids and all(name.startswith("figure-a-") for name in ids) and len(ids) == len(set(ids))
    assert "http" not in text and "xmlns" not in text


def test_colours_of_the_page_are_variables():
    text = svg(histogram())
    assert not [code for code in THEME if code in text] and "var(--main)" in text and "var(--ink)" in text


def test_the_same_figure_gives_the_same_text_under_another_name():
    assert svg(histogram()) == svg(histogram())
    assert svg(histogram()).replace("figure-a-", "b-") == svg(histogram(), "b")


def test_the_figure_is_left_as_it_was():
    figure = figure_of(histogram())
    inline_svg(figure, name="a", described_by="b")
    assert figure.dpi == 100 and to_hex(figure.get_facecolor()) == PAPER and figure.get_layout_engine() is not None


def test_names_are_text_whatever_they_hold():
    evil = "</text><script>alert(1)</script>&amp;"
    ax = response_graph([0], np.empty((0, 2)), [], np.empty((0, 2)), [evil])
    root = ET.fromstring(svg(ax))
    assert not list(root.iter("script")) and evil in [text.text for text in root.iter("text")]


def test_an_empty_figure_is_an_empty_picture():
    assert ET.fromstring(str(inline_svg(sheet(1, 1), name="a", described_by="b"))).tag == "svg"


@pytest.mark.parametrize("was", [True, False])
def test_the_collector_is_as_before_even_after_errors(was):
    before = gc.isenabled()
    try:
        (gc.enable if was else gc.disable)()
        with pytest.raises(ZeroDivisionError), pause_collector():
            assert not gc.isenabled()
            raise ZeroDivisionError
        assert gc.isenabled() == was
    finally:
        (gc.enable if before else gc.disable)()
