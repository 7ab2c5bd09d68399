"""Equivariance against models that follow a move exactly, or turn it into its opposite."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import spatial_equivariance
from tests.oracles.convolutional import Patches, circular, clouds


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(n=24, channels=1, side=8, seed=0):
    return torch.randn(n, channels, side, side, generator=seeded(seed))


def by_name(found, values):
    return dict(zip(found.names, values.tolist(), strict=True))


def test_a_pointwise_model_follows_every_move():
    model = la.from_torch(lambda x: x**3, lambda z: z.tanh(), latent_shape=(1, 8, 8))
    found = spatial_equivariance(model, pictures(), batch_size=7)
    zoom = found.names.index("zoom by 2")
    assert found.names == ("shift down", "shift right", "flip down", "flip right", "quarter turn", "zoom by 2")
    assert float(found.encoded[:zoom].max()) < 1e-10 and float(found.decoded[:zoom].max()) < 1e-10
    assert found.encoded[zoom] > 0.01 and found.n == 24 and found.margin == (1, 1)  # interpolation is not pointwise


def test_a_circular_convolution_follows_shifts_and_not_flips():
    model = circular(side=12)
    found = spatial_equivariance(model, pictures(16, 3, 12), margin=0)
    values = by_name(found, found.encoded)
    assert max(values["shift down"], values["shift right"]) < 1e-9
    assert min(values["flip down"], values["flip right"]) > 0.2


def test_an_odd_channel_turns_into_its_opposite_and_an_even_one_does_not():
    """Channel 0 is a slope to the right: flipped to the right, it is four variances away; channel 1 is even."""

    def encode(x):
        slope = x.roll(-1, -1) - x.roll(1, -1)
        return torch.cat([slope, x], 1)

    model = la.from_torch(encode, lambda z: z[:, 1:], latent_shape=(2, 8, 8))
    found = spatial_equivariance(model, pictures(200), margin=1)
    flip = found.names.index("flip right")
    assert found.by_channel[flip].tolist() == pytest.approx([4, 0], abs=0.05)
    assert float(found.encoded[flip]) == pytest.approx(2, abs=0.05)
    assert found.by_channel[found.names.index("flip down")].tolist() == pytest.approx([0, 0], abs=1e-9)


def test_unrelated_answers_are_two_variances_apart_and_intervals_hold_that():
    held = 0
    for seed in range(30):
        noise = seeded(seed)
        model = la.from_torch(lambda x, g=noise: torch.randn(x.shape, generator=g), lambda z: z, latent_shape=(1, 8, 8))
        found = spatial_equivariance(model, pictures(40), margin=0)
        held += int(abs(float(found.encoded[0]) - 2) <= 1.96 * float(found.encoded_stderr[0]))
    assert held >= 25


def test_places_by_the_border_can_be_left_out():
    """A model that sees zeros beyond the border follows a shift everywhere but there."""

    def encode(x):
        padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
        return padded[..., 2:, 1:-1] + padded[..., :-2, 1:-1] + padded[..., 1:-1, 2:] + padded[..., 1:-1, :-2]

    model = la.from_torch(encode, lambda z: z, latent_shape=(1, 8, 8))
    whole, inner = (float(spatial_equivariance(model, pictures(), margin=m).encoded[0]) for m in (0, 2))
    assert whole > 0.05 and inner < 1e-9


def test_patches_follow_shifts_of_one_place_and_their_pictures_too():
    found = spatial_equivariance(Patches(), clouds(24, seed=2), margin=0)
    assert float(found.encoded[:2].max()) < 1e-6 and float(found.decoded[:2].max()) < 1e-6


def test_a_code_that_never_varies_strays_nowhere():
    model = la.from_torch(lambda x: 0 * x + 3, lambda z: z, latent_shape=(1, 8, 8))
    found = spatial_equivariance(model, pictures())
    assert not found.encoded.any() and not found.by_channel.any() and not found.encoded_stderr.any()


@pytest.mark.parametrize(
    ("shape", "x", "options", "error", "match"),
    [
        ((1, 8, 8), (3, 1, 8, 8), {}, la.InputError, "at least 4 rows"),
        ((1, 8, 8), (8, 1, 8, 8), {"rows": [1, 2]}, la.InputError, "at least 4 rows"),
        ((1, 8, 8), (8, 1, 8, 8), {"margin": 4}, la.InputError, "leave places"),
        ((1, 8, 8), (8, 1, 8, 8), {"margin": -1}, la.InputError, "at least 0"),
        ((1, 8, 8), (8, 64), {}, la.ContractError, "as many dimensions"),
        ((1, 8, 8), (8, 1, 9, 8), {}, la.ContractError, "that divide"),
        ((8,), (8, 8), {}, la.InputError, "spatial latents"),
    ],
)
def test_what_is_refused(shape, x, options, error, match):
    model = la.from_torch(lambda x: x, lambda z: z, latent_shape=shape)
    with pytest.raises(error, match=match):
        spatial_equivariance(model, torch.randn(*x), **options)


def test_values_and_errors_do_not_depend_on_batches():
    model = circular(side=12)
    one, other = (spatial_equivariance(model, pictures(16, 3, 12), batch_size=b) for b in (3, 16))
    assert_close(one.encoded, other.encoded, rtol=1e-5, atol=1e-7)
    assert_close(one.decoded_stderr, other.decoded_stderr, rtol=1e-3, atol=1e-7)
