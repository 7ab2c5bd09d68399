"""The plane of two latents: its air, its maps, its density, the sides where names stand."""

import numpy as np

from latentassay.plots.plane import PURPLE_ORANGE, around, density, free_side, heat_map, signed_map
from latentassay.plots.style import sheet


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
