"""Cars3D: cars seen from all sides, in their official archive."""

import io
import math
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

from latentassay.core.progress import track
from latentassay.data.checked import open_checked
from latentassay.data.codes import expect_images, factor_data, grid_codes
from latentassay.data.factors import FactorData
from latentassay.data.files import Official, home, locate, make_once, reading, verify
from latentassay.data.formats import resize, writable_npy

FACTORS = {"elevation": 4, "azimuth": 24, "car": 183}
"""Number of values of every factor, in the order of the grid."""

_CAR = re.compile(r"(\./)?data/cars/[\w-]+\.mat")

FILE = Official(
    "nips2015-analogy-data.tar.gz",
    "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
    md5="4e866a7919c1beedf53964e6f7a23686",
)
"""The official archive."""


def cars3d(folder: Any = None, *, size: int = 64) -> FactorData:
    """Load Cars3D: 183 cars seen from 24 directions at 4 elevations, 17,568 images.

    Pictures of 128×128 are brought to ``size`` (64 as is customary) once. Source: Reed et al. 2015.

    Raises:
        FileError: if the archive is missing, damaged or another one.
    """
    path = verify(locate("cars3d", folder, FILE), md5=FILE.md5)
    return read_cars3d(path, home() / "cars3d" / f"images-{size}.npy", size=size)


def read_cars3d(path: Any, cache: Path, *, size: int = 64, cars: int = FACTORS["car"]) -> FactorData:
    """Read the archive of Cars3D, its members ``data/cars/*.mat`` in the order of their names, into ``cache``.

    Members are read in memory and never written under the names they bear.

    Raises:
        FileError: if it is damaged or laid out otherwise.
    """
    sizes = {**FACTORS, "car": cars}
    store = open_checked(make_once(cache, Path(path), lambda target: _unpack_cars(Path(path), target, size, cars)))
    codes = grid_codes(tuple(sizes.values()))
    expect_images(cache, store, len(codes), (size, size, 3))
    return factor_data(store, codes, sizes, "cars3d", "hwc")


def _unpack_cars(path: Path, target: Path, size: int, cars: int) -> None:
    grid = (FACTORS["elevation"], FACTORS["azimuth"], cars)
    with writable_npy(target, (math.prod(grid), size, size, 3)) as images:
        by_car = images.reshape(*grid, size, size, 3)
        for car, views in enumerate(track(_car_views(path, cars), "reading Cars3D once", cars)):
            scaled = views if size == views.shape[1] else resize(views, size, "hwc")
            by_car[:, :, car] = scaled.reshape(*grid[:2], size, size, 3)


def _car_views(path: Path, cars: int) -> Iterator[UInt8[np.ndarray, "views 128 128 3"]]:
    with reading(path, "archive of Cars3D"), tarfile.open(path, "r:gz") as archive:
        members = {m.name: m for m in archive.getmembers() if m.isfile() and _CAR.fullmatch(m.name)}
        if len(members) != cars:
            raise ValueError(f"it holds {len(members)} files data/cars/*.mat, expected {cars}")
        for name in sorted(members):
            yield _car(archive, members[name])


def _car(archive: tarfile.TarFile, member: tarfile.TarInfo) -> UInt8[np.ndarray, "views 128 128 3"]:
    from scipy.io import loadmat  # slow to import, and no other data set needs it

    stream = archive.extractfile(member)
    content = loadmat(io.BytesIO(stream.read() if stream else b""), variable_names=["im"])
    views = content.get("im", np.empty(0))
    expected = (128, 128, 3, FACTORS["azimuth"], FACTORS["elevation"])
    if views.shape != expected or views.dtype != np.uint8:
        raise ValueError(f"im of {member.name} is {views.dtype} {views.shape}, expected uint8 {expected}")
    return np.ascontiguousarray(views.transpose(4, 3, 0, 1, 2).reshape(-1, 128, 128, 3))
