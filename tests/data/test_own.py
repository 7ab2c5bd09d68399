"""The user's own arrays, files and functions: what comes out, what is said of it, and what is refused."""

import pickle
import re
import sys

import h5py
import numpy as np
import pytest
import torch

import latentassay as la
from conftest import ROOT
from latentassay.core.errors import FileError, InputError
from latentassay.data.own import is_own, own

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (12, 5, 7, 3), dtype=np.uint8)


def sources(tmp_path, x):
    """The same rows in every form."""
    np.save(tmp_path / "a.npy", x)
    np.savez(tmp_path / "a.npz", x=x)
    np.savez_compressed(tmp_path / "b.npz", x=x)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["group/x"], file["labels"] = x, np.arange(len(x))
    whole = [own(tmp_path / name) for name in ("a.npy", "a.npz", "b.npz", "a.h5")]
    return [*whole, own(lambda rows: x[rows], n=len(x)), own(x), own(tmp_path / "a.h5", key="/group/x")]


def test_every_source_gives_the_same_rows(tmp_path):
    for data in sources(tmp_path, BYTES):
        assert (data.x_shape, len(data), data.factors.shape) == ((3, 5, 7), 12, (12, 0))
        assert torch.equal(data.batch([7, 0, 7]), torch.from_numpy(BYTES[[7, 0, 7]]).permute(0, 3, 1, 2) / 255)
        assert data.raw([1]).dtype == torch.uint8
        assert data.store.notes == (
            "channels last (5×7×3), turned channels first",
            "uint8, 0 to 255 delivered as 0 to 1",
        )


def test_load_finds_own_data_by_their_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", BYTES)
    assert la.data.load("x.npy").x_shape == la.data.load("./x.npy", layout="hwc").x_shape == (3, 5, 7)
    assert la.data.load("x.npy", layout="chw").x_shape == (5, 7, 3)
    (tmp_path / "digits").mkdir()
    assert la.data.load("digits").x_shape == (1, 8, 8)  # a name of ours goes before a folder
    with pytest.raises(FileError, match="holds no pictures"):
        la.data.load("./digits")
    with pytest.raises(InputError, match=r"x\.npy.*colours"):
        la.data.load("x.npy", colours="rgb")


@pytest.mark.parametrize(
    ("stored", "stated", "expected", "words"),
    [
        (np.uint8([[0, 51, 255]]), None, [0, 0.2, 1], "uint8, 0 to 255 delivered as 0 to 1"),
        (np.uint8([[0, 51, 255]]), (0, 255), [0, 0.2, 1], "uint8 stated to lie in 0 to 255, delivered in 0 to 1"),
        (np.uint8([[0, 1, 1]]), None, [0, 1, 1], "uint8 of 0 and 1 alone, delivered as 0 and 1"),
        (np.bool_([[0, 1, 1]]), None, [0, 1, 1], "bool of 0 and 1 alone, delivered as 0 and 1"),
        (np.float32([[-1, 0, 1]]), None, [-1, 0, 1], "float32 from -1 to 1 in 1 rows, delivered as they are"),
        (np.float32([[-1, 0, 1]]), (-1, 1), [0, 0.5, 1], "float32 stated to lie in -1 to 1, delivered in 0 to 1"),
        (np.float64([[0, 51, 255]]), "0,255", [0, 0.2, 1], "float64 stated to lie in 0 to 255, delivered in 0 to 1"),
        (np.uint16([[0, 13107, 65535]]), (0, 65535), [0, 0.2, 1], "uint16 stated to lie in 0 to 65535"),
        (np.int64([[0, 1, 1]]), (0, 1), [0, 1, 1], "int64 stated to lie in 0 to 1"),
        (np.array([[0.5, 2, 3]], ">f4"), None, [0.5, 2, 3], "from 0.5 to 3 in 1 rows, delivered as they are"),
        (np.array([[0, 51, 255]], ">i4"), (0, 255), [0, 0.2, 1], "stated to lie in 0 to 255"),
    ],
)
def test_ranges_stated_and_seen(stored, stated, expected, words):
    data = own(stored, value_range=stated)
    torch.testing.assert_close(
        data.batch([0])[0].float(), torch.tensor(expected, dtype=torch.float32), atol=1e-6, rtol=0
    )
    assert words in data.store.notes[-1]


def test_pictures_of_floats_beyond_0_to_1_are_pointed_at():
    pictures = np.linspace(-1, 1, 4 * 16, dtype=np.float32).reshape(4, 4, 4)
    data = own(pictures)
    assert data.x_shape == (1, 4, 4) and data.store.value_range == (-1, 1)
    assert "need value_range= stated" in data.store.notes[-1]
    assert "stated" not in own(pictures.reshape(4, 16)).store.notes[-1]
    assert "stated" not in own(pictures.clip(0)).store.notes[-1]


@pytest.mark.parametrize(
    ("shape", "x_shape"),
    [
        ((2, 8, 8, 3), (3, 8, 8)),
        ((2, 8, 6, 1), (1, 8, 6)),
        ((2, 9, 9, 4), (4, 9, 9)),
        ((2, 3, 8, 8), (3, 8, 8)),
        ((2, 6, 8, 8), (6, 8, 8)),
        ((2, 1, 4, 4), (1, 4, 4)),
        ((2, 3, 4, 4), (3, 4, 4)),
        ((2, 4, 4, 3), (3, 4, 4)),
        ((2, 5), (5,)),
        ((2, 5, 6), (1, 5, 6)),
        ((2, 1, 5, 6, 7), (1, 5, 6, 7)),
    ],
)
def test_layouts_are_told_apart(shape, x_shape):
    assert own(RNG.random(shape)).x_shape == x_shape


@pytest.mark.parametrize("shape", [(2, 3, 8, 3), (2, 1, 1, 1), (2, 3, 4, 1)])
def test_layouts_that_could_be_either_are_asked_for(shape):
    with pytest.raises(InputError, match=r"first or last; say layout='chw'"):
        own(RNG.random(shape))
    assert own(RNG.random(shape), layout="hwc").x_shape == (shape[3], shape[1], shape[2])


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        (np.zeros((4, 3), np.int64), {}, r"got int64; state what they lie between"),
        (np.array([["a"]]), {}, "must be numbers, got <U1"),
        (np.array([[{}]]), {}, "must be numbers, got object"),
        (np.zeros((0, 3)), {}, "n at least 1"),
        (np.zeros((3, 0)), {}, "n at least 1"),
        (np.zeros(3), {}, "must have shape"),
        (np.full((5, 2), np.nan), {}, "row 0 of array holds NaN"),
        (np.zeros((3, 2)), {"value_range": (1, 0)}, "low below high"),
        (np.zeros((3, 2)), {"value_range": (0, np.inf)}, "finite"),
        (np.zeros((3, 2)), {"value_range": 255}, r"must be \(low, high\)"),
        (np.zeros((3, 2)), {"value_range": "0;1"}, r"must be \(low, high\)"),
        (np.zeros((3, 2)), {"size": 4}, "an array does not take size; it takes value_range and layout"),
        (lambda rows: rows, {}, r"n=None"),
        (lambda rows: rows, {"n": 0}, r"n=0"),
        (lambda rows: rows, {"n": 5}, r"must return \(k, \.\.\.\)"),
        (lambda rows: np.zeros((3, 2)), {"n": 5}, r"for one it returned \(3, 2\)"),
        (lambda rows: np.zeros((1, 2)), {"n": 5}, r"returned float64 \(1, 2\) for 5 rows, expected float64 \(5, 2\)"),
        (lambda rows: np.zeros((1, 2)), {"n": 5, "key": "x"}, "a function does not take key; it takes n"),
    ],
)
def test_what_is_refused(source, options, words):
    with pytest.raises(InputError, match=words):
        own(source, **options)


def test_a_stated_range_that_the_values_leave_is_refused():
    data = own(np.float32([[0, 1], [0, 2]]), value_range=(0, 1))
    assert data.batch([0]).shape == (1, 2)
    with pytest.raises(InputError, match="value_range says 0 to 1, but there are values from 0 to 2"):
        data.batch([1])
    assert own(np.float32([[0, 1.01]]), value_range=(0, 1)).batch([0]).max() > 1  # within the slack


def test_nan_is_met_where_it_is_looked_for_and_where_it_is_read():
    x = np.zeros((1000, 3))
    x[999, 1] = np.inf
    with pytest.raises(InputError, match="row 999 of array"):
        own(x)
    x[999, 1], x[500, 1] = 0, np.nan  # between the rows that are looked at
    with pytest.raises(InputError, match="NaN"):
        own(x).batch([500])


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return type(self.path).mkdir, (self.path,)


@pytest.mark.parametrize("suffix", ["npy", "npz", "h5", "hdf5", "h5ad"])
def test_a_hostile_file_never_runs(tmp_path, suffix):
    canary = tmp_path / "canary"
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(pickle.dumps(Canary(canary)))
    with pytest.raises(FileError, match="never loaded"):
        own(path)
    objects = np.array([[Canary(canary)]], dtype=object)
    np.save(tmp_path / "o.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "o.npz", x=objects)
    for name in ("o.npy", "o.npz"):
        with pytest.raises(FileError):
            own(tmp_path / name)
    with h5py.File(tmp_path / "o.h5", "w") as file:
        file["x"] = np.array([[np.void(pickle.dumps(Canary(canary)))]])
    with pytest.raises(InputError, match="must be numbers"):
        own(tmp_path / "o.h5")
    assert not canary.exists()
    pickle.loads(path.read_bytes())
    assert canary.exists(), "the canary itself must work"


def test_the_page_works_as_it_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    page, names = (ROOT / "docs" / "guides" / "own-data.md").read_text("utf-8"), {}
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "own-data.md", "exec"), names)
    assert names["photos"].x_shape == names["scans"].x_shape == (3, 16, 16) and names["waves"].x_shape == (8,)


def test_paths_and_names_are_told_apart():
    assert [is_own(name) for name in ("mnist", "mnist.npy", "a\\b", np.zeros(2))] == [False, True, True, True]


@pytest.mark.parametrize("row", [0, 100, 1796])
def test_a_hole_is_named_by_its_row_of_the_file_wherever_it_is(tmp_path, row):
    x = RNG.random((1797, 16)).astype(np.float32)
    x[row, 3] = np.nan
    np.save(tmp_path / "x.npy", x)
    with pytest.raises(InputError, match=rf"row {row} of x holds NaN"):
        own(tmp_path / "x.npy")


def test_a_hole_in_data_too_large_to_scan_is_named_when_it_is_read(monkeypatch):
    monkeypatch.setattr(sys.modules["latentassay.data.own"], "SCANNED", 100)
    x = RNG.random((1797, 16)).astype(np.float32)
    x[100, 3] = np.nan
    with pytest.raises(InputError, match="first: row 100"):
        own(x).take(np.arange(50, 200)).batch(np.arange(20, 90))
