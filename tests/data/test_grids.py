"""dSprites, 3D Shapes and MPI3D: small files in the official layout, and what is wrong with others."""

import pathlib

import h5py
import numpy as np
import pytest

from latentassay.core.errors import FileError, InputError
from latentassay.data import dsprites_official, grids, mpi3d, shapes3d_official
from latentassay.data.grids import read_dsprites, read_mpi3d, read_shapes3d

RNG = np.random.default_rng(0)
SPRITES = RNG.integers(0, 2, (12, 64, 64), dtype=np.uint8)
SPRITE_CODES = np.stack([RNG.integers(0, size, 12) for size in (1, 3, 6, 40, 32, 32)], 1)
SCENES = RNG.integers(0, 256, (8, 64, 64, 3), dtype=np.uint8)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


class Canary:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (pathlib.Path.mkdir, (self.path,))


def sprites_npz(path, **changes):
    arrays = {"imgs": SPRITES, "latents_values": SPRITE_CODES * 0.5, "latents_classes": SPRITE_CODES}
    metadata = np.array(Canary(path.parent / "canary"), dtype=object)
    np.savez_compressed(path, metadata=metadata, **(arrays | changes))
    return path


def sprites_hdf5(path):
    with h5py.File(path, "w") as file:
        file.create_dataset("imgs", data=SPRITES, chunks=(5, 64, 64), compression="gzip")
        file["latents/classes"], file["latents/values"] = SPRITE_CODES, SPRITE_CODES * 0.5
    return path


@pytest.mark.parametrize("make", [sprites_npz, sprites_hdf5])
def test_dsprites_are_read_with_pixels_of_255_and_no_pickle(tmp_path, make):
    path = make(tmp_path / f"f.{make.__name__.removeprefix('sprites_')}")
    data = read_dsprites(path, tmp_path / "cache.npy")
    assert np.array_equal(data.raw([7, 0, 7])[:, 0], SPRITES[[7, 0, 7]] * 255)
    assert data.batch([1]).max() == 1 and data.x_shape == (1, 64, 64)
    assert np.array_equal(data.factors, SPRITE_CODES) and data.factor_sizes == (1, 3, 6, 40, 32, 32)
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"imgs": SPRITES[:, :32]},
        {"imgs": SPRITES[:5]},
        {"imgs": SPRITES.astype(float)},
        {"latents_classes": SPRITE_CODES * 0.5},
        {"latents_classes": SPRITE_CODES[:, :5]},
        {"latents_classes": SPRITE_CODES + 1},
        {"latents_classes": SPRITE_CODES - 1},
    ],
)
def test_dsprites_laid_out_otherwise_are_refused(tmp_path, changes):
    with pytest.raises(FileError, match="official"):
        read_dsprites(sprites_npz(tmp_path / "f.npz", **changes), tmp_path / "c.npy")


VALUES = [np.arange(10) / 10] * 3 + [np.linspace(0.75, 1.25, 8), np.arange(4.0), np.linspace(-30, 30, 15)]
SHAPES_CODES = np.stack([RNG.integers(0, len(v), 8) for v in VALUES], 1)


def shapes_h5(path, images=SCENES, shift=0.0):
    labels = np.stack([v[c] for v, c in zip(VALUES, SHAPES_CODES.T, strict=True)], 1) + shift
    with h5py.File(path, "w") as file:
        file["images"], file["labels"] = images, labels
    return path


def test_shapes3d_values_become_codes_of_the_known_grid(tmp_path):
    data = read_shapes3d(shapes_h5(tmp_path / "f.h5"), tmp_path / "c.npy")
    assert np.array_equal(data.factors, SHAPES_CODES) and data.factor_sizes == (10, 10, 10, 8, 4, 15)
    assert np.array_equal(data.raw([3]).permute(0, 2, 3, 1), SCENES[[3]])


def test_shapes3d_laid_out_otherwise_are_refused(tmp_path):
    with pytest.raises(FileError, match="outside the grid"):
        read_shapes3d(shapes_h5(tmp_path / "a.h5", shift=0.02))
    with pytest.raises(FileError, match="expected uint8"):
        read_shapes3d(shapes_h5(tmp_path / "b.h5", images=SCENES[:, :9]))
    with h5py.File(shapes_h5(tmp_path / "c.h5"), "a") as file:
        del file["labels"]
        file["labels"] = np.zeros((8, 5))
    with pytest.raises(FileError, match="labels have shape"):
        read_shapes3d(tmp_path / "c.h5")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_mpi3d_is_a_grid_with_the_last_factor_fastest(tmp_path, save):
    save(tmp_path / "f.npz", images=SCENES)
    data = read_mpi3d(tmp_path / "f.npz", tmp_path / "c.npy", sizes={"a": 2, "b": 4})
    assert data.is_grid and data.rows_of([[1, 2]]).tolist() == [6]
    assert np.array_equal(data.raw([6]).permute(0, 2, 3, 1), SCENES[[6]])
    with pytest.raises(FileError, match="1036800, 64, 64, 3"):
        read_mpi3d(tmp_path / "f.npz", tmp_path / "c.npy")


def test_loaders_refuse_files_that_are_not_the_official_ones(tmp_path):
    sprites_hdf5(tmp_path / grids.DSPRITES_FILES[0].name)
    shapes_h5(tmp_path / "3dshapes.h5")
    np.savez(tmp_path / "mpi3d_real.npz", images=SCENES)
    with pytest.raises(FileError, match="expected 28,024,106"):
        dsprites_official(tmp_path)
    with pytest.raises(FileError, match="expected 267,573,662"):
        shapes3d_official(tmp_path)
    with pytest.raises(FileError, match="expected 0f33f609918fb5c97996692f91129802"):
        mpi3d("real", tmp_path)
    with pytest.raises(InputError, match="toy, realistic, real"):
        mpi3d("simulated")


def test_missing_files_say_where_to_get_them(cache):
    for load, name in ((dsprites_official, "hdf5"), (shapes3d_official, "3dshapes.h5"), (mpi3d, "mpi3d_toy.npz")):
        with pytest.raises(FileError, match=f"{name}.*missing.*data fetch"):
            load()


def test_the_rerendered_grids_have_the_same_factors():
    from latentassay.data import dsprites, shapes3d

    for official, drawn in ((grids.DSPRITES, dsprites), (grids.SHAPES3D, shapes3d)):
        assert (tuple(official), tuple(official.values())) == (drawn.NAMES, drawn.SIZES)
