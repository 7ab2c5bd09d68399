"""``FactorData``: observations with known generating factors, stored small and turned to float per batch."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple, Protocol, cast, runtime_checkable

import numpy as np
import torch
from jaxtyping import Int
from torch import Generator, Tensor

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError
from latentassay.core.labels import encode_labels
from latentassay.core.observations import as_float, find_factor, finite, groups_varying
from latentassay.core.randomness import as_seed
from latentassay.core.text import printable

Layout = Literal["hwc", "chw", "hw", "lc", "l", "vector", "as is"]

RANKS: dict[str, int | None] = {"hwc": 3, "chw": 3, "hw": 2, "lc": 2, "l": 1, "vector": 1, "as is": None}
"""Axes of one observation as stored, by layout."""

OTHERS: dict[int, tuple[Layout, ...]] = {1: ("vector", "l"), 2: ("as is", "hw", "lc"), 3: ("chw", "hwc")}
"""Layouts that observations of so many axes may have, where nobody has said which."""


@runtime_checkable
class Store(Protocol):
    """Anything that is indexed by an integer array: numpy, a memory map, HDF5, or a renderer."""

    @property
    def shape(self) -> tuple[int, ...]:
        """``(n, ...)``."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """uint8 for images, float32 for anything else."""

    def __getitem__(self, rows: Any, /) -> Any: ...


class Splits(NamedTuple):
    """Disjoint parts of one data set."""

    train: "FactorData"
    validation: "FactorData"
    test: "FactorData"


class Holdout(NamedTuple):
    """Two disjoint parts of one data set, which together are all of it.

    Attributes:
        kept: rows with any other value of the factor.
        held_out: rows with one of the values held out.
    """

    kept: "FactorData"
    held_out: "FactorData"


class FactorData:
    """Observations and the integer codes of their factors.

    Args:
        store: a numpy array, a tensor, or anything array-like ``(n, ...)``, uint8 or float; never copied, but for
            tensors that numpy cannot share (on an accelerator, bfloat16); read only in the rows asked for.
        factors: integer codes ``(n, m)``, numpy or torch, or ``(n,)`` for a single factor such as a label; may have no
            columns. Names, whole floats and truth values are numbered; ``factor_notes`` says how.
        factor_names: one name per column.
        factor_sizes: number of values of each factor; the greatest code plus one where left out.
        layout: how one observation is stored: a picture (``"hwc"``, ``"chw"``, or ``"hw"`` without channels), a series
            (``"lc"``, or ``"l"`` without channels), a ``"vector"``, or ``"as is"``; ``batch`` always delivers channels
            first, but leaves alone what is as it is. Guessed where left out; see ``layouts``.
        name: what reports call this data set.
        rows: of the store, where not all of them are meant.
        is_guessed: whether the layout may be another, see ``layouts``; where it was left out, if this is.

    Raises:
        InputError: empty data, lengths that differ, a layout that does not fit, codes that are not integers or out of
            range, or a store that is neither uint8 nor float.

    >>> data = FactorData(np.zeros((6, 2, 2), np.uint8), np.indices((2, 3)).reshape(2, -1).T, ("a", "b"))
    >>> data.x_shape, data.factor_sizes, data.is_grid, data.rows_of([[1, 2]])
    ((1, 2, 2), (2, 3), True, array([5]))
    """

    def __init__(
        self,
        store: Any,
        factors: Any,
        factor_names: Sequence[str] = (),
        factor_sizes: Sequence[int] | None = None,
        *,
        layout: str | None = None,
        name: str = "data",
        rows: Int[np.ndarray, " n"] | None = None,
        is_guessed: bool | None = None,
    ):
        codes, self.factor_notes = encode_labels(factors)
        store = _as_store(store)
        _check_store(store)
        _check_codes(codes, len(rows) if rows is not None else store.shape[0])
        self.store: Store = store
        self.name, self._rows = name, rows
        self.factors = codes
        self.layout = _check_layout(layout or _guess_layout(store.shape), tuple(store.shape[1:]))
        self._is_guessed = layout is None if is_guessed is None else is_guessed
        self.factor_names = tuple(factor_names) or tuple(f"factor {m}" for m in range(codes.shape[1]))
        sizes = factor_sizes if factor_sizes is not None else self.factors.max(axis=0) + 1
        self.factor_sizes = tuple(int(size) for size in sizes)
        _check_sizes(self.factors, self.factor_names, self.factor_sizes)

    def __len__(self) -> int:
        return len(self.factors)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{n} {s}" for n, s in zip(self.factor_names, self.factor_sizes, strict=True))
        return printable(f"FactorData({self.name!r}, n={len(self)}, x_shape={self.x_shape}, factors=[{sizes}])")

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one observation as models see it, channels first."""
        shape = tuple(self.store.shape[1:])
        if self.layout == "hwc":
            return (shape[2], shape[0], shape[1])
        if self.layout == "lc":
            return (shape[1], shape[0])
        return (1, *shape) if self.layout in ("hw", "l") else shape

    @property
    def layouts(self) -> tuple["FactorData", ...]:
        """The same data in every layout that they may have, the likeliest first; themselves where it was stated."""
        if not self._is_guessed:
            return (self,)
        others = (name for name in OTHERS.get(len(self.store.shape) - 1, ()) if name != self.layout)
        return (self, *(self.arrange(name) for name in others))

    def arrange(self, layout: str) -> "FactorData":
        """Return the same data in another layout; nothing is read or copied.

        Raises:
            InputError: there is no such layout, or observations have not as many axes.
        """
        return FactorData(
            self.store,
            self.factors,
            self.factor_names,
            self.factor_sizes,
            layout=layout,
            name=self.name,
            rows=self._rows,
        )

    @property
    def is_grid(self) -> bool:
        """Whether every combination of factor values is present once, the last factor varying fastest."""
        if not self.factor_sizes or len(self) != int(np.prod(self.factor_sizes)):
            return False
        # Numbered by their codes, the rows of a full grid in its order are 0, 1, 2 … themselves.
        return bool((np.ravel_multi_index(tuple(self.factors.T), self.factor_sizes) == np.arange(len(self))).all())

    def rows_of(self, codes: Any) -> Int[np.ndarray, " k"]:
        """Look up rows of a full grid by their codes ``(k, m)``."""
        if not self.is_grid:
            raise InputError(f"{self.name} is not a full grid; look rows up in .factors, or use .groups(factor)")
        wanted = as_array(codes).T
        try:
            return np.asarray(np.ravel_multi_index(tuple(wanted), self.factor_sizes))
        except ValueError as error:
            raise InputError(f"codes must have {len(self.factor_sizes)} columns below {self.factor_sizes}") from error

    def groups(
        self, factor: str | int, *, limit: int | None = None, generator: Generator | int = 0
    ) -> list[Int[np.ndarray, " k"]]:
        """Return rows in groups that agree on every factor but one, for full grids and partial sets alike.

        Groups in which the factor does not vary are left out; ``limit`` of the others are drawn with ``generator``.

        Raises:
            InputError: no factor is called so.
        """
        return groups_varying(self.factors, find_factor(self, factor), limit=limit, seed=as_seed(generator))

    def holdout(self, factor: str | int, values: Any) -> Holdout:
        """Split into rows without some values of a factor, and the rows that have them (SA 3.2); nothing is read.

        Args:
            factor: its name or number.
            values: one code or several.

        Raises:
            InputError: no factor is called so, a value that it cannot have, or a part that would be empty.

        >>> data = FactorData(np.zeros((6, 2)), np.indices((2, 3)).reshape(2, -1).T, ("hue", "shape"))
        >>> parts = data.holdout("shape", [0, 2])
        >>> parts.kept.factors[:, 1].tolist(), len(parts.held_out)
        ([1, 1], 4)
        """
        column = find_factor(self, factor)
        is_held_out = np.isin(self.factors[:, column], _check_values(values, self.factor_sizes[column], factor))
        if not 0 < (taken := int(is_held_out.sum())) < len(self):
            raise InputError(
                f"values {np.ravel(values).tolist()} of {factor!r} are those of {taken} of {len(self)} "
                f"rows, so a part is empty; the data have {np.unique(self.factors[:, column]).tolist()}"
            )
        return Holdout(self.take(np.flatnonzero(~is_held_out)), self.take(np.flatnonzero(is_held_out)))

    def raw(self, indices: Any) -> Tensor:
        """Return rows as stored (uint8 or float), channels first; what training keeps on the device."""
        index = as_array(indices)
        stored = np.asarray(self.store[index if self._rows is None else self._rows[index]])
        if self.layout in ("hwc", "lc"):
            stored = np.moveaxis(stored, -1, 1)
        elif self.layout in ("hw", "l"):
            stored = stored[:, None]
        # Contiguous, since a view with moved axes would be copied at every use.
        return torch.from_numpy(np.ascontiguousarray(stored))

    def batch(self, indices: Any) -> Tensor:
        """Return rows as float ``(n, *x_shape)``, uint8 scaled to [0, 1]; NaN and infinities are refused."""
        raw = self.raw(indices)
        return (
            as_float(raw)
            if raw.dtype == torch.uint8
            else finite(raw.float(), self.name, rows=self.stored_rows(indices))
        )

    def stored_rows(self, indices: Any) -> Int[np.ndarray, " k"]:
        """Return where rows lie in the store, such as a file, through any number of views."""
        index = as_array(indices)
        index = index if index.dtype == np.bool_ else index.astype(np.int64)
        return np.atleast_1d(np.arange(self.store.shape[0])[index] if self._rows is None else self._rows[index])

    def take(self, indices: Any) -> "FactorData":
        """Return a view on some rows; nothing is read or copied but the codes."""
        index = as_array(indices)
        rows = index if self._rows is None else self._rows[index]  # of the store, through any number of views
        return FactorData(
            self.store,
            self.factors[index],
            self.factor_names,
            self.factor_sizes,
            layout=self.layout,
            name=self.name,
            rows=rows,
            is_guessed=self._is_guessed,
        )

    def split(self, seed: int = 0, fractions: tuple[float, float, float] = (0.7, 0.1, 0.2)) -> Splits:
        """Split at random into train, validation and test views (70-10-20 as in LR A.4.2).

        Raises:
            InputError: if the fractions do not sum to 1 or a part would be empty.
        """
        if abs(sum(fractions) - 1) > 1e-9 or min(fractions) < 0:
            raise InputError(f"fractions must be three non-negative numbers that sum to 1, got {fractions}")
        order = np.random.default_rng(seed).permutation(len(self))
        first, second = (round(len(self) * share) for share in np.cumsum(fractions)[:2])
        parts = np.split(order, [first, second])
        if min(map(len, parts)) == 0:
            raise InputError(f"{len(self)} rows are too few for the fractions {fractions}: a part is empty")
        return Splits(*(self.take(np.sort(part)) for part in parts))


def _check_values(values: Any, size: int, factor: str | int) -> Int[np.ndarray, " k"]:
    found = np.atleast_1d(as_array(values))
    if found.ndim != 1 or not len(found) or not np.issubdtype(found.dtype, np.integer):
        raise InputError(f"values must be one code or several, such as 2 or [0, 1], got {values!r}")
    if found.min() < 0 or found.max() >= size:
        raise InputError(f"values of {factor!r} must lie in 0..{size - 1}, got {found.tolist()}")
    return found


def _as_store(store: Any) -> Any:
    """Return what is indexed as numpy is; sequences and tensors are not, their dtypes among other things."""
    return as_array(store) if isinstance(store, Tensor | Sequence) else store


def _guess_layout(shape: tuple[int, ...]) -> Layout:
    if len(shape) == 2:
        return "vector"
    if len(shape) == 3:
        return "hw"
    return "hwc" if len(shape) == 4 and shape[-1] in (1, 3) else "chw"


def _check_layout(layout: str, shape: tuple[int, ...]) -> Layout:
    if layout not in RANKS:
        raise InputError(f"layout must be one of {', '.join(map(repr, RANKS))}, got {layout!r}")
    is_volume = layout == "chw" and len(shape) > 3  # channels first, and as many axes as one likes
    if (rank := RANKS[layout]) not in (None, len(shape)) and not is_volume:
        fitting = [repr(name) for name, axes in RANKS.items() if axes in (None, len(shape))]
        raise InputError(
            f"layout={layout!r} is for observations of {rank} axes, got {shape}; say {' or '.join(fitting)}"
        )
    return cast(Layout, layout)


def _check_store(store: Store) -> None:
    if len(store.shape) < 2 or store.shape[0] == 0:
        raise InputError(f"observations must have shape (n, ...) with n at least 1, got {tuple(store.shape)}")
    if store.dtype != np.uint8 and not np.issubdtype(store.dtype, np.floating):
        raise InputError(f"observations must be uint8 or float, got {store.dtype}; convert images to uint8 in 0-255")


def _check_codes(codes: np.ndarray, n: int) -> None:
    if codes.ndim != 2 or len(codes) != n:
        raise InputError(f"factors must have shape ({n}, factors), one row per observation, got {codes.shape}")


def _check_sizes(codes: np.ndarray, names: tuple[str, ...], sizes: tuple[int, ...]) -> None:
    if not (len(names) == len(sizes) == codes.shape[1]):
        raise InputError(f"{codes.shape[1]} factors, but {len(names)} names and {len(sizes)} sizes")
    for name, size, column in zip(names, sizes, codes.T, strict=True):
        if len(column) and (column.min() < 0 or column.max() >= size):
            raise InputError(f"codes of {name!r} must lie in 0..{size - 1}, got {column.min()}..{column.max()}")
