"""HDF5 files that would read other files of the machine are refused; everything else opens as before."""

import h5py
import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data import own
from latentassay.data.formats import Hdf5Store, read_hdf5
from latentassay.data.hdf5 import open_file

SECRET = b"a secret of 32 bytes, all of it!"


@pytest.fixture
def secret(tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.frombuffer(SECRET, "u1").reshape(4, 8)
    return tmp_path


def _external(folder, file):
    file.create_dataset("x", (4, 8), "u1", external=[(str(folder / "secret"), 0, 32)])


def _virtual(folder, file):
    layout = h5py.VirtualLayout((4, 8), "u1")
    layout[:] = h5py.VirtualSource(str(folder / "other.h5"), "x", (4, 8))
    file.create_virtual_dataset("x", layout)


def _linked(folder, file):
    file["x"] = h5py.ExternalLink(str(folder / "other.h5"), "/x")


def _linked_by_a_soft_link(folder, file):
    file["deep/er/door"] = h5py.ExternalLink(str(folder / "other.h5"), "/")
    file["x"] = h5py.SoftLink("/deep/er/door/x")


@pytest.mark.parametrize("make", [_external, _virtual, _linked, _linked_by_a_soft_link])
@pytest.mark.parametrize("ending", [".h5", ".hdf5", ".h5ad"])
def test_values_outside_the_file_are_refused(secret, make, ending):
    path = secret / f"trap{ending}"
    with h5py.File(path, "w") as file:
        make(secret, file)
        if ending == ".h5ad":
            file["X"] = file["x"] if make is _external else h5py.SoftLink("/x")
    with pytest.raises(FileError, match=r"another file|other files"):
        own(path, key="x") if ending != ".h5ad" else own(path)
    with pytest.raises(FileError, match=r"another file|other files"):
        Hdf5Store(path, "x")
    with pytest.raises(FileError, match=r"another file|other files"):
        read_hdf5(path, "x")


def test_links_inside_a_file_are_followed_even_in_circles(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["one/x"] = np.arange(6.0).reshape(2, 3)
        file["one/again"] = file["one"]
        file["soft"] = h5py.SoftLink("/one/x")
        file["nowhere"] = h5py.SoftLink("/missing")
    with open_file(tmp_path / "a.h5") as file:
        assert file["soft"][1, 2] == 5
    assert Hdf5Store(tmp_path / "a.h5", "soft")[[1]].tolist() == [[3, 4, 5]]


def test_groups_nested_a_thousand_deep_are_walked(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file
        for _ in range(1500):
            group = group.create_group("g")
        file["x"] = np.zeros((2, 2))
    assert Hdf5Store(tmp_path / "a.h5", "x").shape == (2, 2)
