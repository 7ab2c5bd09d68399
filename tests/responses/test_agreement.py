"""How far responses are from their latents: parts of the error that are known, and what an exact optimum loses."""

import pytest
import torch

from latentassay.core.units import Units
from latentassay.responses.agreement import agreement, expected_error


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).double()


def test_the_error_is_the_sum_of_a_shift_a_slope_and_the_rest():
    z, scatter = normal(200_000, 2), normal(200_000, 2, seed=1)
    found = agreement(Units.default((2,)), z, z * torch.tensor([1.5, 1.0]) + torch.tensor([0.0, 0.7]) + 0.3 * scatter)
    assert found.shift.tolist() == pytest.approx([0, 0.49], abs=0.01)
    assert found.scaling.tolist() == pytest.approx([0.25, 0], abs=0.01)
    assert found.rest.tolist() == pytest.approx([0.09, 0.09], abs=0.01)
    assert found.error.tolist() == pytest.approx([0.34, 0.58], abs=0.01)
    assert found.slope.tolist() == pytest.approx([1.5, 1], abs=0.01)


def test_the_scale_of_latents_does_not_matter_and_units_are_scored_as_one():
    z, moved = normal(500, 3), normal(500, 3, seed=1)
    units = Units(((0, 1), (2,)), (3,))
    one, other = agreement(units, z, z + moved), agreement(units, 7 * z, 7 * (z + moved))
    torch.testing.assert_close(one.error, other.error)
    by_hand = moved[:, :2].square().sum() / (z - z.mean(0))[:, :2].square().sum()
    assert float(one.error[0]) == pytest.approx(float(by_hand))


def test_the_interval_holds_the_error_as_often_as_it_should():
    held = 0
    for seed in range(400):
        z = normal(40, 1, seed=seed)
        found = agreement(Units.default((1,)), z, 0.5 * z + 0.2 * normal(40, 1, seed=1000 + seed))
        held += abs(float(found.error) - 0.29) < 1.96 * float(found.error_stderr)
    assert 0.91 < held / 400 < 0.98


def test_a_unit_that_does_not_vary_has_no_error():
    found = agreement(Units.default((2,)), torch.zeros(5, 2), torch.ones(5, 2))
    assert found.error.tolist() == [0, 0] and found.slope.tolist() == [1, 1]


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.6, 2.0])
def test_posterior_samples_of_an_exact_optimum_err_as_expected(noise):
    """x = z + noise: E z = a x with a = 1 / (1 + v), s² = v a, and the decoder is the identity."""
    a, n = 1 / (1 + noise), 100_000
    mean = a * (1 + noise) ** 0.5 * normal(n, 1)
    std = torch.full_like(mean, (noise * a) ** 0.5)
    z = mean + std * normal(n, 1, seed=1)
    found = agreement(Units.default((1,)), z, a * z)
    assert expected_error(Units.default((1,)), mean, std).item() == pytest.approx((1 - a) ** 2, rel=0.03, abs=1e-12)
    assert found.error.item() == pytest.approx((1 - a) ** 2, abs=1e-3)


def test_intervals_of_the_error_hold_rare_latents_that_come_back_as_unrelated_ones():
    """1 % of 128 latents come back as others would: the error is 2 %, and in 28 of 100 cases nothing of it is seen."""
    inside = 0
    for seed in range(100):
        g = torch.Generator().manual_seed(seed)
        z, lost = torch.randn(128, 1, generator=g), torch.rand(128, 1, generator=g) < 0.01
        response = torch.where(lost, torch.randn(128, 1, generator=g), z)
        found = agreement(Units.default((1,)), z, response)
        inside += bool(found.error_low <= 0.02 <= found.error_high)
    assert inside >= 93


def test_copies_in_blocks_are_no_more_evidence():
    z, block = torch.randn(300, 2, generator=torch.Generator().manual_seed(0)), torch.arange(300).repeat(4)
    response = z + 0.5 * torch.randn(300, 2, generator=torch.Generator().manual_seed(1))
    once, often, blocked = (
        agreement(Units.default((2,)), z.repeat(k, 1), response.repeat(k, 1), block=of)
        for k, of in ((1, None), (4, None), (4, block))
    )
    torch.testing.assert_close(blocked.error_stderr, once.error_stderr, rtol=0.05, atol=0)
    assert (often.error_stderr < 0.6 * once.error_stderr).all()
