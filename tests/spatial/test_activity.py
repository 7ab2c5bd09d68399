"""Activity maps against moments of their own, and errors that hold the truth."""

import pytest
import torch
from torch.testing import assert_close

import latentassay as la
from latentassay.sampling import Codes
from latentassay.spatial import activity_maps


def codes(n=200, scale=None, seed=0):
    mean = torch.randn(n, 2, 3, 4, generator=torch.Generator().manual_seed(seed))
    scale = torch.ones(2, 3, 4) if scale is None else scale
    return Codes(100 + mean * scale, torch.rand(n, 2, 3, 4, generator=torch.Generator().manual_seed(seed + 1)), None)


def test_maps_are_the_moments_over_rows():
    given = codes()
    found = activity_maps(given)
    x = given.mean.double()
    assert_close(found.mean, x.mean(0))
    assert_close(found.variance, x.var(0))
    assert_close(found.noise, given.std.double().square().mean(0))
    assert_close(found.log_noise, given.std.double().square().log().mean((0, 1)))
    assert_close(found.by_channel, x.var(0).mean((1, 2)))
    assert_close(found.by_place, (x.var(0) / x.var(0).mean((1, 2), keepdim=True)).mean(0))
    assert found.n == 200


def test_errors_of_the_variance_hold_the_truth():
    held = torch.stack(
        [
            ((found.variance - 1).abs() <= 1.96 * found.variance_stderr).double()
            for found in (activity_maps(codes(seed=seed)) for seed in range(40))
        ]
    )
    assert 0.9 < float(held.mean()) < 0.98


def test_errors_of_places_hold_the_truth():
    """Places of unequal activity; rows vary in strength, which is common to all places and cancels in shares."""
    scale = torch.linspace(0.5, 2.0, 12).reshape(3, 4).expand(2, 3, 4)
    truth = (scale.square() / scale.square().mean((1, 2), keepdim=True)).mean(0).double()
    held = []
    for seed in range(60):
        drawn = codes(150, scale, seed)
        strength = 1 + torch.rand(150, 1, 1, 1, generator=torch.Generator().manual_seed(900 + seed))
        found = activity_maps(drawn._replace(mean=(drawn.mean - 100) * strength))
        held.append(((found.by_place - truth).abs() <= 1.96 * found.by_place_stderr).double())
    assert 0.92 < float(torch.stack(held).mean()) < 0.98


def test_errors_of_certainty_leave_out_what_rows_have_in_common():
    g = torch.Generator().manual_seed(0)
    own, common = torch.randn(200, 1, 3, 4, generator=g), 5 * torch.randn(200, 1, 1, 1, generator=g)
    given = codes()
    found = activity_maps(given._replace(std=(own + common).mul(0.5).exp().expand(200, 2, 3, 4)))
    wanted = (own - own.mean((2, 3), keepdim=True))[:, 0].double().std(0) / 200**0.5
    assert_close(found.log_noise_stderr, wanted, rtol=0.01, atol=0)
    assert not activity_maps(given._replace(std=torch.zeros_like(given.std))).log_noise_stderr.any()


def test_channels_that_do_not_vary_do_not_blur_the_map_of_places():
    scale = torch.ones(2, 3, 4)
    scale[0] = 0
    scale[1, 0, 0] = 3
    found = activity_maps(codes(400, scale))
    assert float(found.by_channel[0]) == 0 and int(found.by_place.argmax()) == 0
    assert float(found.by_place.mean()) == pytest.approx(1)
    assert not activity_maps(codes(20, torch.zeros(2, 3, 4))).by_place.any()


def test_a_model_without_noise_has_no_certainty_to_speak_of():
    given = codes()
    found = activity_maps(given._replace(std=torch.zeros_like(given.std)))
    assert (found.log_noise == -torch.inf).all() and not found.noise.any()


@pytest.mark.parametrize(
    ("shape", "match"), [((8, 5), "got \\(8, 5\\)"), ((3, 2, 4), "at least 4 rows"), ((8, 2, 1), "codes")]
)
def test_what_is_refused(shape, match):
    with pytest.raises(la.InputError, match=match):
        activity_maps(Codes(torch.zeros(shape), torch.ones(shape), None))


def test_nan_is_refused():
    given = codes(8)
    given.std[3, 0, 0, 0] = torch.nan
    with pytest.raises(la.InputError, match="standard deviations of codes holds NaN"):
        activity_maps(given)


def test_deviations_of_another_shape_than_the_means_are_refused():
    given = codes(8)
    with pytest.raises(la.InputError, match="must have the shape of their means"):
        activity_maps(given._replace(std=given.std[:4]))
    with pytest.raises(la.InputError, match="must have the shape of their means"):
        activity_maps(given._replace(std=given.std[0, 0, 0, 0]))
