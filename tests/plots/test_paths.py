"""Interpolations: both ways in one plane and on one scale, decoded from end to end; and the helix of the paper."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.colors import to_hex

from latentassay import report
from latentassay.core.findings import Section
from latentassay.papers.responses.drawing import helix_maps, helix_paths
from latentassay.plots.paths import path_map, path_strips
from latentassay.plots.plane import KINDS, PURPLE_ORANGE, around, density, free_side, heat_map, signed_map
from latentassay.plots.style import sheet
from tests.report.conftest import observe
from tests.report.test_html import Page
from tests.report.test_sheets import axes_of, named

SHAPES = {"colour": (3, 16, 16), "grey": (1, 12, 12), "curves": (20,), "space": (3,), "plane": (2,)}
OPTIONAL = (
    ["posterior"],
    ["xs", "response_error"],
    ["posterior", "xs", "ys", "response_error", "observations"],
    ["manifold_full_images"],
    ["manifold_full", "manifold_full_distance", "manifold_full_images"],
)


def spiral(t: np.ndarray) -> np.ndarray:
    return 2.3 * t[:, None] * np.stack([np.cos(5.5 * t), np.sin(5.5 * t)], 1)


def off(points: np.ndarray) -> np.ndarray:
    """How far responses move: little on the spiral, at most 0.6 elsewhere."""
    distance = np.linalg.norm(points[..., None, :] - spiral(np.linspace(0.1, 1, 200)), axis=-1).min(-1)
    return 0.05 + np.minimum(distance, 0.55)


def build(shape: tuple[int, ...] = (3, 16, 16)) -> Section:
    """A section of three paths across a spiral: along it, straight, and along it but for a bulge."""
    rng, share = np.random.default_rng(5), np.linspace(0, 1, 60)
    manifold = spiral(0.2 + 0.72 * share)
    straight = manifold[0] + share[:, None] * (manifold[-1] - manifold[0])
    full = manifold + 0.15 * np.sin(np.pi * share)[:, None]
    posterior = spiral(rng.uniform(0.15, 1, 400)) + rng.normal(0, 0.1, (400, 2))
    axis = np.linspace(-3, 3, 40)
    grid = np.stack(np.meshgrid(axis, axis), -1)
    arrays = {"posterior": posterior, "xs": axis, "ys": axis, "response_error": off(grid)}
    for kind, path in (("manifold", manifold), ("straight", straight), ("manifold_full", full)):
        arrays |= {kind: path, f"{kind}_distance": off(path), f"{kind}_images": decode(path[::5], shape)}
    if shape[0] in (2, 3) and len(shape) == 1:
        arrays["observations"] = decode(posterior, shape)
    costs = {"manifold": 0.0659, "straight": 1234.5, "manifold_full": 0.05}
    return Section("paths", "Paths", "Is there a way?", arrays=arrays, details={"labels": ["4", "21"], "costs": costs})


def decode(z: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return observe(np.stack([z[:, 0], z[:, 1], 0 * z[:, 0], z[:, 0], z[:, 1]], 1), shape)


def readable(figure) -> None:
    """Every axis is named and nothing is clipped."""
    figure.draw_without_rendering()
    for ax in axes_of(figure):
        axes = [ax.xaxis, ax.yaxis, *([ax.zaxis] if ax.name == "3d" else [])]
        assert not ax.axison or all(named(axis, ax) for axis in axes)
    used, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert used.x0 > -0.02 and used.y0 > -0.02 and used.x1 < width + 0.02 and used.y1 < height + 0.02


def without(section: Section, names: list[str]) -> Section:
    return replace(section, arrays={name: array for name, array in section.arrays.items() if name not in names})


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


@pytest.mark.parametrize("shape", SHAPES)
def test_every_axis_is_named_and_nothing_is_clipped(shape):
    drawn = report.figures([build(SHAPES[shape])])
    assert set(drawn) == {"paths.map", "paths.strips"}
    for figure in drawn.values():
        readable(figure)


@pytest.mark.parametrize("names", OPTIONAL)
@pytest.mark.parametrize("shape", [(1, 12, 12), (3,)])
def test_optional_arrays_may_be_absent(names, shape):
    drawn = report.figures([without(build(shape), names)])
    assert set(drawn) == {"paths.map", "paths.strips"}
    for figure in drawn.values():
        readable(figure)


@pytest.mark.parametrize(
    ("names", "left"),
    [
        (["manifold"], {"paths.strips"}),
        (["straight_distance"], {"paths.strips"}),
        (["manifold_images"], {"paths.map"}),
        (["straight", "straight_images"], set()),
    ],
)
def test_a_figure_without_its_arrays_is_left_out(names, left):
    assert set(report.figures([without(build(), names)])) == left


def test_a_third_path_needs_its_distances():
    figure = report.figures([without(build(), ["manifold_full_distance"])])["paths.map"]
    assert len(figure.axes[1].lines) == 2 and "refined in all latents: cost 0.05" not in legend_of(figure)


def test_the_legend_names_each_thing_once_with_its_cost():
    section = build()
    assert legend_of(report.figures([section])["paths.map"]) == [
        "real data",
        "along the manifold: cost 0.0659",
        "straight line: cost 1234",
        "refined in all latents: cost 0.05",
    ]
    free = replace(section, details={"labels": ["4", "21"]})
    assert legend_of(report.figures([free])["paths.map"])[1:] == [look.name for look in KINDS.values()]


def test_each_kind_keeps_its_colour_in_both_panels():
    left, right = report.figures([build()])["paths.map"].axes[:2]
    for kind, look in KINDS.items():
        drawn = [line for line in left.lines if line.get_color() == look.colour]
        (profile,) = (line for line in right.lines if line.get_color() == look.colour)
        np.testing.assert_allclose(drawn[0].get_xydata(), build().arrays[kind])
        np.testing.assert_allclose(profile.get_ydata(), build().arrays[f"{kind}_distance"])
        np.testing.assert_allclose(profile.get_xdata()[[0, -1]], [0, 1])


def test_grey_saturates_where_the_plot_beside_it_ends():
    left, right = report.figures([build()])["paths.map"].axes[:2]
    assert left.images[0].get_clim() == (0, right.get_ylim()[1])


def test_a_path_that_leaves_the_grid_is_still_shown():
    way = np.array([[0.0, 0], [5, 1], [1, 1]])
    axis, flat = np.linspace(-2, 2, 5), np.ones((5, 5))
    distances = {"manifold": np.ones(3), "straight": np.ones(2)}
    paths = {"manifold": way, "straight": way[[0, -1]]}
    (left, right, bottom, top) = path_map(paths, distances, backdrop=(axis, axis, flat)).axes[0].axis()
    assert (left, bottom, top) == (-2, -2, 2) and right > 5


def test_strips_keep_both_ends_and_at_most_twelve():
    images = np.linspace(0, 1, 30).reshape(30, 1, 1, 1) * np.ones((30, 1, 4, 4))
    (ax,) = path_strips({"manifold": images, "straight": images[::-1]}).axes
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape[:2] == (2 * 6, 12 * 6)
    np.testing.assert_allclose(picture[3::6, 3::6, 0][:, [0, -1]], [[0, 1], [1, 0]])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["along the manifold", "straight line"]


def test_points_are_curves_among_data():
    figure = report.figures([build((3,))])["paths.strips"]
    assert figure.axes[0].name == "3d"
    assert legend_of(figure) == ["data", *(look.name for look in KINDS.values())]


def test_ends_are_named_on_the_side_where_no_path_is():
    paths = [np.array([[0.0, 0], [1, 0]]), np.array([[0.0, 0], [0, 1], [1, 0]])]
    np.testing.assert_allclose(free_side(paths), [-(0.5**0.5)] * 2)
    np.testing.assert_allclose(np.linalg.norm(free_side([np.zeros((1, 2))])), 1)


def test_a_degenerate_plane_has_air():
    left, right, bottom, top = around(np.ones((3, 2)))
    assert left < 1 < right and bottom < 1 < top


def test_values_of_nothing_are_drawn_as_nothing():
    ax, zero = sheet(3, 3).add_subplot(), np.zeros((4, 4))
    for image in (heat_map(ax, zero, (0, 1, 0, 1)), signed_map(ax, zero, (0, 1, 0, 1), PURPLE_ORANGE, 0.0)):
        assert np.asarray(image.to_rgba(zero))[..., 3].max() < 0.01


def test_density_is_darkest_where_most_points_lie():
    rng, ax = np.random.default_rng(0), sheet(3, 3).add_subplot()
    density(ax, rng.normal(size=(2000, 2)), (-3, 3, -3, 3))
    alphas = ax.collections[0].get_facecolor()[:, 3]
    assert len(alphas) > 3 and (np.diff(alphas) > 0).all()
    innermost = ax.collections[0].get_paths()[-1].get_extents()
    assert innermost.contains(0, 0) and innermost.width < 3


def test_density_of_points_elsewhere_is_empty():
    ax = sheet(3, 3).add_subplot()
    density(ax, np.full((5, 2), 9.0), (-3, 3, -3, 3))
    assert not ax.collections


def test_helix_maps_share_one_plane():
    arrays = build().arrays
    axis, grid = arrays["xs"], arrays["response_error"]
    figure = helix_maps(
        axis,
        axis,
        grid - 0.3,
        0.3 - grid,
        grid,
        posterior=arrays["posterior"],
        manifold=arrays["manifold"],
        straight=arrays["straight"],
    )
    readable(figure)
    titles = {ax.get_title(loc="left"): ax for ax in figure.axes if ax.get_title(loc="left")}
    assert list(titles) == ["divergence", "mean curvature", "response distance", "aggregate posterior"]
    for ax in titles.values():
        colours = {to_hex(line.get_color()) for line in ax.lines}
        assert {KINDS["manifold"].colour, KINDS["straight"].colour} <= colours
        assert ax.axis() == (-3, 3, -3, 3)
    assert legend_of(figure) == ["along the manifold", "straight line"]


def test_helix_paths_show_latents_and_space():
    section = build((3,))
    arrays = section.arrays
    data = arrays["observations"]
    figure = helix_paths(
        arrays["posterior"],
        arrays["manifold"],
        arrays["straight"],
        observations=data,
        reconstructions=data * 0.9,
        manifold_decoded=decode(arrays["manifold"], (3,)),
        straight_decoded=decode(arrays["straight"], (3,)),
    )
    readable(figure)
    assert [ax.name for ax in figure.axes] == ["rectilinear", "3d"]
    names = ["aggregate posterior", "along the manifold", "straight line", "data", "reconstruction"]
    assert legend_of(figure) == names


def test_a_page_shows_both_figures():
    section = build()
    page = report.render("t", [section], {})
    parsed = Page(page)
    assert parsed.open == [] and len(parsed.ids) == len(set(parsed.ids))
    assert page.count("<figure ") == page.count('role="img"') == 2
    assert "Along the manifold, and straight" in page and "What lies on the way" in page
    assert len(page.encode()) < 600_000
    assert not [look for look in KINDS.values() if look.colour in page[page.index("<body") :]]
