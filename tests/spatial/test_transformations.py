"""Which transformations fit which sides, and what they do to pictures and to latents."""

import pytest
import torch
from torch.testing import assert_close

from latentassay.spatial.transformations import transformations


def test_moves_that_do_not_fit_are_left_out():
    assert [m.name for m in transformations((5, 7), (4, 4))] == ["shift down", "shift right", "flip down", "flip right"]
    assert [m.name for m in transformations((6,), (2,))] == ["shift along", "flip along"]
    assert "quarter turn" not in [m.name for m in transformations((4, 4), (4, 2))]
    names = [m.name for m in transformations((4, 4, 4), (2, 2, 2))]
    assert names[:3] == ["shift deep", "shift down", "shift right"] and names[-2:] == ["quarter turn", "zoom by 2"]


def test_a_shift_moves_a_picture_by_a_stride_and_a_zoom_keeps_the_middle():
    moves = {move.name: move for move in transformations((4, 4), (3, 2))}
    x = torch.arange(96.0).reshape(1, 1, 12, 8)
    assert torch.equal(moves["shift right"].of_pictures(x)[..., 2:], x[..., :-2])
    assert torch.equal(moves["shift down"].of_pictures(x)[..., 3:, :], x[..., :-3, :])
    z = torch.arange(16.0).reshape(1, 1, 4, 4)
    assert torch.equal(moves["shift down"].of_latents(z)[..., 1:, :], z[..., :-1, :])
    zoomed = moves["zoom by 2"].of_latents(z)
    assert corners(zoomed) == corners(z[..., 1:3, 1:3]) and zoomed.shape == z.shape


def corners(x):
    return [float(x[0, 0, i, j]) for i in (0, -1) for j in (0, -1)]


@pytest.mark.parametrize(
    ("sides", "strides"), [((4,), (3,)), ((4, 8), (2, 3)), ((4, 4), (2, 2)), ((4, 4, 8), (2, 1, 3))]
)
def test_a_latent_of_means_follows_every_transformation(sides, strides):
    """The mean of what lies beneath each place: what moves the picture moves it, and a zoom only at its border."""
    generator = torch.Generator().manual_seed(0)
    pixels = tuple(side * stride for side, stride in zip(sides, strides, strict=True))
    x = torch.randn(2, 1, *pixels, generator=generator).double()

    def averaged(field):
        for d, side in enumerate(sides, start=2):
            field = field.reshape(*field.shape[:d], side, -1, *field.shape[d + 1 :]).mean(d + 1)
        return field

    for move in transformations(sides, strides):
        if move.name != "zoom by 2":
            assert_close(averaged(move.of_pictures(x)), move.of_latents(averaged(x)))
        assert move.of_pictures(x).shape == x.shape
