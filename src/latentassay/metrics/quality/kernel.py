"""Kernel distance between two sets of features (Bińkowski et al. 2018; of Inception features it is called KID)."""

import math
from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement, product
from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.progress import track
from latentassay.core.randomness import as_seed
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import Near, SampleLaws
from latentassay.metrics.metric import metric
from latentassay.metrics.quality.samples import blocks, two_samples

BLOCK = 2048
"""Rows and columns of the kernel matrix that are held at a time."""


@keeps_interval
class KernelDistance(NamedTuple):
    """The distance and what is known of its error.

    Attributes:
        score: unbiased estimate, with its standard error over draws of both sets; a little negative about every other
            time when nothing differs.
        noise: standard deviation of the score of such sets when nothing differs: a score above twice this is no chance.
        n: rows of the first set.
        m: rows of the second set.
        variant: kernel and estimator in words.
    """

    score: Estimate
    noise: float
    n: int
    m: int
    variant: str


class _Sums(NamedTuple):
    """Sums over a kernel matrix: of its rows, of its columns, and of its squares."""

    rows: Float[np.ndarray, " n"]
    columns: Float[np.ndarray, " m"]
    squares: float


LAWS = SampleLaws(
    lowest=-inf,
    highest=inf,
    # Every row meets itself there, which looks like being closer than chance.
    equal=Near(-0.1, 0.05),
    alike=Near(0, 0.03),
    apart=Near(1e12, 2e10),
    moved="products of rows depend on where 0 is",
    rescaled="products of rows depend on their scale",
    dead="products are divided by the number of features",
)


@metric(
    label="Kernel distance",
    formula="squared maximum mean discrepancy for the kernel (x·y / k + 1)³",
    source="Bińkowski et al. 2018",
    needs="samples",
    laws=LAWS,
    order=210,
)
def kernel_distance(
    a: Any, b: Any, *, subset_size: int = 10_000, paired: bool = False, generator: Generator | int = 0
) -> KernelDistance:
    """Measure the squared maximum mean discrepancy for the kernel ``κ(x, y) = (x·y / k + 1)³``.

    It is the U-statistic of all pairs, which has no bias at any n::

        Σ_{i≠j} κ(a_i, a_j) / n(n−1) + Σ_{i≠j} κ(b_i, b_j) / m(m−1) − 2 Σ_{ij} κ(a_i, b_j) / nm

    Its variance is ``4 (ζ_a/n + ζ_b/m) + 2 ζ_aa/n(n−1) + 2 ζ_bb/m(m−1) + 4 ζ_ab/nm`` (Serfling 1980, 5.2): ζ_a and ζ_b
    what single rows add, ζ_aa … what is left of κ without them, each estimated without bias as in a two-way analysis of
    variance. The last three rule when nothing differs. ζ_a and ζ_b are then 0, their estimates are cut at 0, and large
    scores come with large ones: so the interval then covers 0 somewhat more often than 95 % of the time.

    Where rows are paired no row meets its own partner, which has no bias either: ``Σ_{i≠j} h_ij / n(n−1)`` with
    ``h_ij = κ(a_i, a_j) + κ(b_i, b_j) − κ(a_i, b_j) − κ(b_i, a_j)``, of variance ``4 ζ/n + 2 ζ'/n(n−1)``.

    Published tables mostly give the mean over 100 random subsets of 1000 rows: the same quantity with more noise,
    with their spread as if it were its error.

    Args:
        a: features ``(n, k)``, array or tensor.
        b: features ``(m, k)``.
        subset_size: larger sets are dealt into subsets of about so many rows, whose scores are averaged, so that the
            time grows with n rather than n²; at most ``2048²`` kernel values are held at a time in any case.
        paired: row i of b was made from row i of a, as a reconstruction is.
        generator: a generator or a seed, for the subsets.

    Raises:
        InputError: shapes that do not fit, fewer than 4 rows, NaN, a subset size below 4.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.normal(size=(200, 8)), rng.normal(size=(300, 8))
    >>> same, other = kernel_distance(a, b), kernel_distance(a, b + 1)
    >>> same.score.low < 0 < same.score.high < other.score.low
    True
    """
    x, y = two_samples(a, b, fewest=4, paired=paired)
    if subset_size < 4:
        raise InputError(f"subset_size must be at least 4, got {subset_size}")
    parts = max(1, min(math.ceil(max(len(x), len(y)) / subset_size), min(len(x), len(y)) // 4))
    rng = np.random.default_rng(as_seed(generator))
    if paired:
        both = _deal(np.concatenate([x, y], 1), parts, rng)
        found = [_paired_statistic(*np.hsplit(rows, 2)) for rows in track(both, "kernel distance")]
    else:
        found = _statistics(list(zip(_deal(x, parts, rng), _deal(y, parts, rng), strict=True)))
    values, singles, pairs = np.array(found).T
    deal = "all pairs" if parts == 1 else f"all pairs inside {parts} subsets"
    return KernelDistance(
        score=Estimate(float(values.mean()), stderr=float((singles + pairs).sum() ** 0.5 / parts), n=len(x)),
        noise=float(pairs.sum() ** 0.5 / parts),
        n=len(x),
        m=len(y),
        variant=f"kernel (x·y/{x.shape[1]} + 1)³ on features as given, n = {len(x)} and {len(y)}, unbiased, "
        f"{deal}{' but of a row and its partner' if paired else ''}",
    )


def _deal(x: Float[np.ndarray, "n k"], parts: int, rng: np.random.Generator) -> list[Float[np.ndarray, "p k"]]:
    return [x] if parts == 1 else [x[np.sort(rows)] for rows in np.array_split(rng.permutation(len(x)), parts)]


def _sums(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "m k"] | None) -> _Sums:
    """Sums over the kernel matrix of x and y, or over that of x and itself without its diagonal."""
    if y is None:
        return _own_sums(x)
    rows, columns, squares = np.zeros(len(x)), np.zeros(len(y)), 0.0
    for i, j in product(blocks(len(x), BLOCK), blocks(len(y), BLOCK)):
        part = _kernel(x[i], y[j])
        rows[i] += part.sum(1)
        columns[j] += part.sum(0)
        squares += float(np.vdot(part, part))
    return _Sums(rows, columns, squares)


def _own_sums(x: Float[np.ndarray, "n k"]) -> _Sums:
    return _symmetric_sums(len(x), lambda i, j: _kernel(x[i], x[j]))


def _symmetric_sums(n: int, entries: Callable[[slice, slice], Float[np.ndarray, "a b"]]) -> _Sums:
    """Sums over a symmetric ``n × n`` matrix without its diagonal, a block of it at a time."""
    rows, squares = np.zeros(n), 0.0
    for i, j in combinations_with_replacement(blocks(n, BLOCK), 2):
        part = entries(i, j)
        if i == j:
            np.fill_diagonal(part, 0)
        else:
            rows[j] += part.sum(0)
        rows[i] += part.sum(1)
        squares += float(np.vdot(part, part)) * (1 if i == j else 2)
    return _Sums(rows, rows, squares)


def _kernel(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "m k"]) -> Float[np.ndarray, "n m"]:
    base: Float[np.ndarray, "n m"] = x @ y.T
    base /= x.shape[1]
    base += 1
    cube: Float[np.ndarray, "n m"] = base * base  # far quicker than a power
    cube *= base
    return cube


Statistic = tuple[float, float, float]
"""The U-statistic, what single rows add to its variance, and what pairs of rows add."""


def _statistics(subsets: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Statistic]:
    matrices = [pair for u, v in subsets for pair in ((u, None), (v, None), (u, v))]
    sums = [_sums(*pair) for pair in track(matrices, "kernel distance")]
    return [_statistic(*sums[i : i + 3]) for i in range(0, len(sums), 3)]


def _paired_statistic(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "n k"]) -> Statistic:
    sums, n = _paired_sums(x, y), len(x)
    effects, rest = _within(sums)
    single = max(0.0, float(np.var(effects, ddof=1)) - rest / (n - 2))
    return float(sums.rows.sum()) / (n * (n - 1)), 4 * single / n, 2 * rest / (n * (n - 1))


def _paired_sums(x: Float[np.ndarray, "n k"], y: Float[np.ndarray, "n k"]) -> _Sums:
    """Sums over the matrix of all h_ij without its diagonal."""

    def entries(i: slice, j: slice) -> Float[np.ndarray, "a b"]:
        part = _kernel(x[i], x[j])
        for sign, u, v in ((1, y[i], y[j]), (-1, x[i], y[j]), (-1, y[i], x[j])):
            part += sign * _kernel(u, v)
        return part

    return _symmetric_sums(len(x), entries)


def _statistic(aa: _Sums, bb: _Sums, ab: _Sums) -> Statistic:
    n, m = len(aa.rows), len(bb.rows)
    value = aa.rows.sum() / (n * (n - 1)) + bb.rows.sum() / (m * (m - 1)) - 2 * ab.rows.sum() / (n * m)
    (effect_a, rest_aa), (effect_b, rest_bb), rest_ab = _within(aa), _within(bb), _between(ab)
    single_a = float(np.var(effect_a - ab.rows / m, ddof=1)) - rest_aa / (n - 2) - rest_ab / m
    single_b = float(np.var(effect_b - ab.columns / n, ddof=1)) - rest_bb / (m - 2) - rest_ab / n
    singles = 4 * (max(0.0, single_a) / n + max(0.0, single_b) / m)
    pairs = 2 * rest_aa / (n * (n - 1)) + 2 * rest_bb / (m * (m - 1)) + 4 * rest_ab / (n * m)
    return float(value), singles, pairs


def _within(sums: _Sums) -> tuple[Float[np.ndarray, " n"], float]:
    """Effect of every row in ``κ_ij ≈ μ + g_i + g_j`` over i ≠ j by least squares, and the variance of the rest."""
    n = len(sums.rows)
    mean = sums.rows.sum() / (n * (n - 1))
    effects = (sums.rows / (n - 1) - mean) * (n - 1) / (n - 2)
    left = (sums.squares / 2 - n * (n - 1) / 2 * mean**2) - (n - 2) * np.square(effects).sum()
    return effects, max(0.0, float(left) / (n * (n - 3) / 2))


def _between(sums: _Sums) -> float:
    """Variance of what is left of ``κ_ij`` without the means of its row and column."""
    n, m = len(sums.rows), len(sums.columns)
    mean = sums.rows.sum() / (n * m)
    left = sums.squares - np.square(sums.rows).sum() / m - np.square(sums.columns).sum() / n + n * m * mean**2
    return max(0.0, float(left) / ((n - 1) * (m - 1)))
