"""A toy in which axes and diagonals compete: two squares whose brightness are the factors, and VAEs of either kind."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from latentassay import models
from latentassay.data import FactorData
from latentassay.perturbation import perturb

SIDE = 8


def grid(dtype: Any = np.uint8) -> FactorData:
    """144 pictures of two bright areas; their greys are the factors."""
    codes = np.indices((12, 12)).reshape(2, -1).T
    images = np.zeros((len(codes), SIDE, SIDE))
    images[:, :, :3] = (0.2 + 0.05 * codes[:, 0])[:, None, None]
    images[:, :4, 5:] = (0.2 + 0.05 * codes[:, 1])[:, None, None]
    stored = np.rint(255 * images).astype(np.uint8) if dtype == np.uint8 else images.astype(dtype)
    return FactorData(stored, codes, ("left", "right"), layout="hw", name="two areas")


def vae(seed: int = 0, latents: int = 2, x_shape: Any = (1, SIDE, SIDE), name: str = "vae-mlp") -> Any:
    options = {"hidden": (16,)} if "mlp" in name else {}
    return models.build(name, x_shape=x_shape, latents=latents, seed=seed, **options)


def small(data: Any, out: Path, **options: Any) -> FactorData:
    """A perturbation of a few steps."""
    settings = {
        "entangled": [vae(0), vae(1)],
        "disentangled": [vae(2)],
        "steps": 8,
        "batch_size": 16,
        "samples": 2,
        "lr": 1e-2,
        "device": "cpu",
        "checkpoint_every": 3,
        **options,
    }
    return perturb(data, out=out, **settings)


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def toy() -> Any:
    """The helpers above, for tests that cannot import from a conftest."""
    return SimpleNamespace(grid=grid, vae=vae, small=small, bytes_of=bytes_of)


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
