from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.testing import assert_close

import latentassay as la
from tests.oracles.linear import random_linear

MODELS = {
    "vae-mlp": (5,),
    "vae-full-mlp": (5,),
    "ae-mlp": (5,),
    "vae-conv": (3, 16, 16),
    "vae-conv-small": (1, 16, 16),
}


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_linear_model_has_its_matrix_as_jacobian_and_its_trace_as_divergence():
    model, z = random_linear(4, 7), torch.randn(5, 4, generator=seeded()).double()
    assert_close(la.response_jacobian(model, z), model.A.expand(5, 4, 4))
    part = la.response_jacobian(model, z, latents=(3, 1))
    assert_close(part, model.A[[3, 1]][:, [3, 1]].expand(5, 2, 2))
    exact = la.response_divergence(model, z)
    assert_close(exact.value, (model.A.trace() - 4).expand(5))
    assert not exact.value_stderr.any() and "exact" in exact.variant


def test_hutchinson_agrees_within_its_error():
    model, z = random_linear(12, 20, seed=1), torch.zeros(400, 12).double()
    found = la.response_divergence(model, z, probes=16, generator=seeded())
    truth = float(model.A.trace() - 12)
    inside = (found.value - truth).abs() <= 2.13 * found.value_stderr  # Student's t, 15 degrees of freedom
    assert 0.92 <= float(inside.double().mean()) <= 0.98
    assert float(found.value.mean()) == pytest.approx(truth, abs=4 * float(found.value.std()) / 20)


@pytest.mark.parametrize(("name", "shape"), MODELS.items())
def test_every_network_equals_its_finite_differences(name, shape):
    model = la.models.build(name, x_shape=shape, latents=3, seed=1).double()  # seed 0: a max-pooling tie within h
    z, h = torch.randn(4, 3, generator=seeded()).double(), 1e-7
    steps = h * torch.eye(3).double()
    differences = torch.stack([(la.respond(model, z + e) - la.respond(model, z - e)) / (2 * h) for e in steps], -1)
    assert_close(la.response_jacobian(model, z, batch_size=3), differences, rtol=1e-4, atol=1e-6)
    assert_close(
        la.response_divergence(model, z).value, differences.diagonal(dim1=1, dim2=2).sum(1) - 3, rtol=1e-4, atol=1e-5
    )


def test_spatial_latents_count_flat():
    pair = la.from_torch(lambda x: 2 * x, lambda z: z, latent_shape=(1, 2, 2))
    z = torch.zeros(3, 1, 2, 2)
    assert_close(la.response_jacobian(pair, z, latents=[3]), torch.full((3, 1, 1), 2.0))
    assert_close(la.response_divergence(pair, z).value, torch.full((3,), 4.0).double())


def test_the_model_is_left_as_it_was():
    model = la.models.build("vae-mlp", x_shape=(5,), latents=3).train()
    la.response_divergence(model, torch.zeros(2, 3))
    assert model.training and all(p.grad is None and p.requires_grad for p in model.parameters())


def test_models_that_leave_differentiation_are_refused_not_answered_with_zero():
    g = np.random.default_rng(0)
    for foreign in (
        la.from_sklearn(PCA(2).fit(g.standard_normal((50, 4)))),
        la.from_torch(lambda x: x, lambda z: z.detach(), latent_shape=(2,)),
    ):
        with pytest.raises(la.ContractError, match="differen"):
            la.response_jacobian(foreign, torch.zeros(3, 2))


def test_bad_probes_are_refused():
    with pytest.raises(la.InputError, match="probes"):
        la.response_divergence(random_linear(3, 5), torch.zeros(2, 3).double(), probes=1, generator=seeded())


def test_probes_are_drawn_by_a_seed():
    model, z = random_linear(3, 5), torch.zeros(2, 3).double()
    found = la.response_divergence(model, z, probes=4, generator=seeded()).value
    assert torch.equal(found, la.response_divergence(model, z, probes=4).value)
    assert not torch.equal(found, la.response_divergence(model, z, probes=4, generator=1).value)


@pytest.mark.parametrize("latents", [[], [0, 0], [3], [-1]])
def test_bad_latents_are_refused(latents):
    with pytest.raises(la.InputError, match=r"0\.\.2"):
        la.response_jacobian(random_linear(3, 5), torch.zeros(2, 3).double(), latents=latents)


def test_threads_differentiate_one_after_another():
    model, z = random_linear(4, 7), torch.randn(200, 4, generator=seeded()).double()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: la.response_jacobian(model, z, batch_size=8), range(8)))
    for each in found:
        assert_close(each, model.A.expand(200, 4, 4))
