"""Channels that repeat one another, by their codes and by what the decoder makes of them."""

import math

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.spatial import channel_correlations, channel_effects, twins
from tests.oracles.convolutional import Patches, circular, clouds


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def mixed(n=64, rho=0.6, seed=0):
    a, b = torch.randn(2, n, 1, 5, 5, generator=seeded(seed))
    return torch.cat([a, 50 + 3 * (rho * a + math.sqrt(1 - rho**2) * b), torch.full_like(a, 7.0)], 1)


def test_correlations_are_pearsons_over_rows_and_places():
    z = mixed()
    found = channel_correlations(z)
    flat = z[:, :2].double().movedim(1, 0).flatten(1)
    assert_close(found.matrix[:2, :2], torch.corrcoef(flat))
    assert found.matrix[2].tolist() == [0, 0, 1] and found.n == 64


def test_errors_of_correlations_hold_the_truth():
    held = [
        abs(float(found.matrix[0, 1]) - 0.6) <= 1.96 * float(found.matrix_stderr[0, 1])
        for found in (channel_correlations(mixed(48, seed=seed)) for seed in range(100))
    ]
    assert 88 <= sum(held) <= 100


def test_twins_are_sure_of_either_sign_and_not_the_merely_alike():
    z = mixed(rho=0.97)
    found = channel_correlations(torch.cat([z, -2 * z[:, :1] + 1], 1))
    assert twins(found.matrix, found.matrix_stderr) == ((0, 3),)
    assert twins(torch.tensor([[1.0, 0.985], [0.985, 1.0]]), torch.full((2, 2), 0.01)) == ()


def test_twins_are_hardly_ever_found_among_many_that_are_only_nearly_alike():
    """28 pairs whose true correlation is just 0.98: by intervals alone, about one in two families would be accused."""
    accused = 0
    for seed in range(40):
        common = torch.randn(40, 1, 3, 3, generator=seeded(seed)).double()
        own = torch.randn(40, 8, 3, 3, generator=seeded(100 + seed)).double()
        found = channel_correlations(0.98**0.5 * common + 0.02**0.5 * own)
        accused += bool(twins(found.matrix, found.matrix_stderr))
    assert accused <= 4


def test_effects_of_a_linear_decoder_are_the_angles_between_its_kernels():
    """White moves of a circular convolution change the picture by kernels: their cosine is that of the kernels."""
    model = circular(3, 2, side=12)
    z = torch.randn(400, *model.latent_shape, generator=seeded(1))
    found = channel_effects(model, z, generator=seeded(2))
    kernels = model.D.movedim(1, 0).flatten(1)
    exact = torch.nn.functional.cosine_similarity(kernels[:, None], kernels, dim=2)
    assert ((found.cosine - exact).abs() <= 3.5 * found.cosine_stderr + 1e-6).all()
    assert float(found.cosine_stderr.max()) < 0.02
    size = 0.5 * 2**0.5 * kernels.square().sum(1).div(2).sqrt()
    assert_close(found.size, size, rtol=0.03, atol=0)


def test_patches_change_different_things():
    model = Patches()
    found = channel_effects(model, model.encode(clouds(16, seed=4)).mean, generator=seeded(), batch_size=5)
    assert_close(found.cosine, torch.eye(6, dtype=torch.float64), atol=1e-6, rtol=0)


def test_channels_that_do_nothing_have_no_angle():
    model = la.from_torch(lambda x: x, lambda z: z[:, :1] * 1.0, latent_shape=(2, 3, 3))
    z = torch.randn(8, 2, 3, 3, generator=seeded())
    found = channel_effects(model, z, generator=seeded())
    assert_close(found.cosine, torch.tensor([[1.0, 0], [0, 0]], dtype=torch.float64))
    assert float(found.size[1]) == 0
    assert not channel_effects(model, torch.ones_like(z), generator=seeded()).cosine.any()


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda m: channel_correlations(torch.zeros(8, 5)), "spatial|codes"),
        (lambda m: channel_correlations(torch.zeros(3, 2, 3, 3)), "at least 4 rows"),
        (lambda m: channel_correlations(torch.full((8, 2, 3, 3), torch.nan)), "NaN"),
        (lambda m: channel_effects(m, torch.zeros(3, 2, 3, 3), generator=seeded()), "at least 4"),
        (lambda m: channel_effects(m, torch.randn(8, 2, 3, 3), generator=seeded()), "changes of decodings holds NaN"),
    ],
)
def test_what_is_refused(call, match):
    model = la.from_torch(lambda x: x, lambda z: z / 0 * 0, latent_shape=(2, 3, 3))
    with pytest.raises(la.InputError, match=match):
        call(model)
