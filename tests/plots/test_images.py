"""Mosaics put every pixel where it belongs, clip what is out of range, and stay small."""

import numpy as np

from latentassay.plots.images import PIXELS, mosaic, reconstruction_pairs


def test_tiles_lie_row_by_row_and_values_are_clipped():
    images = np.array([[-1.0, 0.25], [0.5, 2.0]]).reshape(2, 2, 1, 1, 1) * np.ones((2, 2, 1, 4, 4))
    picture = mosaic(images, gaps=False)
    assert picture.shape == (8, 8, 4)
    np.testing.assert_allclose(picture[::4, ::4, 0], [[0, 0.25], [0.5, 1]])
    np.testing.assert_allclose(picture[..., 3], 1)


def test_gaps_and_missing_tiles_are_clear():
    images = np.ones((1, 2, 3, 4, 4))
    images[0, 1] = np.nan
    alpha = mosaic(images)[..., 3]
    assert alpha.sum() == 16 and alpha[1:5, 1:5].all()


def test_large_mosaics_are_averaged_down():
    images = np.indices((2, 2, 3, 1000, 1000))[-1] % 2
    picture = mosaic(images.astype(float), gaps=False)
    assert picture.shape[0] * picture.shape[1] <= PIXELS
    assert 0.2 < picture[..., 0].mean() < 0.8


def test_points_are_joined_to_their_reconstructions():
    start, end = np.array([[0.0, 0], [1, 1]]), np.array([[0.0, 1], [1, 2]])
    ax = reconstruction_pairs(start, end)
    joins = np.array([line.get_xydata() for line in ax.lines[:2]])
    np.testing.assert_allclose(joins, np.stack([start, end], 1))
