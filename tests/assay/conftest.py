"""One small model, trained once, and what a whole assay says of it."""

import pytest

import latentassay as la
from latentassay.assay.questions import factors

SMALL = {"samples": 96, "grid": 8, "groups": 5, "budget": 3600.0}  # or a busy machine would be asked less


@pytest.fixture(scope="session")
def digits():
    return la.data.load("digits").split(0)


@pytest.fixture(scope="session")
def trained(digits):
    """A variational autoencoder of digits with six latents."""
    model = la.models.build("vae-mlp", x_shape=(1, 8, 8), latents=6, hidden=(64,))
    la.fit(model, la.objectives.VAE(), digits.train, steps=400, batch_size=64, lr=3e-3, progress=False)
    return model


@pytest.fixture(scope="session")
def result(trained, digits):
    """Every question that applies, asked of unseen digits."""
    return la.assay(trained, digits.test, **SMALL)


@pytest.fixture
def few_halves(monkeypatch):
    """Metrics are scored again on two random halves and not on twelve, where nothing is said of their intervals."""
    monkeypatch.setattr(factors, "HALVES", 2)
