import pytest
import torch
from scipy.stats import kurtosis

from latentassay.truth.judging import members
from latentassay.truth.plants.codes import correlated, heavy_tails, hole, scaled, shifted


def named(found):
    return sorted(int(one) for true in found.truth for one in members(true.subjects))


def codes(found):
    return found.model.encode(found.data).mean


def test_scales_are_as_said():
    spread = float(codes(scaled(5.5, 0)).std())
    assert min(abs(spread - 5.5), abs(spread - 1 / 5.5)) < 0.2


def test_means_are_shifted_as_said():
    found = shifted(2, 1)
    shift = codes(found).mean(0).abs()
    assert torch.allclose(shift[sorted(set(named(found)))], torch.tensor(2.0), atol=0.15)
    still = [k for k in range(len(shift)) if k not in named(found)]
    assert all(float(shift[k]) < 0.15 for k in still)


def test_tails_are_heavy_and_variances_right():
    found = heavy_tails(1.1, 3)
    units = named(found)
    z = codes(found)[:, units]
    assert float(z.std()) == pytest.approx(1, abs=0.15)
    assert kurtosis(z.numpy().ravel()) > 5
    assert torch.allclose(
        found.model.encode(found.model.decode(z.new_zeros(1, len(codes(found)[0])))).mean, z.new_zeros(1), atol=1e-4
    )


def test_codes_correlate_as_said():
    found = correlated(0.9, 0)
    z = codes(found)[:, named(found)]
    assert abs(float(torch.corrcoef(z.T)[0, 1])) == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize("seed", range(4))
def test_a_hole_holds_no_data_and_is_not_recognised(seed):
    found = hole(0.6, seed)
    z = torch.randn(4000, found.model.latent_shape[0], generator=torch.Generator().manual_seed(0))
    far = (found.model.encode(found.model.decode(z)).mean - z).norm(dim=1)
    q = found.model.encode(found.data)
    posterior = q.sample(torch.Generator().manual_seed(1))
    near = (found.model.encode(found.model.decode(posterior)).mean - posterior).norm(dim=1)
    share = float((far > near.quantile(0.99)).double().mean())
    assert 0.25 < share < 0.55
