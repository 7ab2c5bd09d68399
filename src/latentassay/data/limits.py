"""How much of a file from strangers is taken unasked: a few hundred bytes can promise terabytes."""

from pathlib import Path
from typing import Any

from latentassay.core.errors import FileError

MEMBER_LIMIT = 1 << 33
"""Bytes of one compressed or HDF5 array that are read into memory."""

UNPACKED_LIMIT = 1 << 36
"""Bytes of one compressed array that are unpacked into the cache."""

FACTOR_LIMIT = 1 << 30
"""Bytes of factors, labels and their names."""

ROW_LIMIT = 1 << 30
"""Bytes of one row, and of one chunk of an HDF5 dataset, which is unpacked whole for every row in it."""

TABLE_LIMIT = 1 << 30
"""Bytes that a table as text may have; larger ones are better saved as an array, which is mapped and not read."""

PICTURE_LIMIT = 89_478_485
"""Pixels of one picture, as PIL has it: a quarter of a gigabyte in RGB."""

ALLOW = "If you trust the file and have the room, say allow_large=True (--allow-large on the command line)."
"""What to do about a file that holds more."""


def check_size(path: Any, what: str, size: int, limit: int, *, allow_large: bool, unit: str = "bytes") -> None:
    """Refuse what would take more than its limit, unless the user has allowed it.

    Raises:
        FileError: says how much it would take, what the limit is, and which option lifts it.
    """
    if size > limit and not allow_large:
        raise FileError(Path(path), f"{what} has {size:,} {unit}, and at most {limit:,} are taken unasked", ALLOW)
