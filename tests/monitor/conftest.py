"""Data that a small model learns within a second."""

import pytest
import torch
from torch import nn

import latentassay as la


class Small(nn.Module):
    """A VAE with everything that a careless observer would disturb: dropout, BatchNorm, noise of the global state."""

    latent_shape = (3,)
    prior = la.StandardNormal((3,))

    def __init__(self):
        super().__init__()
        self.inward = nn.Sequential(nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 6))
        self.outward = nn.Sequential(nn.Linear(3, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.2), nn.Linear(16, 6))

    def encode(self, x):
        mean, logvar = self.inward(x).chunk(2, 1)
        return la.DiagonalGaussian(mean, (0.5 * logvar).exp())

    def decode(self, z):
        return self.outward(z)


@pytest.fixture
def data():
    generator = torch.Generator().manual_seed(0)
    return torch.randn(400, 3, generator=generator) @ torch.randn(3, 6, generator=generator)


@pytest.fixture
def small():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Small()


@pytest.fixture
def paid(monkeypatch):
    """Let a monitor assay whenever it is due, as if training had paid for it."""

    def pay(monitor, budget=0.3):
        monkeypatch.setattr(monitor._account, "budget", lambda: budget)
        return monitor

    return pay
