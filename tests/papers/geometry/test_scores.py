"""Scores of GEO's VAEs: of codes whose spectrum is known, and of rows taken evenly."""

import pytest
import torch

from latentassay import from_torch
from latentassay.data import load
from latentassay.papers.experiment import Options
from latentassay.papers.geometry import scores
from latentassay.papers.geometry.configurations import list_configurations


def test_components_along_axes_are_counted_and_aligned():
    x = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0)) * torch.tensor([2.0, 0.5, 0.001])
    model = from_torch(lambda x: x, lambda z: z, latent_shape=(3,))
    found = scores._measure_spectrum(model, x)
    assert found[scores.COMPONENTS] == 2 and found[scores.ALIGNED] == pytest.approx(1, abs=0.01)
    assert found[f"{scores.EIGENVALUE} 0"] == pytest.approx(4, rel=0.1)
    assert found[f"{scores.EIGENVALUE} 1"] == pytest.approx(0.25, rel=0.1)


def test_rows_are_taken_evenly():
    digits = load("digits")
    rows = scores._take_evenly(digits, 3)
    torch.testing.assert_close(rows, digits.batch([0, 898, 1796]))


def test_a_model_is_measured_once_every_file_is_there(tmp_path):
    plain, vae = list_configurations(Options("smoke", tmp_path))[0], list_configurations(Options("smoke", tmp_path))[2]
    assert (plain.is_vae, vae.is_vae) == (False, True)
    for configuration, names in (
        (plain, ["geometry", "separability-00000600"]),
        (vae, ["geometry", "turns", "pixels", *(f"separability-{step:08d}" for step in (60, 240, 600))]),
    ):
        configuration.run_folder.mkdir(parents=True)
        for name in names:
            assert not scores.is_measured(configuration)
            (configuration.run_folder / f"{name}.json").touch()
        assert scores.is_measured(configuration)
