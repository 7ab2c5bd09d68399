"""A model, data and options small enough to train in milliseconds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latentassay import models, objectives
from latentassay.core.posteriors import DiagonalGaussian
from latentassay.data.factors import FactorData
from latentassay.stats.likelihoods import Bernoulli
from latentassay.training import Run, fit


class Dropping(nn.Module):
    """A model of somebody else's: it has dropout, a batch normalisation, and no spec."""

    likelihood = Bernoulli()

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Flatten(), nn.Linear(64, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 4)
        )
        self.decoder = nn.Sequential(nn.Linear(2, 64), nn.Unflatten(1, (1, 8, 8)))

    def encode(self, x: Tensor) -> DiagonalGaussian:
        return DiagonalGaussian.from_logvar(*self.encoder(x).chunk(2, 1))

    def decoder_output(self, z: Tensor) -> Tensor:
        return self.decoder(z)


def make(kind: str = "vae-mlp") -> Any:
    if kind != "dropping":
        return models.build(kind, x_shape=(1, 8, 8), latents=3, **({"hidden": (16,)} if "mlp" in kind else {}))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Dropping()


def pictures(n: int = 50) -> FactorData:
    """Random uint8 pictures without factors."""
    images = np.random.default_rng(0).integers(0, 256, (n, 8, 8), dtype=np.uint8)
    return FactorData(images, np.zeros((n, 0), np.int64), name="noise")


def train(model: Any, steps: int, out: Path | None = None, data: Any = None, **options: Any) -> Run:
    settings = {"batch_size": 16, "lr": 1e-2, "device": "cpu", **options}
    return fit(model, objectives.VAE(), pictures() if data is None else data, steps=steps, out=out, **settings)


@pytest.fixture
def lab() -> Any:
    """The helpers above, for tests that cannot import from a conftest."""

    class Lab:
        make, pictures, train = staticmethod(make), staticmethod(pictures), staticmethod(train)

    return Lab


@pytest.fixture
def same_weights() -> Any:
    def check(a: nn.Module, b: nn.Module) -> bool:
        one, other = a.state_dict(), b.state_dict()
        return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)

    return check
