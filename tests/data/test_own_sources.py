"""Sources of own data: which kind each is, and which options it takes."""

import os
import tracemalloc

import h5py
import numpy as np
import pytest
import torch

from latentassay.core.errors import FileError
from latentassay.data.own import own

RNG = np.random.default_rng(0)


BYTES = RNG.integers(0, 256, (12, 5, 7, 3), dtype=np.uint8)


def test_keys_of_archives(tmp_path):
    np.savez(tmp_path / "a.npz", first=np.zeros((3, 2)), second=np.ones((4, 2)), factors=np.arange(4)[:, None])
    assert len(own(tmp_path / "a.npz", key="second").factor_names) == 1
    np.savez(tmp_path / "one.npz", whatever=np.zeros((3, 2)))
    assert len(own(tmp_path / "one.npz")) == 3
    with pytest.raises(FileError, match=r"no array third among first, second, factors\. .*key="):
        own(tmp_path / "a.npz", key="third")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["a"], file["b/c"], file["line"] = np.zeros((3, 2)), np.ones((3, 2)), np.zeros(3)
    assert own(tmp_path / "a.h5", key="b/c").batch([0]).sum() == 2
    with pytest.raises(FileError, match=r"is not said\. Choose with key=: a, b/c\."):
        own(tmp_path / "a.h5")
    with pytest.raises(FileError, match=r"no array of rows d\. Choose with key=: a, b/c\."):
        own(tmp_path / "a.h5", key="d")
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["line"] = np.zeros(3)
    with pytest.raises(FileError, match="there is none"):
        own(tmp_path / "none.h5")


def test_what_an_archive_calls_labels_is_a_factor_and_what_is_left_over_is_named(tmp_path):
    words = np.array(["b", "a", "b", "c"])
    np.savez(tmp_path / "a.npz", x=np.zeros((4, 2)), labels=words, y=np.array([0.5, 1, 2, 3]), id=np.arange(4))
    data = own(tmp_path / "a.npz")
    assert data.factor_names == ("labels",) and data.factors[:, 0].tolist() == [1, 0, 1, 2]
    assert data.store.notes[0] == "factors are labels"
    assert data.store.notes[1].startswith("not used: y (y must") and "id; save" in data.store.notes[1]
    np.savez(tmp_path / "b.npz", x=np.zeros((4, 2)), labels=words[:3], target=words.astype(object))
    data = own(tmp_path / "b.npz")
    assert not data.factor_names and data.store.notes[0].startswith("not used: labels, target (")
    np.savez(tmp_path / "c.npz", x=np.zeros((4, 2)), labels=words, factors=np.arange(4)[:, None])
    assert own(tmp_path / "c.npz").factor_names == ("factor 0",)


@pytest.mark.parametrize("name", ["photos.zip", "model.pt"])
def test_other_files_are_told_apart(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04")
    with pytest.raises(FileError, match=r"of no kind that is read here\. .*\.h5ad"):
        own(tmp_path / name)
    with pytest.raises(FileError, match="does not exist"):
        own(tmp_path / "gone" / name)


def test_large_compressed_arrays_go_through_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("latentassay.data.own_sources.CACHED", 100)
    np.savez_compressed(tmp_path / "a.npz", x=BYTES)
    data = own(tmp_path / "a.npz")
    assert torch.equal(data.raw([3])[0].permute(1, 2, 0), torch.from_numpy(BYTES[3]))
    made = sorted((tmp_path / "home" / "own").iterdir())
    assert made[0].name.startswith("a-x-") and [path.suffix for path in made] == [".npy", ".sums"]


@pytest.mark.parametrize("suffix", ["npy", "h5"])
def test_files_are_read_in_the_rows_asked_for(tmp_path, suffix):
    """64 MiB on disk; what is read into memory is far less."""
    path, rows = tmp_path / f"a.{suffix}", np.zeros((64, 1 << 20), np.uint8)
    if suffix == "npy":
        np.save(path, rows)
    else:
        with h5py.File(path, "w") as file:
            file.create_dataset("x", data=rows, chunks=(1, 1 << 20))
    del rows
    tracemalloc.start()
    assert own(path).batch([5]).shape == (1, 1 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 48 << 20


def test_files_of_one_name_size_and_time_are_told_apart_in_the_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("latentassay.data.own_sources.CACHED", 100)
    stores = []
    for name, value in (("one", 3), ("two", 5)):
        path = tmp_path / name / "a.npz"
        path.parent.mkdir()
        np.savez_compressed(path, x=np.full((40, 8), value, np.float32))
        os.utime(path, (10**9, 10**9))
        stores.append((own(path).store[[0]][0, 0], path.stat().st_size))
    assert stores[0][1] == stores[1][1] and [value for value, _ in stores] == [3, 5]
    np.savez_compressed(path, x=np.full((40, 8), 7, np.float32))  # the same file, written anew within its time
    os.utime(path, (10**9, 10**9))
    assert own(path).store[[0]][0, 0] == 7


def test_mat_files_have_their_axes_as_matlab_has_them(tmp_path):
    x = np.random.default_rng(0).random((5, 4, 3))
    with h5py.File(tmp_path / "a.mat", "w", userblock_size=512) as file:
        file["x"] = x.T  # MATLAB is column-major, and writes what it calls (5, 4, 3) so
    with (tmp_path / "a.mat").open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file")
    data = own(tmp_path / "a.mat")
    np.testing.assert_array_equal(data.store[[3]], x[[3]])
    assert "first counts rows (5×4×3)" in data.store.notes[0]
    (tmp_path / "b.mat").write_bytes(b"MATLAB 5.0 MAT-file" + bytes(200))
    with pytest.raises(FileError, match=r"another version than 7\.3.*-v7\.3"):
        own(tmp_path / "b.mat")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("x.pt", r"x\.cpu\(\)\.numpy"),
        ("x.parquet", "to_csv"),
        ("x.zip", "Unpack"),
        ("x.png", "the folder"),
        ("x.q", "np.save"),
    ],
)
def test_other_kinds_are_refused_with_what_to_save_instead(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"1")
    with pytest.raises(FileError, match=words):
        own(tmp_path / name)
