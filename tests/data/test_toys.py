"""The data made here, against the formulas of their sources."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from latentassay.core.errors import InputError
from latentassay.data import digits, helix, squares, squares_nonlinear


def rows(data):
    return data.batch(np.arange(len(data))).double().numpy()


def test_helix_without_noise_lies_on_two_strands_half_a_turn_apart():
    data = helix(500, noise=0)
    x, strand = rows(data), data.factors[:, 0]
    np.testing.assert_allclose(np.hypot(x[:, 0], x[:, 1]), 1, atol=1e-6)
    sign = np.where(strand == 0, 1, -1)
    np.testing.assert_allclose(x[:, 0], sign * np.cos(np.pi * x[:, 2]), atol=1e-5)
    np.testing.assert_allclose(x[:, 1], sign * np.sin(np.pi * x[:, 2]), atol=1e-5)
    assert 200 < strand.sum() < 300 and x[:, 2].min() < -0.95 and x[:, 2].max() > 0.95


def test_helix_noise_is_a_standard_deviation():
    radius = np.hypot(*rows(helix(20_000, noise=0.1))[:, :2].T)
    assert radius.std() == pytest.approx(0.1, rel=0.03)  # across the strand the noise is all there is
    assert len(helix()) == 1024


@pytest.mark.parametrize("ratio", [2.0, 1.0, 1.2, 1.5])
def test_squares_are_a_stretched_unit_square_turned_about_the_axis(ratio):
    data = squares(20_000, ratio=ratio)
    x = rows(data)
    spread = np.linalg.svd(x - x.mean(0), compute_uv=False) / np.sqrt(len(x))
    np.testing.assert_allclose(spread, np.array([ratio, 1, 0]) / np.sqrt(12), rtol=0.02, atol=1e-6)
    # Rodrigues' formula, backwards: turned back by 45° about (1, −1, 1), the third coordinate vanishes.
    k = np.array([1, -1, 1]) / np.sqrt(3)
    c = s = np.sqrt(0.5)
    w = x * c - np.cross(k, x) * s + np.outer(x @ k, k) * (1 - c)
    np.testing.assert_allclose(w[:, 2], 0, atol=1e-6)
    assert 0 <= w[:, :2].min() < 0.001 and w[:, 0].max() == pytest.approx(ratio, rel=1e-3)
    bins = np.floor(w[:, :2] / [ratio, 1] * 10 + [0, 0]).astype(int)
    assert (bins == data.factors).mean() > 0.999  # all but roundings at the edges of bins


def test_nonlinear_squares_are_a_curved_surface_in_six_dimensions():
    data = squares_nonlinear(5000)
    x = rows(data)
    assert data.x_shape == (6,) and data.factor_sizes == (10, 10)
    spread = np.linalg.svd(x - x.mean(0), compute_uv=False)
    assert spread[2] > 0.01 * spread[0]  # more than the two directions of a plane
    for cell in ((0, 0), (9, 4)):  # near in the factors is near in the data
        inside = (data.factors == cell).all(1)
        assert (x[inside].std(0) < x.std(0)).all()


@pytest.mark.parametrize("make", [helix, squares, squares_nonlinear])
def test_a_seed_fixes_the_data(make):
    assert np.array_equal(rows(make(50, generator=3)), rows(make(50, generator=3)))
    assert not np.array_equal(rows(make(50, generator=3)), rows(make(50, generator=4)))
    first, again = (torch.Generator().manual_seed(5) for _ in range(2))
    drawn, second = rows(make(50, generator=first)), rows(make(50, generator=first))
    assert np.array_equal(drawn, rows(make(50, generator=again))) and not np.array_equal(drawn, second)


def test_defaults_have_the_sizes_of_the_papers():
    assert len(squares()) == len(squares_nonlinear()) == 50_000


def test_digits_are_scikit_learns_spread_over_a_byte():
    data, source = digits(), load_digits()
    raw = data.raw(np.arange(1797))[:, 0].numpy()
    assert raw.min() == 0 and raw.max() == 255
    assert np.abs(raw / 255 * 16 - source.images).max() <= 0.5 * 16 / 255 + 1e-9
    assert np.array_equal(data.factors[:, 0], source.target)


@pytest.mark.parametrize(
    "call",
    [
        lambda: helix(0),
        lambda: helix(noise=-1),
        lambda: squares(0),
        lambda: squares(ratio=0),
        lambda: squares(bins=0),
        lambda: squares_nonlinear(-1),
        lambda: squares_nonlinear(bins=0),
    ],
)
def test_senseless_sizes_are_refused(call):
    with pytest.raises(InputError):
        call()
