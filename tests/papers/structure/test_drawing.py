"""Sheets of traversals and of chunks: every tile where it belongs, variables together, nothing clipped."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.image import AxesImage

from latentassay.core.errors import InputError
from latentassay.papers.structure.drawing import chunk_sheet, traversal_sheet

RNG = np.random.default_rng(0)
PICTURES = RNG.uniform(size=(5, 4, 3, 8, 8))
CURVES = RNG.normal(size=(5, 4, 20))
VALUES = np.linspace(-3, 12, 20).reshape(5, 4)
PAIRS = [0, 0, 1, 1, 2]


def shown(figure):
    """Every piece of a sheet that is a picture, as (left, right, bottom, top) → pixels."""
    return {tuple(image.get_extent()): image.get_array() for image in figure.axes[0].images}


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def whole(figure):
    """Nothing lies outside the page, and no two texts on each other."""
    figure.draw_without_rendering()
    box, page = figure.get_tightbbox(), figure.bbox_inches
    inside = min(box.x0, box.y0) > -0.02 and box.x1 < page.width + 0.02 and box.y1 < page.height + 0.02
    ax = figure.axes[0]
    written = [*ax.texts, *ax.get_xticklabels(), *ax.get_yticklabels(), *figure.texts]
    boxes = [text.get_window_extent() for text in written if text.get_text()]
    return inside and not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


@pytest.mark.parametrize("images", [PICTURES, CURVES, PICTURES[:, :, :1, :, :4], PICTURES[:1, :2]])
@pytest.mark.parametrize("alone", [True, False])
def test_sheets_are_whole(images, alone):
    rows, steps = images.shape[:2]
    own = list(range(rows)) if alone else PAIRS[:rows]
    figure = traversal_sheet(images, VALUES[:rows, :steps], range(rows), own, reach=np.arange(rows))
    assert whole(figure)


def test_twelve_latents_in_long_variables_are_whole():
    pictures = np.concatenate([PICTURES, PICTURES, PICTURES])[:12, :2]
    figure = traversal_sheet(
        pictures, -1e-3 * VALUES[:1, :2].repeat(12, 0), range(90, 102), [k // 5 + 10 for k in range(12)]
    )
    assert whole(figure) and "−0.0023 … 0.003" not in texts(figure)


def test_rows_of_a_variable_touch_and_others_stand_apart():
    figure = traversal_sheet(PICTURES, VALUES, [7, 3, 4, 5, 9], PAIRS, reach=np.array([1, 0.001, 1, 1, 0]))
    pieces = sorted(shown(figure), key=lambda extent: extent[3])
    heights, gaps = (
        [b - t for _, _, b, t in pieces],
        [b[3] - a[2] for a, b in pairwise(pieces)],
    )
    assert heights == pytest.approx([2, 2, 1]) and all(0.1 < gap < 0.5 for gap in gaps)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [f"latent {k}" for k in (7, 3, 4, 5, 9)]
    assert [text for text in texts(figure) if text.startswith("variable")] == ["variable 0", "variable 1", "variable 2"]
    assert len(figure.axes[0].lines) == 3  # a bracket each
    ends = [text for text in texts(figure) if "…" in text]
    assert ends[0] == "−3.0 … −0.6" and [text.endswith("still") for text in ends] == [False, True, False, False, True]


def test_variables_of_one_latent_need_no_brackets():
    figure = traversal_sheet(PICTURES, VALUES, range(5), range(5))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == [f"variable {k}" for k in range(5)]
    assert len(shown(figure)) == 1 and not figure.axes[0].lines


def tile(image: AxesImage, row: int, column: int, rows: int, columns: int):
    """The pixels of one tile without its border."""
    picture = np.asarray(image)
    high, wide = picture.shape[0] // rows, picture.shape[1] // columns
    return picture[row * high + 1 : (row + 1) * high - 1, column * wide + 1 : (column + 1) * wide - 1, :3]


def test_every_picture_is_where_it_belongs():
    pieces = shown(traversal_sheet(PICTURES, VALUES, range(5), PAIRS))
    middle = sorted(pieces, key=lambda extent: extent[3])[1]
    for row, column in ((0, 0), (1, 3)):
        got = tile(pieces[middle], row, column, 2, 4)
        np.testing.assert_allclose(got, PICTURES[2 + row, column].transpose(1, 2, 0), atol=1e-6)


def test_curves_share_one_scale():
    curves = np.zeros((2, 2, 9)) + np.array([0.1, 10.0])[:, None, None] * np.sin(np.arange(9))
    figure = traversal_sheet(curves, VALUES[:2, :2], [0, 1], [0, 1])
    spans = [
        np.ptp(path[:, 1]) for group in figure.axes[0].collections for path in group.get_segments() if len(path) == 9
    ]
    assert max(spans) / min(spans) == pytest.approx(100)
    apart = traversal_sheet(np.concatenate([curves, curves]), VALUES[:4, :2], range(4), [0, 0, 1, 1])
    assert "from −9.6 to 9.9" in apart.texts[0].get_text()


def test_points_are_drawn_as_curves():
    figure = traversal_sheet(RNG.normal(size=(2, 6, 3)), np.zeros((2, 6)), [4, 5], [0, 1])
    assert figure.axes[0].name == "3d" and len(figure.axes[0].lines) == 4


@pytest.mark.parametrize("samples", [PICTURES, CURVES])
def test_chunks_stand_beside_their_base(samples):
    names = ["place", "", "hue", "a long name", ""]
    figure = chunk_sheet(samples[0, 0], samples, [[0, 1], [2], [3, 5], [6, 7, 8], [9]], names=names)
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == [
        "variables 0–1\nplace",
        "variable 2",
        "variables 3, 5\nhue",
        "variables 6–8\na long name",
        "variable 9",
    ]
    assert whole(figure)
    if samples is PICTURES:
        base, hybrids = sorted(shown(figure).items())
        for row in range(5):
            np.testing.assert_allclose(tile(base[1], row, 0, 5, 1), PICTURES[0, 0].transpose(1, 2, 0), atol=1e-6)
        np.testing.assert_allclose(tile(hybrids[1], 4, 3, 5, 4), PICTURES[4, 3].transpose(1, 2, 0), atol=1e-6)
        assert hybrids[0][0] - base[0][1] > 0.1


def test_one_chunk_of_one_hybrid_is_whole():
    assert whole(chunk_sheet(PICTURES[0, 0], PICTURES[:1, :1], [[0]]))


@pytest.mark.parametrize(
    ("draw", "match"),
    [
        (lambda: traversal_sheet(PICTURES, VALUES[:4], range(5), PAIRS), "a sheet needs images"),
        (lambda: traversal_sheet(PICTURES, VALUES, range(4), PAIRS), "a sheet needs images"),
        (lambda: traversal_sheet(PICTURES[:0], VALUES[:0], [], []), "at least one"),
        (lambda: chunk_sheet(PICTURES[0, 0], CURVES, [[0]] * 5), "hybrids must have shape"),
        (lambda: chunk_sheet(PICTURES[0, 0], PICTURES, [[0]]), "5 chunks|1 chunks"),
        (lambda: chunk_sheet(PICTURES[0, 0], PICTURES[:, :0], [[0]] * 5), "hybrids must have shape"),
        (lambda: chunk_sheet(PICTURES[0, 0], PICTURES, [[0]] * 5, names=["a"]), "1 names"),
    ],
)
def test_what_is_refused(draw, match):
    with pytest.raises(InputError, match=match):
        draw()
