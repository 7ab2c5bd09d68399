"""Files that no door may fall for: each way to make one, by name."""

import io
import json
import os
import socket
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

SECRET = "S3CRET-54321"
"""What stands in the file that nothing may show."""

NUMBER = 54321.125
"""What stands in the numbers that nothing may read."""


class Place(NamedTuple):
    """Where a hostile file goes.

    Attributes:
        path: the file that is replaced; it is not there any more.
        valid: what it held.
        canary: a folder that appears if foreign code ran.
        secret: a text file outside that nothing may show.
        numbers: a file of float32 numbers outside, likewise; beside it one of HDF5.
    """

    path: Path
    valid: bytes
    canary: Path
    secret: Path
    numbers: Path


Make = Callable[[Place], object]


def make_pickle(canary: Path) -> bytes:
    """Return a pickle that makes the canary when it is read."""
    return b"cos\nmkdir\n(S'" + str(canary).encode() + b"'\ntR."


def _npy(header: str, body: bytes = b"") -> bytes:
    text = header.encode() + b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


LYING = _npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 8), }")
"""The header of 32 terabytes, and nothing behind it."""


def _zip(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _objects(canary: Path) -> bytes:
    return _npy("{'descr': '|O', 'fortran_order': False, 'shape': (4, 2), }", make_pickle(canary))


def _flip(place: Place) -> None:
    content = bytearray(place.valid or b"\0")
    content[len(content) // 2] ^= 1
    place.path.write_bytes(bytes(content))


def make_bomb(size: int = 1 << 30) -> bytes:
    """Return an archive with one float32 array ``x.npy`` of ``size`` bytes of zeros, a thousandth as large itself.

    One compressed mebibyte is repeated, and what the archive says of method and size is put right afterwards.
    """
    deflate = zlib.compressobj(9, wbits=-15)
    header = _npy(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({size // 16}, 4), }}")
    head = deflate.compress(header) + deflate.flush(zlib.Z_FULL_FLUSH)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("x.npy", head + block * (size >> 20) + deflate.flush())
    content = bytearray(stream.getvalue())
    for place in (content.find(b"PK\x03\x04") + 8, content.rfind(b"PK\x01\x02") + 10):
        content[place : place + 2] = zipfile.ZIP_DEFLATED.to_bytes(2, "little")
        content[place + 14 : place + 18] = (len(header) + size).to_bytes(4, "little")
    return bytes(content)


def _hdf5(kind: str) -> Make:
    def make(place: Place) -> None:
        import h5py

        with h5py.File(place.path, "w") as file:
            if kind == "external":
                size = place.numbers.stat().st_size // 16
                file.create_dataset("X", (size, 4), "f4", external=[(str(place.numbers), 0, h5py.h5f.UNLIMITED)])
            elif kind == "virtual":
                layout = h5py.VirtualLayout((16, 4), "f4")
                layout[:] = h5py.VirtualSource(str(place.numbers.with_suffix(".h5")), "X", (16, 4))
                file.create_virtual_dataset("X", layout)
            else:
                file["X"] = h5py.ExternalLink(str(place.numbers.with_suffix(".h5")), "X")

    return make


def _bind(place: Place) -> None:
    """Make a socket; its name must be short, and so is made from inside its folder."""
    before = os.open(".", os.O_RDONLY)
    os.chdir(place.path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as end:
            end.bind(place.path.name)
    finally:
        os.chdir(before)
        os.close(before)


def _write(make: Callable[[Place], bytes]) -> Make:
    return lambda place: place.path.write_bytes(make(place))


def _steer(place: Place) -> bytes:
    """Every word of the valid file that is a name gets what steers terminals before it."""
    return place.valid.replace(b'": "', b'": "\\u001b[2J\\u202e\\ud800')


FILES: dict[str, Make] = {
    "FIFO": lambda place: os.mkfifo(place.path),
    "/dev/zero": lambda place: place.path.symlink_to("/dev/zero"),
    "socket": _bind,
    "folder": lambda place: place.path.mkdir(),
    "link to a secret": lambda place: place.path.symlink_to(place.secret),
    "link to itself": lambda place: place.path.symlink_to(place.path),
    "missing": lambda place: None,
    "empty": _write(lambda place: b""),
    "one byte": _write(lambda place: b"\0"),
    "cut": _write(lambda place: place.valid[: len(place.valid) // 2]),
    "a byte less": _write(lambda place: place.valid[:-1]),
    "a flipped bit": _flip,
    "noise": _write(lambda place: np.random.default_rng(0).bytes(4096)),
    "text": _write(lambda place: b"hello\nworld\n"),
    "web page": _write(lambda place: b"<html><body>404</body></html>"),
    "pickle": _write(lambda place: make_pickle(place.canary)),
    "pickle of torch": _write(
        lambda place: _zip({"archive/data.pkl": make_pickle(place.canary), "archive/version": b"3\n"})
    ),
    "Python": _write(lambda place: f"import os\nos.mkdir({str(place.canary)!r})\n".encode()),
    "objects in .npy": _write(lambda place: _objects(place.canary)),
    "objects in .npz": _write(lambda place: _zip({"x.npy": _objects(place.canary)})),
    "header of terabytes": _write(lambda place: LYING),
    "member of terabytes": _write(lambda place: _zip({"x.npy": LYING})),
    "bomb": _write(lambda place: make_bomb()),
    "safetensors of exabytes": _write(lambda place: (1 << 60).to_bytes(8, "little") + b'{"a":'),
    "JSON of lists": _write(lambda place: b"[" * 200_000),
    "JSON of objects": _write(lambda place: b'{"a":' * 100_000),
    "JSON of another kind": _write(lambda place: json.dumps({"format": 3, "model": [None], "sha256": {}}).encode()),
    "JSON of a huge number": _write(lambda place: b'{"step": ' + b"9" * 6000 + b"}"),
    "sizes of terabytes": _write(lambda place: place.valid.replace(b"8", b"888888888")),
    "names that steer": _write(_steer),
    "HDF5 over external numbers": _hdf5("external"),
    "HDF5 over a virtual set": _hdf5("virtual"),
    "HDF5 over a link": _hdf5("link"),
}
"""Name of a hostile file → what makes it at its place."""


def prepare_secrets(folder: Path) -> Place:
    """Write what nothing may read into a folder, and return a place without a path."""
    import h5py

    secret, numbers = folder / "secret.txt", folder / "numbers.bin"
    secret.write_text(f"root:{SECRET}:0:0\n" * 8)
    values = np.full((16, 4), NUMBER, "f4")
    numbers.write_bytes(values.tobytes())
    with h5py.File(numbers.with_suffix(".h5"), "w") as file:
        file["X"] = values
    return Place(path=folder, valid=b"", canary=folder / "canary", secret=secret, numbers=numbers)
