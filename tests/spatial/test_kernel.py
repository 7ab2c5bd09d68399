"""The spatial response kernel against convolutions whose kernel is known, and its shares against their definition."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import spatial_response_kernel
from tests.oracles.convolutional import Patches, circular, clouds


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def latents(model, n=96, seed=1):
    return torch.randn(n, *model.latent_shape, generator=seeded(seed), dtype=torch.float64)


def middle(kernel, radius):
    side = kernel.shape[-1]
    part = slice(side // 2 - radius, side // 2 + radius + 1)
    return kernel[..., part, part]


def test_a_linear_convolution_answers_with_the_square_of_its_kernel():
    model = circular()
    found = spatial_response_kernel(model, latents(model), generator=seeded(), radius=3, batch_size=17)
    exact = model.response_kernel().square()
    assert_close(found.kernel, middle(exact, 3), rtol=1e-5, atol=1e-5)
    assert float(found.kernel_stderr.max()) < 1e-6 * float(found.kernel.max())
    energy = (exact / found.sigma.square()[:, None, None]).flatten(1).reshape(2, -1)
    at = (exact / found.sigma.square()[:, None, None])[:, :, 4, 4].sum(1)
    assert_close(found.profile[:, 0], at / energy.sum(1), rtol=1e-5, atol=1e-5)
    assert_close(found.size, energy.sum(1) * found.sigma.square(), rtol=1e-5, atol=1e-5)
    assert float(found.size.min()) < found.answer < float(found.size.max())
    assert found.answer.low < float(found.size.mean()) < found.answer.high  # both channels vary alike


def test_shares_within_a_distance_grow_to_one_and_cross_at_the_reach():
    model = circular(seed=3)
    found = spatial_response_kernel(model, latents(model), generator=seeded())
    assert (found.overall.diff() >= -1e-12).all() and float(found.overall[-1]) == pytest.approx(1)
    assert found.overall[int(found.reach)] >= 0.9 > found.overall[int(found.reach) - 1]
    assert found.reach.low <= found.reach <= found.reach.high
    assert found.away == pytest.approx(1 - float(found.overall[0]))
    assert found.away.low < found.away < found.away.high
    for j, reach in enumerate(found.reach_by_channel.tolist()):
        assert found.profile[j, reach] >= 0.9 and (reach == 0 or found.profile[j, reach - 1] < 0.9)


def test_the_interval_of_what_leaves_a_place_holds_the_truth():
    """A decoder that is linear save at some places: where it is, a change stays; elsewhere it all goes one step on."""
    side, n = 40, 60
    stays = torch.arange(side) % 4 > 0

    def decode(z):
        return torch.where(stays, z, 0.0) + torch.where(~stays, z, 0.0).roll(1, -1) * 3

    model = la.from_torch(lambda x: x, decode, latent_shape=(1, side))
    held = 0
    for seed in range(40):
        z = torch.randn(n, 1, side, generator=seeded(seed))
        found = spatial_response_kernel(model, z, generator=seeded(seed))
        held += found.away.low <= 9 / 12 <= found.away.high
    assert 34 <= held <= 40


def test_patches_keep_to_themselves():
    model = Patches()
    z = model.encode(clouds(32, seed=5)).mean
    found = spatial_response_kernel(model, z, generator=seeded(), channels=[4, 1], radius=2)
    assert found.channels == (4, 1) and found.kernel.shape == (2, 6, 5, 5)
    expected = torch.zeros(2, 6, 5, 5, dtype=torch.float64)
    expected[0, 4, 2, 2] = expected[1, 1, 2, 2] = 1
    assert_close(found.kernel, expected, atol=1e-6, rtol=0)
    assert (found.reach, found.away) == (0, pytest.approx(0, abs=1e-6)) and found.reach_by_channel.tolist() == [0, 0]
    assert_close(found.size, torch.ones(2, dtype=torch.float64), rtol=1e-5, atol=1e-5)


def test_batches_do_not_matter_and_channels_are_weighed_by_their_spread():
    model = circular(seed=5)
    z = latents(model, 24) * torch.tensor([1.0, 10.0])[:, None, None]
    one, other = (spatial_response_kernel(model, z, generator=seeded(), batch_size=b) for b in (5, 24))
    assert_close(one.kernel, other.kernel, rtol=1e-5, atol=1e-5)
    assert_close(one.overall, other.overall, rtol=1e-5, atol=1e-5)
    assert_close(one.kernel[:, :, 4, 4], model.response_kernel().square()[:, :, 4, 4], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("sides", [(7,), (3, 4, 2), (5, 1)])
def test_one_and_three_dimensions(sides):
    model = la.from_torch(lambda x: x, lambda z: 2 * z, latent_shape=(2, *sides))
    found = spatial_response_kernel(model, torch.randn(8, 2, *sides, generator=seeded()), generator=seeded(), radius=1)
    assert found.kernel.shape == (2, 2, *(min(3, 2 * side - 1) for side in sides))
    assert found.reach == 0 and float(found.size.mean()) == pytest.approx(4)


def test_a_model_that_answers_nothing_reaches_nowhere():
    model = la.from_torch(lambda x: 0 * x, lambda z: z, latent_shape=(2, 3, 3))
    found = spatial_response_kernel(model, torch.randn(8, 2, 3, 3, generator=seeded()), generator=seeded())
    assert found.reach == -1 and found.reach_by_channel.tolist() == [-1, -1] and not found.kernel.any()
    still = torch.randn(8, 2, 3, 3, generator=seeded())
    still[:, 1] = 0.5
    dead = spatial_response_kernel(
        la.from_torch(lambda x: x, lambda z: z, latent_shape=(2, 3, 3)), still, generator=seeded()
    )
    assert dead.reach_by_channel.tolist() == [0, -1] and dead.reach == 0 and float(dead.size[1]) == 0


@pytest.mark.parametrize(
    ("shape", "z", "options", "match"),
    [
        ((4,), (8, 4), {}, r"needs spatial latents.*\(4,\)"),
        ((4, 1, 1), (8, 4, 1, 1), {}, "more than one place"),
        ((2, 3, 3), (3, 2, 3, 3), {}, "n at least 4"),
        ((2, 3, 3), (8, 2, 3, 3), {"channels": [0, 0]}, "different numbers in 0..1"),
        ((2, 3, 3), (8, 2, 3, 3), {"channels": []}, "at least one"),
        ((2, 3, 3), (8, 2, 3, 3), {"channels": [2]}, "0..1"),
    ],
)
def test_what_is_refused(shape, z, options, match):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)
    with pytest.raises(la.InputError, match=match):
        spatial_response_kernel(model, torch.randn(*z), generator=seeded(), **options)


def test_nan_is_refused_by_name():
    model = la.from_torch(lambda x: x / 0 * 0, lambda z: z, latent_shape=(2, 3, 3))
    with pytest.raises(la.InputError, match="squared responses holds NaN"):
        spatial_response_kernel(model, torch.randn(8, 2, 3, 3), generator=seeded())
