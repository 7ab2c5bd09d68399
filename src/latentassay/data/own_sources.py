"""Sources of the user's own data, opened: which kind it is, which options it takes, which rows it holds."""

import hashlib
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np
from jaxtyping import Int

from latentassay.core.arrays import as_array
from latentassay.core.errors import FileError, InputError, LatentAssayError, first_line
from latentassay.core.labels import encode_labels
from latentassay.core.storage import check_regular
from latentassay.data.factors import Layout, Store
from latentassay.data.files import digest, home, reading
from latentassay.data.formats import Hdf5Store, npz_names, read_hdf5, read_npy, read_npz
from latentassay.data.hdf5 import opened
from latentassay.data.limits import FACTOR_LIMIT
from latentassay.data.own_cells import read_cells
from latentassay.data.own_pictures import PictureFolder
from latentassay.data.tables import LABEL, read_table

SUFFIXES = (".npy", ".npz", ".h5", ".hdf5", ".h5ad", ".csv", ".tsv", ".mat")
"""Of the files that are read here."""

SAVE = "Save the array as .npy: np.save('x.npy', values)."
"""What to do about a file of another kind."""

INSTEAD = {
    **dict.fromkeys((".pt", ".pth", ".pkl", ".pickle"), "Save the tensor as .npy: np.save('x.npy', x.cpu().numpy())."),
    ".parquet": "Save the table as .csv: frame.to_csv('x.csv', index=False); or its values: np.save('x.npy', values).",
    ".xlsx": "Save the sheet as .csv.",
    ".xls": "Save the sheet as .csv.",
    ".loom": "Save it as .h5ad: anndata.read_loom('x.loom').write_h5ad('x.h5ad').",
    ".zarr": "Save it as .h5ad or .npy: np.save('x.npy', zarr.open('x.zarr')[:]).",
    **dict.fromkeys((".wav", ".mp3", ".flac"), "Save recordings of one length as .npy (n, channels, samples)."),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff"), "Give the folder that the pictures are in."),
    **dict.fromkeys((".zip", ".tar", ".gz", ".tgz"), "Unpack it first."),
    ".nii": "Save the volumes as .npy (n, channels, depth, height, width).",
    ".txt": "Save it as .csv, or as .npy: np.save('x.npy', np.loadtxt('x.txt')).",
    ".safetensors": "Save the tensor as .npy: np.save('x.npy', tensors['x'].numpy()).",
}
"""Ending of a file that is not read → what to save instead."""

CACHED = 1 << 28
"""A compressed array of more bytes than this is unpacked into the cache, not into memory."""

Range = tuple[float, float]

Factors = tuple[np.ndarray | None, tuple[str, ...], tuple[str, ...]]
"""Labels of rows, names of their columns, and what is to be said of them."""


class Opened(NamedTuple):
    """Rows of an opened source, what to call them, and what was done to them."""

    store: Store
    name: str
    notes: tuple[str, ...] = ()
    factors: Int[np.ndarray, "n m"] | None = None
    factor_names: tuple[str, ...] = ()
    layout: Layout | None = None
    range: Range | None = None


def open_own(source: Any, options: dict[str, Any], *, allow_large: bool = False) -> Opened:
    """Open a path, an array or a function with the options that its kind takes.

    Raises:
        InputError: an option that this kind does not take, or one that is missing.
        FileError: a file is missing, damaged, has no such array, or holds more than is taken without ``allow_large``.
    """
    if isinstance(source, str | Path):
        path = Path(source).expanduser()
        return _open_file(path, options, allow_large)
    if callable(source) and not hasattr(source, "__array__"):
        _takes("a function", options, "n")
        return _open_function(source, **options)
    _takes("an array", options)
    return Opened(_as_rows(source), "array")


def _as_rows(source: Any) -> np.ndarray:
    try:
        return as_array(source)
    except ValueError as error:  # numpy's word for rows of different lengths
        if isinstance(error, LatentAssayError):
            raise
        raise InputError(f"the array must have rows of one shape, as numpy reads them ({first_line(error)})") from error


def _open_file(path: Path, options: dict[str, Any], allow_large: bool) -> Opened:
    suffix = path.suffix.lower()
    if path.is_dir():
        _takes("a folder of pictures", options, "size", "colour")
        pictures = PictureFolder(path, **options, allow_large=allow_large)
        return Opened(pictures, pictures.name, pictures.notes, layout="hwc", range=(0.0, 255.0))
    if suffix not in SUFFIXES and path.exists():
        known = f"Own data are a folder of pictures, or a file that ends in {', '.join(SUFFIXES)}."
        raise FileError(path, "is of no kind that is read here", f"{INSTEAD.get(suffix, SAVE)} {known}")
    if suffix not in SUFFIXES:
        raise FileError(path, "does not exist", "Check the path, or take a name from `latentassay data list`.")
    if suffix == ".npy":
        _takes("an .npy file", options)
        return Opened(read_npy(path), path.stem)
    if suffix in (".csv", ".tsv"):
        _takes("a table", options)
        table = read_table(path, allow_large=allow_large)
        return Opened(
            store=table.numbers.astype(np.float32),
            name=path.stem,
            notes=table.notes,
            factors=table.factors,
            factor_names=table.factor_names,
            layout="vector",
        )
    if suffix == ".npz":
        _takes("an .npz file", options, "key")
        return _npz(path, **options, allow_large=allow_large)
    if suffix == ".h5ad":
        _takes("an .h5ad file", options, "key", "counts", "labels")
        cells = read_cells(path, **options, allow_large=allow_large)
        return Opened(
            store=cells.matrix,
            name=path.stem,
            notes=cells.notes,
            factors=cells.factors,
            factor_names=cells.factor_names,
            layout="vector",
        )
    _takes("an HDF5 file", options, "key")
    options = options | {"allow_large": allow_large}
    return _mat(path, **options) if suffix == ".mat" else _hdf5(path, **options)


def _takes(kind: str, options: dict[str, Any], *known: str) -> None:
    wrong = [name for name in options if name not in known]
    if wrong:
        also = f"it takes {', '.join(known)}, value_range and layout" if known else "it takes value_range and layout"
        raise InputError(f"{kind} does not take {', '.join(wrong)}; {also}")


def _npz(path: Path, key: str | None = None, *, allow_large: bool = False) -> Opened:
    held = npz_names(path)
    if key is None:
        key = next((name for name in ("x", "images") if name in held), held[0] if len(held) == 1 else None)
    if key not in held:
        wanted = f"no array {key}" if key else "no array x or images"
        raise FileError(path, f"{wanted} among {', '.join(held)}", "Save observations as x, or name them with key=.")
    cache = _cache(path, key) if _unpacked_size(path, key) > CACHED else None
    x = read_npz(path, key, cache, allow_large=allow_large)
    beside = [name for name in held if name != key]
    n = x.shape[0] if x.shape else 0
    factors, names, notes = _stated_factors(path, beside, allow_large) or _labels(path, beside, n, allow_large)
    return Opened(x, path.stem, notes, factors, names)


def _stated_factors(path: Path, names: list[str], allow_large: bool) -> Factors | None:
    if "factors" not in names:
        return None
    labels = _factors(path, "factor_names", allow_large).tolist() if "factor_names" in names else ()
    return _factors(path, "factors", allow_large), tuple(map(str, labels)), ()


def _labels(path: Path, names: list[str], n: int, allow_large: bool) -> Factors:
    """Arrays that are called labels, as columns of a table are, one for each row; what is left unused is said."""
    found, unused = dict[str, np.ndarray](), list[str]()
    for name in names:
        try:
            codes = encode_labels(_factors(path, name, allow_large), name=name).codes if LABEL.fullmatch(name) else None
        except LatentAssayError as error:
            unused.append(f"{name} ({error})")
            continue
        if codes is not None and codes.shape == (n, 1):
            found[name] = codes
        else:
            unused.append(name)
    notes = [f"factors are {', '.join(found)}"] if found else []
    notes += [f"not used: {', '.join(unused)}; save labels as factors= or labels="] if unused else []
    return np.concatenate(list(found.values()), 1) if found else None, tuple(found), tuple(notes)


def _factors(path: Path, name: str, allow_large: bool) -> np.ndarray:
    return read_npz(path, name, limit=FACTOR_LIMIT, allow_large=allow_large)


def _cache(path: Path, key: str) -> Path:
    # By its place and contents: two files may share their name, size and time, and still hold other data.
    what = f"{path.resolve()}|{key}|{digest(path)}"
    return (
        home()
        / "own"
        / f"{path.stem[:64]}-{key[:64].replace('/', '-')}-{hashlib.sha256(os.fsencode(what)).hexdigest()}.npy"
    )


def _unpacked_size(path: Path, key: str) -> int:
    with reading(path, ".npz archive"), zipfile.ZipFile(path) as archive:
        return archive.getinfo(f"{key}.npy").file_size


def _datasets(path: Path) -> list[str]:
    """Names of all arrays of rows in an HDF5 file, in the order of the file's groups."""
    import h5py

    found: list[str] = []

    def note(name: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and node.ndim > 1:
            found.append(name)

    with opened(path, "HDF5 file") as file:
        file.visititems(note)
    return found


def _hdf5(path: Path, key: str | None = None, *, allow_large: bool = False) -> Opened:
    return Opened(Hdf5Store(path, _choose_dataset(path, key), allow_large=allow_large), path.stem)


def _choose_dataset(path: Path, key: str | None) -> str:
    held = _datasets(path)
    if key is None and len(held) == 1:
        key = held[0]
    if key is None or key.strip("/") not in held:
        what = "which array of rows is meant is not said" if key is None else f"has no array of rows {key}"
        raise FileError(path, what, f"Choose with key=: {', '.join(held) or 'there is none'}.")
    return key


def _mat(path: Path, key: str | None = None, *, allow_large: bool = False) -> Opened:
    """Read a MAT file of version 7.3, which is HDF5 with its axes in reverse."""
    if not check_regular(path).startswith(b"MATLAB 7.3"):
        fix = "Save it as version 7.3: save('x.mat', 'x', '-v7.3'); or np.save('x.npy', scipy.io.loadmat('x.mat')['x'])"
        raise FileError(path, "is a MAT file of another version than 7.3", f"{fix}.")
    key = _choose_dataset(path, key)
    values = read_hdf5(path, key, allow_large=allow_large).T
    note = f"axes in MATLAB's order, of which the first counts rows ({'×'.join(map(str, values.shape))})"
    return Opened(values, path.stem, (note,))


def _open_function(function: Callable[[Any], Any], n: int | None = None) -> Opened:
    if n is None or n < 1:
        raise InputError(f"say how many rows the function has: own(function, n=...), got n={n}")
    return Opened(_FunctionRows(function, n), getattr(function, "__name__", "function").strip("<>"))


@final
class _FunctionRows:
    """Rows that a function makes."""

    def __init__(self, function: Callable[[Any], Any], n: int):
        self._function = function
        first = np.asarray(function(np.zeros(1, np.int64)))
        if first.ndim < 2 or len(first) != 1:
            raise InputError(f"the function must return (k, ...) for k row numbers; for one it returned {first.shape}")
        self.shape, self.dtype = (n, *first.shape[1:]), first.dtype

    def __getitem__(self, rows: Any) -> np.ndarray:
        index = np.atleast_1d(np.asarray(rows, dtype=np.int64))
        found = np.asarray(self._function(index))
        if (found.shape, found.dtype) != ((len(index), *self.shape[1:]), self.dtype):
            raise InputError(
                f"the function returned {found.dtype} {found.shape} for {len(index)} rows, "
                f"expected {self.dtype} {(len(index), *self.shape[1:])} as for row 0"
            )
        return found
