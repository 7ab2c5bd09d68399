import pytest
import torch

from latentassay.truth.judging import members
from latentassay.truth.plants.copies import copies, overcomplete, twins
from tests.truth.plants.response import response


@pytest.mark.parametrize("correlation", [0.9, 1.0])
def test_codes_of_twins_correlate_as_said(correlation):
    found = twins(correlation, 1)
    j, k = sorted(int(one) for one in members(next(iter(found.truth)).subjects))
    codes = found.model.encode(found.data).mean[:, [j, k]]
    assert abs(float(torch.corrcoef(codes.T)[0, 1])) == pytest.approx(correlation, abs=0.02)


@pytest.mark.parametrize("plant", [copies, overcomplete])
def test_no_unit_answers_alone_and_all_is_kept(plant):
    found = plant(10, 0)
    own = response(found.model)[0].diagonal()
    assert float(own.mean()) == pytest.approx(0.1, abs=0.02)
    again = found.model.decode(found.model.encode(found.data).mean)
    lost = (again - found.data).square().sum() / (found.data - found.data.mean(0)).square().sum()
    clean = plant(1, 0)
    least = (clean.model.decode(clean.model.encode(clean.data).mean) - clean.data).square().sum()
    assert float(lost) < 1.1 * float(least / (clean.data - clean.data.mean(0)).square().sum()) + 1e-3
