"""Lengths of known curves: circles, lines, and what costs nothing."""

import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry.lengths import decoded_lengths, path_costs, plain_lengths


def circle(radius, points=2001):
    t = torch.linspace(0, math.pi, points, dtype=torch.float64)
    return radius * torch.stack([t.cos(), t.sin()], 1)


def test_a_half_circle_is_pi_radii_long_and_turns_by_pi():
    curves = torch.stack([circle(1.0), circle(3.0)])
    found = plain_lengths(curves, None, None)
    assert set(found) == {"euclidean", "spherical"}
    assert_close(found["euclidean"], math.pi * torch.tensor([1.0, 3.0]).double(), rtol=1e-5, atol=0.0)
    assert_close(found["spherical"], torch.full((2,), math.pi, dtype=torch.float64), rtol=1e-9, atol=0.0)


def test_with_a_standard_deviation_a_curve_has_the_length_of_its_gaussians():
    mean = torch.zeros(1, 50, 1).double()
    std = torch.linspace(0, 1, 50).double().exp().view(1, 50, 1)
    assert float(plain_lengths(mean, std, None)["fisher-rao"]) == pytest.approx(2**0.5)
    assert "spherical" not in plain_lengths(mean, std, None)  # it stands at the origin, which has no direction


def test_codes_give_it_a_density():
    codes = torch.randn(200, 2, generator=torch.Generator().manual_seed(0))
    found = plain_lengths(torch.stack([circle(1.0), circle(50.0)]), None, codes)
    assert float(found["density"][1] / found["euclidean"][1]) == pytest.approx(100, rel=1e-3)
    assert 0.5 < float(found["density"][0] / found["euclidean"][0]) < 2


def test_a_decoding_is_as_long_as_it_is_and_responses_cost_what_they_miss():
    model = la.from_torch(lambda x: x / 2 + 1, lambda z: 2 * z, latent_shape=(2,))
    curves = circle(1.0, 401)[None]
    x, lengths = decoded_lengths(model, curves, every=100, batch_size=64)
    assert_close(x, 2 * curves[:, ::100])
    assert float(lengths["pullback"]) == pytest.approx(2 * math.pi, rel=1e-4)
    assert float(lengths["response"]) == pytest.approx(2 * math.pi, rel=1e-4)  # R(z) − z = (1, 1) everywhere


def test_costs_are_added_by_the_trapezoidal_rule():
    curve = torch.tensor([[0.0], [1.0], [3.0]])
    assert path_costs(curve, torch.tensor([1.0, 3.0, 5.0]).double()).tolist() == [2.0, 8.0]
