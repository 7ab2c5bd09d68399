"""Room for labels: nothing leaves the figure, nothing overlaps, axes of a fixed shape keep it."""

import itertools

import numpy as np
import pytest
from matplotlib.figure import Figure

from latentassay.plots.layout import BETWEEN_COLUMNS, LabelRoom, ruler
from latentassay.plots.style import legend, scale_below, scale_beside, tidy
from tests.plots.looks import inside


def figure(width: float = 6, height: float = 4) -> Figure:
    return Figure(figsize=(width, height), layout=LabelRoom())


def boxes(*axes):
    """Boxes of axes with all that stands around them, in inches."""
    figure = axes[0].figure
    figure.draw_without_rendering()
    return [ax.get_tightbbox().transformed(figure.dpi_scale_trans.inverted()) for ax in axes]


@pytest.mark.parametrize("rows", [1, 2])
@pytest.mark.parametrize("columns", [1, 3])
def test_panels_with_labels_fill_the_figure_and_do_not_touch(rows, columns):
    made = figure(9, 5)
    axes = made.subplots(rows, columns, squeeze=False)
    for ax in axes.flat:
        ax.plot([0, 1e6], [-1e6, 1e6])
        tidy(ax, x="a label", y="another label", title="a title")
        legend(ax, handles=[*ax.lines], labels=["a line"])
    inside(made)
    found = boxes(*axes.flat)
    for first, second in itertools.combinations(found, 2):
        assert first.x1 < second.x0 + 0.02 or second.x1 < first.x0 + 0.02 or first.y0 > second.y1 - 0.02
    assert max(box.x1 for box in found) > 8.8 and max(box.y1 for box in found) > 4.8
    assert min(box.x0 for box in found) < 0.2 and min(box.y0 for box in found) < 0.2


def test_ratios_of_columns_hold_for_the_axes_without_their_labels():
    left, right = figure().subplots(1, 2, width_ratios=[1, 3])
    left.set_ylabel("a label\nof two lines")
    boxes(left, right)
    assert right.get_position().width == pytest.approx(3 * left.get_position().width)
    assert right.get_position().height == left.get_position().height


def test_axes_of_a_fixed_shape_lie_close_to_each_other_from_the_left():
    made = figure(9, 3)
    first, second = made.subplots(1, 2)
    for ax in (first, second):
        ax.imshow(np.ones((4, 4)))
    one, other = boxes(first, second)
    assert one.width == pytest.approx(one.height, rel=0.2) and one.x0 < 0.1
    assert other.x0 - one.x1 == pytest.approx(BETWEEN_COLUMNS, abs=0.02)


def test_axes_may_span_columns():
    made = figure(8, 4)
    grid = made.add_gridspec(2, 2)
    wide, left, right = (made.add_subplot(part) for part in (grid[0, :], grid[1, 0], grid[1, 1]))
    inside(made)
    assert wide.get_position().x0 == pytest.approx(left.get_position().x0)
    assert wide.get_position().x1 == pytest.approx(right.get_position().x1)


def test_texts_and_legends_of_the_figure_have_their_edge():
    made = figure()
    ax = made.add_subplot()
    ax.plot([0, 1], label="a line")
    made.supxlabel("below"), made.supylabel("beside"), made.legend(loc="outside upper left")
    inside(made)
    (box,) = boxes(ax)
    for part, side in ((made.texts[0], "below"), (made.texts[1], "left"), (made.legends[0], "above")):
        other = part.get_window_extent().transformed(made.dpi_scale_trans.inverted())
        assert {"below": other.y1 < box.y0, "left": other.x1 < box.x0, "above": other.y0 > box.y1}[side]


def test_scales_are_given_room():
    made = figure()
    ax = made.add_subplot()
    image = ax.imshow(np.arange(4.0).reshape(2, 2), aspect="auto")
    tidy(ax, x="x", y="y")
    scale_beside(ax, image, "beside"), scale_below(ax, image, "below")
    inside(made)


def test_a_space_of_three_dimensions_stays_inside():
    made = figure(4, 4)
    ax = made.add_subplot(projection="3d")
    ax.set(xlabel="a", ylabel="b", zlabel="c")
    inside(made)


def test_axes_without_room_have_a_size_still():
    made = figure(0.5, 0.5)
    tidy(made.add_subplot(), x="a label", y="a label")
    made.draw_without_rendering()
    assert made.axes[0].get_position().width > 0


def test_axes_that_a_caller_has_placed_stay_there():
    made = figure()
    ax = made.add_axes((0.1, 0.2, 0.3, 0.4))
    made.draw_without_rendering()
    assert ax.get_position().bounds == pytest.approx((0.1, 0.2, 0.3, 0.4))


def test_what_is_added_later_has_room_the_next_time():
    made = figure()
    ax = made.add_subplot()
    made.draw_without_rendering()
    before = ax.get_position().width
    ax.set_ylabel("a label\nof three\nlines")
    inside(made)
    assert ax.get_position().width < before


def test_texts_are_measured_alike_at_any_resolution():
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=9)
    small, large = (ruler(dots).get_text_width_height_descent("0.25 and more", font, False) for dots in (72, 288))
    np.testing.assert_allclose(np.array(large) / 4, small, rtol=0.05)
