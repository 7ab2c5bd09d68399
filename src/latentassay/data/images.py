"""Photographs and drawings in their official files: MNIST, Fashion-MNIST, CelebA, and the robot finger data."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import FileError, InputError
from latentassay.core.storage import TEXT_LIMIT, read_whole
from latentassay.data.factors import FactorData
from latentassay.data.files import Official, home, locate, place_key, reading
from latentassay.data.formats import open_hdf5, read_idx, resize
from latentassay.data.hdf5 import opened

DEBIAN_FASHION = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package puts Fashion-MNIST."""

CELEBA_SHAPE = (218, 178)
"""Height and width of an aligned face."""

CELEBA_COUNT = 202_599
"""Faces in all."""

_CELEBA_PAGE = "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
CELEBA_FILES = tuple(
    Official(name, _CELEBA_PAGE) for name in ("img_align_celeba", "list_attr_celeba.txt", "list_eval_partition.txt")
)
"""The folder of faces, their attributes, and the part that each belongs to."""

PARTS = ("train", "validation", "test")
"""Official parts of CelebA, as its list numbers them."""

RFD_FILE = Official("finger.h5", "https://arxiv.org/abs/2010.14407")
"""Assumed, since no official file could be confirmed."""


def _idx_files(address: str, wrapped: Sequence[str]) -> dict[bool, tuple[Official, Official]]:
    names = [f"{s}-{kind}-ubyte.gz" for s in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]
    files = [Official(n, address + n, md5=md5) for n, md5 in zip(names, wrapped, strict=True)]
    return {True: (files[0], files[1]), False: (files[2], files[3])}


MNIST_FILES = _idx_files(
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
)
"""Images and labels of training (``True``) and test, with the md5 of their gzip wrappers."""

FASHION_FILES = _idx_files(
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
)
"""Likewise."""

CONTENTS = {
    "mnist": {
        True: ("6bbc9ace898e44ae57da46a324031adb", "a25bea736e30d166cdddb491f175f624"),
        False: ("2646ac647ad5339dbf082846283269ea", "27ae3e4e09519cfbb04c329615203637"),
    },
    "fashion-mnist": {
        True: ("f4a8712d7a061bf5bd6d2ca38dc4d50a", "9018921c3c673c538a1fc5bad174d6f9"),
        False: ("8181f5470baa50b63fa0f6fddb340f0a", "15d484375f8d13e6eb1aabb0c3f46965"),
    },
}
"""md5 of the uncompressed images and labels; gzip wrappers of the same contents differ."""


def mnist(folder: Any = None, *, train: bool | None = True, size: int | None = None) -> FactorData:
    """Load MNIST: 60,000 training and 10,000 test digits of 28×28; ``train=None`` gives both, training first.

    The uncompressed bytes are verified by md5. ``size=32`` upsamples bilinearly, once, to uint8 (LR A.4). The only
    factor is ``digit`` (10). Licence: CC BY-SA 3.0. Source: LeCun et al. 1998.

    Raises:
        FileError: if a file is missing, damaged or another one.
    """
    return _load_idx("mnist", MNIST_FILES, "digit", folder, train, size)


def fashion_mnist(folder: Any = None, *, train: bool | None = True, size: int | None = None) -> FactorData:
    """Load Fashion-MNIST, laid out as MNIST; the only factor is ``class`` (10).

    Also found where Debian's package ``dataset-fashion-mnist`` puts it. Licence: MIT. Source: Xiao et al. 2017.

    Raises:
        FileError: if a file is missing, damaged or another one.
    """
    if folder is None and not (home() / "fashion-mnist").is_dir() and DEBIAN_FASHION.is_dir():
        folder = DEBIAN_FASHION
    return _load_idx("fashion-mnist", FASHION_FILES, "class", folder, train, size)


def read_mnist(
    images: Any, labels: Any, *, factor: str = "digit", name: str = "mnist", md5: Sequence[str | None] = (None, None)
) -> FactorData:
    """Read a pair of IDX files, gzipped or not; ``md5`` are those of their uncompressed bytes.

    Raises:
        FileError: if one is damaged or they do not belong together.
    """
    x, y = read_idx(images, md5[0]), read_idx(labels, md5[1])
    if x.ndim != 3 or y.shape != (len(x),) or len(x) == 0 or y.max() > 9:
        cause = f"images {x.shape} and labels {y.shape} are not n pictures and n classes 0 to 9"
        raise FileError(images, cause, "Get the official files.")
    return FactorData(x, y[:, None].astype(np.int64), (factor,), (10,), layout="hw", name=name)


def celeba(folder: Any = None, *, part: str | None = None, size: int = 64) -> FactorData:
    """Load CelebA: 202,599 aligned faces with 40 binary attributes, or one official ``part`` of them.

    Pictures of 178×218 are decoded when asked for: the central 178×178 are cut out and brought to ``size`` × ``size``
    (bilinear, anti-aliased). No hash is published for the folder; the count and every name are checked. ``part`` is
    train, validation or test. Licence: non-commercial research only. Source: Liu et al. 2015.

    Raises:
        InputError: for an unknown part.
        FileError: if a file is missing, damaged or another one.
    """
    data = read_celeba(locate("celeba", folder, CELEBA_FILES[0]).parent, part=part, size=size)
    total = data.store.shape[0]
    if total != CELEBA_COUNT:
        raise FileError(
            folder or home() / "celeba",
            f"{total:,} faces, expected {CELEBA_COUNT:,}",
            "Unpack img_align_celeba.zip and the lists anew.",
        )
    return data


def read_celeba(folder: Any, *, part: str | None = None, size: int = 64) -> FactorData:
    """Read a folder with ``img_align_celeba/``, ``list_attr_celeba.txt`` and ``list_eval_partition.txt``.

    Raises:
        InputError: for an unknown part.
        FileError: if a list is damaged or a picture that it names is missing.
    """
    if part is not None and part not in PARTS:
        raise InputError(f"part must be one of {', '.join(PARTS)}, or None for all, got {part!r}")
    folder = Path(folder)
    names, attributes, codes = _attributes(folder / "list_attr_celeba.txt")
    pictures = folder / "img_align_celeba"
    missing = set(names) - {path.name for path in pictures.glob("*.jpg")}
    if missing:
        cause = f"{len(missing):,} of {len(names):,} pictures are missing, first {min(missing)}"
        raise FileError(pictures, cause, "Unpack img_align_celeba.zip anew.")
    sizes = (2,) * len(attributes)
    data = FactorData(JpegStore(pictures, names, size), codes, attributes, sizes, layout="hwc", name="celeba")
    if part is None:
        return data
    parts = _partition(folder / "list_eval_partition.txt", names)
    return data.take(np.flatnonzero(parts == PARTS.index(part)))


class JpegStore:
    """A folder of CelebA's JPEGs, decoded, cut and scaled when rows are asked for.

    Raises:
        FileError: on reading a picture that is damaged or not 178×218.
    """

    def __init__(self, folder: Path, names: Sequence[str], size: int):
        self.folder, self.names, self.size = folder, names, size
        self.shape, self.dtype = (len(names), size, size, 3), np.dtype(np.uint8)

    def __getitem__(self, rows: Any) -> np.ndarray:
        wanted = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        out = np.empty((len(wanted), *self.shape[1:]), np.uint8)
        for picture, row in zip(out, wanted, strict=True):
            picture[:] = self._decode(self.folder / self.names[row])
        return out

    def _decode(self, path: Path) -> Any:
        from PIL import Image

        height, width = CELEBA_SHAPE
        top = (height - width) // 2
        with reading(path, "JPEG picture of 178×218"), Image.open(path, formats=("JPEG",)) as image:
            if image.size != (width, height):
                raise ValueError(f"it is {image.size[0]}×{image.size[1]}")
            square = image.convert("RGB").crop((0, top, width, top + width))
            return square.resize((self.size, self.size), Image.Resampling.BILINEAR)


def rfd(folder: Any = None, *, file: str = RFD_FILE.name) -> FactorData:
    """Load the robot finger data (RFD) from an HDF5 file; see ``read_rfd`` for the layout assumed.

    No hash or layout of the official files could be confirmed, so only the layout is checked.
    Source: Dittadi et al. 2021.

    Raises:
        FileError: if the file is missing, damaged or laid out otherwise.
    """
    path = locate("rfd", folder, RFD_FILE._replace(name=file))
    return read_rfd(path, home() / "rfd" / f"{path.stem}-{place_key(path)}.npy")


def read_rfd(path: Any, cache: Path | None = None) -> FactorData:
    """Read an HDF5 file with ``images`` (n, h, w, 3) uint8 and ``factors`` or ``labels`` (n, m).

    The values of each factor, integers or not, are numbered in ascending order. Names are taken from the attribute
    ``names`` of the factors where it is there. This layout is assumed, by analogy with 3D Shapes.

    Raises:
        FileError: if it is damaged or laid out otherwise.
    """
    store = open_hdf5(path, "images", cache)
    values, names = _rfd_factors(Path(path))
    if len(store.shape) != 4 or store.shape[-1] != 3 or store.dtype != np.uint8:
        cause = f"images are {store.dtype} {store.shape}, expected uint8 (n, h, w, 3)"
        raise FileError(path, cause, "Put images and factors in the layout of read_rfd.")
    if values.ndim != 2 or len(values) != store.shape[0] or not np.isfinite(values).all():
        cause = f"factors {values.shape} are not {store.shape[0]} rows of finite values"
        raise FileError(path, cause, "Put images and factors in the layout of read_rfd.")
    codes = [np.unique(column, return_inverse=True)[1].ravel() for column in values.T]
    return FactorData(store, np.stack(codes, 1), names, layout="hwc", name="rfd")


def _load_idx(
    name: str,
    files: dict[bool, tuple[Official, Official]],
    factor: str,
    folder: Any,
    train: bool | None,
    size: int | None,
) -> FactorData:
    parts = []
    for split in (True, False) if train is None else (train,):
        plain = [file._replace(name=file.name.removesuffix(".gz")) for file in files[split]]
        pair = [locate(name, folder, *pack) for pack in zip(files[split], plain, strict=True)]
        parts.append(read_mnist(*pair, factor=factor, name=name, md5=CONTENTS[name][split]))
    images = np.concatenate([np.asarray(part.store) for part in parts])
    codes = np.concatenate([part.factors for part in parts])
    images = images if size is None else resize(images, size)
    return FactorData(images, codes, (factor,), (10,), layout="hw", name=name)


def _attributes(path: Path) -> tuple[list[str], tuple[str, ...], Int[np.ndarray, "n m"]]:
    with reading(path, "list of CelebA's attributes"):
        count, header, *lines = _lines(path)
        rows = [line.split() for line in lines if line]
        if int(count) != len(rows):
            raise ValueError(f"truncated: it promises {int(count):,} faces and lists {len(rows):,}")
        values = np.array([row[1:] for row in rows], dtype=np.int64)
        if not np.isin(values, (-1, 1)).all() or values.shape[1] != len(header.split()):
            raise ValueError("its values are not one −1 or 1 for each attribute")
        return [row[0] for row in rows], tuple(header.split()), (values + 1) // 2


def _lines(path: Path) -> list[str]:
    return read_whole(path, "Get it again.", limit=TEXT_LIMIT).decode("ascii").splitlines()


def _partition(path: Path, names: Sequence[str]) -> Int[np.ndarray, " n"]:
    with reading(path, "list of CelebA's parts"):
        part = dict(line.split() for line in _lines(path) if line)
        if set(part) != set(names):
            raise ValueError(f"it lists {len(part):,} faces, not the {len(names):,} that have attributes")
        return np.array([int(part[name]) for name in names])


def _rfd_factors(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    with opened(path, "HDF5 file") as file:
        data = file[next((name for name in ("factors", "labels") if name in file), "factors")]
        return np.asarray(data[()]), tuple(str(name) for name in data.attrs.get("names", ()))
