"""Data sets that are drawn instead of downloaded: any rows on demand, or all of them cached on disk."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Integer, UInt8

from latentassay.core.errors import FileError
from latentassay.core.storage import check_regular, replacing
from latentassay.data.checked import CheckedRows, sums_path, write_sums
from latentassay.data.codes import grid_codes
from latentassay.data.factors import FactorData, Store
from latentassay.data.formats import write_npy

Render = Callable[[Any], np.ndarray]


class Rendered:
    """A ``Store`` that draws the rows asked for and keeps none of them.

    Args:
        render: pure function from codes ``(k, m)`` to uint8 images ``(k, ...)``.
        codes: the code of every row, ``(n, m)``.

    >>> store = Rendered(lambda codes: codes.astype(np.uint8), grid_codes((2, 3)))
    >>> store.shape, store[[5, 1]].tolist()
    ((6, 2), [[1, 2], [0, 1]])
    """

    dtype = np.dtype(np.uint8)

    def __init__(self, render: Render, codes: Integer[np.ndarray, "n m"]):
        self._render, self._codes = render, codes
        self.shape: tuple[int, ...] = (len(codes), *render(codes[:1]).shape[1:])

    def __getitem__(self, rows: Any, /) -> UInt8[np.ndarray, "..."]:
        return self._render(self._codes[rows])


def grid_data(
    render: Render, names: Sequence[str], sizes: Sequence[int], *, name: str, cache: str | Path | None
) -> FactorData:
    """Return the full grid as ``FactorData``: drawn on demand, or from ``cache/<name>.npy`` if given."""
    codes = grid_codes(sizes)
    store: Store = Rendered(render, codes)
    if cache is not None:
        store = cache_store(store, Path(cache) / f"{name}.npy")
    return FactorData(store, codes, names, sizes, name=name)


def cache_store(store: Store, path: str | Path, *, batch_size: int = 4096) -> Store:
    """Return the whole store memory-mapped from ``path``, an ``.npy`` file written first if it or its sums are missing.

    The file appears under its name only when complete, so a run that is killed leaves nothing that could
    be taken for whole. A progress bar on stderr counts the images.

    Raises:
        FileError: if the file cannot be written, or is damaged, or holds other images than ``store``.
    """
    path = Path(path)
    if path.exists():
        _check(store, path)  # before it is replaced: it may be a file of the user's own
    if not (path.exists() and sums_path(path).exists()):
        n = store.shape[0]
        blocks = (store[np.arange(start, min(start + batch_size, n))] for start in range(0, n, batch_size))
        with replacing(path) as part:
            write_npy(part, store.shape, store.dtype, blocks, label=f"rendering {path.stem}")
            write_sums(path, part)
    return CheckedRows(path, _check(store, path))


def _check(store: Store, path: Path) -> np.memmap:
    fix = "Delete it and it will be rendered anew"
    try:
        check_regular(path, fix)
        images = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError) as error:
        raise FileError(path, f"is no whole .npy file: {error}", fix) from error
    if images.shape != store.shape or images.dtype != store.dtype:
        raise FileError(path, f"holds {images.dtype} {images.shape}, not {store.dtype} {store.shape}", fix)
    # Another version may render other images under the same name and shape.
    probe = np.linspace(0, len(images) - 1, 16).astype(int)
    if not np.array_equal(images[probe], store[probe]):
        raise FileError(path, "holds other images than this version renders", fix)
    return images
