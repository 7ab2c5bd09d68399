import pytest
import torch

from latentassay.truth.plants.trained import biased_trained, dead_trained, trained_twin, turned_trained
from tests.truth.plants.response import response, units_of


def test_the_decoder_ignores_the_dead_unit():
    found = dead_trained(0.0, 1)
    with torch.no_grad():
        moved = response(found.model)[1]
    (unit,) = units_of(found)
    assert float(moved[unit]) < 1e-4 * float(moved.max())


def test_the_turned_pair_moves_each_other():
    found, twin = turned_trained(0.5, 1), trained_twin(1)
    (label,) = next(iter(found.truth)).subjects
    j, k = map(int, label.split("+"))
    with torch.no_grad():
        turned, straight = response(found.model)[0].square(), response(twin.model)[0].square()
    assert float(turned[j, k]) == pytest.approx(0.5, abs=0.25)
    assert float(straight[j, k]) < 0.1


def test_the_bias_is_on_one_column():
    found, twin = biased_trained(1.2, 1), trained_twin(1)
    with torch.no_grad():
        z = torch.zeros(1, *found.model.latent_shape)
        off = (found.model.decode(z) - twin.model.decode(z))[0] / found.data.std(0)
    assert float(off.abs().max()) == pytest.approx(1.2, rel=1e-3)
    assert int((off.abs() > 1e-3).sum()) == 1
