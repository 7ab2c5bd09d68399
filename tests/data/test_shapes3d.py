import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.data.shapes3d import Painter, render, shapes3d

# The codes of the genuine pictures are not published with them. Hues were read off; scale, shape and orientation are
# those of all 480 views that come nearest. Floor, wall, object, scale, shape, then orientation behind the dash.
INFERRED = """
    01062-10 38551-14 47251-9 52540-6 45810-9 62442-14 83950-4 32072-7 28802-10 00353-7
    59611-7 13263-14 55100-4 01733-7 92970-3 10953-4 72612-12 87210-0 06603-7 37560-12
    47471-11 28973-11 33211-13 55721-8 44111-8 04740-8 09801-12 02020-0 01520-14 00642-7
    09512-12 01753-10 03570-6 09343-14 01361-2 07103-13 04421-14 01212-7 08013-1 01913-4
    06740-3 00660-10 01220-4 01333-8 06400-0 02022-6 01071-6 04002-1 04363-12 09010-10
"""


@pytest.fixture(scope="module")
def painter():
    return Painter()


@pytest.fixture
def genuine(shared_data):
    return np.load(shared_data / "shapes3d_pictures.npz")["images"].astype(float)


@pytest.fixture(scope="module")
def codes():
    words = [word.split("-") for word in INFERRED.split()]
    return np.array([[*map(int, hues), int(orientation)] for hues, orientation in words])


def test_genuine_pictures_are_met_within_3_of_255(genuine, codes, painter):
    error = np.abs(painter(codes) - genuine).mean(axis=(1, 2, 3))
    assert error.mean() <= 2.82  # measured: 2.81
    assert error.max() <= 4.4  # measured: 4.35


def test_no_other_shape_size_or_angle_is_nearer(genuine, codes, painter):
    for picture, own in zip(genuine[::7], codes[::7], strict=True):
        others = np.repeat(own[None], 12, axis=0)
        others[:4, 4] = np.arange(4)
        others[4:8, 3] = (own[3] + np.arange(4)) % 8
        others[8:, 5] = (own[5] + np.arange(4)) % 15
        error = np.abs(painter(others) - picture).mean(axis=(1, 2, 3))
        assert error.min() == error[own[4]]


def test_the_whole_grid_is_there():
    data = shapes3d()
    assert len(data) == 480_000 and data.is_grid and data.x_shape == (3, 64, 64)
    assert data.factor_names == ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
    assert data.factor_sizes == (10, 10, 10, 8, 4, 15)
    np.testing.assert_array_equal(data.store[[479_999]], render([[9, 9, 9, 7, 3, 14]]))


def test_images_do_not_depend_on_what_was_drawn_before(painter, codes):
    together = painter(codes[:8])
    np.testing.assert_array_equal(together[::-1], painter(codes[:8][::-1]))
    np.testing.assert_array_equal(together[3:4], render(codes[3:4]))
    assert together.shape == (8, 64, 64, 3) and together.dtype == np.uint8
    assert painter(np.empty((0, 6), int)).shape == (0, 64, 64, 3)


@pytest.mark.parametrize(("factor", "rows"), [(0, slice(38, 64)), (1, slice(14, 44)), (2, slice(4, 62))])
def test_a_hue_colours_its_own_region_only(painter, factor, rows):
    one, other = [1, 4, 8, 4, 2, 3], [1, 4, 8, 4, 2, 3]
    other[factor] = 6
    changed = (painter([one])[0] != painter([other])[0]).any(-1)
    assert changed[rows].any()
    changed[rows] = False
    assert not changed.any()


def test_every_pixel_is_in_one_region(painter):
    # With all hues red, every channel of red is a brightness: nothing is left black, and sky stays sky.
    for view in ([0, 0, 0], [7, 1, 7], [3, 2, 14], [5, 3, 11]):
        image = painter([[0, 0, 0, *view]])[0]
        assert image[..., 0].min() >= 80
        np.testing.assert_array_equal(image[:4], np.broadcast_to([153, 226, 249], (4, 64, 3)))


@pytest.mark.parametrize("shape", [0, 1, 2, 3])
def test_scale_runs_from_three_to_five_quarters(painter, shape):
    # A cyan object in a red room: its width grows like the scale, a little faster as its front comes nearer.
    images = painter([[0, 0, 5, scale, shape, 7] for scale in (0, 7)]).astype(int)
    small, large = (image[40:56].any(0)[10:54].sum() for image in (images[..., 1] > images[..., 0]))
    assert large / small == pytest.approx(5 / 3, rel=0.15)


def test_orientations_mirror_the_room(painter):
    # The room is symmetric: seen from left and right its outline against the sky is the same, mirrored.
    left, right = (painter([[0, 0, 0, 0, 2, k]])[0][:36, :, 2] > 125 for k in (0, 14))
    np.testing.assert_array_equal(left, right[:, ::-1])


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ([0, 0, 0, 0, 0, 0], r"shape \(n, 6\)"),
        ([[0, 0, 0, 0, 0, 0, 0]], r"shape \(n, 6\)"),
        ([[0, 0, 0, 0, 0, 1.0]], "integers"),
        ([[0, 0, 0, 0, 4, 0]], r"'shape' must lie in 0\.\.3, got 4"),
        ([[-1, 0, 0, 0, 0, 0]], "'floor_hue'"),
        ([[0, 0, 0, 0, 0, 15]], "'orientation'"),
    ],
)
def test_bad_codes_are_refused(codes, says):
    with pytest.raises(InputError, match=says):
        render(codes)
