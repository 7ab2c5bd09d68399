"""Colour scales: their colours, numbers and labels stand where they should, at any size."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.plots.scales import ColourScale
from latentassay.plots.style import scale_above, scale_below, scale_beside, sheet
from tests.plots.looks import inside


def drawn(draw, limits=(0.0, 1.0), size=(4, 3)) -> tuple[ColourScale, Figure]:
    figure = sheet(*size)
    ax = figure.add_subplot()
    image = ax.imshow(np.ones((3, 3)), vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.set(xticks=[], yticks=[])
    draw(ax, image, "a label")
    inside(figure)
    (scale,) = ax.artists
    return scale, figure


def numbers(scale: ColourScale) -> list[str]:
    return [part.get_text() for part in scale.parts if hasattr(part, "get_text")][:-1]


@pytest.mark.parametrize(
    ("limits", "shown"),
    [
        ((0.0, 1.0), ["0", "0.5", "1"]),
        ((-3.0, 3.0), ["−2", "0", "2"]),
        ((-0.3, 0.3), ["−0.2", "0", "0.2"]),
        ((0.0, 2e-6), ["0", "1e−06", "2e−06"]),
        ((5.0, 5.0), []),
    ],
)
def test_numbers_are_round_and_inside_the_limits(limits, shown):
    scale, _ = drawn(scale_beside, limits, (4, 2.4))
    assert numbers(scale) == shown or not shown


@pytest.mark.parametrize("size", [(3, 2), (4, 3), (9, 9)])
def test_each_stands_on_its_side_whatever_the_size(size):
    for draw, side in ((scale_beside, "right"), (scale_below, "below"), (scale_above, "above")):
        scale, figure = drawn(draw, size=size)
        box, ax = scale.get_window_extent(), figure.axes[0].bbox
        away = {"right": box.x0 - ax.x1, "below": ax.y0 - box.y1, "above": box.y0 - ax.y1}[side] / figure.dpi
        assert scale.side == side and 0.05 < away < 0.6
        assert scale.label == "a label"


def test_an_upright_scale_is_coloured_from_its_foot_to_its_head():
    _, figure = drawn(scale_beside)
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3].astype(int)
    ax = figure.axes[0].bbox
    column = int(ax.x1 + 0.135 * figure.dpi)
    heights = [int(len(pixels) - (ax.y0 + share * ax.height)) for share in (0.25, 0.75)]
    low, high = (pixels[row, column] for row in heights)
    want = [np.array(figure.axes[0].images[0].get_cmap()(share)[:3]) * 255 for share in (1 / 12, 11 / 12)]
    assert abs(low - want[0]).max() < 25 and abs(high - want[1]).max() < 25


def test_a_hidden_scale_is_not_drawn():
    scale, figure = drawn(scale_beside)
    scale.set_visible(False)
    figure.draw_without_rendering()
