"""Counting what is trained, and data and scales that take seconds."""

import numpy as np
import pytest
from typer.testing import CliRunner

from latentassay.cli.app import app
from latentassay.data import FactorData
from latentassay.papers import Table, runs
from latentassay.papers.responses import models as subjects
from latentassay.papers.responses.helix import one_thread
from latentassay.papers.responses.models import SCALES


def small_grid(**_):
    """A grid of 4 factors: where a square sits, how bright it is, and how bright all around it is."""
    codes = np.indices((4, 4, 4, 3)).reshape(4, -1).T
    images = np.zeros((len(codes), 16, 16), np.uint8)
    for image, (x, y, bright, around) in zip(images, codes, strict=True):
        image[:] = 20 * around
        image[2 + 3 * y : 6 + 3 * y, 2 + 3 * x : 6 + 3 * x] = 75 + 60 * bright
    return FactorData(images, codes, ("x", "y", "bright", "around"), layout="hw", name="small")


@pytest.fixture(scope="module")
def reproduced(tmp_path_factory):
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


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """Everything small: two β, a few steps, a small grid in the place of 3D Shapes, and no files anywhere."""
    scale = SCALES["smoke"]._replace(steps=30, rows=64, codes=96, groups=8, priors=48, betas=(1, 8))
    monkeypatch.setitem(subjects.SCALES, "smoke", scale)
    monkeypatch.setattr(subjects, "demo_data", small_grid)
    monkeypatch.setattr("latentassay.data.images.DEBIAN_FASHION", tmp_path / "nowhere")
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "empty"))
    with one_thread():
        yield
