import pytest
import torch

from latentassay.truth.pictures import PatchWorld, clean_pictures, clouds


def test_codes_of_pictures_follow_the_prior_and_come_back():
    world = PatchWorld(0)
    mean, std = world.encode(world.draw())
    spread = mean.var((0, 2, 3)) + std[0, :, 0, 0] ** 2
    assert torch.allclose(spread, torch.ones(world.channels), atol=0.1)
    assert torch.allclose(world.encode(world.decode(mean))[0], mean * (1 - std**2), atol=1e-4)
    # What is lost is σ² for each cosine that no channel holds, and σ²·s² for each that one does.
    lost = (world.decode(mean) - world.draw()).square().mean() * 16
    right = world._sigma**2 * (16 - world.channels + world.noise.square().sum())
    assert float(lost) == pytest.approx(float(right), rel=0.05)


def test_detail_is_of_no_channel():
    world = PatchWorld(1)
    z = torch.randn(5, *world.shape)
    assert float(world.detail(world.decode(z)).abs().max()) < 1e-3
    assert abs(float(world.detail(world.draw()).std()) - 1) < 0.02


def test_clouds_mostly_lie_between_black_and_white():
    x = clouds(50, 24, seed=0)
    assert float(((x > 0) & (x < 1)).float().mean()) > 0.99


def test_the_clean_twin_is_spatial():
    assert len(clean_pictures(0).model.latent_shape) == 3
