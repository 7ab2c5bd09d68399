"""Grids of rendered scenes in their official files: dSprites, 3D Shapes, MPI3D."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import FileError, InputError
from latentassay.data.codes import expect_codes, expect_images, factor_data, grid_codes
from latentassay.data.factors import FactorData, Store
from latentassay.data.files import Official, home, locate, place_key, verify
from latentassay.data.formats import Scaled, open_hdf5, read_hdf5, read_npz

DSPRITES = {"color": 1, "shape": 3, "scale": 6, "orientation": 40, "x": 32, "y": 32}
"""Number of values of every factor, in the order of the grid."""

SHAPES3D = {"floor_hue": 10, "wall_hue": 10, "object_hue": 10, "scale": 8, "shape": 4, "orientation": 15}
"""Likewise."""

MPI3D = {
    "color": 6,
    "shape": 6,
    "size": 2,
    "camera_height": 3,
    "background": 3,
    "joint_1": 40,
    "joint_2": 40,
}
"""Likewise."""

_DSPRITES = "dsprites_ndarray_co1sh3sc6or40x32y32_64x64"
_DSPRITES_URL = "https://github.com/deepmind/dsprites-dataset/blob/master/{}?raw=true"
DSPRITES_FILES = (
    Official(
        f"{_DSPRITES}.hdf5",
        _DSPRITES_URL.format(f"{_DSPRITES}.hdf5"),
        28_024_106,
        sha256="729fa22e884c9c500e1f17415d580746b4c5894fbbb780a1319bbcfa39a745bb",
    ),
    Official(f"{_DSPRITES}.npz", _DSPRITES_URL.format(f"{_DSPRITES}.npz")),
)
"""The same images in two formats; either will do."""

SHAPES3D_FILE = Official(
    "3dshapes.h5",
    "https://storage.googleapis.com/3d-shapes/3dshapes.h5",
    267_573_662,
    sha256="0a0f6ed98baff276a50f3a081a7434d788da63cb135a98189b2a5b5769be1785",
)
"""Images and factor values."""

MPI3D_FILES = {
    variant: Official(
        f"mpi3d_{variant}.npz",
        f"https://storage.googleapis.com/disentanglement_dataset/Final_Dataset/mpi3d_{variant}.npz",
        md5=md5,
    )
    for variant, md5 in (
        ("toy", "55889cb7c7dfc655d6e0277beee88868"),
        ("realistic", "59a6225b88b635365f70c91b3e52f70f"),
        ("real", "0f33f609918fb5c97996692f91129802"),
    )
}
"""One file a variant."""


def dsprites_official(folder: Any = None) -> FactorData:
    """Load dSprites from its official file: 737,280 images of 64×64, factors as in the re-rendering.

    The HDF5 file is verified by size and sha256. For the ``.npz`` no hash is published: its layout is checked.
    Images are unpacked once (3 GB). Licence: Apache-2.0. Source: Matthey et al. 2017.

    Raises:
        FileError: if the file is missing, damaged or another one.
    """
    path = locate("dsprites-official", folder, *DSPRITES_FILES)
    if path.suffix == ".npz":
        return read_dsprites(path, home() / "dsprites-official" / f"imgs-{place_key(path)}.npy")
    verify(path, size=DSPRITES_FILES[0].size, sha256=DSPRITES_FILES[0].sha256)
    return read_dsprites(path, home() / "dsprites-official" / "imgs.npy")


def read_dsprites(path: Any, cache: Path | None = None) -> FactorData:
    """Read a file in the layout of dSprites, ``.npz`` or ``.hdf5``, without its pickled ``metadata``.

    Raises:
        FileError: if it is damaged or laid out otherwise.
    """
    path = Path(path)
    if path.suffix == ".npz":
        store: Store = read_npz(path, "imgs", cache)
        codes = read_npz(path, "latents_classes")
    else:
        store, codes = open_hdf5(path, "imgs", cache), read_hdf5(path, "latents/classes")
    expect_images(path, store, len(codes), (64, 64))
    expect_codes(path, codes, tuple(DSPRITES.values()))
    return factor_data(Scaled(store, 255), codes, DSPRITES, "dsprites-official", "hw")


def shapes3d_official(folder: Any = None) -> FactorData:
    """Load 3D Shapes from its official file: 480,000 images of 64×64×3, unpacked once (5.9 GB).

    Licence: Apache-2.0. Source: Burgess and Kim 2018.

    Raises:
        FileError: if the file is missing, damaged or another one.
    """
    path = locate("shapes3d-official", folder, SHAPES3D_FILE)
    verify(path, size=SHAPES3D_FILE.size, sha256=SHAPES3D_FILE.sha256)
    return read_shapes3d(path, home() / "shapes3d-official" / "images.npy")


def read_shapes3d(path: Any, cache: Path | None = None) -> FactorData:
    """Read a file in the layout of ``3dshapes.h5``; factor values are turned to codes by the known grid.

    Raises:
        FileError: if it is damaged, laid out otherwise, or has values outside the grid.
    """
    store, labels = open_hdf5(path, "images", cache), read_hdf5(path, "labels")
    expect_images(path, store, len(labels), (64, 64, 3))
    hue = np.arange(10) / 10
    values = (hue, hue, hue, np.linspace(0.75, 1.25, 8), np.arange(4), np.linspace(-30, 30, 15))
    if labels.ndim != 2 or labels.shape[1] != len(values):
        raise FileError(path, f"labels have shape {labels.shape}, expected (n, 6)", "Get the official file.")
    codes = [_nearest(path, column, grid) for column, grid in zip(labels.T, values, strict=True)]
    return factor_data(store, np.stack(codes, 1), SHAPES3D, "shapes3d-official", "hwc")


def mpi3d(variant: str = "toy", folder: Any = None) -> FactorData:
    """Load MPI3D: 1,036,800 images of 64×64×3 of a robot arm; ``variant`` is toy, realistic or real (photographs).

    A compressed file is unpacked once (12.7 GB). Licence: CC BY 4.0. Source: Gondal et al. 2019.

    Raises:
        InputError: for an unknown variant.
        FileError: if the file is missing, damaged or another one.
    """
    if variant not in MPI3D_FILES:
        raise InputError(f"variant must be one of {', '.join(MPI3D_FILES)}, got {variant!r}")
    file = MPI3D_FILES[variant]
    path = verify(locate(f"mpi3d-{variant}", folder, file), md5=file.md5)
    cache = home() / f"mpi3d-{variant}" / "images.npy"
    return read_mpi3d(path, cache, sizes=MPI3D, name=f"mpi3d-{variant}")


def read_mpi3d(
    path: Any, cache: Path | None = None, *, sizes: Mapping[str, int] = MPI3D, name: str = "mpi3d"
) -> FactorData:
    """Read an ``.npz`` with ``images`` (n, 64, 64, 3) in grid order.

    Raises:
        FileError: if it is damaged or laid out otherwise.
    """
    store, codes = read_npz(path, "images", cache), grid_codes(tuple(sizes.values()))
    expect_images(path, store, len(codes), (64, 64, 3))
    return factor_data(store, codes, sizes, name, "hwc")


def _nearest(path: Any, column: Any, grid: Any) -> Int[np.ndarray, " n"]:
    distance = np.abs(column[:, None] - grid)
    if not (distance.min(1) < 1e-3).all():
        raise FileError(path, "labels hold values outside the grid of 3D Shapes", "Get the official file.")
    return np.asarray(distance.argmin(1))
