"""Cells by genes from AnnData files, old and new layouts, read with h5py alone: matrices dense or sparse by rows."""

from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Int

from latentassay.core.errors import FileError, InputError
from latentassay.core.labels import Labels, encode_labels
from latentassay.data.factors import Store
from latentassay.data.formats import Hdf5Store
from latentassay.data.hdf5 import opened
from latentassay.data.limits import FACTOR_LIMIT, MEMBER_LIMIT, ROW_LIMIT, check_size

FIX = "Write it again with adata.write_h5ad(…)."
"""What to do about a damaged file."""

PROBED = 64
"""Rows in which a matrix is looked at for counts before it is used; all others are when they are read."""


class Cells(NamedTuple):
    """A matrix of an AnnData, what was found in it, and labels of its cells."""

    matrix: Store
    notes: tuple[str, ...]
    factors: Int[np.ndarray, "n m"] | None
    factor_names: tuple[str, ...]


def read_cells(
    path: Path, *, key: str = "X", counts: bool = False, labels: str | None = None, allow_large: bool = False
) -> Cells:
    """Open one matrix of an ``.h5ad`` file, a row per cell.

    Args:
        path: the file.
        key: ``"X"``, ``"raw"``, ``"layers/NAME"`` or ``"obsm/NAME"``.
        counts: refuse a matrix that holds anything but whole numbers from 0.
        labels: a column of the cells (``obs``), of categories, names, truth values or
            whole numbers, which becomes a factor.
        allow_large: take rows, chunks and columns beyond the limits of ``latentassay.data.limits``.

    Raises:
        InputError: counts are asked for and there are none; says which matrices hold some.
        FileError: a damaged file, or no such matrix or column.
    """
    matrix = _matrix(path, key, allow_large)
    seen = _probe(matrix)
    if counts and not _are_counts(seen):
        others = [name for name in _matrices(path) if name != key and _is_countable(path, name)]
        fix = f"counts are in {' and '.join(others)}: key=" if others else "no other matrix of this file holds any"
        raise InputError(f"{key} of {path} holds no counts ({_words(seen)}), which were asked for; {fix}")
    notes = (f"{key} of the AnnData: {matrix.shape[0]:,} cells by {matrix.shape[1]:,} columns ({_words(seen)})",)
    found = None if labels is None else _labels(path, labels, allow_large)
    return Cells(
        _Counts(matrix, key) if counts else matrix,
        notes + (found.notes if found else ()),
        found.codes if found else None,
        () if labels is None else (labels,),
    )


@final
class SparseRows:
    """A matrix stored sparse by rows (CSR), made dense in the rows that are asked for.

    Raises:
        FileError: parts that do not belong together.
    """

    def __init__(self, path: Path, group: str, shape: tuple[int, ...], *, allow_large: bool = False):
        self._path, self._group = path, group
        check_size(path, f"a row of {group}", 4 * shape[1], ROW_LIMIT, allow_large=allow_large)
        self._parts = {
            name: Hdf5Store(path, f"{group}/{name}", allow_large=allow_large) for name in ("data", "indices")
        }
        ends = Hdf5Store(path, f"{group}/indptr", allow_large=allow_large)
        check_size(path, f"{group}/indptr", 8 * ends.shape[0], MEMBER_LIMIT, allow_large=allow_large)
        self._ends = ends[np.arange(ends.shape[0])].astype(np.int64)
        self.shape, self.dtype = shape, np.dtype(np.float32)
        if not self._is_whole():
            raise FileError(path, f"{group} is damaged: its rows do not end where its values do", FIX)

    def _is_whole(self) -> bool:
        """Whether rows begin at the first value, end at the last, and never run backwards."""
        stored, columns = (self._parts[name].shape for name in ("data", "indices"))
        if len(self._ends) != self.shape[0] + 1 or stored != columns or len(stored) != 1:
            return False
        return bool(self._ends[0] == 0 and self._ends[-1] == stored[0] and (np.diff(self._ends) >= 0).all())

    def __getitem__(self, rows: Any) -> np.ndarray:
        wanted = np.arange(self.shape[0])[np.atleast_1d(np.asarray(rows, dtype=np.int64))]  # also from the end
        out = np.zeros((len(wanted), self.shape[1]), np.float32)
        starts, counts = self._ends[wanted], self._ends[wanted + 1] - self._ends[wanted]
        # Places of all values of all rows at once: the count of each row's values, added to where the row starts.
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places = np.repeat(starts, counts) + within
        columns = self._parts["indices"][places]
        if columns.size and not 0 <= columns.min() <= columns.max() < self.shape[1]:
            raise FileError(self._path, f"{self._group} is damaged: it names columns that do not exist", FIX)
        # A column may be stored several times in a row, and then means the sum, as in scipy.
        np.add.at(out, (np.repeat(np.arange(len(wanted)), counts), columns), self._parts["data"][places])
        return out


@final
class _Counts:
    """A matrix whose every value that is read must be a count."""

    def __init__(self, matrix: Store, key: str):
        self._matrix, self._key = matrix, key
        self.shape, self.dtype = tuple(matrix.shape), np.dtype(np.float32)

    def __getitem__(self, rows: Any) -> np.ndarray:
        x = np.asarray(self._matrix[rows], dtype=np.float32)
        if not _are_counts(x):
            raise InputError(f"{self._key} holds no counts everywhere ({_words(x)}); remove or round such values")
        return x


def _matrix(path: Path, key: str, allow_large: bool = False) -> Store:
    import h5py

    place = {"raw": "raw/X"}.get(key, key)  # older files have it as raw.X, beside X
    with opened(path, "AnnData") as file:
        node = next((file[name] for name in (place, place.replace("raw/X", "raw.X")) if name in file), None)
        if node is None:
            raise FileError(path, f"has no {key}, only {', '.join(_matrices(path)) or 'nothing'}", "Choose with key=.")
        name, attributes = node.name.lstrip("/"), dict(node.attrs)
        dense = isinstance(node, h5py.Dataset)
        if dense and (node.ndim != 2 or node.dtype.kind not in "biuf"):
            raise ValueError(f"{key} is {node.dtype} {node.shape}, not a matrix of numbers")
    if dense:
        return Hdf5Store(path, name, allow_large=allow_large)
    return _sparse(path, name, attributes, allow_large)


def _sparse(path: Path, name: str, attributes: dict[str, Any], allow_large: bool) -> SparseRows:
    form = attributes.get("encoding-type", attributes.get("h5sparse_format", "something else"))
    form = form.decode() if isinstance(form, bytes) else str(form)
    if not form.startswith("csr"):
        fix = "Save it by rows: adata.X = adata.X.tocsr() (likewise raw and layers), then adata.write_h5ad(…)."
        raise FileError(path, f"{name} is stored as {form}, not dense or sparse by rows", fix)
    shape = attributes["shape"] if "shape" in attributes else attributes["h5sparse_shape"]
    return SparseRows(path, name, tuple(map(int, shape)), allow_large=allow_large)


def _matrices(path: Path) -> list[str]:
    """Names of the matrices cells by genes in a file."""

    with opened(path, "AnnData") as file:
        layers = [f"layers/{name}" for name in file.get("layers", ())]
        raw = ["raw"] if "raw.X" in file or "raw/X" in file else []
        return [*(["X"] if "X" in file else []), *raw, *layers]


def _probe(matrix: Store) -> np.ndarray:
    rows = np.unique(np.linspace(0, matrix.shape[0] - 1, PROBED).round().astype(np.int64))
    return np.asarray(matrix[rows], dtype=np.float64)


def _are_counts(x: np.ndarray) -> bool:
    return bool((x >= 0).all() and (x == np.round(x)).all())


def _is_countable(path: Path, key: str) -> bool:
    try:
        return _are_counts(_probe(_matrix(path, key)))
    except FileError:
        return False


def _words(x: np.ndarray) -> str:
    if _are_counts(x):
        return "whole numbers from 0"
    if (x < 0).any():
        return f"values down to {x.min():.3g}, as after scaling"
    broken = x[x != np.round(x)]
    return f"values such as {broken[0]:.3g}, as after normalising or a logarithm"


def _labels(path: Path, column: str, allow_large: bool) -> Labels:
    """Number the values of a column of ``obs``: a group of codes, an array, or a field of an old table."""
    import h5py

    with opened(path, "AnnData") as file:
        obs = file["obs"]
        table = obs.dtype.names if isinstance(obs, h5py.Dataset) else sorted(obs)
        if column not in (table or ()):
            cause = f"has no column {column!r} of cells, only {', '.join(table or ())}"
            raise FileError(path, cause, "Choose one with labels=.")
        node = obs[column]
        parts = list(node.values()) if isinstance(node, h5py.Group) else [node]
        size = sum(part.size * part.dtype.itemsize for part in parts if hasattr(part, "dtype"))
        check_size(path, column, size, FACTOR_LIMIT, allow_large=allow_large)
        values = _column(node, path, column) if isinstance(node, h5py.Group) else np.asarray(node)
    return encode_labels(values, name=f"{column} of {path}")


def _column(node: Any, path: Path, column: str) -> np.ndarray:
    """Values of a column that AnnData keeps in parts: codes and categories, or values and a mask of those missing."""
    if "codes" not in node:
        return np.ma.masked_array(node["values"][()], node["mask"][()])
    codes, names = node["codes"][()], node["categories"]
    if hasattr(names, "keys"):  # as pandas' own text of newer versions is kept
        names = names["values"]
    names = names[()]
    if codes.max(initial=-1) >= len(names):
        raise FileError(path, f"{column} is damaged: it has codes beyond its {len(names)} categories", FIX)
    if (codes < 0).any():
        row = int((codes < 0).argmax())
        raise InputError(f"{column} of {path} must have a label in every row, got none in row {row}; leave it out")
    return np.asarray(names[codes])
