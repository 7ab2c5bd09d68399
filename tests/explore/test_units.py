import pytest
import torch

import latentassay as la
from latentassay.core.units import Units
from latentassay.explore.units import UNKNOWN, live_latents, sliders

QUESTIONS = ("units", "graph")


@pytest.fixture(scope="module")
def twins():
    """A model with two units of the same variable, one of its own and one that nobody uses."""

    def encode(x):
        return torch.stack([x[:, 0], x[:, 0], x[:, 1], 0 * x[:, 1]], 1)

    def decode(z):
        return torch.stack([(z[:, 0] + z[:, 1]) / 2, z[:, 2]], 1)

    model = la.from_torch(encode, decode, latent_shape=(4,))
    x = torch.randn(400, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 3.0])
    return model, x, la.assay(model, x, questions=QUESTIONS, samples=256)


def test_sliders_are_those_of_the_ledger(twins):
    model, x, result = twins
    codes = la.sampling.encode(model, x).mean
    made = sliders(Units.default((4,)), codes, result, None)
    assert [slider.state for slider in made] == ["twin", "twin", "alive", "dead"]
    assert made[0].variable == made[1].variable != made[2].variable
    assert made[2].spread == pytest.approx(float(codes[:, 2].std(correction=0)))
    assert all(slider.low <= float(codes[:, k].min()) for k, slider in enumerate(made))
    assert all(slider.high >= float(codes[:, k].max()) for k, slider in enumerate(made))
    assert live_latents(made) == [0, 1, 2]


def test_a_slider_of_a_prior_reaches_three_deviations_of_it(twins):
    _, _, result = twins
    flat = sliders(Units.default((4,)), torch.zeros(5, 4), result, 1.0)[3]
    assert (flat.low, flat.high) == (-3, 3)


def test_units_of_many_latents_move_as_their_codes_do(twins):
    _, _, result = twins
    along = torch.tensor([0.6, 0.8])
    codes = torch.zeros(50, 2, 1, 2)
    codes[:, 1, 0] = torch.linspace(-1, 1, 50)[:, None] * along
    (_, moved) = sliders(Units.channels((2, 1, 2)), codes, result, None)
    assert moved.direction == pytest.approx(along.tolist(), abs=1e-6) and moved.high == pytest.approx(3 * moved.spread)
    assert moved.state == UNKNOWN and moved.label == "c1"
