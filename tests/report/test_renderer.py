"""What Matplotlib draws becomes small SVG: paths, markers, pictures and texts in their places."""

import base64
import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from PIL import Image

from latentassay.plots.style import ALERT, MAIN
from latentassay.report.renderer import SvgRenderer, colour, encode_png, path_data, text_size


def body(draw, width: float = 4, height: float = 3) -> ET.Element:
    """What a figure without ticks draws on axes from 0 to 1 that fill it."""
    figure = Figure(figsize=(width, height), dpi=72)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set_axis_off()
    draw(ax)
    renderer = SvgRenderer(72 * width, 72 * height, "name")
    figure.draw(renderer)
    return ET.fromstring(f"<svg>{renderer.body()}</svg>")


def found(root: ET.Element, tag: str) -> list[ET.Element]:
    return [part for part in root.iter(tag) if part.get("style") != "fill:#ffffff"]


def numbers(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", text)]


def test_lines_are_flipped_and_coloured_by_the_name_of_the_page():
    (line,) = found(body(lambda ax: ax.plot([0, 1], [0, 0.5], color=MAIN, linewidth=2)), "path")
    assert numbers(line.get("d")) == [0, 216, 288, 108]
    assert "stroke:var(--main)" in line.get("style") and "stroke-width:2" in line.get("style")
    assert line.get("style").startswith("fill:none")


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (Path([[0, 0], [1, 2], [3, 4]]), "M0 0L1 2L3 4"),
        (Path([[0, 0], [1, 2], [0, 0]], [1, 2, 79]), "M0 0L1 2z"),
        (Path([[0, 0], [1, 2], [3, 4]], [1, 3, 3]), "M0 0Q1 2 3 4"),
        (Path([[0, 0], [1, 2], [3, 4], [5, 6], [7, 7], [8, 8], [9, 9]], [1, *[4] * 6]), "M0 0C1 2 3 4 5 6C7 7 8 8 9 9"),
        (Path([[0, 0], [1, np.nan], [2, 2], [3, 3]]), "M0 0M2 2L3 3"),
        (Path([[0.123456, 123.456]]), "M0.12346 123.46"),
        (Path(np.empty((0, 2))), ""),
    ],
)
def test_every_kind_of_point_is_written(path, data):
    assert path_data(path, Affine2D()) == data


def test_lines_that_look_the_same_are_one_path_unless_they_shine_through():
    opaque = found(body(lambda ax: [ax.axhline(y, color="k") for y in (0.2, 0.4, 0.6)]), "path")
    assert len(opaque) == 1 and opaque[0].get("d").count("M") == 3
    assert len(found(body(lambda ax: [ax.axhline(y, color="k", alpha=0.5) for y in (0.2, 0.4)]), "path")) == 2
    assert len(found(body(lambda ax: [ax.axhline(0.2, color=c) for c in "rg"]), "path")) == 2


def test_areas_are_never_joined():
    squares = [Rectangle((0.1 * k, 0.1), 0.2, 0.2, facecolor=ALERT) for k in range(3)]
    assert len(found(body(lambda ax: [ax.add_patch(square) for square in squares]), "path")) == 3


def test_many_markers_are_copies_of_one_and_few_are_paths():
    x = np.linspace(0.1, 0.9, 50)
    root = body(lambda ax: ax.plot(x, x, "o", color=MAIN))
    copies = found(root, "use")
    np.testing.assert_allclose([float(copy.get("x")) for copy in copies], 288 * x, atol=0.01)
    np.testing.assert_allclose([float(copy.get("y")) for copy in copies], 216 * (1 - x), atol=0.01)
    assert {copy.get("href") for copy in copies} == {
        f"#{part.get('id')}" for part in root.find("defs") if part.tag == "path"
    }
    few = found(body(lambda ax: ax.plot([0.5], [0.5], "o", color=MAIN)), "path")
    assert len(few) == 1 and not found(body(lambda ax: ax.plot([0.5], [0.5], "o")), "use")


def test_markers_at_unknown_places_are_left_out():
    x = np.array([0.1, np.nan, 0.3, 0.4, 0.5, 0.6])
    assert len(found(body(lambda ax: ax.plot(x, x, "s")), "use")) == 5


def test_collections_keep_colours_and_transparency():
    shapes = [np.array([[0, 0], [0.1, 0], [0, 0.1]]) + 0.2 * k for k in range(3)]
    many = PolyCollection(shapes, facecolors=[(1, 0, 0, 0.5), (0, 1, 0, 1), (0, 0, 1, 1)], edgecolors="none")
    paths = found(body(lambda ax: ax.add_collection(many)), "path")
    styles = [part.get("style") for part in paths]
    assert styles == ["fill:#ff0000;fill-opacity:0.5", "fill:#00ff00", "fill:#0000ff"]


def test_what_leaves_the_axes_is_clipped_by_one_shape():
    def draw(ax):
        ax.set_position((0.25, 0.25, 0.5, 0.5))
        ax.plot([-9, 9], [0.5, 0.5], color="r")
        ax.plot([0.5, 0.5], [-9, 9], color="g")

    root = body(draw)
    (clip,) = root.iter("clipPath")
    assert [float(clip[0].get(name)) for name in ("x", "y", "width", "height")] == [72, 54, 144, 108]
    (group,) = [part for part in root.iter("g") if part.get("clip-path")]
    assert group.get("clip-path") == f"url(#{clip.get('id')})" and len(group) == 2
    assert clip.get("id").startswith("name-")


def pixels(image: ET.Element) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get("href").partition(",")[2]))).convert("RGBA"))


def placed(image: ET.Element, x: float, y: float) -> np.ndarray:
    a, b, c, d, e, f = numbers(image.get("transform"))
    w, h = float(image.get("width")), float(image.get("height"))
    return np.array([a * x * w + c * y * h + e, b * x * w + d * y * h + f])


@pytest.mark.parametrize("interpolation", ["none", "bilinear"])
def test_pictures_fill_their_extent_the_right_way_up(interpolation):
    values = np.array([[0.0, 0.3], [0.6, 1.0]])
    look = {"extent": (0.25, 0.75, 0.5, 1), "cmap": "gray", "interpolation": interpolation, "aspect": "auto"}

    def draw(ax):
        ax.imshow(values, **look)
        ax.set(xlim=(0, 1), ylim=(0, 1))

    (image,) = found(body(draw), "image")
    corners = np.array([placed(image, x, y) for x, y in ((0, 0), (1, 1))])
    np.testing.assert_allclose(np.sort(corners, 0), [[72, 0], [216, 108]], atol=1)
    shown = pixels(image)
    at = {
        tuple(np.round(placed(image, (j + 0.5) / shown.shape[1], (i + 0.5) / shown.shape[0])).astype(int)): (i, j)
        for i in (0, shown.shape[0] - 1)
        for j in (0, shown.shape[1] - 1)
    }
    dark = min(at, key=lambda place: place[0] + place[1])  # at the upper left
    light = max(at, key=lambda place: place[0] + place[1])
    assert shown[at[dark]][0] < 30 and shown[at[light]][0] > 225


def test_tinted_pictures_say_so():
    (image,) = found(body(lambda ax: ax.imshow(np.eye(2), gid="tint")), "image")
    assert image.get("class") == "tint"


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("opaque", [True, False])
def test_pngs_leave_out_what_is_not_there(channels, opaque):
    rng = np.random.default_rng(0)
    rgb = np.broadcast_to(rng.integers(0, 255, (5, 7, channels)), (5, 7, 3))
    alpha = np.full((5, 7, 1), 255) if opaque else rng.integers(0, 255, (5, 7, 1))
    whole = np.concatenate([rgb, alpha], -1).astype(np.uint8)
    image = Image.open(io.BytesIO(encode_png(whole)))
    assert image.mode == {(1, True): "L", (1, False): "LA", (3, True): "RGB", (3, False): "RGBA"}[channels, opaque]
    np.testing.assert_array_equal(np.asarray(image.convert("RGBA")), whole)


def test_texts_hang_where_they_are_anchored_in_any_font():
    def draw(ax):
        ax.text(0.5, 0.5, "a < b & c", ha="center", va="center", color=ALERT, fontsize=10)
        ax.text(1.0, 0.25, "right", ha="right", va="baseline", fontweight="bold", alpha=0.5)

    middle, right = found(body(draw), "text")
    assert middle.text == "a < b & c" and float(middle.get("x")) == 144
    assert "text-anchor:middle" in middle.get("style") and "fill:var(--alert)" in middle.get("style")
    assert 108 < float(middle.get("y")) < 114 and "font-size:10px" in middle.get("style")
    assert (float(right.get("x")), float(right.get("y"))) == (288, 162)
    assert "text-anchor:end" in right.get("style") and "font-weight:bold" in right.get("style")
    assert "opacity:0.5" in right.get("style")


def test_turned_texts_turn_about_their_place():
    (text,) = found(body(lambda ax: ax.text(0.5, 0.5, "up", rotation=90, rotation_mode="anchor", ha="center")), "text")
    turn, x, y = numbers(text.get("transform"))
    assert turn == -90 and (x, y) == (float(text.get("x")), float(text.get("y"))) == (144, 108)


def test_formulas_are_outlines():
    root = body(lambda ax: ax.text(0.5, 0.5, r"$10^{-2}$"))
    assert not found(root, "text") and found(root, "path")


def test_hatches_are_patterns():
    square = Rectangle((0.2, 0.2), 0.5, 0.5, fill=False, hatch="//", edgecolor="k")
    root = body(lambda ax: ax.add_patch(square))
    (pattern,) = root.iter("pattern")
    assert any(f"url(#{pattern.get('id')})" in (part.get("style") or "") for part in root.iter("path"))


def test_dashes_caps_and_joins_are_written_where_they_differ():
    (line,) = found(
        body(lambda ax: ax.plot([0, 1], [0, 1], "--", dash_capstyle="projecting", dash_joinstyle="miter")), "path"
    )
    assert all(
        word in line.get("style") for word in ("stroke-dasharray:", "stroke-linecap:square", "stroke-linejoin:miter")
    )


def test_colours_of_the_page_have_names_and_others_do_not():
    assert colour(*(int(MAIN[i : i + 2], 16) / 255 for i in (1, 3, 5))) == "var(--main)"
    assert colour(1.0, 0.0, 0.0) == "#ff0000"


def test_sizes_of_texts_are_those_of_matplotlib():
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=11)
    np.testing.assert_allclose(
        text_size("0.25", font, False), text_to_path.get_text_width_height_descent("0.25", font, False), rtol=0.1
    )
