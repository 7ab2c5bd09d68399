"""Posterior calibration: the optimal linear VAE, where everything is known, and noise made too wide or too narrow."""

import pytest
import torch

import latentassay as la
from latentassay.evaluation.calibration import posterior_calibration
from tests.oracles.calibrated import OptimalVAE

KINDS = [
    {"latents": 4, "observed": 4},
    {"latents": 3, "observed": 9},
    {"latents": 4, "observed": 4, "straight": False},
    {"latents": 3, "observed": 9, "straight": False, "full": True},
]


@pytest.mark.parametrize("times", [1.0, 3.0, 1 / 3])
@pytest.mark.parametrize("variance", [0.1, 0.3, 0.6])
@pytest.mark.parametrize("kind", KINDS)
def test_the_ratio_is_the_square_of_what_the_std_was_multiplied_with(kind, variance, times):
    model = OptimalVAE(**kind, variance=variance, times=times)
    found = posterior_calibration(model, model.sample(2000))
    assert found.ratio == pytest.approx(times**2, rel=0.08) and found.noise == pytest.approx(1, rel=0.12)
    assert all(float(ratio) == pytest.approx(times**2, rel=0.08) for ratio in found.unit_ratio)
    # What every unit's noise moves is (times s_j)² ‖w_j‖², exactly, of a variance Σ ‖w_j‖² + p η².
    data = float(model.W.square().sum()) + kind["observed"]
    own = model.inverse.inverse().diagonal().reciprocal() if model.full else torch.full((1,), variance).double()
    cost = times**2 * own * model.W.square().sum(0) / data
    torch.testing.assert_close(found.unit_cost, cost, rtol=0.05, atol=0)


@pytest.mark.parametrize("kind", KINDS)
def test_the_error_at_the_means_and_of_samples_are_those_of_the_closed_form(kind):
    model = OptimalVAE(**kind, variance=0.3)
    x = model.sample(4000)
    found = posterior_calibration(model, x, generator=3)
    fitted = float((model.W @ model.inverse @ model.W.T).trace())
    data = float(model.W.square().sum()) + kind["observed"]
    # (p − k) η² at the means; a sample of the exact posterior loses k η² more.
    assert found.residual == pytest.approx((kind["observed"] - fitted) / data, rel=0.06)
    exact = kind.get("full") or kind.get("straight", True)
    assert found.cost == pytest.approx(fitted / data, rel=0.06) if exact else found.cost > fitted / data
    assert abs(found.excess) < 0.02 if exact else found.excess > 0
    slow = (
        torch.stack([(x - model.decode(model.encode(x).mean)).square().sum(1)]).mean()
        / (x - x.mean(0)).square().sum(1).mean()
    )
    assert found.residual == pytest.approx(float(slow), rel=1e-9)


def test_intervals_hold_the_truth():
    model = OptimalVAE(3, 6, 0.3, times=2.0)
    found = [posterior_calibration(model, model.sample(96, seed), generator=seed) for seed in range(60)]
    inside = sum(one.ratio.low <= 4 <= one.ratio.high for one in found)
    noise = sum(one.noise.low <= 1 <= one.noise.high for one in found)
    assert inside >= 53 and noise >= 53  # 57 expected, three standard deviations below


def test_some_units_stand_for_all():
    model = OptimalVAE(8, 20, 0.3, times=3.0)
    x = model.sample(1000)
    few, every = posterior_calibration(model, x, units=[0, 5]), posterior_calibration(model, x)
    assert len(few.unit_ratio) == 2 and few.ratio == pytest.approx(every.ratio, rel=0.02)


def test_units_of_several_latents_are_judged_together():
    model = OptimalVAE(4, 12, 0.3, times=3.0)
    found = posterior_calibration(model, model.sample(1000), units=[[0, 1], [2, 3]])
    assert [round(float(ratio)) for ratio in found.unit_ratio] == [9, 9]


def test_a_unit_that_the_decoder_does_not_read_has_no_ratio():
    model = OptimalVAE(3, 9, 0.3)
    model.W[:, 1] = 0
    found = posterior_calibration(model, model.sample(200))
    assert found.unit_ratio[1] != found.unit_ratio[1] and found.unit_cost[1] == 0
    assert found.ratio == pytest.approx(1, rel=0.1)


def test_nothing_is_left_of_a_perfect_coder_and_points_cost_nothing():
    perfect = la.from_torch(lambda x: (x, torch.full_like(x, 0.05)), lambda z: z, latent_shape=(4,), output="mean_std")
    x = torch.randn(200, 4, generator=torch.Generator().manual_seed(0))
    found = posterior_calibration(perfect, x)
    assert found.residual < 1e-20 and found.cost == pytest.approx(0.0025, rel=0.3) and found.ratio > 1000
    points = posterior_calibration(la.from_torch(lambda x: x[:, :2], lambda z: z.repeat(1, 2), latent_shape=(2,)), x)
    assert points.cost == 0 and points.ratio == 0


def test_few_rows_are_refused():
    model = OptimalVAE(2, 4, 0.3)
    with pytest.raises(la.InputError, match="at least 8 rows"):
        posterior_calibration(model, model.sample(7))


def test_channels_may_come_last_in_memory():
    """As convolutions leave them; the same numbers in any order of memory say the same."""
    model = OptimalVAE(latents=3, observed=12, variance=0.3)
    x, found = model.sample(200).view(-1, 3, 2, 2), []
    for order in (torch.contiguous_format, torch.channels_last):
        pair = la.wrap(
            (
                lambda x: (model.encode(x.flatten(1)).mean, model.encode(x.flatten(1)).std),
                lambda z, order=order: model.decode(z).view(-1, 3, 2, 2).contiguous(memory_format=order),
            ),
            latent_shape=(3,),
            output="mean_std",
            prior="normal",
        )
        found.append(posterior_calibration(pair, x))
    assert float(found[0].ratio) == pytest.approx(float(found[1].ratio), rel=1e-9)


def test_a_constant_error_is_no_noise():
    model = OptimalVAE(3, 9, 0.3)
    x, decode = model.sample(600), model.decode
    plain = posterior_calibration(model, x)
    model.decode = lambda z: decode(z) + torch.linspace(-3, 3, 9).double()
    found = posterior_calibration(model, x)
    assert found.ratio == pytest.approx(float(plain.ratio), rel=1e-3)
    assert found.noise == pytest.approx(float(plain.noise), rel=1e-3) and found.residual > 2 * plain.residual
