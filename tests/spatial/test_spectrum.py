"""Spectra against waves and noise whose power is known."""

import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import latent_spectrum
from latentassay.spatial.spectrum import ring_power
from tests.oracles.convolutional import clouds


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def same(shape):
    return la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)


def test_white_noise_has_its_variance_at_every_frequency():
    noise = 3 * torch.randn(400, 2, 16, 16, generator=seeded())
    power = ring_power(noise)
    assert power.shape == (400, 2, 8)
    assert_close(power.mean(0), torch.full((2, 8), 9.0, dtype=torch.float64), rtol=0.15, atol=0)


@pytest.mark.parametrize("cycles", [2, 5, 9])
def test_a_wave_is_found_at_its_frequency_whatever_the_shape(cycles):
    at = torch.arange(48).double() / 48
    wave = (2 * math.pi * cycles * at).sin()[None, None, None, :].expand(4, 1, 24, 48).clone()
    # Cycles are counted along the shorter side: half as many fit in it.
    ring = round(cycles / 2)
    for x in (wave, wave.transpose(2, 3)):
        assert int(ring_power(x).sum((0, 1)).argmax()) + 1 == pytest.approx(ring, abs=1)
    long = (2 * math.pi * cycles * at).sin()[None, None, :].expand(4, 1, 48).clone()
    assert int(ring_power(long).sum((0, 1)).argmax()) + 1 == cycles


def test_slopes_of_clouds_and_of_noise():
    found = latent_spectrum(same((1, 32, 32)), clouds(64, 32).float(), batch_size=10)
    assert found.latent.slope == pytest.approx(-2, abs=0.15)
    assert found.latent.slope.low < found.latent.slope < found.latent.slope.high
    assert found.latent.slope == pytest.approx(found.picture.slope) and found.n == 64
    assert found.latent.cycles.tolist() == list(range(1, 17)) and float(found.latent.overall.sum()) == pytest.approx(1)


def test_intervals_of_the_slope_hold_the_truth():
    held = 0
    for seed in range(60):
        found = latent_spectrum(same((1, 8, 8)), torch.randn(40, 1, 8, 8, generator=seeded(seed)))
        held += found.latent.slope.low <= 0 <= found.latent.slope.high
    assert held >= 51


def half_white(n, seed):
    """Two channels, white and pink, of which the latent is the white one."""
    pink = clouds(n, 8, seed=seed).float()
    white = torch.randn(pink.shape, generator=seeded(1000 + seed))
    model = la.from_torch(lambda x: x[:, :1], lambda z: z, latent_shape=(1, 8, 8))
    return latent_spectrum(model, torch.cat([white, pink - pink.mean()], 1))


def test_intervals_of_how_much_flatter_hold_the_truth_and_use_that_rows_are_the_same():
    truth = float(half_white(4000, seed=5000).flatter)
    found = [half_white(40, seed=seed) for seed in range(60)]
    assert 51 <= sum(one.flatter.low <= truth <= one.flatter.high for one in found) <= 60
    pool = la.from_torch(lambda x: torch.nn.functional.avg_pool2d(x, 4), lambda z: z, latent_shape=(1, 8, 8))
    same_rows = latent_spectrum(pool, clouds(16, 32).float())
    assert (
        same_rows.flatter == pytest.approx(0, abs=1e-4)
        and same_rows.flatter.stderr < 1e-4 < same_rows.latent.slope.stderr
    )


def test_pictures_are_averaged_to_the_size_of_the_latent():
    """Codes that are the mean of what lies beneath each place have the spectrum of the matched pictures."""
    model = la.from_torch(lambda x: torch.nn.functional.avg_pool2d(x, 4), lambda z: z, latent_shape=(1, 8, 8))
    found = latent_spectrum(model, clouds(16, 32).float())
    assert_close(found.latent.power, found.matched.power, rtol=1e-4, atol=1e-9)
    assert found.picture.power.shape == (1, 16) and found.matched.power.shape == (1, 4)


def test_every_channel_counts_alike_and_still_ones_not_at_all():
    x = torch.randn(60, 1, 8, 8, generator=seeded())
    model = la.from_torch(lambda x: torch.cat([100 * x, x.roll(1, -1), 0 * x], 1), lambda z: z, latent_shape=(3, 8, 8))
    found = latent_spectrum(model, x).latent
    shares = found.power[:2] / found.power[:2].sum(1, keepdim=True)
    assert_close(found.overall, shares.mean(0))
    assert not found.power[2].any()
    still = latent_spectrum(la.from_torch(lambda x: 0 * x, lambda z: z, latent_shape=(1, 8, 8)), x).latent
    assert still.slope == 0 and not still.overall.any()


@pytest.mark.parametrize(
    ("shape", "x", "error", "match"),
    [
        ((1, 8, 8), (3, 1, 8, 8), la.InputError, "at least 4 rows"),
        ((1, 8, 3), (8, 1, 8, 3), la.InputError, "at least 4 places"),
        ((1, 8, 8), (8, 1, 12, 8), la.ContractError, "that divide"),
    ],
)
def test_what_is_refused(shape, x, error, match):
    with pytest.raises(error, match=match):
        latent_spectrum(same(shape), torch.randn(*x))
