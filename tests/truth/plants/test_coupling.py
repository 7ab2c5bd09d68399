import pytest
import torch

from latentassay.truth.judging import members
from latentassay.truth.plants.coupling import REFLECTED, leak, ring, triple, turned
from tests.truth.plants.response import response


def numbers(found):
    return sorted(int(one) for one in members(next(iter(found.truth)).subjects))


def squared(found):
    moved = response(found.model)[0]
    return moved.square() / moved.square().sum(1, keepdim=True)


@pytest.mark.parametrize("coupling", [0.12, 0.5])
def test_a_turned_pair_moves_each_other_as_said(coupling):
    found = turned(coupling, 2)
    j, k = numbers(found)
    moved = squared(found)
    assert float(moved[j, k]) == pytest.approx(coupling, abs=0.1)
    assert float(moved[k, j]) == pytest.approx(coupling, abs=0.1)


@pytest.mark.parametrize("coupling", [0.1, REFLECTED])
def test_three_units_move_each_other_as_said(coupling):
    found = triple(coupling, 0)
    units = torch.tensor(numbers(found))
    moved = squared(found)[units[:, None], units]
    assert torch.allclose(moved[~torch.eye(3).bool()], torch.full((6,), coupling), atol=0.1)


def test_a_leak_goes_one_way():
    found = leak(0.6, 1)
    (label,) = next(iter(found.truth)).subjects
    source, target = map(int, label.split(">"))
    moved = response(found.model)[0]
    spread = found.model.encode(found.data).mean.std(0)
    assert float((moved[source, target] * spread[source] / spread[target]) ** 2) == pytest.approx(0.6, abs=0.1)
    assert float(moved[target, source].abs()) < 1e-2


def test_a_ring_pulls_codes_to_its_circle():
    found = ring(1.0, 3)
    radius = found.model.encode(found.data).mean[:, numbers(found)].norm(dim=1)
    assert float(radius.std()) < 1e-4
    assert found.model.prior is None
