import pytest
import torch

from latentassay.truth.plants.noise import _noisy_world, overconfident, overshoot, underconfident, undershoot
from latentassay.truth.vectors import vector_world
from tests.truth.plants.response import response, units_of


@pytest.mark.parametrize(("plant", "factor"), [(underconfident, 3), (overconfident, 1 / 3)])
def test_posteriors_are_so_many_times_too_wide(plant, factor):
    found = plant(3, 4)
    right = _noisy_world(4).noise
    ratio = found.model.encode(found.data[:1]).std[0] / right
    units = units_of(found)
    assert torch.allclose(ratio, torch.full_like(ratio, float(factor)))
    assert units == list(range(found.model.latent_shape[0]))


@pytest.mark.parametrize(("plant", "size"), [(overshoot, 2.0), (undershoot, 0.4)])
def test_changes_come_back_at_the_size_said(plant, size):
    found = plant(size, 2)
    units = units_of(found)
    own = response(found.model)[0].diagonal()[units]
    assert torch.allclose(own, size * (1 - vector_world(2).noise[units].square()), atol=1e-2)
