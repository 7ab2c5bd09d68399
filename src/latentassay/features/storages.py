"""The weights in a file that torch wrote before its version 1.6, read without running the pickle they come with.

Such a file is five pickles (magic number, protocol, machine, the state dict, the names of its storages), and after them
the storages themselves: for each its length as 8 bytes, then its values. ``pickletools`` only names the instructions of
a pickle and never follows them; what has to be known stands among their arguments.
"""

import io
from collections import deque
from collections.abc import Iterable, Iterator
from pickletools import genops
from typing import Any, NamedTuple

import torch
from torch import Tensor

COUNTER = "num_batches_tracked"
"""What a batch normalisation counts is int64, and everything else float32."""


class _TensorPlace(NamedTuple):
    """Where a tensor lies in its storage."""

    name: str
    storage: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_state(content: bytes) -> dict[str, Tensor]:
    """Return a state dict of float32 weights and int64 counters, in the order it was saved in.

    Args:
        content: all of the file; verify its sum before, for little is checked here.

    Raises:
        ValueError: the file is no such file, or is cut short.
    """
    file = io.BytesIO(content)
    for _ in range(3):
        deque(genops(file), maxlen=0)
    places = list(_read_places(genops(file)))
    counters = {tensor.storage for tensor in places if tensor.name.endswith(COUNTER)}
    names = [argument for code, argument, _ in genops(file) if code.name == "BINUNICODE"]
    storages = {name: _storage(file, torch.int64 if name in counters else torch.float32) for name in names}
    return {t.name: torch.as_strided(storages[t.storage], t.shape, t.strides, t.offset) for t in places}


def _read_places(operations: Iterable[tuple[Any, Any, Any]]) -> Iterator[_TensorPlace]:
    """Gather the words and numbers that describe a tensor until the last of them, whether it requires gradients.

    The words are its name, "storage", its storage's name and "cpu"; the numbers its storage's length, its offset in it,
    its shape and its strides. A word that was said before is only pointed at.
    """
    words, numbers, known, last = list[str](), list[int](), dict[int, str](), None
    for code, argument, _ in operations:
        if code.name == "BINUNICODE":
            words.append(argument)
        elif code.name in ("BINPUT", "LONG_BINPUT") and last is not None:
            known[argument] = last
        elif code.name in ("BINGET", "LONG_BINGET") and argument in known:
            words.append(known[argument])
        elif code.name in ("BININT", "BININT1", "BININT2"):
            numbers.append(argument)
        elif code.name in ("NEWFALSE", "NEWTRUE"):
            (name, _, storage, _), (_, offset, *sizes) = words, numbers
            middle = len(sizes) // 2
            yield _TensorPlace(name, storage, offset, tuple(sizes[:middle]), tuple(sizes[middle:]))
            words, numbers = [], []
        last = argument if code.name == "BINUNICODE" else None


def _storage(file: io.BytesIO, dtype: torch.dtype) -> Tensor:
    length = int.from_bytes(file.read(8), "little")
    content = bytearray(file.read(length * dtype.itemsize))
    if len(content) != length * dtype.itemsize or not content:
        raise ValueError(f"a storage of {length} values is cut short after {len(content)} bytes")
    return torch.frombuffer(content, dtype=dtype)
