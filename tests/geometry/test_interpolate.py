import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.geometry import LATENT_METRICS
from tests.oracles.linear import random_linear


class Ring:
    """Responses fall onto the unit circle; the decoder bends the plane onto a sphere."""

    prior, latent_shape = None, (2,)

    def decode(self, z):
        squares = z.square().sum(1, keepdim=True)
        return torch.cat([2 * z, squares - 1], 1) / (squares + 1)

    def encode(self, x):
        z = x[:, :2] / (1 - x[:, 2:])
        return la.Point(z / z.norm(dim=1, keepdim=True).clamp(min=1e-6))


A, B = torch.tensor([1.0, 0.0]), torch.tensor([-0.6, 0.8])
STD = torch.tensor([0.3, 0.5])


@pytest.fixture
def codes(generator):
    angle = 2 * torch.pi * torch.rand(500, generator=generator)
    return torch.stack([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(500, 2, generator=generator)


def ways(codes, steps=20):
    for metric in LATENT_METRICS:
        options = {"latents": (0, 1), "n": 40} if metric == "response" else {}
        yield la.interpolate(Ring(), (A, STD), (B, STD), metric=metric, steps=steps, codes=codes, **options)


def test_every_metric_joins_the_ends_and_measures_itself_in_every_other(codes):
    for way in ways(codes):
        assert way.z.shape == (20, 2) and way.x.shape == (20, 3)
        assert torch.equal(way.z[0], A) and torch.equal(way.z[-1], B)
        assert_close(way.x, Ring().decode(way.z))
        expected = {"euclidean", "spherical", "pullback", "response", "density"}
        gaussian = {"fisher-rao"} if way.metric in ("euclidean", "fisher-rao") else set()
        assert set(way.lengths) == expected | gaussian, way.metric
        assert (way.std is not None) == bool(gaussian) and way.variant


def test_each_is_the_shortest_in_its_own_metric(codes):
    """Angles turned have no shortest way of their own, and what is cheapest in responses depends on the temperature."""
    found = {way.metric: way.lengths for way in ways(codes)}
    for metric in ("euclidean", "pullback", "fisher-rao", "density"):
        own = float(found[metric][metric])
        assert all(own <= 1.01 * float(other[metric]) for other in found.values() if metric in other), metric
    assert float(found["response"]["response"]) < 0.2 * float(found["euclidean"]["response"])


def test_points_are_evenly_spaced_in_their_own_metric(codes):
    for way in ways(codes, steps=30):
        if way.metric in ("euclidean", "spherical"):
            part = way.z.diff(dim=0).norm(dim=1)  # on the unit circle equal angles are equal chords
        elif way.metric == "pullback":
            part = way.x.diff(dim=0).norm(dim=1)
        elif way.metric == "fisher-rao":
            part = la.fisher_rao_distance((way.z[:-1], way.std[:-1]), (way.z[1:], way.std[1:]))
        elif way.metric == "density":
            part = la.geometry.Density(codes).pieces()(way.z[None].double()).sqrt()[0]
        else:
            continue
        assert float(part.max()) < 1.12 * float(part.mean()), way.metric


def test_the_responding_way_is_evenly_spaced_by_what_it_costs():
    way = la.interpolate(Ring(), A, B, metric="response", steps=40, latents=(0, 1), n=60, temperature=0.3)
    cost = (la.respond(Ring(), way.z) - way.z).square().sum(1) + 0.3
    part = way.z.diff(dim=0).norm(dim=1) * 0.5 * (cost[1:] + cost[:-1])
    assert float(part.max()) < 1.1 * float(part.mean())
    found = la.manifold_path(Ring(), A, B, latents=(0, 1), n=60, temperature=0.3)
    assert float(way.lengths["euclidean"]) == pytest.approx(found.manifold.length, rel=1e-2)
    assert "plane" in way.variant


def test_lengths_of_straight_lines_are_the_known_ones():
    model = random_linear(3, 6)
    a, b = (torch.randn(4, 3, generator=torch.Generator().manual_seed(seed)).double() for seed in (0, 1))
    way = la.interpolate(model, a, b, steps=7)
    assert way.z.shape == (4, 7, 3) and way.x.shape == (4, 7, 6)
    assert_close(way.lengths["euclidean"], (b - a).norm(dim=1))
    assert_close(way.lengths["pullback"], ((b - a) @ model.D.T).norm(dim=1))
    assert_close(way.lengths["spherical"], torch.acos(torch.cosine_similarity(a, b)))
    t = torch.linspace(0, 1, 2001).double()[:, None, None]
    moved = (a + t * (b - a)) @ (model.A - torch.eye(3)).T
    truth = moved.square().sum(2).mean(0) * (b - a).norm(dim=1)
    assert_close(way.lengths["response"], truth, rtol=5e-3, atol=0.0)
    assert_close(way.z[:, 3], (a + b) / 2)


def test_gaussians_on_a_straight_line_have_a_longer_way_than_their_geodesic():
    q = [la.DiagonalGaussian(end[None].repeat(3, 1), STD.expand(3, 2)) for end in (A, B)]
    straight, shortest = (la.interpolate(Ring(), *q, metric=metric) for metric in ("euclidean", "fisher-rao"))
    assert_close(shortest.lengths["fisher-rao"], la.fisher_rao_distance(*q), rtol=1e-5, atol=0.0)
    assert (straight.lengths["fisher-rao"] > 1.05 * shortest.lengths["fisher-rao"]).all()
    assert_close(straight.std, STD.expand(3, 20, 2))
    assert (shortest.std[:, 10] > STD).all()


def test_batches_are_the_single_ways():
    g = torch.Generator().manual_seed(0)
    a, b = torch.randn(5, 2, generator=g), torch.randn(5, 2, generator=g)
    for metric in ("euclidean", "spherical", "pullback"):
        together = la.interpolate(Ring(), a, b, metric=metric)
        alone = la.interpolate(Ring(), a[2], b[2], metric=metric)
        assert_close(together.z[2], alone.z, atol=1e-4, rtol=0.0)
        for name, length in alone.lengths.items():
            assert_close(together.lengths[name][2], length, atol=1e-5, rtol=1e-4)


def test_equal_ends_have_no_length(codes):
    for metric in LATENT_METRICS:
        way = la.interpolate(Ring(), (A, STD), (A, STD), metric=metric, codes=codes, steps=5)
        assert_close(way.z, A.expand(5, 2))
        assert all(float(length) < 1e-6 for length in way.lengths.values()), metric


def test_a_decoder_alone_is_enough_and_states_how_sure_it_is():
    class Unsure:
        prior, latent_shape = None, (2,)

        def decode(self, z):
            return z[:, :1]

        def decode_std(self, z):
            return z[:, 1:].exp()

    way = la.interpolate(Unsure(), A, B, metric="pullback")
    truth = torch.hypot(A[0] - B[0], A[1].exp() - B[1].exp())
    assert float(way.lengths["pullback"]) == pytest.approx(float(truth), rel=5e-3)
    assert "response" not in way.lengths
    with pytest.raises(la.ContractError, match="does not encode"):
        la.interpolate(Unsure(), A, B, metric="response")


def test_codes_of_plain_autoencoders_are_joined_and_spatial_ones_too():
    points = [la.Point(end[None]) for end in (A, B)]
    assert la.interpolate(Ring(), *points).lengths.keys() == {"euclidean", "spherical", "pullback", "response"}
    pair = la.from_torch(lambda x: x, lambda z: z.square(), latent_shape=(2, 2, 2))
    for metric in ("euclidean", "spherical", "pullback"):
        way = la.interpolate(pair, torch.rand(2, 2, 2) + 1, torch.rand(2, 2, 2), metric=metric, steps=6)
        assert way.z.shape == way.x.shape == (6, 2, 2, 2)


@pytest.mark.parametrize(
    ("a", "b", "options", "match"),
    [
        (A, torch.zeros(3), {}, "same shape"),
        (torch.zeros(3), torch.zeros(3), {}, "shape"),
        (A * torch.nan, B, {}, "NaN"),
        (A, B, dict(metric="hyperbolic"), "metric must be one of"),
        (A, B, dict(steps=1), "steps"),
        (A, B, dict(metric="spherical", controls=3), "does not take controls"),
        (A, B, dict(metric="density"), "codes="),
        (A, B, dict(codes=torch.randn(9, 3)), "codes are latents"),
        (A, B, dict(metric="fisher-rao"), "Gaussians"),
        ((A, 0 * STD), (B, STD), dict(metric="fisher-rao"), "positive"),
        ((A, STD), (B, STD[:1]), dict(metric="fisher-rao"), "mean and std of b"),
        (la.Point(A[None]), la.Point(B[None]), dict(metric="fisher-rao"), "positive"),
        (A, -A, dict(metric="spherical"), "opposite"),
        (0 * A, B, dict(metric="spherical"), "origin"),
        ([1.0, 0.0], B, {}, "a and b must be"),
        (None, B, {}, "a and b must be"),
    ],
)
def test_bad_input_is_refused(a, b, options, match):
    with pytest.raises(la.InputError, match=match):
        la.interpolate(Ring(), a, b, **options)


def test_models_that_torch_cannot_differentiate_still_have_straight_lines_with_all_lengths():
    foreign = la.from_torch(lambda x: x, lambda z: torch.from_numpy(z.numpy() ** 2), latent_shape=(2,))
    assert float(la.interpolate(foreign, A, B).lengths["pullback"]) > 0
    with pytest.raises(la.ContractError, match="euclidean"):
        la.interpolate(foreign, A, B, metric="pullback")
