import pytest
import torch

from latentassay.core.contract import check_autoencoder
from latentassay.core.posteriors import Posterior
from latentassay.faults.models import MODELS, picture_model, vector_model


@pytest.mark.parametrize(("make", "x"), [(vector_model, torch.rand(8, 6)), (picture_model, torch.rand(8, 1, 8, 8))])
def test_the_right_models_keep_the_contract(make, x):
    check_autoencoder(make(), x)


def test_models_are_the_same_every_time_and_leave_chance_alone():
    torch.manual_seed(0)
    before = torch.get_rng_state()
    first, second = vector_model(), vector_model()
    assert torch.equal(before, torch.get_rng_state())
    assert all(map(torch.equal, first.state_dict().values(), second.state_dict().values()))


def test_spoilt_models_are_what_they_say():
    x, z = torch.rand(64, 6), torch.randn(64, 4)
    holes = MODELS["decodes to NaN for some"](vector_model()).decode(z)
    assert 0 < int(holes.isnan().any(1).sum()) < 64
    assert bool((MODELS["log-variance as std"](vector_model()).encode(x).std < 0).all())
    assert not isinstance(MODELS["encodes a pair"](vector_model()).encode(x), Posterior)
    before = z.clone()
    MODELS["changes its input"](vector_model()).decode(z)
    assert torch.equal(z, before / 2)
