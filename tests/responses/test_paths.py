import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.testing import assert_close

import latentassay as la


class Ring:
    """The manifold is the unit circle in the first two latents: responses fall onto it; others respond with 0."""

    prior = None

    def __init__(self, d=2, hill=2.0):
        self.latent_shape, self._hill = (d,), hill

    def decode(self, z):
        return z

    def encode(self, x):
        flat = x[:, :2]
        radius = flat.norm(dim=1, keepdim=True).clamp(min=1e-6)
        moved = flat + self._hill * (flat / radius - flat)
        return la.Point(torch.cat([moved, 0 * x[:, 2:]], 1))


A, B = torch.tensor([1.0, 0.0]), torch.tensor([-0.8, 0.6])


def wide(point, d):
    return torch.cat([point, torch.zeros(d - 2)])


def test_a_ring_is_followed_on_the_plane_and_the_spline_makes_it_cheaper():
    p = la.manifold_path(Ring(), A, B, latents=(0, 1))
    assert p.manifold.cost <= p.start.cost < p.straight.cost
    assert p.manifold.cost < 0.5 * p.straight.cost
    assert (p.manifold.z.norm(dim=1) - 1).abs().max() < 0.15
    assert_close(p.manifold.z[0], A)
    assert_close(p.manifold.z[-1], B)


def test_points_are_evenly_spaced_and_costs_are_the_integral():
    p = la.manifold_path(Ring(), A, B, latents=(0, 1), points=200)
    for curve in (p.manifold, p.start, p.straight):
        steps = (curve.z[1:] - curve.z[:-1]).norm(dim=1)
        assert steps.max() < 1.05 * steps.mean()
        assert curve.length == pytest.approx(float(steps.sum()), rel=1e-5)
        squares = curve.distance.square() + p.temperature
        integral = np.trapezoid(squares.numpy(), np.linspace(0, curve.length, 200))
        assert curve.cost == pytest.approx(float(integral), rel=2e-3)
        assert_close(curve.distance, (la.respond(Ring(), curve.z) - curve.z).norm(dim=1).double(), check_dtype=False)
        assert len(curve.x) == 200


def test_in_all_latents_it_leaves_a_straight_line_that_runs_beside_the_manifold():
    """The third latent belongs to 0; a straight line between two latents at 0.5 runs beside it."""
    model = Ring(3)
    a, b = torch.tensor([1.0, 0.0, 0.5]), torch.tensor([0.6, 0.8, 0.5])
    p = la.manifold_path(model, a, b, steps=200)
    assert p.manifold.cost < 0.7 * p.straight.cost
    assert p.manifold.z[32, 2] < 0.25
    assert_close(p.start.z, p.straight.z)


def test_the_way_is_found_through_more_latents_from_the_plane():
    p = la.manifold_path(Ring(6), wide(A, 6), wide(B, 6), latents=(0, 1))
    assert p.manifold.cost < 0.5 * p.straight.cost
    assert "plane of latents 0 and 1" in p.variant and "spline" in p.variant


def test_a_flat_manifold_keeps_the_straight_line():
    still = la.from_torch(lambda x: x, lambda z: z, latent_shape=(2,))
    p = la.manifold_path(still, A, B, latents=(0, 1), temperature=1.0)
    assert p.manifold.cost == pytest.approx(float((A - B).norm()), rel=1e-4)
    assert p.manifold.cost <= p.straight.cost


def test_temperature_is_the_price_of_length():
    long_way, short_way = (la.manifold_path(Ring(), A, B, latents=(0, 1), temperature=t) for t in (1e-3, 100.0))
    assert short_way.manifold.length < 1.02 * short_way.straight.length < long_way.manifold.length


def test_spatial_latents_are_joined_too_and_a_budget_is_kept():
    pair = la.from_torch(lambda x: x * (x.abs() < 0.5), lambda z: z, latent_shape=(2, 2, 2))
    a, b = torch.zeros(2, 2, 2), torch.full((2, 2, 2), 0.4)
    p = la.manifold_path(pair, a, b, budget=1e-9, steps=500)
    assert p.manifold.z.shape == (64, 2, 2, 2) and p.manifold.cost <= p.straight.cost
    with pytest.raises(la.InputError, match="vector latents"):
        la.manifold_path(pair, a, b, latents=(0, 1))


@pytest.mark.parametrize("through", ["adapter", "numpy"])
def test_models_that_torch_cannot_differentiate_are_searched_on_a_plane(through):
    pca = PCA(2).fit(np.random.default_rng(0).standard_normal((60, 4)))
    own = [
        lambda v, turn=turn: torch.from_numpy(turn(v.numpy())).float()
        for turn in (pca.transform, pca.inverse_transform)
    ]
    foreign = la.from_sklearn(pca) if through == "adapter" else la.from_torch(*own, latent_shape=(2,))
    with pytest.raises(la.ContractError, match="refine=False"):
        la.manifold_path(foreign, A, B, latents=(0, 1), n=10)
    assert la.manifold_path(foreign, A, B, latents=(0, 1), refine=False, n=10).manifold.cost > 0


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(b=A), "same latent"),
        (dict(b=torch.zeros(3)), "single latents"),
        (dict(b=torch.tensor([0.0, torch.nan])), "NaN"),
        (dict(latents=(0, 0)), "different"),
        (dict(latents=(0, 2)), r"0\.\.1"),
        (dict(refine=False), "needs latents"),
        (dict(temperature=0.0), "temperature"),
        (dict(points=3), "at least 4 points"),
        (dict(budget=0), "budget must be"),
        (dict(latents=(0, 1), extent=(-0.5, 0.5)), "does not hold"),
    ],
)
def test_bad_input_is_refused(change, match):
    arguments = {"b": B, **change}
    with pytest.raises(la.InputError, match=match):
        la.manifold_path(Ring(), A, arguments.pop("b"), **arguments)


def test_real_latents_lead_around_where_no_plane_does():
    """A ring turned out of every plane of two latents: only stepping stones find the way round."""
    turn = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(0)))[0]
    ring = Ring(5)

    class Turned:
        latent_shape, prior = (5,), None

        def decode(self, z):
            return z @ turn.T

        def encode(self, x):
            return la.Point(ring.encode(x).mean @ turn)

    angles = torch.linspace(0, 6.2, 80)
    stones = torch.stack([angles.cos(), angles.sin(), *[0 * angles] * 3], 1) @ turn
    a, b = stones[0], -stones[0]
    p = la.manifold_path(Turned(), a, b, through=stones[1:-1])
    alone = la.manifold_path(Turned(), a, b)
    assert p.manifold.cost <= p.start.cost < 0.5 * p.straight.cost
    assert p.manifold.cost < alone.manifold.cost and "through 78 real latents" in p.variant
    assert (p.manifold.z.norm(dim=1) - 1).abs().max() < 0.1
    plain = la.manifold_path(Turned(), a, b, through=stones[1:-1], refine=False)
    assert plain.manifold is plain.start
    with pytest.raises(la.InputError, match="shape"):
        la.manifold_path(Turned(), a, b, through=torch.zeros(4, 3))


def test_stones_that_do_not_join_the_ends_leave_the_straight_line():
    far = torch.randn(40, 2, generator=torch.Generator().manual_seed(0)) * 0.01 + 50
    p = la.manifold_path(Ring(hill=0.0), A, B, through=torch.cat([far, -far]), refine=False)
    assert p.manifold.cost <= p.straight.cost * (1 + 1e-9)
