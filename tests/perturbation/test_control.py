"""Uniform noise, and data sets that are made again from their manifests."""

import numpy as np
import pytest
import torch

from latentassay.core.errors import InputError
from latentassay.perturbation import remake, uniform_noise


def test_it_is_made_again_from_its_manifest(toy, tmp_path):
    parent, sides = toy.grid(), {"entangled": [toy.vae(0), toy.vae(1)], "disentangled": [toy.vae(2)]}
    toy.small(parent, tmp_path / "a")
    remake(tmp_path / "a", parent, out=tmp_path / "b", **sides)
    assert toy.bytes_of(tmp_path / "a") == toy.bytes_of(tmp_path / "b")
    uniform_noise(parent, out=tmp_path / "noise", seed=2)
    remake(tmp_path / "noise", parent, out=tmp_path / "noise again")
    assert toy.bytes_of(tmp_path / "noise") == toy.bytes_of(tmp_path / "noise again")
    with pytest.raises(InputError, match="not those of the manifest"):
        remake(tmp_path / "a", parent, out=tmp_path / "c", entangled=[toy.vae(7)], disentangled=[toy.vae(2)])
    with pytest.raises(InputError, match="load the data set it was made from"):
        remake(tmp_path / "a", parent.take(np.arange(100)), out=tmp_path / "c", **sides)
    assert not (tmp_path / "c").exists()


def test_noise_is_uniform_of_its_own_and_as_large(toy, tmp_path):
    from latentassay.data import FactorData

    grey = FactorData(np.full((500, 8, 8), 0.5, np.float32), np.arange(500)[:, None], layout="hw", name="grey")
    rows = np.arange(500)
    noise = (uniform_noise(grey, out=tmp_path / "a", eps=0.1).batch(rows) - 0.5).double()
    assert float(noise.std()) == pytest.approx(0.1 / 3**0.5, rel=0.02) and float(noise.abs().max()) > 0.0999
    assert abs(float(torch.corrcoef(noise.flatten(1)[:2])[0, 1])) < 0.5
    other = uniform_noise(grey, out=tmp_path / "b", eps=0.1, seed=1).batch(rows)
    assert float(torch.corrcoef(torch.stack([noise.flatten(), other.double().flatten()]))[0, 1]) < 0.02
