"""File formats, written here byte by byte or by their own libraries, whole and damaged."""

import gzip
import hashlib
import io
import pathlib
import pickle
import struct
import zipfile

import h5py
import numpy as np
import pytest
from PIL import Image

from latentassay.core.errors import FileError
from latentassay.data.checked import CheckedRows
from latentassay.data.formats import (
    Hdf5Store,
    Scaled,
    norb_blocks,
    npz_names,
    open_hdf5,
    read_hdf5,
    read_idx,
    read_norb,
    read_npy,
    read_npz,
    resize,
    writable_npy,
)

RNG = np.random.default_rng(0)


class Canary:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (pathlib.Path.mkdir, (self.path,))


def idx(array):
    return b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def norb(array):
    magic = {np.dtype("u1"): 0x1E3D4C55, np.dtype("<i4"): 0x1E3D4C54}[array.dtype]
    lengths = (*array.shape, 1, 1)[: max(3, array.ndim)]
    return struct.pack(f"<2i{len(lengths)}i", magic, array.ndim, *lengths) + array.tobytes()


IMAGES = RNG.integers(0, 256, (5, 4, 3), dtype=np.uint8)


@pytest.mark.parametrize("wrap", [bytes, gzip.compress, lambda b: gzip.compress(b, 1)])
def test_idx_is_read_and_its_contents_verified_whatever_the_wrapper(tmp_path, wrap):
    (tmp_path / "f").write_bytes(wrap(idx(IMAGES)))
    md5 = hashlib.md5(idx(IMAGES)).hexdigest()
    assert np.array_equal(read_idx(tmp_path / "f", md5), IMAGES)
    with pytest.raises(FileError, match="md5 of its contents"):
        read_idx(tmp_path / "f", "0" * 32)


FLIPPED = bytearray(gzip.compress(idx(IMAGES)))
FLIPPED[40] ^= 16


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(idx(IMAGES))[:-9], "IDX"),
        (bytes(FLIPPED), "IDX"),
        (idx(IMAGES)[:-1], "truncated"),
        (idx(IMAGES) + b"\0", "more in it"),
        (b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 9), "truncated"),
        (b"\0\0\x0d\x03" + idx(IMAGES)[4:], "starts with"),
        (b"\0\0\x08\x09" + idx(IMAGES)[4:], "starts with"),
        (b"\0\0", "starts with"),
        (b"", "empty"),
        (b"<html></html>", "web page"),
        (pickle.dumps(1), "pickle"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_idx_is_refused(tmp_path, content, words):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(FileError, match=words):
        read_idx(tmp_path / "f")


@pytest.mark.parametrize("array", [IMAGES, np.arange(7, dtype="<i4"), np.arange(8, dtype="<i4").reshape(2, 4)])
@pytest.mark.parametrize("wrap", [bytes, gzip.compress])
def test_norb_matrices_are_read_whole(tmp_path, array, wrap):
    (tmp_path / "f").write_bytes(wrap(norb(array)))
    assert np.array_equal(read_norb(tmp_path / "f"), array)


def test_norb_blocks_cover_the_matrix(tmp_path):
    (tmp_path / "f").write_bytes(norb(IMAGES))
    blocks = list(norb_blocks(tmp_path / "f", np.dtype("u1"), IMAGES.shape, rows=2))
    assert [len(b) for b in blocks] == [2, 2, 1] and np.array_equal(np.concatenate(blocks), IMAGES)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (norb(IMAGES)[:-1], "truncated"),
        (norb(IMAGES) + b"\0", "more in it"),
        (b"\1" + norb(IMAGES)[1:], "magic number"),
        (norb(IMAGES)[:4] + struct.pack("<i", 40) + norb(IMAGES)[8:], "40 dimensions"),
        (norb(IMAGES)[:8] + struct.pack("<i", -5) + norb(IMAGES)[12:], "lengths"),
        (norb(IMAGES.reshape(5, 2, 6)), "expected"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_norb_is_refused(tmp_path, content, words):
    (tmp_path / "f").write_bytes(content)
    with pytest.raises(FileError, match=words):
        list(norb_blocks(tmp_path / "f", np.dtype("u1"), IMAGES.shape))


LARGE = RNG.integers(0, 256, (300, 64, 64), dtype=np.uint8)


def test_a_large_stored_array_is_mapped_in_place(tmp_path):
    np.savez(tmp_path / "f.npz", other=np.arange(3), x=LARGE, fortran=np.asfortranarray(LARGE))
    for name in ("x", "fortran"):
        found = read_npz(tmp_path / "f.npz", name)
        assert isinstance(found, np.memmap) and found.filename == tmp_path / "f.npz"
        assert np.array_equal(found, LARGE)
    assert npz_names(tmp_path / "f.npz") == ("other", "x", "fortran")


def test_a_compressed_array_is_unpacked_once_and_mapped(tmp_path):
    np.savez_compressed(tmp_path / "f.npz", x=LARGE)
    cache = tmp_path / "deep" / "x.npy"
    assert np.array_equal(read_npz(tmp_path / "f.npz", "x"), LARGE)
    first = read_npz(tmp_path / "f.npz", "x", cache)
    stamp = cache.stat().st_mtime_ns
    assert isinstance(first, CheckedRows) and isinstance(first.mapped, np.memmap) and np.array_equal(first, LARGE)
    read_npz(tmp_path / "f.npz", "x", cache)
    assert cache.stat().st_mtime_ns == stamp
    assert {p.name for p in cache.parent.iterdir()} == {"x.npy", "x.npy.sums"}


def test_no_pickle_is_ever_loaded(tmp_path):
    canary = tmp_path / "canary"
    hostile = np.array([Canary(canary)], dtype=object)
    np.save(tmp_path / "o.npy", hostile, allow_pickle=True)
    np.savez(tmp_path / "o.npz", x=IMAGES, metadata=hostile)
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Canary(canary)))
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(Canary(canary), protocol=0))
    assert np.array_equal(read_npz(tmp_path / "o.npz", "x"), IMAGES)
    attempts = [
        lambda: read_npy(tmp_path / "o.npy"),
        lambda: read_npy(tmp_path / "raw.npy"),
        lambda: read_npz(tmp_path / "o.npz", "metadata"),
        lambda: read_npz(tmp_path / "o.npz", "metadata", tmp_path / "c.npy"),
        lambda: read_npz(tmp_path / "raw.npz", "x"),
    ]
    for attempt in attempts:
        with pytest.raises(FileError):
            attempt()
    assert not canary.exists()
    pickle.loads(pickle.dumps(Canary(canary)))  # the canary does sing
    assert canary.exists()


@pytest.mark.parametrize(
    ("content", "words"), [(b"junk", "begins with b'junk'"), (None, "Python objects, which are never")]
)
def test_advice_on_a_file_that_is_no_array_is_never_to_load_it_unsafely(tmp_path, content, words):
    path = tmp_path / "a.npy"
    path.write_bytes(content) if content else np.save(path, np.array([{}], dtype=object))
    with pytest.raises(FileError, match=words) as refused:
        read_npy(path)
    assert "allow_pickle" not in str(refused.value) and "save it again" in str(refused.value)


def test_damaged_npz_is_refused_and_leaves_no_cache(tmp_path):
    np.savez_compressed(tmp_path / "f.npz", x=LARGE)
    whole = (tmp_path / "f.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for name, content in (("cut", whole[:-100]), ("flip", bytes(flipped)), ("page", b"<html>"), ("none", b"")):
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(FileError):
            read_npz(tmp_path / f"{name}.npz", "x", tmp_path / "cache" / "x.npy")
    assert not any((tmp_path / "cache").glob("*"))
    with pytest.raises(FileError, match="no array"):
        read_npz(tmp_path / "f.npz", "y")
    with zipfile.ZipFile(tmp_path / "lie.npz", "w") as archive:
        archive.writestr("x.npy", b"\x93NUMPY" + bytes(2 << 20))
    with pytest.raises(FileError):
        read_npz(tmp_path / "lie.npz", "x")


def test_a_truncated_npy_is_refused(tmp_path):
    np.save(tmp_path / "f.npy", LARGE)
    assert isinstance(read_npy(tmp_path / "f.npy"), np.memmap)
    (tmp_path / "f.npy").write_bytes((tmp_path / "f.npy").read_bytes()[:-1])
    with pytest.raises(FileError, match="npy"):
        read_npy(tmp_path / "f.npy")


@pytest.fixture
def h5(tmp_path):
    with h5py.File(tmp_path / "f.h5", "w") as file:
        file.create_dataset("a/x", data=LARGE, compression="gzip", chunks=(7, 64, 64))
    return tmp_path / "f.h5"


@pytest.mark.parametrize("rows", [[3], [5, 1, 1, 299, 0, 2, 5], [], [-1, 4], np.arange(300), np.arange(299, -1, -1)])
def test_hdf5_rows_come_in_any_order_and_number(h5, rows):
    store = Hdf5Store(h5, "a/x")
    assert (store.shape, store.dtype) == (LARGE.shape, np.uint8)
    assert np.array_equal(store[np.array(rows, dtype=int)], LARGE[np.array(rows, dtype=int)])


def test_hdf5_images_are_unpacked_once_and_mapped(h5, tmp_path):
    assert isinstance(open_hdf5(h5, "a/x"), Hdf5Store)
    for _ in range(2):
        store = open_hdf5(h5, "a/x", tmp_path / "cache" / "x.npy")
        assert isinstance(store, CheckedRows) and isinstance(store.mapped, np.memmap) and np.array_equal(store, LARGE)
    assert {path.name for path in (tmp_path / "cache").iterdir()} == {"x.npy", "x.npy.sums"}


def test_hdf5_refuses_rows_out_of_range_and_damage(h5, tmp_path):
    for row in (300, -301):
        with pytest.raises(IndexError, match="out of range"):
            Hdf5Store(h5, "a/x")[[row]]
    assert np.array_equal(read_hdf5(h5, "a/x"), LARGE)
    for name in ("b", "a"):
        with pytest.raises(FileError, match="no dataset"):
            Hdf5Store(h5, name)
    (tmp_path / "cut.h5").write_bytes(h5.read_bytes()[:5000])
    (tmp_path / "page.h5").write_bytes(b"<html>")
    for name in ("cut.h5", "page.h5", "none.h5"):
        with pytest.raises(FileError):
            Hdf5Store(tmp_path / name, "a/x")


def test_scaled_store_turns_ones_into_255():
    store = Scaled(np.eye(3, dtype=np.uint8), 255)
    assert store.shape == (3, 3) and store[[1]].tolist() == [[0, 255, 0]] and store[[1]].dtype == np.uint8


@pytest.mark.parametrize("size", [32, 64, 17])
def test_resizing_agrees_with_pillow_within_a_grey_level(size):
    images = RNG.integers(0, 256, (3, 28, 28, 3), dtype=np.uint8)
    pillow = [np.asarray(Image.fromarray(x).resize((size, size), Image.Resampling.BILINEAR)) for x in images]
    assert np.abs(resize(images, size, "hwc").astype(int) - np.stack(pillow)).max() <= 1
    assert np.array_equal(resize(images[..., 0], size), resize(images, size, "hwc")[..., 0])


def test_an_npy_written_in_any_order_is_an_npy(tmp_path):
    with writable_npy(tmp_path / "w.npy", (4, 2)) as array:
        array[[3, 0]] = [[1, 2], [3, 4]]
    assert np.load(tmp_path / "w.npy").tolist() == [[3, 4], [0, 0], [0, 0], [1, 2]]


@pytest.mark.parametrize("shape", [(1 << 40, 1 << 20), (1 << 33,), (3, 3), (1, 1)])
@pytest.mark.parametrize("packed", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_headers_that_lie_take_no_memory(tmp_path, shape, packed):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f4", "fortran_order": False, "shape": shape})
    with zipfile.ZipFile(tmp_path / "a.npz", "w", packed) as archive:
        archive.writestr("x.npy", head.getvalue() + bytes(16))
    with pytest.raises(FileError, match=r"promises .* bytes, 16 are there"):
        read_npz(tmp_path / "a.npz", "x")
    (tmp_path / "a.npy").write_bytes(head.getvalue() + bytes(2))
    with pytest.raises(FileError, match=r"not a readable \.npy"):
        read_npy(tmp_path / "a.npy")
