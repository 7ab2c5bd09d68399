"""Alignment with principal components: matrices that are known, theorem 2, and scikit-learn's components."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch.testing import assert_close

import latentassay as la
from latentassay.core.errors import InputError
from latentassay.geometry import distance_to_orthogonality, pca_alignment
from tests.geometry.test_orthogonality import Mapped, orthonormal, seeded, turned

BASIS = orthonormal(6, 6)
STD = torch.tensor([6, 2.5, 1, 0.3, 0.2, 0.1]).double()


def gaussian(n=2000, seed=0):
    return torch.randn(n, 6, generator=seeded(seed), dtype=torch.float64) * STD @ BASIS.T


class Loaded(Mapped):
    """Codes are the projections on its loadings."""

    def __init__(self, loadings, decode=None):
        super().__init__(loadings.shape[1], decode or (lambda z: z @ loadings.T))
        self.loadings = loadings

    def encode(self, x):
        return la.Point(x @ self.loadings)


def test_pca_itself_is_aligned_and_in_order():
    x = gaussian()
    fitted = PCA(3).fit(x.numpy())
    order = [2, 0, 1]
    gains = torch.tensor([1.0, 3.0, 2.0]).double()
    axes = torch.from_numpy(fitted.components_[order].T)
    model = Loaded(axes, lambda z: (z * gains) @ axes.T)
    found = pca_alignment(model, x, generator=seeded())
    assert found.score == pytest.approx(1) and found.singular == pytest.approx(1) and found.n == 100
    assert found.units == (1, 2, 0) and found.explained == pytest.approx(fitted.explained_variance_ratio_)


@pytest.mark.parametrize("degrees", [10, 30, 45])
def test_turned_components_have_the_cosine_of_their_angle(degrees):
    x = gaussian()
    axes = torch.from_numpy(PCA(2).fit(x.numpy()).components_.T)
    found = pca_alignment(Loaded(axes @ turned(degrees)), x, generator=seeded())
    assert found.score == pytest.approx(np.cos(np.radians(degrees)))
    assert found.score.stderr == pytest.approx(0, abs=1e-9)
    stretched = Loaded(axes @ turned(degrees), lambda z: z @ turned(degrees).T * torch.tensor([2.0, 1.0]) @ axes.T)
    assert pca_alignment(stretched, x, generator=seeded()).singular == pytest.approx(1)


def test_components_of_much_data_are_taken_in_batches(monkeypatch):
    x = gaussian()
    model = Loaded(torch.from_numpy(PCA(3).fit(x.numpy()).components_.T))
    whole = pca_alignment(model, x, generator=seeded())
    monkeypatch.setattr("latentassay.geometry.alignment.MOST", 1)
    parts = pca_alignment(model, x, generator=seeded(), batch_size=300)
    assert_close(parts.cosines, whole.cosines, atol=1e-2, rtol=0)


def trained(name, steps):
    """Without hidden layers, from Gaussian data of distinct spectrum."""
    model = la.models.build(name, x_shape=(6,), latents=2, likelihood="gaussian", hidden=(), seed=0)
    lr = la.training.cosine(3e-2, steps)
    la.fit(
        model,
        la.objectives.VAE(),
        gaussian().float(),
        steps=steps,
        batch_size=256,
        lr=lr,
        seed=0,
        device="cpu",
        progress=False,
    )
    return model


@pytest.mark.parametrize(("name", "steps"), [("vae-mlp", 2000), ("vae-full-mlp", 800)])
def test_a_linear_vae_is_pca_and_one_with_full_covariance_is_not(name, steps):
    """Theorem 2; both span the components, and only a diagonal posterior finds the axes among them."""
    model, x = trained(name, steps), gaussian(seed=1).float()
    found = pca_alignment(model, x, generator=seeded(), points=5)
    distance = distance_to_orthogonality(model, x, generator=seeded(), points=5)
    if name == "vae-mlp":
        assert found.score >= 0.99 and distance.score <= 0.02 and found.units[0] != found.units[1]
    else:
        assert found.score < 0.9 and distance.score > 0.2 and found.singular > 0.95


@pytest.mark.parametrize(
    ("model", "x", "match"),
    [
        (Loaded(9 * torch.cat([BASIS, BASIS], 1)), gaussian(), "12 active units, but an observation has 6 values"),
        (Loaded(BASIS[:, :3], lambda z: z[:, :2] @ BASIS[:, :2].T), gaussian(), "moves the decoding nowhere"),
        (Loaded(0 * BASIS), gaussian(), "0 of 6 units are active"),
    ],
)
def test_what_cannot_be_asked_is_refused(model, x, match):
    with pytest.raises(InputError, match=match):
        pca_alignment(model, x, generator=seeded())
