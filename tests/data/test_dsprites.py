import numpy as np
import pytest

from latentassay.core.errors import InputError
from latentassay.data.dsprites import SIZES, dsprites, render


def test_genuine_frames_are_reproduced(shared_data):
    genuine = np.load(shared_data / "dsprites_frames.npz")
    codes = np.insert(genuine["codes"], 0, 0, axis=1)
    wrong = (render(codes) != genuine["images"]).sum(axis=(1, 2))
    assert (wrong == 0).sum() >= 298
    assert wrong.sum() <= 42


def test_the_whole_grid_is_there_as_white_on_black():
    data = dsprites()
    assert len(data) == 737_280 and data.is_grid and data.x_shape == (1, 64, 64)
    assert data.factor_names == ("color", "shape", "scale", "orientation", "x", "y")
    assert data.batch([0, 400_000]).unique().tolist() == [0.0, 1.0]


def test_rows_and_codes_agree_in_any_order_and_number():
    data = dsprites()
    rows = np.random.default_rng(0).integers(0, len(data), 700)
    together = data.store[rows]
    alone = np.stack([render(data.factors[[row]])[0] for row in rows[:20]])
    np.testing.assert_array_equal(together[:20], alone * 255)
    np.testing.assert_array_equal(render(np.empty((0, 6), int)), np.empty((0, 64, 64)))


# ∮ x dy of x = a sin³t, y = b (13 cos t − 5 cos 2t − 2 cos 3t − cos 4t) is 45π a b / 4
HEART_AREA = 45 / 4 * np.pi * 9.6 * 0.662


@pytest.mark.parametrize("shape", [0, 1, 2])
def test_area_centre_and_direction(shape):
    codes = np.array([[0, shape, scale, 13, x, y] for scale, x, y in [(0, 0, 31), (5, 31, 0), (5, 15, 15)]])
    for (_, _, scale, _, x, y), image in zip(codes, render(codes), strict=True):
        lines, columns = np.nonzero(image)
        slack = (0.5, 0.5, 2)[shape]  # a heart's middle is not its centre of mass
        area = (19.2**2, np.pi * 12.77 * 7.21, HEART_AREA)[shape] * (0.5 + 0.1 * scale) ** 2
        assert len(lines) == pytest.approx(area, rel=0.08)
        assert columns.mean() + 0.5 == pytest.approx(16 + 32 * x / 31, abs=slack)
        assert lines.mean() + 0.5 == pytest.approx(16 + 32 * y / 31, abs=slack)


def test_orientation_turns_counter_clockwise_and_closes():
    first, quarter, last = render([[0, 1, 5, k, 16, 16] for k in (0, 5, 39)])
    np.testing.assert_array_equal(first, last)
    lines, columns = np.nonzero(quarter)
    # Turned by 46°, the long axis rises to the right: as the column grows, the line (downwards) shrinks.
    assert np.corrcoef(lines, columns)[0, 1] < -0.4


@pytest.mark.parametrize(
    ("codes", "says"),
    [
        ([0, 0, 0, 0, 0, 0], r"shape \(n, 6\)"),
        ([[0, 0, 0, 0, 0]], r"shape \(n, 6\)"),
        ([[0, 0, 0, 0, 0, 0.5]], "integers"),
        ([[0, 0, 0, 40, 0, 0]], r"'orientation' must lie in 0\.\.39, got 40"),
        ([[0, 0, -1, 0, 0, 0]], "'scale'"),
        ([[1, 0, 0, 0, 0, 0]], "'color'"),
        ("heart", "shape"),
    ],
)
def test_bad_codes_are_refused(codes, says):
    with pytest.raises(InputError, match=says):
        render(codes)


def test_sizes_are_the_official_ones():
    assert SIZES == (1, 3, 6, 40, 32, 32)
