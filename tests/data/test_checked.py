"""A cache that was changed anywhere is refused when the changed rows are read, and not before."""

import h5py
import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data.checked import BLOCK
from latentassay.data.formats import open_hdf5, read_npz
from latentassay.data.rendered import cache_store

X = np.random.default_rng(0).integers(0, 256, (1000, 5000), dtype=np.uint8)


@pytest.mark.parametrize("row", [0, 501, 999])
@pytest.mark.parametrize("change", [b"\0" * 400, b"?"])
def test_any_changed_byte_is_found_at_its_first_use(tmp_path, row, change):
    path = tmp_path / "x.npy"
    np.testing.assert_array_equal(cache_store(X, path)[[3, 0, 3]], X[[3, 0, 3]])
    place = path.stat().st_size - X.nbytes + row * 5000 + 17
    with path.open("r+b") as stream:
        stream.seek(place)
        before = stream.read(len(change))
        stream.seek(place)
        stream.write(bytes(byte ^ 1 for byte in before))
    with pytest.raises(FileError, match=r"was changed or is damaged|holds other images"):
        cache_store(X, path)[np.array([row])]
    far = [each for each in range(1000) if abs(each - row) * 5000 > BLOCK + 5000]
    if row == 501:  # rows that are probed at once lie elsewhere
        np.testing.assert_array_equal(cache_store(X, path)[far[:5]], X[far[:5]])


def flip(path, place):
    with path.open("r+b") as stream:
        stream.seek(place)
        before = stream.read(1)
        stream.seek(place)
        stream.write(bytes([before[0] ^ 1]))


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_unpacked_archive_is_verified_when_it_is_read(tmp_path, order):
    source, cache = tmp_path / "x.npz", tmp_path / "x.npy"
    np.savez_compressed(source, x=np.asarray(X, order=order))
    np.testing.assert_array_equal(read_npz(source, "x", cache)[[3, 0, 999]], X[[3, 0, 999]])
    flip(cache, cache.stat().st_size - X.nbytes + 501 * 5000)
    with pytest.raises(FileError, match="was changed or is damaged"):
        read_npz(source, "x", cache)[np.array([501])]
    if order == "C":
        np.testing.assert_array_equal(read_npz(source, "x", cache)[[0, 999]], X[[0, 999]])


def test_an_unpacked_dataset_is_verified_when_it_is_read(tmp_path):
    source, cache = tmp_path / "x.h5", tmp_path / "x.npy"
    with h5py.File(source, "w") as file:
        file["x"] = X
    np.testing.assert_array_equal(open_hdf5(source, "x", cache)[[999, 0]], X[[999, 0]])
    flip(cache, cache.stat().st_size - 1)
    with pytest.raises(FileError, match="was changed or is damaged"):
        open_hdf5(source, "x", cache)[np.array([999])]


def test_a_cache_without_checksums_is_made_anew(tmp_path):
    source, cache = tmp_path / "x.npz", tmp_path / "x.npy"
    np.savez_compressed(source, x=X)
    np.save(cache, X ^ 1)  # as an earlier version left it, and damaged since
    np.testing.assert_array_equal(read_npz(source, "x", cache)[:], X)
