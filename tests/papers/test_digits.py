"""Digits to learn from and to test on: grey, and black and white."""

import pytest
import torch

from latentassay.data import load
from latentassay.papers.digits import LEARNED, black_and_white_digits, grey_digits


def test_grey_digits_are_those_of_the_package_in_their_order():
    whole, (train, test) = load("digits"), grey_digits("digits", None)
    assert (len(train), len(test)) == (LEARNED["digits"], 597)
    torch.testing.assert_close(torch.cat([train.batch(range(1200)), test.batch(range(597))]), whole.batch(range(1797)))


def test_pixels_are_black_or_white_with_their_grey_as_probability():
    whole, (train, test) = load("digits"), black_and_white_digits("digits", None)
    pixels = torch.cat([train.batch(range(1200)), test.batch(range(597))])
    assert set(pixels.unique().tolist()) == {0.0, 1.0}
    grey = whole.batch(range(1797))
    for low in (0.0, 0.25, 0.5, 0.75):
        near = (grey >= low) & (grey <= low + 0.25)
        assert float(pixels[near].mean()) == pytest.approx(float(grey[near].mean()), abs=0.01)
    assert (train.factors[:, 0] == whole.factors[:1200, 0]).all()
