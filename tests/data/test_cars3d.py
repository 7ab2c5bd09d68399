"""Cars3D from small archives in the official layout."""

import io
import tarfile

import numpy as np
import pytest
from scipy.io import savemat

from latentassay.core.errors import FileError
from latentassay.data import cars3d
from latentassay.data.cars3d import read_cars3d

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENTASSAY_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def mat(im):
    stream = io.BytesIO()
    savemat(stream, {"im": im}, do_compression=True)
    return stream.getvalue()


def archive(path, members):
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return path


# Every view of a car is one flat grey that tells car, azimuth and elevation.
GREY = (np.arange(24)[:, None] * 4 + np.arange(4) + 100 * np.arange(2)[:, None, None]).astype(np.uint8)
CARS = [np.broadcast_to(grey, (128, 128, 3, 24, 4)) for grey in GREY]
MEMBERS = {f"data/cars/car_{i:03d}_mesh.mat": mat(im) for i, im in enumerate(CARS)}


def test_cars_stand_in_a_grid_of_elevation_azimuth_and_car(tmp_path):
    other = {"data/README": b"no car", "data/sprites/x.mat": b"not a car either"}
    path = archive(tmp_path / "f.tar.gz", MEMBERS | other)
    for size in (16, 128):
        data = read_cars3d(path, tmp_path / f"{size}.npy", size=size, cars=2)
        assert data.is_grid and data.factor_sizes == (4, 24, 2) and data.x_shape == (3, size, size)
        for code in ([0, 0, 0], [3, 1, 0], [2, 23, 1]):
            raw = data.raw(data.rows_of([code]))
            assert (raw == int(GREY[code[2], code[1], code[0]])).all()


def test_no_member_leaves_the_archive(tmp_path):
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    hostile = {"../../evil.mat": b"x", "data/cars/../../../evil.mat": b"x", "/evil.mat": b"x"}
    path = archive(deep / "f.tar.gz", MEMBERS | hostile)
    read_cars3d(path, deep / "c.npy", size=8, cars=2)
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"f.tar.gz", "c.npy", "c.npy.sums"}


def test_damaged_cars_are_refused_and_leave_no_cache(tmp_path):
    whole = archive(tmp_path / "f.tar.gz", MEMBERS).read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    wrong = {
        "cut": whole[:-200],
        "flip": bytes(flipped),
        "page": b"<html>",
        "few": archive(tmp_path / "x", dict(list(MEMBERS.items())[:1])).read_bytes(),
        "junk": archive(tmp_path / "x", MEMBERS | {"data/cars/car_000_mesh.mat": b"junk" * 99}).read_bytes(),
        "shape": archive(tmp_path / "x", MEMBERS | {"data/cars/car_000_mesh.mat": mat(CARS[0][:9])}).read_bytes(),
    }
    for name, content in wrong.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(FileError):
            read_cars3d(tmp_path / name, tmp_path / "cache" / "c.npy", size=8, cars=2)
    assert not any((tmp_path / "cache").glob("*"))
    (tmp_path / "nips2015-analogy-data.tar.gz").write_bytes(whole)
    with pytest.raises(FileError, match="expected 4e866a7919c1beedf53964e6f7a23686"):
        cars3d(tmp_path)
