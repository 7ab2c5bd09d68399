"""The user's own data: folders of pictures, arrays, counts of cells, functions; streamed, never all in memory."""

from math import prod
from pathlib import Path
from typing import Any, final

import numpy as np

from latentassay.core.errors import InputError
from latentassay.data.checked import CheckedRows
from latentassay.data.factors import FactorData, Layout
from latentassay.data.formats import Hdf5Store
from latentassay.data.own_cells import SparseRows
from latentassay.data.own_sources import SUFFIXES, Opened, Range, open_own

LOOKED_AT = 64
"""Rows looked at to learn the range of values."""

SCANNED = 1 << 28
"""Bytes of floats up to which every row is looked at for NaN when data are opened; others are when they are read."""

LOOK_BYTES = 1 << 22
"""Bytes of them that are read at a time."""

SLACK = 0.02
"""Values may leave the range that was stated by this share of its length."""

CHANNELS = (1, 3, 4)
"""Numbers of channels that tell which axis is theirs."""


@final
class OwnStore:
    """Rows of the user's own as models take them; the store behind ``own``.

    Attributes:
        shape: ``(n, ...)``.
        dtype: uint8 for pictures of bytes, else a float type.
        value_range: least and greatest value as stored: as stated, or as seen in ``LOOKED_AT`` rows.
        notes: what was assumed and what is done to the values, a clause each.
    """

    def __init__(self, opened: Opened, stated: Range | None):
        self._store, self._scale = opened.store, None
        self.shape, self.dtype = tuple(opened.store.shape), np.dtype(opened.store.dtype)
        _check_kind(self.shape, self.dtype, stated)
        known = stated or opened.range
        self.value_range = known or _find_range(opened, self.shape, self.dtype)
        # Masks are often stored as bytes of 0 and 1, which read as 0 to 255 would be black.
        binary = known is None and self.dtype == np.uint8 and 0 < self.value_range[1] <= 1
        wanted = stated or ((0.0, 1.0) if binary or self.dtype == np.bool_ else None)
        self.notes = (*opened.notes, _range_words(self.dtype, self.value_range, stated is not None, wanted, self.shape))
        if wanted is not None and not (self.dtype == np.uint8 and wanted == (0.0, 255.0)):
            self._scale, self.dtype = wanted, np.dtype(np.float32)
        elif self.dtype != np.uint8:
            self.dtype = self.dtype.newbyteorder("=")

    def __getitem__(self, rows: Any) -> Any:
        x = np.asarray(self._store[rows])
        return x.astype(self.dtype, copy=False) if self._scale is None else _to_unit(x, self._scale)


def own(
    source: Any,
    *,
    key: str | None = None,
    size: int | None = None,
    colour: str | None = None,
    counts: bool | None = None,
    labels: str | None = None,
    n: int | None = None,
    value_range: Any = None,
    layout: str | None = None,
    allow_large: bool = False,
) -> FactorData:
    """Load the user's own data from a folder, file, array or function; ``data.store.notes`` says what was done to them.

    Pictures come out channels first. Bytes come out in [0, 1], and so do values whose range was stated: (v − low) /
    (high − low). Floats without a stated range are delivered as they are.

    Args:
        source: a folder of pictures (with those below it, in the order of their paths); a ``.npy`` file (mapped), a
            ``.npz``, an HDF5 file (``.h5``, ``.hdf5``) or an AnnData (``.h5ad``); an array ``(n, ...)``; or a function
            from row numbers, an int64 array ``(k,)``, to an array ``(k, ...)``.
        key: which array of an archive; of an AnnData ``"X"`` (if left out), ``"raw"``, ``"layers/NAME"`` or
            ``"obsm/NAME"``.
        size: pictures are cut to their central square and resized to ``size`` × ``size`` pixels (bilinear,
            anti-aliased); where left out, all must be of one size.
        colour: ``"grey"`` or ``"rgb"``; where left out, all pictures must agree.
        counts: refuse values that are no counts (AnnData).
        labels: a column of an AnnData's cells that becomes a factor.
        n: number of rows of a function.
        value_range: ``(low, high)`` between which the stored values lie, such as (0, 255) or (−1, 1); ``(0, 1)``
            leaves them as they are. ``"0,255"`` is read likewise.
        layout: how one observation is stored: a picture ``"hwc"``, ``"chw"`` or ``"hw"``, a series ``"lc"`` or ``"l"``,
            a ``"vector"``, or ``"as is"``, which leaves its axes alone; guessed where left out, and then fitted to the
            model in an assay.
        allow_large: take arrays, rows, factors, tables and pictures beyond the limits that keep a small file from
            taking all memory (``latentassay.data.limits``).

    Raises:
        InputError: an option that this source does not take, integers without a stated range, NaN, values outside the
            stated range, pictures of several sizes or kinds, or a layout that cannot be guessed.
        FileError: a file is missing, damaged, empty, hostile or larger than its limits, or has no such array.

    >>> data = own(lambda rows: np.sin(rows[:, None] + np.arange(3)), n=50)
    >>> len(data), data.x_shape, data.store.notes
    (50, (3,), ('float64 from -1 to 1 in 50 rows, delivered as they are',))
    """
    options = {"key": key, "size": size, "colour": colour, "counts": counts, "labels": labels, "n": n}
    opened = open_own(
        source, {name: value for name, value in options.items() if value is not None}, allow_large=allow_large
    )
    chosen, words = (layout, ()) if layout else _layout(opened)
    store = OwnStore(opened._replace(notes=(*opened.notes, *words)), _as_range(value_range))
    factors = np.zeros((store.shape[0], 0), np.int64) if opened.factors is None else opened.factors
    is_guessed = layout is None and opened.layout is None
    return FactorData(store, factors, opened.factor_names, layout=chosen, name=opened.name, is_guessed=is_guessed)


def is_own(source: Any) -> bool:
    """Whether something names data of the user's own rather than a set by its name: a path, or no word at all.

    >>> [is_own(name) for name in ("digits", "photos/", "x.npy", Path("photos"))]
    [False, True, True, True]
    """
    if not isinstance(source, str):
        return True
    return Path(source).suffix.lower() in SUFFIXES or "/" in source or "\\" in source or Path(source).is_dir()


def _layout(opened: Opened) -> tuple[Layout | None, tuple[str, ...]]:
    """Tell channels last from channels first; pictures that could be either are not guessed."""
    shape = tuple(opened.store.shape[1:])
    if opened.layout or len(shape) not in (2, 3):
        return opened.layout, ()
    if len(shape) == 2:
        words = f"{_times(shape)} given an axis of one channel in front, unless the model in an assay takes another"
        return "hw", (f"{words} shape (layout='as is' leaves it out, 'lc' turns channels first)",)
    # Both ends may count channels, as in 3×8×3. Then height and width, being equal in most pictures, decide; where they
    # do not, it takes a person.
    first, last = shape[0] in CHANNELS, shape[2] in CHANNELS
    if first and last and (shape[0] == shape[1]) == (shape[1] == shape[2]):
        raise InputError(f"pictures {shape} may have their channels first or last; say layout='chw' or layout='hwc'")
    if last and (not first or shape[0] == shape[1]):
        return "hwc", (f"channels last ({_times(shape)}), turned channels first",)
    return "chw", ()


def _check_kind(shape: tuple[int, ...], dtype: np.dtype[Any], stated: Range | None) -> None:
    if len(shape) < 2 or prod(shape) == 0:
        raise InputError(f"observations must have shape (n, ...) with n at least 1, got {shape}")
    if dtype.kind not in "biuf":
        raise InputError(f"observations must be numbers, got {dtype}; convert them to float32, or to uint8 in 0-255")
    if dtype.kind in "iu" and dtype != np.uint8 and stated is None:
        fix = "state what they lie between, such as value_range=(0, 255), or convert them to float32"
        raise InputError(f"observations must be uint8 or float, got {dtype}; {fix}")


def _as_range(value_range: Any) -> Range | None:
    if value_range is None:
        return None
    ends = value_range.split(",") if isinstance(value_range, str) else value_range
    try:
        low, high = (float(end) for end in ends)
    except (TypeError, ValueError) as error:
        raise InputError(f"value_range must be (low, high), such as (0, 255), got {value_range!r}") from error
    if not -np.inf < low < high < np.inf:
        raise InputError(f"value_range must be finite with low below high, got {value_range!r}")
    return low, high


def _find_range(opened: Opened, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Range:
    """Least and greatest value of some rows spread over all."""
    rows = np.unique(np.linspace(0, shape[0] - 1, LOOKED_AT).round().astype(np.int64))
    step = max(1, LOOK_BYTES // (prod(shape[1:]) * dtype.itemsize))
    if (
        dtype.kind == "f"
        and prod(shape) * dtype.itemsize <= SCANNED
        and isinstance(opened.store, np.ndarray | Hdf5Store | SparseRows | CheckedRows)
    ):
        _scan(opened, shape[0], step)
    low, high = np.inf, -np.inf
    for start in range(0, len(rows), step):
        part = np.asarray(opened.store[rows[start : start + step]])
        _expect_finite(part, rows[start : start + step], opened.name)
        low, high = min(low, float(part.min())), max(high, float(part.max()))
    return low, high


def _scan(opened: Opened, n: int, step: int) -> None:
    for start in range(0, n, step):
        rows = np.arange(start, min(start + step, n))
        _expect_finite(np.asarray(opened.store[rows]), rows, opened.name)


def _expect_finite(x: np.ndarray, rows: np.ndarray, name: str) -> None:
    bad = ~np.isfinite(x).reshape(len(x), -1).all(1)
    if bad.any():
        raise InputError(
            f"row {rows[int(bad.argmax())]} of {name} holds NaN or infinite values; remove or repair such rows"
        )


def _range_words(dtype: np.dtype[Any], found: Range, stated: bool, wanted: Range | None, shape: tuple[int, ...]) -> str:
    ends = f"{found[0]:g} to {found[1]:g}" if stated else f"{found[0]:.3g} to {found[1]:.3g}"
    if stated:
        return f"{dtype} stated to lie in {ends}, delivered in 0 to 1"
    if wanted is not None:
        return f"{dtype} of 0 and 1 alone, delivered as 0 and 1"
    if dtype == np.uint8:
        return "uint8, 0 to 255 delivered as 0 to 1"
    fix = ""
    if len(shape) > 2 and (found[0] < -SLACK or found[1] > 1 + SLACK):
        fix = "; models that take 0 to 1 need value_range= stated"
    return f"{dtype} from {ends} in {min(shape[0], LOOKED_AT)} rows, delivered as they are{fix}"


def _to_unit(x: np.ndarray, ends: Range) -> np.ndarray:
    low, high = ends
    slack = SLACK * (high - low)
    if x.size and (x.min() < low - slack or x.max() > high + slack):
        raise InputError(
            f"value_range says {low:g} to {high:g}, but there are values from {x.min():g} to {x.max():g}; state it anew"
        )
    return ((x.astype(np.float32) - np.float32(low)) / np.float32(high - low)).astype(np.float32, copy=False)


def _times(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
