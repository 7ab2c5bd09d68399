"""What both wings know of data: rows asked for in batches, and factor codes where there are any."""

from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.arrays import as_array, as_tensor
from latentassay.core.autoencoder import eval_mode
from latentassay.core.errors import InputError
from latentassay.core.guard import ask


@runtime_checkable
class Observations(Protocol):
    """A finite set of observations, delivered as float batches."""

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one observation, channels first for images."""

    def __len__(self) -> int: ...

    def batch(self, indices: Any) -> Tensor:
        """Return the rows ``indices`` as a float tensor ``(n, *x_shape)`` on the CPU."""


@runtime_checkable
class FactoredObservations(Observations, Protocol):
    """Observations whose generating factors are known as integer codes."""

    @property
    def factors(self) -> Int[np.ndarray, "n m"]:
        """Integer codes, one column per factor."""

    @property
    def factor_names(self) -> tuple[str, ...]:
        """Name of every factor."""

    @property
    def factor_sizes(self) -> tuple[int, ...]:
        """Number of values of every factor."""


class TensorObservations:
    """A float tensor seen as ``Observations``; the wrapper for users who hold their data in memory."""

    def __init__(self, x: Tensor):
        self._x = x

    @property
    def x_shape(self) -> tuple[int, ...]:
        """Shape of one observation."""
        return tuple(self._x.shape[1:])

    def __len__(self) -> int:
        return len(self._x)

    def batch(self, indices: Any) -> Tensor:
        """Return the rows ``indices``."""
        return self._x[torch.as_tensor(indices, device=self._x.device)].cpu()


def as_observations(data: Any) -> Observations:
    """See ``data`` as ``Observations``: a float array or tensor ``(n, *x_shape)``, or a data set as it is.

    Raises:
        InputError: for integers (divide by 255 first), NaN or infinite values, or fewer than two rows.

    >>> as_observations(torch.zeros(4, 3)).x_shape
    (3,)
    """
    if isinstance(data, Observations):
        return data
    if not isinstance(data, Tensor | np.ndarray):
        frame = "; of a table pass its numbers: data.to_numpy()" if hasattr(data, "to_numpy") else ""
        raise InputError(f"data must be a tensor, an array or a FactorData, got {type(data).__name__}{frame}")
    x = as_tensor(data, "data")
    if not x.is_floating_point():
        raise InputError(f"data must be floating point, got {x.dtype}; for uint8 images pass x / 255 or a FactorData")
    if x.ndim < 2 or len(x) < 2:
        raise InputError(f"data must have shape (n, *x_shape) with n at least 2, got {tuple(x.shape)}")
    return TensorObservations(finite(x.detach(), "data"))


def fit_layout(model: Any, data: Observations) -> Observations:
    """Return ``data`` in the layout that the model takes, where nobody has said which they have.

    Of ``data.layouts`` the first is taken of which a row comes back in its own shape, or else the first of which a row
    can be encoded at all; ``data`` where none can, so that the encoder's own error is met when it is asked.
    """
    layouts: tuple[Observations, ...] = getattr(data, "layouts", (data,))
    if len(layouts) < 2 or not len(data):
        return data
    encoded = None
    for each in layouts:
        fit = _how_it_fits(model, each)
        if fit == 2:
            return each
        encoded = each if fit and encoded is None else encoded
    return data if encoded is None else encoded


def describe_layout(data: Observations, fitted: Observations) -> str:
    """Say in which layout observations are passed, where nobody has said it and it may be another; else nothing.

    Args:
        data: observations as they came.
        fitted: the same by ``fit_layout``.
    """
    layout, axes = getattr(fitted, "layout", None), len(fitted.x_shape)
    is_open = len(getattr(data, "layouts", ())) > 1 and axes > 1
    if layout is None or not (is_open or fitted is not data):
        return ""
    why = "which the model takes" if fitted is not data else "as was guessed"
    shape = "×".join(map(str, fitted.x_shape))
    return f"data: passed as {shape}, {why} (layout={layout!r}; say another by layout=)"


def _how_it_fits(model: Any, data: Observations) -> int:
    """0: it cannot be encoded; 1: it can; 2: it comes back in its own shape."""
    fit = 0
    try:
        x = data.batch(np.zeros(1, np.int64))
        with eval_mode(model) as (device, dtype), torch.random.fork_rng(devices=[]):
            # Shapes of latents are not checked: of some models they are learnt afterwards.
            mean = ask(model.encode, x.to(device, dtype), lambda: "encode").mean
            fit = 1
            return 1 + int(ask(model.decode, mean, lambda: "decode").shape == x.shape)
    except Exception:  # foreign code, tried on shapes that it may never have seen
        return fit


def select_rows(data: Observations, rows: Any = None, *, minimum: int = 1) -> Int[Tensor, " rows"]:
    """Return the numbers of the rows to use: all, or those that were named.

    Args:
        data: what they count in.
        rows: row numbers such as ``[0, 5, 7]``, an array or a tensor; all where left out.
        minimum: fewer are refused.

    Raises:
        InputError: no row numbers, numbers out of range, or too few of them.

    >>> select_rows(TensorObservations(torch.zeros(9, 2)), [0, 5, 7])
    tensor([0, 5, 7])
    """
    index = torch.arange(len(data)) if rows is None else torch.from_numpy(_as_numbers(rows))
    if len(index) < minimum:
        raise InputError(f"needs at least {minimum} rows, got {len(index)}")
    if len(index) and not 0 <= int(index.min()) <= int(index.max()) < len(data):
        raise InputError(f"rows must lie in 0 … {len(data) - 1}, got {int(index.min())} … {int(index.max())}")
    return index


def _as_numbers(rows: Any) -> Int[np.ndarray, " rows"]:
    numbers = as_array(rows, "rows")
    if numbers.ndim != 1 or not numbers.size or not np.issubdtype(numbers.dtype, np.integer):
        raise InputError(f"rows must be row numbers such as [0, 5, 7], got {rows!r}")
    return numbers.astype(np.int64)


def finite(x: Tensor, name: str, *, rows: Int[np.ndarray, " n"] | None = None) -> Tensor:
    """Return ``x`` unchanged, or refuse it by name if any value is NaN or infinite; ``rows`` says where rows lie."""
    if not torch.isfinite(x).all():
        bad = (~torch.isfinite(x.reshape(len(x), -1))).any(1).nonzero().flatten()
        first = int(bad[0]) if rows is None else int(rows[int(bad[0])])
        raise InputError(
            f"{name} holds NaN or infinite values in {len(bad)} of {len(x)} rows "
            f"(first: row {first}); remove or repair them"
        )
    return x


def find_factor(data: FactoredObservations, factor: str | int) -> int:
    """Return the column of a factor, named by its name or number.

    Raises:
        InputError: no factor is called so; lists those there are.
    """
    names = data.factor_names
    column = names.index(factor) if factor in names else factor
    if not isinstance(column, int) or isinstance(column, bool) or not 0 <= column < len(names):
        name = getattr(data, "name", "data")
        raise InputError(f"{name} has no factor {factor!r}; it has {', '.join(names) or 'none'}")
    return column


def varying_factors(data: FactoredObservations) -> list[int]:
    """Return the columns of factors that take more than one value."""
    return [m for m, column in enumerate(data.factors.T) if (column != column[0]).any()]


def as_float(raw: Tensor) -> Float[Tensor, "n *x_shape"]:
    """Turn stored values into model input: uint8 becomes float32 in [0, 1], floats pass through.

    >>> as_float(torch.tensor([[0, 255]], dtype=torch.uint8))
    tensor([[0., 1.]])
    """
    return raw.float().div_(255) if raw.dtype == torch.uint8 else raw


def groups_varying(
    factors: Int[np.ndarray, "n *m"], factor: int, *, limit: int | None = None, seed: int = 0
) -> list[Int[np.ndarray, " k"]]:
    """Group the rows that agree on every factor but one, so that inside a group only ``factor`` varies.

    Works on full grids and on partial sets alike. Groups in which the factor takes fewer than two
    values teach nothing about it and are left out.

    Args:
        factors: integer codes, one row per observation; one column where they are 1-D.
        factor: the column that varies.
        limit: return only this many groups, drawn at random with ``seed``.

    >>> groups_varying(np.array([[0, 0], [1, 0], [0, 1]]), 0)
    [array([0, 1])]
    """
    factors = factors.reshape(len(factors), -1)
    sizes = factors.max(axis=0) + 1
    sizes[factor] = 1
    key = np.ravel_multi_index(tuple(np.where(np.arange(len(sizes)) == factor, 0, factors).T), tuple(sizes))
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    values = factors[order, factor]
    varying = np.flatnonzero(np.minimum.reduceat(values, starts) < np.maximum.reduceat(values, starts))
    if limit is not None and limit < len(varying):
        varying = np.random.default_rng(seed).choice(varying, limit, replace=False)
    ends = np.append(starts[1:], len(order))
    return [order[starts[group] : ends[group]] for group in varying]
