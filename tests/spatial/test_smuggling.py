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


def made(far, share=None, near=1.0):
    far = torch.as_tensor(far, dtype=torch.float64)
    share = far / (far + near) if share is None else torch.as_tensor(share, dtype=torch.float64)
    near, error = torch.full_like(far, near), torch.full_like(far, 0.01)
    return PlaceEffects(torch.arange(len(far)) + 3, near, far, share, error, 9, "")


SILENT = torch.full((4, 4), -torch.inf, dtype=torch.float64)


def test_what_reaches_must_do_so_far_beyond_the_others():
    usual = [0.010, 0.011, 0.012, 0.009, 0.010]
    assert global_places(made([*usual, 2.0]), SILENT).reaching == (8,)
    assert global_places(made([*usual, 0.05]), SILENT).reaching == ()  # five times as far, and hardly anything
    assert global_places(made([*usual, 2.0], share=[0.01] * 5 + [0.2]), SILENT).reaching == ()
    assert global_places(made([1.0, 2.0, 0.5, 0.9, 1.3, 9.0]), SILENT).reaching == ()  # all reach, none stands out
    assert global_places(made([0.0] * 5 + [2.0]), SILENT).reaching == (8,)
    assert global_places(made([0.0] * 6), SILENT).reaching == ()


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
