"""HDF5 files from strangers, opened only if everything they hold lies in the file itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from latentassay.core.errors import FileError
from latentassay.core.storage import check_regular
from latentassay.data.files import reading

OUTSIDE = "It would read other files of this machine; where you trust it, write a copy that holds all its values."
"""What to do about a file that points outside itself."""

CACHE_BYTES = 1 << 26
"""Of the chunks of one dataset that are kept."""


def open_file(path: Any) -> Any:
    """Open an HDF5 file for reading, and refuse one whose values lie elsewhere.

    HDF5 lets a dataset name any file as the place of its bytes (external raw storage), be put together of other files
    (virtual data sets), or be a link to a dataset of another file; each would read what the user never named.

    Raises:
        FileError: such a file, or no regular file.
        OSError: it is no HDF5 file.
    """
    import h5py

    check_regular(path)
    file = h5py.File(path, "r", rdcc_nbytes=CACHE_BYTES)
    try:
        _check_file(file, Path(path))
    except BaseException:
        file.close()
        raise
    return file


@contextmanager
def opened(path: Any, kind: str) -> Iterator[Any]:
    """Hold an HDF5 file open; what its reader raises on damage becomes ``FileError``."""
    with reading(path, kind), open_file(path) as file:
        yield file


def _check_file(file: Any, path: Path) -> None:
    import h5py

    waiting, seen = [file], set[Any]()
    while waiting:  # not by recursion: groups may be nested as deep as a file likes
        group = waiting.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in seen:
            continue
        seen.add(address)
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                raise FileError(path, f"holds a link to another file ({group.name}/{name})", OUTSIDE)
            if isinstance(link, h5py.SoftLink):
                continue  # it names a place in this file, which is looked at where it stands
            node = group[name]
            if isinstance(node, h5py.Group):
                waiting.append(node)
            elif isinstance(node, h5py.Dataset):
                _check_dataset(node, path)


def _check_dataset(node: Any, path: Path) -> None:
    plan = node.id.get_create_plist()
    if plan.get_external_count():
        raise FileError(path, f"keeps the values of {node.name} in another file (external storage)", OUTSIDE)
    if node.is_virtual:
        raise FileError(path, f"puts {node.name} together from other files (a virtual data set)", OUTSIDE)
