"""Small files that promise much are refused by name of the option that lets them in, and then let in."""

import h5py
import numpy as np
import pytest
from PIL import Image

from latentassay.core.errors import FileError
from latentassay.data import own
from latentassay.data.own_cells import read_cells

X = np.random.default_rng(0).random((30, 4)).astype(np.float32)


def refuses(*arguments, **options):
    with pytest.raises(FileError, match=r"allow_large=True \(--allow-large") as caught:
        own(*arguments, **options)
    return str(caught.value)


def test_pictures_of_too_many_pixels(tmp_path):
    limit = Image.MAX_IMAGE_PIXELS
    for side in (10_000, 14_000):  # of which PIL warns, and which it refuses
        Image.new("1", (side, side)).save(tmp_path / "a.png")
        assert "picture" in refuses(tmp_path, size=8)
        x = own(tmp_path, size=8, allow_large=True)
        assert x.batch([0]).shape == (1, 1, 8, 8)
    assert limit == Image.MAX_IMAGE_PIXELS


def test_datasets_of_too_large_rows_or_chunks(tmp_path):
    for shape, chunks, what in (((4, 1 << 31), (1, 1 << 20), "a row"), ((1 << 31, 1), (1 << 31, 1), "a chunk")):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file.create_dataset("x", shape, np.uint8, chunks=chunks, compression="gzip")
        assert what in refuses(tmp_path / "x.h5")


def test_archives_of_too_large_members_or_factors(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, x=X, factors=np.zeros((30, 2), np.int64))
    monkeypatch.setattr("latentassay.data.own_sources.FACTOR_LIMIT", 100)
    assert "factors" in refuses(path)
    assert own(path, allow_large=True).factors.shape == (30, 2)
    monkeypatch.setattr("latentassay.data.formats.MEMBER_LIMIT", 100)
    assert "array x" in refuses(path)
    assert np.array_equal(own(path, allow_large=True).batch(np.arange(30)), X)


def test_tables_of_too_many_bytes(tmp_path, monkeypatch):
    path = tmp_path / "x.csv"
    np.savetxt(path, X, delimiter=",")
    monkeypatch.setattr("latentassay.data.tables.TABLE_LIMIT", 100)
    refuses(path)
    assert len(own(path, allow_large=True)) == 30


def test_cells_of_too_many_columns(tmp_path):
    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        group = file.create_group("X")
        group.attrs["encoding-type"], group.attrs["shape"] = "csr_matrix", (3, 1 << 40)
        group["data"], group["indices"], group["indptr"] = [1.0], [0], [0, 1, 1, 1]
    with pytest.raises(FileError, match="--allow-large"):
        read_cells(tmp_path / "x.h5ad")
