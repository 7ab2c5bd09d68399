"""Objects seen from all sides, in their official files: Cars3D and SmallNORB."""

import io
import math
import re
import tarfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int, UInt8

from latentassay.core.errors import FileError
from latentassay.core.progress import bar, track
from latentassay.data.factors import FactorData
from latentassay.data.files import Official, home, locate, made_once, reading, verify
from latentassay.data.formats import norb_blocks, read_norb, read_npy, resized, writable_npy
from latentassay.data.grids import expect_codes, expect_images, factor_data, grid_codes

CARS3D = {"elevation": 4, "azimuth": 24, "car": 183}
SMALLNORB = {"category": 5, "instance": 10, "elevation": 9, "azimuth": 18, "lighting": 6}

_CAR = re.compile(r"(\./)?data/cars/[\w-]+\.mat")

CARS3D_FILE = Official(
    "nips2015-analogy-data.tar.gz",
    "http://www.scottreed.info/files/nips2015-analogy-data.tar.gz",
    md5="4e866a7919c1beedf53964e6f7a23686",
)


def _norb(split: str, **md5: str) -> dict[str, Official]:
    names = {part: f"smallnorb-5x{split}-{part}.mat.gz" for part in md5}
    page = "https://cs.nyu.edu/~ylclab/data/norb-v1.0-small/"
    return {part: Official(name, page + name, md5=md5[part]) for part, name in names.items()}


SMALLNORB_FILES = {
    "train": _norb(
        "46789x9x18x6x2x96x96-training",
        dat="66054832f9accfe74a0f4c36a75bc0a2",
        cat="23c8b86101fbf0904a000b43d3ed2fd9",
        info="51dee1210a742582ff607dfd94e332e3",
    ),
    "test": _norb(
        "01235x9x18x6x2x96x96-testing",
        dat="e4ad715691ed5a3a5f138751a4ceb071",
        cat="5aa791cd7e6016cf957ce9bdb93b8603",
        info="a9454f3864d7fd4bb3ea7fc3eb84924e",
    ),
}


def cars3d(folder: Any = None, *, size: int = 64) -> FactorData:
    """Load Cars3D: 183 cars seen from 24 directions at 4 elevations, 17,568 images.

    Pictures of 128×128 are brought to ``size`` (64 as is customary) once. Source: Reed et al. 2015.

    Raises:
        FileError: if the archive is missing, damaged or another one.
    """
    path = verify(locate("cars3d", folder, CARS3D_FILE), md5=CARS3D_FILE.md5)
    return read_cars3d(path, home() / "cars3d" / f"images-{size}.npy", size=size)


def read_cars3d(path: Any, cache: Path, *, size: int = 64, cars: int = CARS3D["car"]) -> FactorData:
    """Read the archive of Cars3D, its members ``data/cars/*.mat`` in the order of their names, into ``cache``.

    Members are read in memory and never written under the names they bear.

    Raises:
        FileError: if it is damaged or laid out otherwise.
    """
    sizes = {**CARS3D, "car": cars}
    store = read_npy(made_once(cache, Path(path), lambda target: _unpack_cars(Path(path), target, size, cars)))
    codes = grid_codes(tuple(sizes.values()))
    expect_images(cache, store, len(codes), (size, size, 3))
    return factor_data(store, codes, sizes, "cars3d", "hwc")


def smallnorb(folder: Any = None, *, train: bool | None = True, stereo: bool = False) -> FactorData:
    """Load SmallNORB: 24,300 pairs of 96×96 a split; ``train=None`` reads both splits.

    Factors: category 5, instance, elevation 9, azimuth 18, lighting 6. Rows are put in grid order. The splits
    hold different toys: instance counts those present, 5 in a split and 10 in both. ``stereo`` gives both cameras
    as two channels, else the left one. Licence: for research only. Source: LeCun et al. 2004.

    Raises:
        FileError: if a file is missing, damaged or another one.
    """
    splits = ["train", "test"] if train is None else ["train" if train else "test"]
    paths = []
    for split in splits:
        files = SMALLNORB_FILES[split]
        found = {part: locate("smallnorb", folder, file) for part, file in files.items()}
        paths.append({part: verify(path, md5=files[part].md5) for part, path in found.items()})
    return read_smallnorb(paths, home() / "smallnorb" / f"{'-'.join(splits)}.npy", stereo=stereo)


def read_smallnorb(splits: Sequence[dict[str, Path]], cache: Path, *, stereo: bool = False) -> FactorData:
    """Read splits of SmallNORB, each given as its files ``dat``, ``cat`` and ``info``, into ``cache``.

    Raises:
        FileError: if a file is damaged or laid out otherwise.
    """
    parts = [_norb_codes(files) for files in splits]
    codes = np.concatenate(parts)
    codes[:, 1] = np.unique(codes[:, 1], return_inverse=True)[1].ravel()
    order = np.lexsort(codes.T[::-1])
    blocks = (
        block
        for files, part in zip(splits, parts, strict=True)
        for block in norb_blocks(files["dat"], np.dtype(np.uint8), (len(part), 2, 96, 96))
    )
    make = partial(_unpack_norb, blocks, np.argsort(order))
    store = read_npy(made_once(cache, splits[0]["dat"], make))
    expect_images(cache, store, len(codes), (2, 96, 96))
    sizes = {**SMALLNORB, "instance": int(codes[:, 1].max()) + 1}
    return factor_data(store if stereo else store[:, :1], codes[order], sizes, "smallnorb", "chw")


def _unpack_cars(path: Path, target: Path, size: int, cars: int) -> None:
    grid = (CARS3D["elevation"], CARS3D["azimuth"], cars)
    with writable_npy(target, (math.prod(grid), size, size, 3)) as images:
        by_car = images.reshape(*grid, size, size, 3)
        for car, views in enumerate(track(_car_views(path, cars), "reading Cars3D once", cars)):
            scaled = views if size == views.shape[1] else resized(views, size, "hwc")
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
    expected = (128, 128, 3, CARS3D["azimuth"], CARS3D["elevation"])
    if views.shape != expected or views.dtype != np.uint8:
        raise ValueError(f"im of {member.name} is {views.dtype} {views.shape}, expected uint8 {expected}")
    return np.ascontiguousarray(views.transpose(4, 3, 0, 1, 2).reshape(-1, 128, 128, 3))


def _norb_codes(files: dict[str, Path]) -> Int[np.ndarray, "n 5"]:
    category, info = read_norb(files["cat"]), read_norb(files["info"])
    if category.ndim != 1 or info.shape != (len(category), 4):
        cause = f"categories {category.shape} and their details {info.shape} do not belong together"
        raise FileError(files["info"], cause, "Get the official files.")
    info[:, 2] //= 2  # azimuths are numbered 0, 2 … 34
    codes = np.column_stack([category, info])
    expect_codes(files["info"], codes, tuple(SMALLNORB.values()))
    return codes


def _unpack_norb(blocks: Iterator[np.ndarray], place: Int[np.ndarray, " n"], target: Path) -> None:
    with (
        writable_npy(target, (len(place), 2, 96, 96)) as images,
        bar(len(place), "reading SmallNORB once", unit="pair") as line,
    ):
        row = 0
        for block in blocks:
            images[place[row : row + len(block)]] = block
            row += len(block)
            line.update(len(block))
