"""Pairs and sequences drawn from data with known factors: which factors agree, or how far each one moves.

Everything is a function of the data's codes and the generator; the factors themselves are never handed to a model.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Int
from torch import Generator

from latentassay.core.checks import check_counts
from latentassay.core.errors import InputError
from latentassay.core.observations import FactoredObservations, find_factor, varying_factors
from latentassay.core.randomness import as_seed
from latentassay.data.frames import Frames

Factor = str | int
Rng = np.random.Generator


def shared_pairs(
    data: Any,
    n: int = 100_000,
    *,
    shared: Sequence[Factor | Sequence[Factor]] | None = None,
    generator: Generator | int = 0,
) -> Frames:
    """Draw, for each of some subsets S of factors, n pairs that agree on S and are independent otherwise.

    ``s ~ p(s), s' ~ p(s' | s'_S = s_S)``. On a full grid that is to draw the other factors anew, so that they may agree
    by chance; on other data the second row is any of those that agree on S, the first itself among them. Observations
    have shape ``(subsets, 2, *x_shape)``: one pair of every subset stands at its place, which is all that a model
    learns about S. Works on data of any kind, full grid or not.

    Args:
        data: observations with factors.
        n: rows, each of one pair per subset.
        shared: the subsets, by name or number of factors; a factor stands for the subset of it alone. Every factor
            that varies, alone, where left out: the full sharing of the source.
        generator: what is drawn with, or a seed.

    Raises:
        InputError: a factor that does not exist, or twice; a subset that is empty or leaves no factor free; a subset
            whose values belong to one row each, so that no pair shares them; data without factors.

    Source: Shu et al. 2020, "Weakly supervised disentanglement with guarantees", match pairing by shared factors.

    >>> from latentassay.data import FactorData
    >>> data = FactorData(np.zeros((6, 3), np.float32), np.indices((2, 3)).reshape(2, -1).T, ("a", "b"))
    >>> pairs = shared_pairs(data, 4)
    >>> pairs.x_shape, pairs.shared
    ((2, 2, 3), (('a',), ('b',)))
    """
    _check_factored(data)
    check_counts(n=n)
    varying, names = varying_factors(data), data.factor_names
    wanted = varying if shared is None else shared
    subsets = [_subset(data, [one] if isinstance(one, str | int) else list(one), varying) for one in wanted]
    if not subsets:
        raise InputError(f"{_name(data)} needs at least one subset of factors to share")
    rng = np.random.default_rng(as_seed(generator))
    rows = np.stack([_draw_agreeing(data, subset, n, rng) for subset in subsets], 1)
    named = [tuple(names[m] for m in subset) for subset in subsets]
    return Frames(data, rows, name=f"{_name(data)}, pairs that share {_join_names(named)}", shared=named)


def changed_pairs(
    data: Any,
    n: int = 100_000,
    *,
    changed: int | None = None,
    fixed: Sequence[Factor] = (),
    generator: Generator | int = 0,
) -> Frames:
    """Draw n pairs that differ in exactly ``changed`` factors, which ones being drawn for every pair.

    The factors chosen take another value, each of the others as likely; so a factor of two values flips. The source's
    own code draws from all values, so that a factor chosen may stay what it was.

    Args:
        data: observations with factors.
        n: pairs.
        changed: k, how many factors differ; drawn for every pair from 1 to one less than may change where left out.
        fixed: factors that never change, by name or number.
        generator: what is drawn with, or a seed.

    Raises:
        InputError: no factor that varies is left to agree on; a factor that does not exist; a combination of values
            that is wanted and that the data lack, which is named; data without factors.

    Source: Locatello et al. 2020, "Weakly-supervised disentanglement without compromises": k = 1, or k at random.

    >>> from latentassay.data import FactorData
    >>> data = FactorData(np.zeros((6, 3), np.float32), np.indices((2, 3)).reshape(2, -1).T, ("a", "b"))
    >>> pairs = changed_pairs(data, 50, changed=1)
    >>> np.unique((data.factors[pairs.rows[:, 0]] != data.factors[pairs.rows[:, 1]]).sum(1)).tolist()
    [1]
    """
    _check_factored(data)
    check_counts(n=n)
    free, varying = _free_columns(data, fixed), varying_factors(data)
    most = min(len(free), len(varying) - 1)
    if most < 1:
        raise InputError(
            f"pairs of {_name(data)} would share nothing, or all: {len(varying)} factors vary, of which "
            f"{len(free)} may change; leave at least one to change and one to agree on"
        )
    if changed is not None and (isinstance(changed, bool) or changed not in range(1, most + 1)):
        raise InputError(f"changed must be an integer from 1 to {most}, or None for a random one, got {changed!r}")
    rng = np.random.default_rng(as_seed(generator))
    count = np.full(n, changed) if changed is not None else rng.integers(1, most + 1, n)
    # Ranks of random numbers: in each row, those below `count` are a random subset of so many factors.
    rank = rng.random((n, len(free))).argsort(1).argsort(1)
    first, lookup = rng.integers(0, len(data), n), _Rows(data)
    codes = data.factors[first].copy()
    for place, m in enumerate(free):
        rows, size = np.flatnonzero(rank[:, place] < count), data.factor_sizes[m]
        # 1 to size − 1 further around the circle: every other value, each as likely.
        codes[rows, m] = (codes[rows, m] + rng.integers(1, size, len(rows))) % size
    name = f"{_name(data)}, pairs that differ in {changed or f'1 to {most}'} factors"
    return Frames(data, np.stack([first, lookup.of(codes, rng)], 1), name=name)


def laplace_walks(
    data: Any,
    n: int = 100_000,
    *,
    length: int = 2,
    rate: float | int = 1.0,
    fixed: Sequence[Factor] = (),
    generator: Generator | int = 0,
) -> Frames:
    """Draw n sequences in which every factor takes Laplace steps over its values: many small ones, few large.

    ``p(j | i) ∝ exp(−rate |j − i| / log K)`` for a factor of K values, a Laplace density at the codes, cut off at both
    ends. A step that would change nothing changes one factor, drawn at random, by the same law without i. Codes are
    taken as they are numbered, so a cyclic factor does not step from its last value to its first.

    Args:
        data: observations with factors.
        n: sequences.
        length: frames in each; 2 are the pairs of the source.
        rate: 1 in the source; larger is slower.
        fixed: factors that never change, by name or number; the source keeps those whose values have no order, such
            as shape.
        generator: what is drawn with, or a seed.

    Raises:
        InputError: a length below 2, a rate that is not positive; no factor that may change; a factor that does not
            exist; a combination of values that is wanted and that the data lack, which is named; data without factors.

    Source: Klindt et al. 2021, "Towards nonlinear disentanglement in natural data with temporal sparse coding", its
    Laplace transitions; scale and cut are those of the authors' code.

    >>> from latentassay.data import FactorData
    >>> data = FactorData(np.zeros((6, 3), np.float32), np.indices((2, 3)).reshape(2, -1).T, ("a", "b"))
    >>> laplace_walks(data, 5, length=4).x_shape
    (4, 3)
    """
    _check_factored(data)
    check_counts(n=n)
    if isinstance(length, bool) or not isinstance(length, int) or length < 2:
        raise InputError(f"length must be an integer from 2 on, got {length!r}")
    if not 0 < rate < math.inf:
        raise InputError(f"rate must be a positive number, got {rate}")
    if not (free := _free_columns(data, fixed)):
        raise InputError(f"no factor of {_name(data)} may change: each is fixed, or has one value only")
    rng = np.random.default_rng(as_seed(generator))
    rows, lookup = [rng.integers(0, len(data), n)], _Rows(data)
    for _ in range(length - 1):
        rows.append(lookup.of(_step(data, data.factors[rows[-1]], free, rate, rng), rng))
    name = f"{_name(data)}, Laplace walks of {length} at rate {rate:g}"
    return Frames(data, np.stack(rows, 1), name=name)


def _step(
    data: FactoredObservations, start: Int[np.ndarray, "n m"], free: list[int], rate: float | int, rng: Rng
) -> Int[np.ndarray, "n m"]:
    """Take one step of every factor that is free; at least one of them differs after it."""
    end, sizes = start.copy(), data.factor_sizes
    for m in free:
        end[:, m] = _laplace(start[:, m], sizes[m], rate, rng)
    still = np.flatnonzero((end == start).all(1))
    chosen = rng.choice(free, len(still))
    for m in free:
        rows = still[chosen == m]
        end[rows, m] = _laplace(start[rows, m], sizes[m], rate, rng, least=1)
    return end


def _laplace(
    start: Int[np.ndarray, " r"], size: int, rate: float | int, rng: Rng, *, least: int = 0
) -> Int[np.ndarray, " r"]:
    """Draw a value for every start, more likely the nearer it is; none is nearer than ``least``, which has weight 1."""
    # One number for every row, whatever its value, so that a row's draw does not depend on the others.
    u, end, values = rng.random(len(start)), np.empty_like(start), np.arange(size)
    for i in np.unique(start):
        distance, here = np.abs(values - i), start == i
        weights = np.where(distance < least, 0.0, np.exp(-rate * (distance - least).clip(0) / math.log(size)))
        share = np.cumsum(weights)
        end[here] = np.searchsorted(share, u[here] * share[-1], side="right").clip(max=size - 1)
    return end


def _draw_agreeing(data: FactoredObservations, subset: list[int], n: int, rng: Rng) -> Int[np.ndarray, "n 2"]:
    """Draw n rows, and for each one of those that agree with it on a subset."""
    lookup = _Rows(data, subset)
    if lookup.is_unique:
        names = ", ".join(data.factor_names[m] for m in subset)
        raise InputError(f"no two rows of {_name(data)} share {names}; share fewer factors, or give more rows")
    first = rng.integers(0, len(data), n)
    return np.stack([first, lookup.of(data.factors[first], rng)], 1)


class _Rows:
    """Rows by the values of some factors."""

    def __init__(self, data: FactoredObservations, columns: Sequence[int] | None = None):
        self._data, self._columns = data, list(range(len(data.factor_names)) if columns is None else columns)
        self._sizes = tuple(data.factor_sizes[m] for m in self._columns)
        if math.prod(self._sizes) >= 2**62:  # combinations are numbered by int64
            raise InputError(
                f"{_name(data)} has factors of {self._sizes} values, too many combinations to number; "
                "number the values of each factor 0, 1, 2 … without gaps"
            )
        keys = self._keys(data.factors)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    @property
    def is_unique(self) -> bool:
        return bool((np.diff(self._sorted) > 0).all())

    def of(self, codes: Int[np.ndarray, "n m"], rng: Rng) -> Int[np.ndarray, " n"]:
        """Return a row for each of ``codes``, one at random where there are several."""
        keys = self._keys(codes)
        # Rows of one key stand together in the sorted order, between these two places.
        low, high = (np.searchsorted(self._sorted, keys, side=side) for side in ("left", "right"))
        if (missing := low == high).any():
            raise self._missing_error(codes[missing])
        return self._order[low + (rng.random(len(keys)) * (high - low)).astype(np.int64)]

    def _keys(self, codes: Int[np.ndarray, "n m"]) -> Int[np.ndarray, " n"]:
        return np.asarray(np.ravel_multi_index(tuple(codes[:, self._columns].T), self._sizes))

    def _missing_error(self, codes: Int[np.ndarray, "k m"]) -> InputError:
        spoken = ", ".join(f"{self._data.factor_names[m]} {codes[0, m]}" for m in self._columns)
        return InputError(
            f"{_name(self._data)} is no full grid: {len(np.unique(codes, axis=0))} of the combinations that were drawn "
            f"are missing, such as {spoken}; fix factors whose values do not combine, give a full grid, or use "
            "shared_pairs, which needs none"
        )


def _subset(data: FactoredObservations, wanted: Iterable[Factor], varying: list[int]) -> list[int]:
    subset = [find_factor(data, factor) for factor in wanted]
    if len(set(subset)) < len(subset):
        raise InputError(f"a subset names a factor twice: {', '.join(data.factor_names[m] for m in subset)}")
    if not subset:
        raise InputError("a subset of factors to share is empty; leave it out, or name a factor")
    if not set(varying) - set(subset):
        raise InputError(
            f"a subset holds all factors of {_name(data)} that vary, so both observations of a pair would "
            "be the same; leave one out"
        )
    return subset


def _free_columns(data: FactoredObservations, fixed: Sequence[Factor]) -> list[int]:
    kept = {find_factor(data, factor) for factor in fixed}
    return [m for m in varying_factors(data) if m not in kept]


def _join_names(named: list[tuple[str, ...]]) -> str:
    return "; ".join(" and ".join(subset) for subset in named)


def _name(data: Any) -> str:
    return str(getattr(data, "name", "data"))


def _check_factored(data: Any) -> None:
    if not isinstance(data, FactoredObservations) or not data.factor_names:
        raise InputError(
            f"pairs are drawn by factors, and {type(data).__name__} {_name(data)!r} has none; make a "
            "FactorData with factors, or use data.windows for a series in time"
        )
