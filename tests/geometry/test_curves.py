"""Splines that are bent until they are shortest, in metrics whose geodesics are known."""

import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry.curves import Search, find_geodesics, space_evenly, straight_lines

SEARCH = Search(steps=20, controls=8, iterations=150, batch_size=1024)


def latents(n, d=2, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


def euclidean(curves):
    return curves.diff(dim=1).square().sum(2)


def half_plane(curves):
    """ds² = (dx² + dy²)/y² at the middle of every piece."""
    middle = 0.5 * (curves[:, 1:] + curves[:, :-1])
    return curves.diff(dim=1).square().sum(2) / middle[..., 1].square()


def test_in_the_half_plane_they_are_as_long_as_hyperbolic_distances():
    a, b = latents(12), latents(12, seed=1)
    a[:, 1], b[:, 1] = 1 + a[:, 1].abs(), 1 + b[:, 1].abs()
    found = find_geodesics(a, b, half_plane, "half plane", SEARCH)
    truth = torch.acosh(1 + (a - b).square().sum(1) / (2 * a[:, 1] * b[:, 1]))
    assert_close(found.length, truth, rtol=1e-3, atol=0.0)
    assert (found.length <= found.straight_length).all() and found.variant.startswith("half plane; spline of 8")
    # Geodesics are circles around a point on the border.
    x, y = found.z[..., 0], found.z[..., 1]
    centre = ((b.square().sum(1) - a.square().sum(1)) / (2 * (b[:, 0] - a[:, 0])))[:, None]
    radius = torch.hypot(x - centre, y)
    assert (radius.std(1) < 1e-2 * radius.mean(1)).all()


def test_where_nothing_bends_the_straight_line_is_kept_and_costs_few_steps():
    a, b = latents(5, 3), latents(5, 3, seed=1)
    found = find_geodesics(a.float(), b.float(), euclidean, "euclidean", SEARCH)
    assert found.z.dtype == torch.float32 and found.length.dtype == torch.float64
    assert_close(found.length, (a.float() - b.float()).double().norm(dim=1))
    assert_close(found.energy, found.length.square())
    assert_close(found.z.double(), straight_lines(a, b, 20), atol=1e-5, rtol=0.0)
    assert int(found.iterations.max()) <= 3


def test_lines_are_even_and_of_every_shape():
    a, b = torch.zeros(2, 1, 3).double(), torch.ones(2, 1, 3).double()
    assert_close(straight_lines(a, b, 5)[1, :, 0, 2], torch.linspace(0, 1, 5).double())


def test_points_part_a_polygon_into_equal_sums():
    z = torch.tensor([[[0.0], [1.0], [3.0], [3.0], [7.0]]])
    lengths = torch.tensor([[1.0, 1.0, 0.0, 2.0]]).double()
    assert_close(space_evenly(z, lengths, 5)[0, :, 0], torch.tensor([0.0, 1.0, 3.0, 5.0, 7.0]))
    assert_close(space_evenly(z, 0 * lengths, 3)[0, 0], z[0, 0])  # nothing to part: no division by it


@pytest.mark.parametrize("change", [{"steps": 1}, {"controls": 0}, {"iterations": 0}, {"batch_size": 0}])
def test_numbers_that_are_too_small(change):
    with pytest.raises(la.InputError, match="at least 2 steps, 1 control, 1 iteration and a batch_size of 1"):
        find_geodesics(latents(2), latents(2), euclidean, "", SEARCH._replace(**change))


def test_lengths_that_are_not_finite_are_refused():
    with pytest.raises(la.InputError, match="lengths holds NaN"):
        find_geodesics(latents(2), latents(2, seed=1), lambda curves: euclidean(curves) * math.nan, "", SEARCH)
