"""Perturbed data sets as they are read; ``tests/perturbation`` makes whole ones and damages them."""

import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data import FactorData, load
from latentassay.data.perturbed import load_perturbed
from latentassay.data.perturbed_folder import MANIFEST, is_perturbed
from latentassay.perturbation import uniform_noise

PARENT = FactorData(np.arange(24, dtype=np.uint8).reshape(6, 4), [0, 1, 2, 0, 1, 2], ("label",), name="toy")


def test_a_folder_is_known_by_its_manifest_and_loaded_by_its_path(tmp_path):
    made = uniform_noise(PARENT, out=tmp_path / "noise", eps=0.1)
    assert is_perturbed(tmp_path / "noise") and not is_perturbed(tmp_path)
    for data in (load_perturbed(tmp_path / "noise"), load(tmp_path / "noise")):
        assert (data.name, data.factor_names, data.layout) == ("toy, noise", ("label",), "vector")
        assert np.array_equal(data.raw(range(6)), made.raw(range(6)))
        assert np.array_equal(data.factors, PARENT.factors)


def test_folders_that_hold_none_are_refused(tmp_path):
    with pytest.raises(FileError, match=r"does not exist.*that perturb or uniform_noise wrote"):
        load_perturbed(tmp_path)
    (tmp_path / MANIFEST).write_text("{}")
    with pytest.raises(FileError, match="is no manifest of a perturbed data set"):
        load_perturbed(tmp_path)
