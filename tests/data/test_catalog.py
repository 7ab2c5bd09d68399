"""The catalog tells the truth about what it loads, and reads a user's own files safely."""

import pathlib
import pickle

import numpy as np
import pytest

import latentassay.data as data
from latentassay.core.errors import FileError, InputError

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("latentassay.data.images.DEBIAN_FASHION", tmp_path / "none")
    return tmp_path / "home"


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (pathlib.Path.mkdir, (self.path,))


def test_unknown_names_meet_the_nearest():
    with pytest.raises(InputError, match="mean mnist"):
        data.load("mnits")
    with pytest.raises(InputError, match="fashion-mnist"):
        data.entry("FashionMNIST")
    with pytest.raises(InputError, match=r"helix, squares.*\.npz"):
        data.load("§§§")


def test_unknown_options_are_named():
    with pytest.raises(InputError, match=r"helix.*colour"):
        data.load("helix", colour=3)
    assert len(data.load("helix", n=7)) == 7


def test_fetch_explains_what_cannot_be_fetched(cache):
    with pytest.raises(InputError, match="needs no files"):
        data.fetch("digits")
    with pytest.raises(InputError, match=r"by hand only.*CelebA\.html.*list_attr_celeba\.txt"):
        data.fetch("celeba")


def test_fetch_verifies_every_file_of_the_set(cache):
    names = [file.name for file in data.entry("mnist").files]
    (cache / "mnist").mkdir(parents=True)
    for name in names:
        (cache / "mnist" / name).write_bytes(b"not it")
    with pytest.raises(FileError, match=r"train-images.*expected f68b3c2dcbeaaa9fbdd348bbdeb94873"):
        data.fetch("mnist")
    assert len(names) == 4


@pytest.mark.parametrize("key", ["x", "images"])
def test_own_npz_with_factors(tmp_path, key):
    x, codes = RNG.integers(0, 256, (6, 8, 8, 3), dtype=np.uint8), np.indices((2, 3)).reshape(2, -1).T
    np.savez(tmp_path / "own.npz", **{key: x}, factors=codes, factor_names=np.array(["hue", "size"]))
    own = data.load(tmp_path / "own.npz")
    assert (own.name, own.x_shape, own.factor_names, own.is_grid) == ("own", (3, 8, 8), ("hue", "size"), True)
    assert np.array_equal(data.load(str(tmp_path / "own.npz")).raw([5]).permute(0, 2, 3, 1), x[[5]])


def test_own_observations_without_factors(tmp_path):
    np.save(tmp_path / "own.npy", RNG.standard_normal((6, 4)))
    np.savez(tmp_path / "own.npz", x=RNG.standard_normal((6, 4)))
    for name in ("own.npy", "own.npz"):
        own = data.load(tmp_path / name)
        assert own.factors.shape == (6, 0) and own.factor_names == () and not own.is_grid
        assert str(own.batch([1]).dtype) == "torch.float32"


@pytest.mark.parametrize(
    ("arrays", "error", "words"),
    [
        ({"y": np.zeros((3, 2)), "z": np.zeros(3)}, FileError, "no array x or images among y, z"),
        ({"x": np.zeros((3, 2)), "factors": np.zeros((2, 1), int)}, InputError, "factors must have shape"),
        ({"x": np.zeros((3, 2)), "factors": np.full((3, 1), 0.5)}, InputError, "integer codes"),
        ({"x": np.zeros((3, 2), np.int32)}, InputError, "uint8 or float"),
        ({"x": np.zeros(3)}, InputError, "shape"),
        ({"x": np.zeros(())}, InputError, "shape"),
        ({"x": np.zeros((0, 3))}, InputError, "shape"),
        (
            {"x": np.zeros((3, 2)), "factors": np.zeros((3, 2), int), "factor_names": np.array(["a"])},
            InputError,
            "names",
        ),
    ],
)
def test_own_files_with_wrong_contents(tmp_path, arrays, error, words):
    np.savez(tmp_path / "own.npz", **arrays)
    with pytest.raises(error, match=words):
        data.load(tmp_path / "own.npz")


def test_own_files_that_are_none(tmp_path):
    canary = tmp_path / "canary"
    hostile = pickle.dumps(Canary(canary))
    objects = np.array([Canary(canary)], dtype=object)
    for suffix in (".npy", ".npz"):
        for name, content in (("page", b"<html>"), ("none", b""), ("junk", b"junk" * 99), ("pickle", hostile)):
            (tmp_path / (name + suffix)).write_bytes(content)
            with pytest.raises(FileError):
                data.load(tmp_path / (name + suffix))
        with pytest.raises(FileError, match="missing"):
            data.load(tmp_path / f"nothing{suffix}")
    np.save(tmp_path / "o.npy", objects, allow_pickle=True)
    np.savez(tmp_path / "o.npz", x=objects)
    for name in ("o.npy", "o.npz"):
        with pytest.raises(FileError):
            data.load(tmp_path / name)
    assert not canary.exists()
    with pytest.raises(InputError, match="does not take size"):
        data.load(tmp_path / "o.npy", size=3)
