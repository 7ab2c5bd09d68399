"""The double helix: three maps of one plane, and its paths in the plane and in space."""

from matplotlib.colors import to_hex

from latentassay.papers.responses.drawing import helix_maps, helix_paths
from latentassay.plots.plane import KINDS
from tests.plots.looks import readable
from tests.plots.spiral import build, decode


def legend_of(figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_helix_maps_share_one_plane():
    arrays = build()
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
    arrays = build((3,))
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
