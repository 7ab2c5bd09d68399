import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry import pullback_geodesic
from tests.oracles.linear import random_linear


def sphere(z):
    """Stereographic chart of the unit sphere."""
    squares = z.square().sum(1, keepdim=True)
    return torch.cat([2 * z, squares - 1], 1) / (squares + 1)


def swiss_roll(z):
    t, h = z[:, :1], z[:, 1:]
    return torch.cat([t * t.cos(), h, t * t.sin()], 1)


def roll_length(t):
    """Length of the spiral from its middle."""
    return 0.5 * (t * (1 + t.square()).sqrt() + torch.asinh(t))


def latents(n, d=2, seed=0, scale=1.0):
    return scale * torch.randn(n, d, generator=torch.Generator().manual_seed(seed)).double()


def test_on_the_sphere_they_are_great_circles():
    a, b = latents(20), latents(20, seed=1)
    ways = pullback_geodesic(sphere, a, b, steps=30)
    truth = torch.acos((sphere(a) * sphere(b)).sum(1))
    assert_close(ways.length, truth, rtol=5e-3, atol=0.0)
    assert ((ways.length <= ways.straight_length) & (ways.straight_length > 1.0001 * truth)).all()
    normal = torch.linalg.cross(sphere(a), sphere(b))
    off = (sphere(ways.z.flatten(0, 1)).view(20, 30, 3) * (normal / normal.norm(dim=1, keepdim=True))[:, None]).sum(2)
    assert off.abs().max() < 0.03


def test_on_the_swiss_roll_they_are_straight_when_unrolled():
    g = torch.Generator().manual_seed(0)
    a, b = (torch.rand(20, 2, generator=g).double() * torch.tensor([9.0, 10.0]) + torch.tensor([3.0, 0]) for _ in "ab")
    ways = pullback_geodesic(swiss_roll, a, b)
    truth = torch.hypot(roll_length(a[:, 0]) - roll_length(b[:, 0]), a[:, 1] - b[:, 1])
    assert_close(ways.length, truth, rtol=5e-3, atol=0.0)
    assert (ways.length <= ways.straight_length).all()


def test_points_are_evenly_spaced_along_the_decoding_and_ends_are_exact():
    a, b = latents(5), latents(5, seed=1)
    ways = pullback_geodesic(sphere, a, b, steps=40)
    steps = sphere(ways.z.flatten(0, 1)).view(5, 40, 3).diff(dim=1).norm(dim=2)
    assert (steps.amax(1) < 1.02 * steps.mean(1)).all()
    assert torch.equal(ways.z[:, 0], a) and torch.equal(ways.z[:, -1], b)
    assert (ways.energy >= 0.999 * ways.length.square()).all() and (ways.energy <= 1.01 * ways.length.square()).all()


def test_a_linear_decoder_keeps_the_straight_line():
    model, a, b = random_linear(3, 8), latents(4, 3), latents(4, 3, seed=1)
    ways = pullback_geodesic(model.decode, a, b, steps=5)
    assert_close(ways.length, ((b - a) @ model.D.T).norm(dim=1))
    assert_close(ways.z[:, 2], (a + b) / 2, atol=1e-6, rtol=0.0)


def test_pairs_do_not_depend_on_their_neighbours():
    a, b = latents(50), latents(50, seed=1)
    together = pullback_geodesic(sphere, a, b)
    assert_close(pullback_geodesic(sphere, a[7:8], b[7:8]).z[0], together.z[7])
    assert_close(pullback_geodesic(sphere, a, b, batch_size=33).z, together.z)


def test_stated_standard_deviations_count_as_the_mean_does():
    """N(z₀, ·) with std e^{z₁}: its metric is dz₀² + e^{2 z₁} dz₁², flat in (z₀, e^{z₁})."""
    a, b = latents(8), latents(8, seed=1)
    ways = pullback_geodesic(lambda z: (z[:, :1], z[:, 1:].exp()), a, b)
    truth = torch.hypot(a[:, 0] - b[:, 0], a[:, 1].exp() - b[:, 1].exp())
    assert_close(ways.length, truth, rtol=5e-3, atol=0.0)
    assert (ways.length < ways.straight_length).all()


@pytest.fixture(scope="module")
def digits():
    x = torch.from_numpy(load_digits().data / 16).float()
    model = la.models.build("vae-mlp", x_shape=(64,), latents=2, hidden=(64, 64))
    la.fit(model, la.objectives.BetaVAE(0.1), x, steps=300, batch_size=128, lr=3e-3)
    return model.eval(), la.sampling.encode(model, x).mean


def test_of_a_trained_decoder_they_are_never_longer_than_the_straight_line(digits):
    model, z = digits
    a, b = z[:60], z[60:120]
    ways = pullback_geodesic(model.decode, a, b)
    assert (ways.length <= ways.straight_length).all() and (ways.energy <= ways.straight_energy).all()
    assert float((ways.length / ways.straight_length).min()) < 0.97
    assert ways.z.dtype == z.dtype and "spline of 8" in ways.variant


def test_the_model_is_left_as_it_was(digits):
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.5), nn.Tanh(), nn.Linear(8, 3)).train()
    first = pullback_geodesic(model, torch.zeros(2, 2), torch.ones(2, 2))
    assert_close(first.z, pullback_geodesic(model, torch.zeros(2, 2), torch.ones(2, 2)).z)  # no dropout
    assert all(part.training for part in model) and all(p.grad is None for p in model.parameters())


def test_equal_ends_have_length_nothing_and_stay():
    a = latents(3)
    ways = pullback_geodesic(sphere, a, a, steps=4)
    assert not ways.length.any() and not ways.straight_length.any()
    assert_close(ways.z, a[:, None].expand(3, 4, 2))


def test_a_decoder_that_says_always_the_same_is_harmless():
    ways = pullback_geodesic(lambda z: 0 * z, latents(2), latents(2, seed=1))
    assert not ways.length.any() and torch.isfinite(ways.z).all()


def test_spatial_latents_are_joined():
    ways = pullback_geodesic(lambda z: z.square(), torch.zeros(2, 1, 2, 2), torch.ones(2, 1, 2, 2), steps=6)
    assert ways.z.shape == (2, 6, 1, 2, 2)
    assert_close(ways.length, torch.full((2,), 2.0).double(), rtol=1e-4, atol=0.0)


@pytest.mark.parametrize(
    "decode",
    [
        lambda z: torch.from_numpy(z.numpy()),
        lambda z: z.detach(),
        torch.no_grad()(lambda z: z * 2),
    ],
)
def test_a_decoder_without_gradients_is_refused(decode):
    with pytest.raises(la.ContractError, match="euclidean"):
        pullback_geodesic(decode, latents(2), latents(2, seed=1))


A = torch.zeros(2, 2)


@pytest.mark.parametrize(
    ("a", "b", "options", "match"),
    [
        (A, torch.zeros(2, 3), {}, "same shape"),
        (A, torch.zeros(3, 2), {}, "same shape"),
        (A[0], A[0], {}, "n, "),
        (A.long(), A, {}, "floating"),
        (A * math.nan, A, {}, "a holds NaN"),
        (A, A + math.inf, {}, "b holds NaN"),
        (A, A, dict(steps=1), "at least 2 steps"),
        (A, A, dict(controls=0), "1 control"),
        (A, A, dict(iterations=0), "1 iteration"),
    ],
)
def test_bad_input_is_refused(a, b, options, match):
    with pytest.raises(la.InputError, match=match):
        pullback_geodesic(sphere, a, b, **options)


def test_decodings_that_are_not_finite_are_refused():
    with pytest.raises(la.InputError, match="decodings"):
        pullback_geodesic(lambda z: z.log(), latents(2), latents(2, seed=1))
    with pytest.raises(la.ContractError, match="one row for each"):
        pullback_geodesic(lambda z: z.sum(), latents(2), latents(2, seed=1))
