"""The page of published numbers lists every printed cell, is in step with results, and says what agrees."""

import importlib.util
from collections import Counter

import pytest

from conftest import ROOT
from latentassay.papers.results import Cell

spec = importlib.util.spec_from_file_location("published", ROOT / "docs" / "published" / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)

PRINTED = {
    "latent-responses": {"Table 1": 8 * 4, "Table 2": 4 * 5, "Table 3": 8 * 5},
    "interventional-consistency": {"Table 1": 3, "Table 2": 3 * 3, "Table 3": 5 * 3, "Table 4": 21},
    "vaes-and-pca": {
        "Table 3.2": 5 * 2,
        "Table 3.3": (4 + 5) + (3 + 4) + (3 + 4) + 4 + 4,
        "Table 3.4": 2 * 3,
        "Table 4.2": 7 * 6,
        "Table 4.3": 5 * 6,
        "Table 4.4": 5 * 6,
        "Table 4.5": 5 * 6,
    },
    "structure-by-architecture": {
        "Table 1": 13 * 5,
        "Table 2": 10 * 5,
        "Table 3": 10 * 5,
        "Table 4": 10 * 5,
        "Figure 7": 7 * 4,
        "Figure 12": 7 * 4,
    },
    "geometry-of-latents": {"Section 2.2": 1 + 3 * 3},
}
"""Paper → table → its rows times its columns, counted in the paper, without the cells that it leaves empty."""

SUMS = {
    "latent-responses": 297.79,
    "interventional-consistency": 21_699_158.38,
    "vaes-and-pca": 1_061.5,
    "structure-by-architecture": 351.376,
    "geometry-of-latents": 9.315,
}
"""Of the values typed, ranges by their middle."""


def entries_of(name):
    return [entry for table in make.read_paper(name)["tables"] for entry in make.entries(table)]


def test_page_is_in_step_with_the_results():
    assert make.PAGE.read_text("utf-8") == make.page(), "run python docs/published/make.py"


def test_all_five_papers_are_there():
    assert set(make.PAPERS) == set(PRINTED)


@pytest.mark.parametrize("name", PRINTED)
def test_every_printed_cell_is_listed(name):
    counts = Counter[str]()
    for table in make.read_paper(name)["tables"]:
        counts[table["name"].partition(",")[0]] += len(make.entries(table))
    assert dict(counts) == PRINTED[name]


@pytest.mark.parametrize("name", SUMS)
def test_values_are_those_of_the_paper(name):
    assert sum(entry.published.value for entry in entries_of(name)) == pytest.approx(SUMS[name], abs=1e-6)


def test_page_has_a_line_and_a_verdict_for_every_cell():
    lines = [line for line in make.PAGE.read_text("utf-8").splitlines() if line.count("|") == 8]
    verdicts = [
        line.split("|")[-2].strip().strip("*").partition(" (")[0].partition(",")[0]
        for line in lines
        if "---" not in line
    ]
    verdicts = [verdict for verdict in verdicts if verdict]  # heads of tables have none
    assert set(verdicts) <= set(make.VERDICTS)
    assert len(verdicts) == sum(sum(tables.values()) for tables in PRINTED.values())


@pytest.mark.parametrize(
    ("low", "ours", "high", "words", "expected"),
    [
        (0.4, 0.5, 0.6, "0.55 ± 0.1", True),
        (0.4, 0.5, 0.6, "0.65 ± 0.2", False),  # ours inside theirs, theirs outside ours
        (0.4, 0.5, 0.6, "0.55 ± 0.01", False),  # theirs inside ours, ours outside theirs
        (0.49, 0.5, 0.51, "0.5", True),
        (0.2, 0.5, 0.8, "0.5", False),  # too wide to say so
        (None, 0.5, None, "0.5", False),  # one seed
        (None, 0.5, None, "0.5 ± 0.1", False),
    ],
)
def test_agreement_needs_both_intervals(low, ours, high, words, expected):
    cell = Cell(row="a", column="b", ours=ours, low=low, high=high, seeds=3, scale="smoke")
    entry = make.Entry("a", "b", make.read_published(words, {}), cell, "x", 1.0)
    assert make.agrees(entry, exact=False) is expected


def test_a_range_agrees_with_what_lies_inside_and_a_count_with_its_equal():
    ranged = make.read_published("0.93–0.94", {"range": True})
    for ours, expected in ((0.9325, True), (0.918, False), (0.9442, False)):
        cell = Cell(row="a", column="b", ours=ours, seeds=1, scale="smoke")
        assert make.agrees(make.Entry("a", "b", ranged, cell, "x", 1.0), exact=False) is expected
    count = make.read_published("423,259", {})
    for ours, expected in ((423_259.0, True), (423_258.0, False)):
        cell = Cell(row="a", column="b", ours=ours, seeds=1, scale="paper")
        assert make.agrees(make.Entry("a", "b", count, cell, "x", 1.0), exact=True) is expected


def test_deviations_of_ten_seeds_become_intervals():
    """Of ten seeds Student's t is 2.262."""
    assert make.read_published("0.25 ± 0.08", {"deviations_of": 10}).half == pytest.approx(
        2.262 * 0.08 / 10**0.5, rel=1e-3
    )


def test_order_counts_only_where_the_paper_prints_a_difference():
    def entry(row, words, ours):
        cell = Cell(row=row, column="b", ours=ours, seeds=1, scale="smoke")
        return make.Entry(row, "b", make.read_published(words, {}), cell, "x", 1.0)

    own = [entry("a", "1.0 ± 0.1", 3.0), entry("b", "1.1 ± 0.1", 2.0), entry("c", "9.0 ± 0.1", 4.0)]
    assert [make.keeps_order(each, own, "column") for each in own] == [True, True, True]
    own[2] = entry("c", "9.0 ± 0.1", 2.5)
    assert [make.keeps_order(each, own, "column") for each in own] == [False, True, False]
    assert not any(make.keeps_order(each, own, "row") for each in own)


def test_order_does_not_count_inside_our_own_intervals():
    def entry(row, words, ours, half):
        cell = Cell(row=row, column="b", ours=ours, low=ours - half, high=ours + half, seeds=2, scale="smoke")
        return make.Entry(row, "b", make.read_published(words, {}), cell, "x", 1.0)

    for half, expected in ((0.4, True), (0.6, False)):
        own = [entry("a", "1.0", 1.0, half), entry("b", "1.1", 2.0, half)]
        assert [make.keeps_order(each, own, "column") for each in own] == [expected, expected]


def test_geometry_says_agrees_only_of_means_with_variances():
    for table in make.read_paper("geometry-of-latents")["tables"]:
        own = make.entries(table)
        for entry in own:
            if entry.column == "sample" or (entry.column == "mean" and entry.row != "pixels"):
                assert make.judge(table, entry, own) == make.DIFFERS


@pytest.mark.parametrize(("units", "printed"), [(6, 41.66), (12, 45.83), (32, 48.44)])
def test_printed_sparsity_is_that_of_every_acyclic_graph(units, printed):
    """As the reason on the page says: the share of a matrix below its diagonal, cut or rounded after two digits."""
    assert 100 * (units - 1) / (2 * units) == pytest.approx(printed, abs=0.0067)
