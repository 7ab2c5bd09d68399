"""Every figure: drawn where its arrays are, left out where they are not, readable at every size."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay import report
from latentassay.core.findings import Section
from latentassay.plots.matrices import factor_maps
from latentassay.plots.style import WIDE, figure_of
from tests.plots.looks import axes_of, named

ALL = {
    "reconstruction.pairs",
    "reconstruction.errors",
    "units.bars",
    "units.ledger",
    "responses.matrix",
    "responses.full",
    "graph.circle",
    "traversals.grid",
    "field.maps",
    "field.arrows",
    "holes.distances",
    "holes.samples",
    "holes.worst",
    "factors.maps",
    "factors.scores",
    "factors.information",
}
PICTURES = {"reconstruction", "traversals", "field", "holes"}
CASES = {
    "colour": (24, 11, (3, 16, 16), {key.split(".")[0] for key in ALL}),
    "grey": (12, 5, (1, 12, 12), PICTURES),
    "curves": (6, 4, (20,), PICTURES),
    "space": (2, 2, (3,), PICTURES),
    "plane": (3, 2, (2,), PICTURES),
    "one number": (2, 1, (1,), PICTURES),
    "one unit": (1, 1, (1, 8, 8), {"units", "responses", "graph", "traversals", "factors"}),
    "many units": (64, 40, (1, 8, 8), {"units", "responses", "graph", "traversals", "factors"}),
}


@pytest.mark.parametrize("case", CASES)
def test_every_axis_is_named_and_nothing_is_clipped(case, make_sections):
    units, alive, shape, keys = CASES[case]
    drawn = report.figures([section for section in make_sections(units, alive, shape) if section.key in keys])
    expected = {key for key in ALL if key.split(".")[0] in keys}
    assert set(drawn) == expected - ({"responses.full"} if units == 1 else set())
    for key, figure in drawn.items():
        figure.draw_without_rendering()
        for ax in axes_of(figure):
            axes = [ax.xaxis, ax.yaxis, *([ax.zaxis] if ax.name == "3d" else [])]
            assert not ax.axison or all(named(axis, ax) for axis in axes), key
        used, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
        assert used.x0 > -0.02 and used.y0 > -0.02 and used.x1 < width + 0.02 and used.y1 < height + 0.02, key


def test_pyplot_is_never_touched(make_sections):
    import matplotlib.pyplot as plt

    before = plt.get_fignums(), dict(plt.rcParams)
    few = [section for section in make_sections(3, 2, (1, 8, 8)) if section.key in ("units", "responses", "graph")]
    report.render(few, title="title")
    assert (plt.get_fignums(), dict(plt.rcParams)) == before


def changed(section, **arrays):
    """The section with other evidence."""
    return replace(section, evidence=replace(section.evidence, **arrays))


@pytest.mark.parametrize(
    ("key", "without", "left"),
    [
        ("units", ["kl"], {"units.bars", "units.ledger"}),
        ("holes", ["distance_prior", "prior_samples"], {"holes.distances", "holes.samples", "holes.worst"}),
        ("factors", ["conditioned"], {"factors.maps", "factors.information", "factors.scores"}),
        ("factors", ["importance"], {"factors.maps", "factors.information", "factors.scores"}),
        ("factors", ["conditioned", "importance"], {"factors.information", "factors.scores"}),
    ],
)
def test_what_was_not_measured_is_left_out(key, without, left, make_sections):
    (section,) = (s for s in make_sections(5, 3, (1, 8, 8)) if s.key == key)
    drawn = report.figures([changed(section, **dict.fromkeys(without))])
    assert set(drawn) == left
    panels = {"factors.maps": 1, "units.bars": 2}
    for name in left & set(panels):
        assert len(drawn[name].axes) == panels[name]


def test_a_section_without_evidence_has_no_figure():
    assert report.figures([Section("own", "Own", "?")]) == {}


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for ax in axes_of(figure) for text in ax.texts]


def test_matrix_shows_the_numbers_of_the_alive_units_only(make_sections):
    (section,) = (s for s in make_sections(24, 11, (1, 8, 8)) if s.key == "responses")
    live = np.flatnonzero(section.evidence.live)
    shown = texts(report.figures([section])["responses.matrix"])
    wanted = section.evidence.coupling[np.ix_(live, live)].ravel()
    assert len(shown) == len(live) ** 2
    np.testing.assert_allclose([float(text) for text in shown], wanted, atol=0.0051)


def test_no_numbers_where_they_could_not_be_read(make_sections):
    (section,) = (s for s in make_sections(64, 40, (1, 8, 8)) if s.key == "responses")
    assert texts(report.figures([section])["responses.matrix"]) == []


@pytest.mark.parametrize(("units", "rows", "columns"), [(4, 1, 2), (12, 1, 2), (24, 2, 1), (40, 2, 1)])
def test_factor_maps_lie_beside_each_other_while_their_numbers_fit(units, rows, columns, make_sections):
    (section,) = (s for s in make_sections(units, units, (1, 8, 8)) if s.key == "factors")
    figure = report.figures([section])["factors.maps"]
    figure.draw_without_rendering()
    first, second = figure.axes
    assert first.get_subplotspec().get_gridspec().get_geometry() == (rows, columns)
    assert figure.get_size_inches()[0] <= WIDE
    np.testing.assert_allclose(first.images[0].get_array(), section.evidence.importance)
    np.testing.assert_allclose(second.images[0].get_array(), section.evidence.conditioned)
    for get in ("get_xticklabels", "get_yticks"):
        assert list(map(str, getattr(first, get)())) == list(map(str, getattr(second, get)()))
    for ax in figure.axes:
        assert len(ax.texts) == (6 * units if units <= 24 else 0)
        cell = ax.get_window_extent().width / units
        assert all(text.get_window_extent().width < 0.95 * cell for text in ax.texts)
        places = [tick.get_window_extent() for tick in ax.get_xticklabels()]
        assert all(left.x1 < right.x0 for left, right in itertools.pairwise(places))


@pytest.mark.parametrize(("size", "text"), [(1.049, "1.05"), (31.46, "31.5"), (4711.2, "4711"), (0.004, "0")])
def test_numbers_keep_to_four_characters(size, text):
    assert texts(figure_of(factor_maps(["a"], ["0", "1"], conditioned=np.full((1, 2), size)))) == [text, text]


def test_names_of_any_length_leave_room_for_the_maps():
    names, labels = ["a factor whose name goes on and on " * 3, "b"], ["4+7+9+11+13+15", "2–3", "c4"]
    figure = figure_of(factor_maps(names, labels, importance=np.eye(2, 3), conditioned=np.eye(2, 3)))
    assert len(figure.axes) == 2 and figure.get_size_inches()[0] <= WIDE
    assert texts(figure) == ["1.00", "0", "0", "0", "1.00", "0"] * 2
    figure.draw_without_rendering()
    assert figure.get_tightbbox().x1 < figure.get_size_inches()[0]
    assert figure.axes[0].get_window_extent().width > 200
    assert figure.axes[0].get_yticklabels()[0].get_text().endswith("…")


def test_a_graph_without_edges_says_so(make_sections):
    (section,) = (s for s in make_sections(3, 1, (1, 8, 8)) if s.key == "graph")
    empty = {"edges": np.empty((0, 2), int), "weights": np.empty(0), "pairs": np.empty((0, 2), int)}
    shown = " ".join(texts(report.figures([changed(section, **empty)])["graph.circle"]))
    assert "no unit moves another" in shown
    assert section.evidence.labels[int(section.evidence.nodes[0])] in shown


def test_a_model_without_alive_units_still_has_figures(make_sections):
    empty = {"edges": np.empty((0, 2), int), "weights": np.empty(0), "pairs": np.empty((0, 2), int)}
    sections = [s for s in make_sections(4, 1, (1, 8, 8)) if s.key in ("units", "responses", "graph", "factors")]
    nothing = {"graph": empty | {"nodes": np.empty(0, int)}, "units": {"states": ("dead",) * 4}}
    nothing |= {"responses": {"live": np.zeros(4, bool)}, "factors": {"alive": np.zeros(4, bool)}}
    drawn = report.figures([changed(s, **nothing[s.key]) for s in sections])
    factors = {"factors.maps", "factors.information", "factors.scores"}
    assert set(drawn) == {"units.bars", "units.ledger", "responses.matrix", "responses.full", "graph.circle"} | factors
    assert "no unit is alive" in texts(drawn["graph.circle"])


def test_legend_counts_the_samples_beyond_the_line(make_sections):
    (section,) = (s for s in make_sections(3, 2, (1, 8, 8)) if s.key == "holes")
    ax = report.figures([section])["holes.distances"].axes[0]
    share = 100 * np.mean(section.evidence.distance_prior > section.evidence.threshold)
    assert f"prior: {share:.1f} % beyond" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_values_of_their_own_stand_beside_each_unit(make_sections):
    (section,) = (s for s in make_sections(4, 2, (1, 8, 8)) if s.key == "traversals")
    values = section.evidence.values * np.array([[1.0], [3.0]])
    drawn = report.figures([changed(section, values=values)])
    names = [tick.get_text() for tick in drawn["traversals.grid"].axes[0].get_yticklabels()]
    assert "−2.0" in names[0] and "6.0" in names[1]


def test_rounding_errors_are_not_painted(make_sections):
    (section,) = (s for s in make_sections(3, 2, (1, 8, 8)) if s.key == "field")
    still = {name: getattr(section.evidence, name) * 1e-7 for name in ("vectors", "divergence")}
    maps = report.figures([changed(section, **still)])["field.maps"]
    divergence = maps.axes[0].images[0]
    assert np.abs(divergence.get_array()).max() < 1e-3 * divergence.get_clim()[1]
    assert "mean curvature" not in [ax.get_title(loc="left") for ax in maps.axes]
