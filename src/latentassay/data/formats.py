"""Readers of the file formats that data sets come in; none of them runs code from a file or trusts its header."""

import gzip
import hashlib
import math
import os
import struct
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np
import torch
from jaxtyping import Int, UInt8

from latentassay.core.errors import FileError
from latentassay.core.progress import bar
from latentassay.core.storage import check_regular, open_regular
from latentassay.data.checked import open_checked
from latentassay.data.factors import Store
from latentassay.data.files import make_once, reading
from latentassay.data.hdf5 import open_file, opened
from latentassay.data.limits import MEMBER_LIMIT, ROW_LIMIT, UNPACKED_LIMIT, check_size

NORB_TYPES: dict[int, np.dtype[Any]] = {0x1E3D4C55: np.dtype("u1"), 0x1E3D4C54: np.dtype("<i4")}
"""Type of the values by the magic number that a matrix begins with."""


class Scaled:
    """A uint8 store seen through a factor: dSprites keeps its pixels as 0 and 1 where batches expect 0 to 255."""

    def __init__(self, store: Store, factor: int):
        self.store, self.factor = store, np.uint8(factor)
        self.shape, self.dtype = tuple(store.shape), np.dtype(np.uint8)

    def __getitem__(self, rows: Any) -> Any:
        return np.asarray(self.store[rows]) * self.factor


class Hdf5Store:
    """Rows of one HDF5 dataset, in any order and with repeats.

    Rows are read in ascending runs, since HDF5 itself wants sorted, unique indices and is slow on lists.

    Raises:
        FileError: if the file is damaged, has no such dataset, or one whose rows or chunks are too large.
    """

    def __init__(self, path: Any, dataset: str, *, allow_large: bool = False):
        with reading(path, "HDF5 file"):
            self._file = open_file(path)
            try:
                self._data = hdf5_dataset(self._file, dataset)
                _check_dataset(Path(path), self._data, allow_large)
            except BaseException:
                self._file.close()
                raise
        self.path = Path(path)
        self.shape, self.dtype = tuple(self._data.shape), self._data.dtype

    def __getitem__(self, rows: Any) -> np.ndarray:
        index = np.asarray(rows, dtype=np.int64)
        if index.size == 0:
            return np.empty((0, *self.shape[1:]), self.dtype)
        if index.min() < -self.shape[0] or index.max() >= self.shape[0]:
            raise IndexError(f"rows {index.min()} to {index.max()} are out of range for {self.shape[0]} rows")
        # Ascending and without repeats, in runs that are read at once; `back` puts them in the order asked for.
        wanted, back = np.unique(index % self.shape[0], return_inverse=True)
        runs = np.split(wanted, np.flatnonzero(np.diff(wanted) > 1) + 1)
        with reading(self.path, "HDF5 file"):
            parts = [self._data[run[0] : run[-1] + 1] for run in runs]
        return np.concatenate(parts)[back.ravel()]


def _check_dataset(path: Path, data: Any, allow_large: bool) -> None:
    for what, shape in (("a row", data.shape[1:]), ("a chunk", data.chunks or ())):
        size = math.prod(shape) * data.dtype.itemsize
        check_size(path, f"{what} of {data.name.lstrip('/')}", size, ROW_LIMIT, allow_large=allow_large)


def open_hdf5(path: Any, dataset: str, cache: Path | None = None) -> Store:
    """Open one HDF5 dataset of images as a store, unpacked once into ``cache`` (a ``.npy`` file) where one is given.

    A chunk holds pieces of thousands of images: 128 random rows take half a second from HDF5, 0.3 ms from the map.

    Raises:
        FileError: if the file is damaged, has no such dataset, or the cache cannot be written.
    """
    store = Hdf5Store(path, dataset)
    if cache is None or store.dtype != np.uint8:
        return store

    def unpack(target: Path) -> None:
        with writable_npy(target, store.shape) as images, bar(len(images), f"unpacking {dataset} once") as line:
            for first in range(0, len(images), 4096):
                block = store[np.arange(first, min(first + 4096, len(images)))]
                images[first : first + len(block)] = block
                line.update(len(block))

    return open_checked(make_once(cache, store.path, unpack))


def hdf5_dataset(file: Any, name: str) -> Any:
    """Return a dataset of an open HDF5 file; ``ValueError`` lists what is there instead."""
    if name not in file or not hasattr(file[name], "dtype"):
        raise ValueError(f"no dataset {name!r} among {sorted(file)}")
    return file[name]


def read_hdf5(path: Any, dataset: str, *, limit: int = MEMBER_LIMIT, allow_large: bool = False) -> np.ndarray:
    """Read one whole HDF5 dataset, such as labels, into memory, up to ``limit`` bytes.

    Raises:
        FileError: if the file is damaged, has no such dataset, or a larger one.
    """
    with opened(path, "HDF5 file") as file:
        data = hdf5_dataset(file, dataset)
        check_size(path, dataset, math.prod(data.shape) * data.dtype.itemsize, limit, allow_large=allow_large)
        return np.asarray(data[()])


MAGIC = b"\x93NUMPY"
"""What every .npy file begins with."""


def read_npy(path: Any) -> np.ndarray:
    """Map a ``.npy`` file into memory, read-only; objects (pickles) are refused.

    Raises:
        FileError: for anything else than a plain array.
    """
    with reading(path, ".npy array without Python objects"):
        with open_regular(path) as file:
            head = file.read(len(MAGIC))
        if head != MAGIC:  # numpy would take it for a pickle, and say so
            raise ValueError(f"it begins with {head!r}, not with {MAGIC!r}")
        return np.asanyarray(np.load(path, mmap_mode="r", allow_pickle=False))


def npz_names(path: Any) -> tuple[str, ...]:
    """Return the names of the arrays in an ``.npz`` file.

    Raises:
        FileError: if it is no archive.
    """
    with reading(path, ".npz archive"), zipfile.ZipFile(path) as archive:
        return tuple(name.removesuffix(".npy") for name in archive.namelist())


@overload
def read_npz(path: Any, member: str, *, limit: int | None = None, allow_large: bool = False) -> np.ndarray: ...
@overload
def read_npz(
    path: Any, member: str, cache: Path | None, *, limit: int | None = None, allow_large: bool = False
) -> Store: ...
def read_npz(
    path: Any, member: str, cache: Path | None = None, *, limit: int | None = None, allow_large: bool = False
) -> Store:
    """Read one array of an ``.npz`` file without touching the others.

    A large uncompressed array is mapped in place. A compressed one is unpacked once into ``cache`` (a ``.npy``
    file) and mapped there, its blocks verified when first read, or read into memory where no cache is given.

    Raises:
        FileError: for a damaged archive, a missing array, one of Python objects (a pickle), or one of more than
            ``limit`` bytes; where left out, of ``MEMBER_LIMIT`` in memory and ``UNPACKED_LIMIT`` in the cache.
    """
    path = Path(path)
    most = limit or (UNPACKED_LIMIT if cache else MEMBER_LIMIT)
    with reading(path, ".npz archive of plain arrays"), zipfile.ZipFile(path) as archive:
        info = _member(archive, f"{member}.npy")
        is_mapped = info.compress_type == zipfile.ZIP_STORED and info.file_size > 1 << 20
        if limit or not is_mapped:
            check_size(path, f"its array {member}", info.file_size, most, allow_large=allow_large)
        if is_mapped:
            return _map_stored(path, info)
        if cache is None:
            _check_member(archive, info)
            with archive.open(info) as stream:
                return np.asarray(np.lib.format.read_array(stream, allow_pickle=False))
    return open_checked(make_once(cache, path, lambda target: _unpack(path, info, target)))


def read_idx(path: Any, md5: str | None = None) -> UInt8[np.ndarray, "..."]:
    """Read an IDX file of bytes (MNIST), gzipped or not, and verify its uncompressed bytes.

    Gzip wrappers of equal contents differ, so ``md5`` is that of the contents.

    Raises:
        FileError: for a damaged file, another format, a wrong length, or a wrong hash.
    """
    with reading(path, "IDX file"), _open_unzipped(Path(path)) as stream:
        head = stream.read(4)
        if len(head) < 4 or head[:3] != b"\0\0\x08" or not 1 <= head[3] <= 4:
            raise ValueError(f"it starts with {head!r}, not with 00 00 08 and the number of dimensions")
        lengths = _exactly(stream, 4 * head[3])
        shape = struct.unpack(f">{head[3]}I", lengths)
        body = _exactly(stream, math.prod(shape), last=True)
    # Of what the wrapper holds: gzip writes a time stamp, so that the same contents have many hashes outside.
    found = hashlib.md5(head + lengths + body, usedforsecurity=False).hexdigest()
    if md5 is not None and found != md5:
        cause = f"the file was altered or is another one: the md5 of its contents is {found}, expected {md5}"
        raise FileError(path, cause, "Delete it and get it again.")
    return np.frombuffer(body, np.uint8).reshape(shape)


def write_npy(
    path: Path, shape: tuple[int, ...], dtype: np.dtype[Any], blocks: Iterable[np.ndarray], *, label: str
) -> None:
    """Write a ``.npy`` file from blocks of its rows, with a progress bar of this label.

    Raises:
        OSError: it cannot be written.
    """
    header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
    # As a stream: on a full disk a memory map would die of SIGBUS, a stream raises OSError.
    with path.open("wb") as file, bar(shape[0], label, unit="row") as line:
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
            line.update(len(block))


@contextmanager
def writable_npy(path: Path, shape: tuple[int, ...]) -> Iterator[np.memmap]:
    """Hold open a new ``.npy`` file of uint8 that is written in any order.

    Raises:
        OSError: at once, if the disk has no room for it.
    """
    images = np.lib.format.open_memmap(path, "w+", np.dtype(np.uint8), shape)
    if hasattr(os, "posix_fallocate"):  # on a full disk, writing to a map of unreserved space dies of SIGBUS
        with path.open("rb+") as stream:
            os.posix_fallocate(stream.fileno(), 0, path.stat().st_size)
    yield images
    images.flush()


@contextmanager
def norb_stream(path: Path) -> Iterator[tuple[BufferedReader, np.dtype[Any], tuple[int, ...]]]:
    """Open a matrix in NORB's binary format: the stream at its first value, the type, and the shape.

    Little-endian int32s: a magic number for the type, the number of dimensions, at least three lengths.

    Raises:
        FileError: for a damaged file or another format.
    """
    with reading(path, "NORB matrix"), _open_unzipped(path) as stream:
        magic, rank = struct.unpack("<ii", _exactly(stream, 8))
        if magic not in NORB_TYPES or not 1 <= rank <= 4:
            raise ValueError(f"magic number {magic:#x} with {rank} dimensions is not that of a byte or int matrix")
        lengths = struct.unpack(f"<{max(rank, 3)}i", _exactly(stream, 4 * max(rank, 3)))
        if min(lengths[:rank]) < 1:
            raise ValueError(f"its lengths are {lengths[:rank]}")
        yield stream, NORB_TYPES[magic], lengths[:rank]


def read_norb(path: Path) -> Int[np.ndarray, "..."]:
    """Read a whole NORB matrix of integers.

    Raises:
        FileError: for a damaged file, another format, or a wrong length.
    """
    with norb_stream(path) as (stream, dtype, shape):
        body = _exactly(stream, math.prod(shape) * dtype.itemsize, last=True)
        return np.frombuffer(body, dtype).reshape(shape).astype(np.int64)


def norb_blocks(path: Path, dtype: np.dtype[Any], shape: tuple[int, ...], rows: int = 512) -> Iterator[np.ndarray]:
    """Read a NORB matrix of known type and shape a few rows at a time.

    Raises:
        FileError: for a damaged file, another format, type, shape or length.
    """
    with norb_stream(path) as (stream, found_dtype, found):
        if (found_dtype, found) != (dtype, shape):
            raise ValueError(f"it is {found_dtype} {found}, expected {dtype} {shape}")
        for first in range(0, shape[0], rows):
            count = min(rows, shape[0] - first)
            size = count * math.prod(shape[1:]) * dtype.itemsize
            body = _exactly(stream, size, last=first + count == shape[0])
            yield np.frombuffer(body, dtype).reshape(count, *shape[1:])


def resize(
    images: UInt8[np.ndarray, "n ..."], size: int, layout: Literal["hw", "hwc"] = "hw"
) -> UInt8[np.ndarray, "n ..."]:
    """Resize images to ``size`` × ``size`` by bilinear interpolation with anti-aliasing, rounded to uint8.

    >>> resize(np.full((1, 28, 28), 7, np.uint8), 32).shape
    (1, 32, 32)
    """
    out = np.empty((len(images), size, size, *images.shape[3:]), np.uint8)
    for first in range(0, len(images), 1024):
        x = torch.from_numpy(np.array(images[first : first + 1024])).float()
        x = x[:, None] if layout == "hw" else x.movedim(-1, 1)
        x = torch.nn.functional.interpolate(x, (size, size), mode="bilinear", antialias=True)
        x = x[:, 0] if layout == "hw" else x.movedim(1, -1)
        out[first : first + 1024] = x.round_().clamp_(0, 255).byte().numpy()
    return out


def _open_unzipped(path: Path) -> BufferedReader:
    # By its first bytes, not its name: mirrors unpack files and leave the ending, or the other way round.
    zipped = check_regular(path).startswith(b"\x1f\x8b")
    return BufferedReader(gzip.GzipFile(path)) if zipped else open_regular(path)


def _exactly(stream: BufferedReader, size: int, *, last: bool = False) -> bytearray:
    body = bytearray()  # grown piece by piece, so that a header that lies cannot claim all memory
    while len(body) < size and (piece := stream.read(min(size - len(body), 1 << 24))):
        body += piece
    if len(body) != size:
        raise ValueError(f"truncated: its header promises {size:,} more bytes, {len(body):,} are there")
    if last and stream.read(1):
        raise ValueError("there is more in it than its header says")
    return body


def _member(archive: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    if name not in archive.namelist():
        raise ValueError(f"no array {name!r} among {archive.namelist()}")
    return archive.getinfo(name)


def _check_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    """Refuse a member whose header promises other bytes than it has, since numpy would make room for what it says."""
    with archive.open(info) as stream:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
        promised, there = math.prod(shape) * dtype.itemsize, info.file_size - stream.tell()
    if promised != there and not dtype.hasobject:
        raise ValueError(f"the header of {info.filename} promises {promised:,} bytes, {there:,} are there")


def _map_stored(path: Path, info: zipfile.ZipInfo) -> np.ndarray:
    with open_regular(path) as stream:
        # Only the header beside the array says how long its name and extra field are; the archive's directory may say
        # another length, and what is mapped has to begin right behind them.
        stream.seek(info.header_offset + 26)
        name, extra = struct.unpack("<HH", stream.read(4))
        stream.seek(info.header_offset + 30 + name + extra)
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(stream)
        if dtype.hasobject:
            raise ValueError("it holds Python objects, which are never loaded")
        return np.memmap(path, dtype, "r", stream.tell(), shape, "F" if fortran else "C")


def _unpack(path: Path, info: zipfile.ZipInfo, target: Path) -> None:
    with target.open("wb") as out, bar(info.file_size >> 20, f"unpacking {path.name} once", unit="MiB") as line:
        for block in _member_blocks(path, info):
            out.write(block)
            line.update()


def _member_blocks(path: Path, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with reading(path, ".npz archive"), zipfile.ZipFile(path) as archive, archive.open(info) as stream:
        while block := stream.read(1 << 20):
            yield block
