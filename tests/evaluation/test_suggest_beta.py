"""β that switches a unit off, where linear VAEs say exactly which it is."""

import pytest
import torch

import latentassay as la
from latentassay.core.errors import ContractError, InputError

SPREAD = torch.tensor([2.0, 1.0, 0.3])
X = torch.randn(1000, 3, generator=torch.Generator().manual_seed(0)) * SPREAD


def build(name="vae-mlp", latents=3):
    return la.models.build(name, x_shape=(3,), latents=latents, likelihood="squared", hidden=(), seed=0)


def suggested(betas, build=build, **options):
    settings = {"steps": 800, "lr": 0.02, "batch_size": 250, "device": "cpu"} | options
    return la.suggest_beta(build, X, betas=betas, **settings)


def test_a_linear_vae_loses_its_weakest_unit_where_theory_says():
    """With squared errors a direction of variance λ is switched off once β exceeds 2 λ = 0.18."""
    found = suggested((0.02, 0.06, 0.5, 5.0))
    assert found.beta == 0.5 and found.betas == (0.02, 0.06, 0.5) and found.variance.shape == (3, 3)
    assert float(found.variance[1].max()) < 0.6 and float(found.variance[2].max()) > 0.95
    # What is left of a unit that is known: σ² = β / 2λ.
    assert found.variance[2, 0] == pytest.approx(0.5 / 8, rel=0.15)
    assert found.variance[2, 1] == pytest.approx(0.5 / 2, rel=0.15)


def test_where_none_is_switched_off_nothing_is_suggested():
    found = suggested((0.01, 0.02), steps=300)
    assert found.beta is None and found.betas == (0.01, 0.02)


def test_the_same_seed_suggests_the_same():
    first, again = (suggested((0.1, 1.0), steps=100, seed=3) for _ in range(2))
    torch.testing.assert_close(first.variance, again.variance, rtol=0, atol=0)


@pytest.mark.parametrize("betas", [(), (0.1, 0.1), (1.0, 0.5), (0.0, 1.0), (float("nan"),)])
def test_ladders_that_do_not_rise_are_refused(betas):
    with pytest.raises(InputError, match="positive and rise"):
        suggested(betas)


def test_points_have_no_beta():
    with pytest.raises(ContractError, match="points"):
        suggested((0.1,), build=lambda: build("ae-mlp"), steps=2)
