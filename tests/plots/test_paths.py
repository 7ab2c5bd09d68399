"""Interpolations: both ways in one plane and on one scale, decoded from end to end."""

from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from latentassay.core.errors import InputError
from latentassay.plots.paths import path_map, path_strips
from latentassay.plots.plane import KINDS
from latentassay.plots.style import figure_of
from tests.plots.looks import readable
from tests.plots.spiral import COSTS, build

SHAPES = {"colour": (3, 16, 16), "grey": (1, 12, 12), "curves": (20,), "space": (3,), "plane": (2,)}


def by_kind(arrays: dict[str, np.ndarray], ending: str = "") -> dict[str, np.ndarray]:
    return {kind: arrays[kind + ending] for kind in KINDS}


def spiral_map(*, without: str = "", **options: Any) -> np.ndarray:
    arrays = build()
    grid = (arrays["xs"], arrays["ys"], arrays["response_error"])
    options = {"posterior": arrays["posterior"], "backdrop": grid, "costs": COSTS, "labels": ["4", "21"]} | options
    options.pop(without, None)
    return path_map(by_kind(arrays), by_kind(arrays, "_distance"), **options)


def legend_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_legend().get_texts()]


@pytest.mark.parametrize("shape", SHAPES)
def test_decodings_are_readable_of_every_kind(shape):
    arrays = build(SHAPES[shape])
    readable(path_strips(by_kind(arrays, "_images"), observations=arrays.get("observations")))


@pytest.mark.parametrize("without", ["", "posterior", "backdrop", "costs", "labels"])
def test_maps_are_readable_whatever_is_left_out(without):
    readable(spiral_map(without=without))


def test_the_legend_names_each_thing_once_with_its_cost():
    assert legend_of(spiral_map()[0]) == [
        "real data",
        "along the manifold: cost 0.0659",
        "straight line: cost 1234",
        "refined in all latents: cost 0.05",
    ]
    assert legend_of(spiral_map(without="costs")[0])[1:] == [look.name for look in KINDS.values()]


def test_each_kind_keeps_its_colour_in_both_panels():
    arrays, (left, right) = build(), spiral_map()
    for kind, look in KINDS.items():
        drawn = [line for line in left.lines if line.get_color() == look.colour]
        (profile,) = (line for line in right.lines if line.get_color() == look.colour)
        np.testing.assert_allclose(drawn[0].get_xydata(), arrays[kind])
        np.testing.assert_allclose(profile.get_ydata(), arrays[f"{kind}_distance"])
        np.testing.assert_allclose(profile.get_xdata()[[0, -1]], [0, 1])


def test_grey_saturates_where_the_plot_beside_it_ends():
    left, right = spiral_map()
    assert left.images[0].get_clim() == (0, right.get_ylim()[1])


def test_points_are_curves_among_data():
    arrays = build((3,))
    ax = path_strips(by_kind(arrays, "_images"), observations=arrays["observations"])
    assert ax.name == "3d"
    assert legend_of(ax) == ["data", *(look.name for look in KINDS.values())]


def test_a_path_that_leaves_the_grid_is_still_shown():
    way = np.array([[0.0, 0], [5, 1], [1, 1]])
    axis, flat = np.linspace(-2, 2, 5), np.ones((5, 5))
    distances = {"manifold": np.ones(3), "straight": np.ones(2)}
    paths = {"manifold": way, "straight": way[[0, -1]]}
    (left, right, bottom, top) = figure_of(path_map(paths, distances, backdrop=(axis, axis, flat))).axes[0].axis()
    assert (left, bottom, top) == (-2, -2, 2) and right > 5


def test_strips_keep_both_ends_and_at_most_twelve():
    images = np.linspace(0, 1, 30).reshape(30, 1, 1, 1) * np.ones((30, 1, 4, 4))
    (ax,) = figure_of(path_strips({"manifold": images, "straight": images[::-1]})).axes
    picture = np.asarray(ax.images[0].get_array())
    assert picture.shape[:2] == (2 * 6, 12 * 6)
    np.testing.assert_allclose(picture[3::6, 3::6, 0][:, [0, -1]], [[0, 1], [1, 0]])
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b"]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["along the manifold", "straight line"]


@pytest.mark.parametrize(
    "draw",
    [
        lambda: path_map({}, {}),
        lambda: path_map({"detour": np.ones((3, 2))}, {"detour": np.ones(3)}),
        lambda: path_map({"straight": np.ones((3, 2))}, {}),
        lambda: path_map({"straight": np.ones((3, 3))}, {"straight": np.ones(3)}),
        lambda: path_map({"straight": np.ones((3, 2))}, {"straight": np.full(3, np.nan)}),
        lambda: path_map({"straight": np.eye(2)}, {"straight": np.ones(3)}, posterior=np.ones(3)),
        lambda: path_map({"straight": np.eye(2)}, {"straight": np.ones(3)}, backdrop=([1, 2], [1, 2, 3], np.eye(2))),
        lambda: path_map({"straight": np.eye(2)}, {"straight": np.ones(3)}, labels=["a"]),
        lambda: path_strips({}),
        lambda: path_strips({"straight": np.ones(3)}),
    ],
)
def test_bad_input_is_refused(draw):
    with pytest.raises(InputError):
        draw()
