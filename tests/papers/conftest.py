"""Counting what is trained, one thread and one process for everything, and data and scales that take seconds."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from latentassay import from_torch
from latentassay.cli.app import app
from latentassay.data import FactorData
from latentassay.papers import catalog, pool, runs
from latentassay.papers.pool import one_torch_thread
from latentassay.papers.responses import beta_vaes
from latentassay.papers.results import Table


def small_grid(**_):
    """A grid of 4 factors: where a square sits, how bright it is, and how bright all around it is."""
    codes = np.indices((4, 4, 4, 3)).reshape(4, -1).T
    images = np.zeros((len(codes), 16, 16), np.uint8)
    for image, (x, y, bright, around) in zip(images, codes, strict=True):
        image[:] = 20 * around
        image[2 + 3 * y : 6 + 3 * y, 2 + 3 * x : 6 + 3 * x] = 75 + 60 * bright
    return FactorData(images, codes, ("x", "y", "bright", "around"), layout="hw", name="small")


def brightness_model():
    """A model of the small grid: how bright it is all around, and how much brighter the square is."""

    def encode(x):
        around = x[:, 0, 0, 0]
        codes = torch.stack([around, x.flatten(1).amax(1) - around], 1)
        return (codes - MEANS) / SPREADS

    def decode(z):
        around, square = (z * SPREADS + MEANS).unbind(1)
        image = around[:, None, None, None].expand(-1, 1, 16, 16).clone()
        image[:, :, 6:10, 6:10] += square[:, None, None, None]
        return image

    return from_torch(encode, decode, latent_shape=(2,), prior="normal")


MEANS, SPREADS = torch.tensor([20.0, 145.0]) / 255, torch.tensor([16.4, 69.0]) / 255
"""Of how bright it is around, and of how much brighter the square is, in the small grid."""


@pytest.fixture(scope="module", autouse=True)
def _one_thread():
    with one_torch_thread():
        yield


@pytest.fixture(scope="module")
def one_process():
    """Models that would have a process each are trained in this one: to start it takes longer than to train them."""

    def run_here(work, items, label, *, processes=None):
        for item in items:
            work(item)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pool, "run_each", run_here)
        patch.setattr(catalog, "DPI", 50)  # one test looks at a figure of full size,
        patch.setattr(catalog, "KINDS", ("png",))  # and of every kind
        yield


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory, one_process):
    """A function that makes an experiment at scale smoke as a user would, and returns its folder and its table."""

    def make(name):
        folder = tmp_path_factory.mktemp("made")
        command, settings = ["reproduce", name, "--out", str(folder)], {"COLUMNS": "200", "OMP_NUM_THREADS": "1"}
        done = CliRunner().invoke(app, command, env=settings)
        assert done.exit_code == 0, done.output
        return folder, Table.from_json(folder / f"{name}-smoke.json")

    return make


@pytest.fixture
def trainings(monkeypatch):
    """A list that grows by the steps of every training that is begun."""
    begun, fit = [], runs.fit

    def counting(*args, **options):
        begun.append(options["steps"])
        return fit(*args, **options)

    monkeypatch.setattr(runs, "fit", counting)
    return begun


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """β-VAEs that take a second: two β, a few steps, a small grid in the place of 3D Shapes, and no files anywhere."""
    scale = beta_vaes.SCALES["smoke"]._replace(
        steps=30, rows=64, codes=96, groups=8, priors=48, samples=32, betas=(1, 8)
    )
    nowhere = tmp_path_factory.mktemp("empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(beta_vaes.SCALES, "smoke", scale)
        patch.setattr(beta_vaes, "demo_data", small_grid)
        patch.setattr("latentassay.data.images.DEBIAN_FASHION", nowhere / "fashion")
        patch.setenv("LATENTASSAY_HOME", str(nowhere))
        yield
