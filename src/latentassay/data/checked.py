"""Caches whose every block is verified when it is first used: what a disk or a person has changed is not passed on."""

import hashlib
import json
from pathlib import Path
from typing import Any, final

import numpy as np

from latentassay.core.errors import FileError
from latentassay.core.storage import check_regular, open_regular, read_json, write_whole

BLOCK = 1 << 20
"""Bytes that have one checksum."""

FIX = "Delete it and it will be made anew"
"""What to do about a damaged cache."""


def sums_path(path: Path) -> Path:
    """Return where the checksums of a cache lie."""
    return path.with_name(f"{path.name}.sums")


def write_sums(path: Path, of: Path) -> None:
    """Write the checksums of the file ``of``, which is to be called ``path``, beside it."""
    sums = []
    with open_regular(of) as stream:
        while block := stream.read(BLOCK):
            sums.append(_sum(block))
    write_whole(sums_path(path), json.dumps({"block": BLOCK, "sums": sums}).encode())


def open_checked(path: Path) -> "CheckedRows":
    """Open a ``.npy`` file that has its checksums beside it.

    Raises:
        FileError: it is damaged, is no array of rows, or does not fit its checksums.
    """
    check_regular(path, FIX)
    try:
        images = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        raise FileError(path, f"is no whole .npy file of plain values: {error}", FIX) from error
    if images.ndim == 0:
        raise FileError(path, "holds a single value, not rows", "Name another array.")
    return CheckedRows(path, images)


@final
class CheckedRows:
    """Rows of a mapped ``.npy`` file, each block of which is compared with its checksum when first read.

    Attributes:
        path: the file.
        shape: ``(n, ...)``.
        dtype: of the values.
        mapped: the file, unchecked.

    Raises:
        FileError: a block is not as it was written; when rows in it are asked for.
    """

    def __init__(self, path: Path, images: np.memmap):
        self.path, self.shape, self.dtype = path, tuple(images.shape), images.dtype
        self.mapped, self._start = images, int(images.offset)
        self._has_rows = images.flags.c_contiguous  # else a row lies all over the file
        found = read_json(sums_path(path), FIX)
        self._sums: Any = found.get("sums")
        if not isinstance(self._sums, list) or len(self._sums) != -(-path.stat().st_size // BLOCK):
            raise FileError(sums_path(path), "does not fit the file beside it", FIX)
        self._is_verified = np.zeros(len(self._sums), bool)

    def __len__(self) -> int:
        return int(self.shape[0])

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self[np.arange(len(self))], dtype)

    def __getitem__(self, rows: Any) -> Any:
        index = np.atleast_1d(np.arange(self.shape[0])[rows])
        if index.size:
            self._verify(index)
        return self.mapped[rows]

    def _verify(self, index: np.ndarray) -> None:
        if self._is_verified.all():
            return
        blocks = self._blocks(index) if self._has_rows else np.arange(len(self._sums))
        wanted = blocks[~self._is_verified[blocks]]
        if not len(wanted):
            return
        with open_regular(self.path, FIX) as stream:
            for block in wanted:
                stream.seek(int(block) * BLOCK)
                if _sum(stream.read(BLOCK)) != self._sums[block]:
                    raise FileError(self.path, f"was changed or is damaged (block {block} of {len(self._sums)})", FIX)
        self._is_verified[wanted] = True

    def _blocks(self, index: np.ndarray) -> np.ndarray:
        size = self.mapped[:1].nbytes
        first = (self._start + index * size) // BLOCK
        last = (self._start + (index + 1) * size - 1) // BLOCK
        return np.unique(np.concatenate([np.arange(a, b + 1) for a, b in {*zip(first, last, strict=True)}]))


def _sum(block: bytes) -> str:
    return hashlib.blake2b(block, digest_size=16).hexdigest()
