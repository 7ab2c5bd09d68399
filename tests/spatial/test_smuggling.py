"""What places change, near and far, against sums written by hand; and the cuts that name places."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import PlaceEffects, global_places, place_effects
from tests.oracles.convolutional import Patches, clouds


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def upsampled(z):
    return z.repeat_interleave(2, -1).repeat_interleave(3, -2)


def test_a_place_changes_what_lies_beneath_it_and_nothing_far():
    model = la.from_torch(lambda x: x, upsampled, latent_shape=(2, 5, 6))
    z = torch.randn(16, 2, 5, 6, generator=seeded())
    found = place_effects(model, z, generator=seeded(1), batch_size=7)
    assert found.places.tolist() == list(range(30))
    assert_close(found.far, torch.zeros(30, dtype=torch.float64), atol=1e-12, rtol=0)
    # A place is copied to 6 pixels in 2 channels; another row differs by twice the variance.
    assert_close(float(found.near.mean()), 2 * 6 * 2.0, rtol=0.15, atol=0)


def test_near_reaches_one_place_further_and_far_is_the_rest():
    """A place is added to the whole picture: of 24 × 3 pixels, those of 3 × 3 places are near, fewer at a corner."""
    model = la.from_torch(lambda x: x, lambda z: upsampled(0 * z + z.sum((2, 3), keepdim=True)), latent_shape=(1, 4, 6))
    z = torch.randn(8, 1, 4, 6, generator=seeded())
    found = place_effects(model, z, generator=seeded(), places=[0, 8])
    assert_close(found.share, 1 - torch.tensor([4, 9]).double() / 24, rtol=1e-5, atol=1e-5)
    assert_close(found.share_stderr, torch.zeros(2, dtype=torch.float64), atol=1e-6, rtol=0)


def made(far, share=None, near=1.0, error=0.01):
    far = torch.as_tensor(far, dtype=torch.float64)
    share = far / (far + near) if share is None else torch.as_tensor(share, dtype=torch.float64)
    return PlaceEffects(
        places=torch.arange(len(far)) + 3,
        near=torch.full_like(far, near),
        far=far,
        far_stderr=error * far,
        share=share,
        share_stderr=error * torch.ones_like(far),
        n=9,
        variant="",
    )


SILENT = torch.full((4, 4), -torch.inf, dtype=torch.float64)


def test_what_reaches_must_do_so_far_beyond_the_others():
    usual = [0.010, 0.011, 0.012, 0.009, 0.010]
    assert global_places(made([*usual, 2.0]), SILENT).reaching == (8,)
    assert global_places(made([*usual, 0.05]), SILENT).reaching == ()  # five times as far, and hardly anything
    assert global_places(made([*usual, 2.0], share=[0.01] * 5 + [0.2]), SILENT).reaching == ()
    assert global_places(made([1.0, 2.0, 0.5, 0.9, 1.3, 9.0]), SILENT).reaching == ()  # all reach, none stands out
    assert global_places(made([0.0] * 5 + [2.0]), SILENT).reaching == (8,)
    assert global_places(made([0.0] * 6), SILENT).reaching == ()
    assert global_places(made([*usual, 2.0], error=0.3), SILENT).reaching == ()  # not sure


def test_excess_is_the_share_far_away_beyond_what_is_usual():
    """Median 0.01, so that 0.08 is usual; the robust standard deviation of these logarithms is smaller."""
    found = global_places(made([0.010, 0.011, 0.012, 0.009, 0.010, 2.0, 0.24]), SILENT)
    assert float(found.excess[5]) == pytest.approx((2.0 - 8 * 0.011) / 3.0, rel=1e-3)
    assert float(found.excess[6]) == pytest.approx((0.24 - 8 * 0.011) / 1.24, rel=1e-3)
    assert float(found.excess[:5].max()) < 0 and float(found.times[5]) == pytest.approx(2 / 0.011, rel=1e-3)
    assert float(found.times_stderr[5]) == pytest.approx(2 / 0.011 * 0.01, rel=1e-3)


def test_intervals_of_the_excess_hold_what_many_rows_say():
    """One place of 81 brightens all; the others only what lies around them, and far away a little."""

    def decode(z):
        return z + 0.05 * z.sum((2, 3), keepdim=True) + z[:, :, 4:5, 4:5]

    model = la.from_torch(lambda x: x, decode, latent_shape=(1, 9, 9))

    def found(n, seed):
        z = torch.randn(n, 1, 9, 9, generator=seeded(seed))
        return global_places(place_effects(model, z, generator=seeded(seed)), torch.zeros(9, 9).double())

    # With many rows, usual places hardly differ, and 8 times their median is the bound.
    truth, few = float(found(1500, 99).excess[40]), [found(16, seed) for seed in range(40)]
    assert all(one.reaching == (40,) for one in few)
    # Means of sixteen squares are skewed, so that intervals hold a little less often than they say.
    assert sum(float(one.excess_low[40]) <= truth <= float(one.excess_high[40]) for one in few) >= 31


def test_what_is_far_below_the_usual_is_not_in_doubt():
    """Sixteen places that differ by chance, as those of a clean model do: none could be felt far away."""
    g = seeded(5)
    far = (0.5 * torch.randn(16, generator=g)).double().exp()
    found = global_places(made(far, near=1.0, error=0.3), SILENT)
    assert found.reaching == () and float(found.excess_high.max()) < 0.05


def test_what_is_certain_must_be_so_beyond_doubt():
    noise = torch.randn(8, 8, generator=seeded()).double() * 0.1 - 4
    noise[2, 3] = -6.6
    assert global_places(made([0.0]), noise, torch.full_like(noise, 0.01)).quiet == (19,)
    assert global_places(made([0.0]), noise, torch.full_like(noise, 0.3)).quiet == ()


def test_what_is_abnormally_certain_is_told_from_what_merely_varies():
    noise = torch.randn(8, 8, generator=seeded()).double() * 0.1 - 4
    assert global_places(made([0.0]), noise).quiet == ()
    noise[2, 3] = -7
    found = global_places(made([0.0]), noise)
    assert found.quiet == (19,) and float(found.below[2, 3]) == pytest.approx(3, abs=0.1)
    wild = torch.randn(8, 8, generator=seeded()).double() * 2
    assert global_places(made([0.0]), wild).quiet == ()
    assert not global_places(made([0.0]), SILENT).below.any()


def test_patches_are_clean():
    model = Patches()
    z = model.encode(clouds(16, seed=3)).mean
    found = global_places(place_effects(model, z, generator=seeded()), torch.zeros(8, 8, dtype=torch.float64))
    assert found.reaching == found.quiet == ()


@pytest.mark.parametrize(
    ("decode", "places", "error", "match"),
    [
        (upsampled, [30], la.InputError, "0..29"),
        (upsampled, [], la.InputError, "at least one"),
        (lambda z: z.flatten(1), None, la.ContractError, "as many dimensions"),
        (lambda z: z[..., :-1], None, la.ContractError, r"sides \(5, 5\) and latents \(5, 6\)"),
        (lambda z: z / 0 * 0, None, la.InputError, "changes of decodings holds NaN"),
    ],
)
def test_what_is_refused(decode, places, error, match):
    model = la.from_torch(lambda x: x, decode, latent_shape=(2, 5, 6))
    with pytest.raises(error, match=match):
        place_effects(model, torch.randn(8, 2, 5, 6), generator=seeded(), places=places)


def test_noise_that_is_nan_is_refused_and_no_noise_is_not():
    noise = torch.zeros(8, 8, dtype=torch.float64)
    noise[1, 1] = torch.nan
    with pytest.raises(la.InputError, match="log_noise holds NaN"):
        global_places(made([0.0]), noise)
    with pytest.raises(la.InputError, match="log_noise_stderr holds NaN"):
        global_places(made([0.0]), torch.zeros_like(noise), noise)
    assert global_places(made([0.0]), torch.full_like(noise, -torch.inf)).quiet == ()
