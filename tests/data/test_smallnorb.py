"""SmallNORB from small files in the official layout."""

import gzip
import struct

import numpy as np
import pytest

from latentassay.core.errors import FileError
from latentassay.data import smallnorb
from latentassay.data.smallnorb import read_smallnorb

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def matrix(array, magic):
    lengths = (*array.shape, 1, 1)[: max(3, array.ndim)]
    return struct.pack(f"<2i{len(lengths)}i", magic, array.ndim, *lengths) + array.tobytes()


def norb_split(folder, toys, wrap=gzip.compress):
    """Two categories, two toys, all else 2: in shuffled order, with images that tell their row."""
    folder.mkdir()
    grid = np.array([(c, t, e, a, li) for c in (0, 1) for t in toys for e in (0, 8) for a in (0, 34) for li in (0, 5)])
    grid = RNG.permutation(grid).astype("<i4")
    images = np.zeros((len(grid), 2, 96, 96), np.uint8)
    images[:, :, 0, :5], images[:, 1, 1, 0] = grid[:, None], 7
    parts = {
        "dat": matrix(images, 0x1E3D4C55),
        "cat": matrix(np.ascontiguousarray(grid[:, 0]), 0x1E3D4C54),
        "info": matrix(np.ascontiguousarray(grid[:, 1:]), 0x1E3D4C54),
    }
    for part, content in parts.items():
        (folder / part).write_bytes(wrap(content))
    return {part: folder / part for part in parts}


@pytest.mark.parametrize("stereo", [False, True])
def test_smallnorb_rows_are_sorted_with_their_images(tmp_path, stereo):
    splits = [norb_split(tmp_path / "a", (4, 9)), norb_split(tmp_path / "b", (0, 5), wrap=bytes)]
    data = read_smallnorb(splits, tmp_path / "c.npy", stereo=stereo)
    assert data.factor_names == ("category", "instance", "elevation", "azimuth", "lighting")
    assert len(data) == 64 and data.x_shape == (2 if stereo else 1, 96, 96)
    assert (np.diff(np.ravel_multi_index(tuple(data.factors.T), data.factor_sizes)) > 0).all()
    coded = data.raw(np.arange(64))[:, 0, 0, :5].numpy()
    assert np.array_equal(coded[:, 0], data.factors[:, 0]) and np.array_equal(coded[:, 3], data.factors[:, 3] * 2)
    assert np.array_equal(coded[:, 1], np.array([0, 4, 5, 9])[data.factors[:, 1]])
    if stereo:
        assert (data.raw(np.arange(64))[:, :, 1, 0].numpy() == [0, 7]).all()


@pytest.mark.long
def test_a_full_split_of_smallnorb_is_a_grid(tmp_path):
    codes = np.indices((5, 5, 9, 18, 6)).reshape(5, -1).T.astype("<i4")
    info = codes[:, 1:] * [1, 1, 2, 1] + [4, 0, 0, 0]
    images = np.zeros((len(codes), 2, 96, 96), np.uint8)
    for part, content in {
        "dat": matrix(images, 0x1E3D4C55),
        "cat": matrix(np.ascontiguousarray(codes[:, 0]), 0x1E3D4C54),
        "info": matrix(np.ascontiguousarray(info.astype("<i4")), 0x1E3D4C54),
    }.items():
        (tmp_path / part).write_bytes(content)
    data = read_smallnorb([{p: tmp_path / p for p in ("dat", "cat", "info")}], tmp_path / "c.npy")
    assert len(data) == 24_300 and data.is_grid


def test_damaged_smallnorb_is_refused(tmp_path):
    for part, change in (
        ("dat", lambda b: gzip.compress(gzip.decompress(b)[:-1])),
        ("dat", lambda b: b[:-30]),
        ("dat", lambda b: gzip.compress(matrix(np.zeros((32, 2, 95, 96), np.uint8), 0x1E3D4C55))),
        ("cat", lambda b: gzip.compress(matrix(np.zeros(31, "<i4"), 0x1E3D4C54))),
        ("cat", lambda b: gzip.compress(matrix(np.full(32, 5, "<i4"), 0x1E3D4C54))),
        ("info", lambda b: b""),
    ):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        files = norb_split(folder, (4, 9))
        files[part].write_bytes(change(files[part].read_bytes()))
        with pytest.raises(FileError):
            read_smallnorb([files], folder / "c.npy")
        assert not (folder / "c.npy").exists()


def test_the_loader_verifies_and_says_what_is_missing(tmp_path):
    with pytest.raises(FileError, match=r"training-dat\.mat\.gz.*missing.*data fetch smallnorb"):
        smallnorb()
    (tmp_path / "smallnorb-5x01235x9x18x6x2x96x96-testing-dat.mat.gz").write_bytes(b"x" * 9)
    with pytest.raises(FileError, match="missing"):
        smallnorb(tmp_path, train=False)
