"""Interventional robustness score (Suter et al. 2019, "Robustly Disentangled Causal Mechanisms")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import SPLIT, Laws, Near
from latentassay.metrics.metric import metric
from latentassay.stats.information import Bias

BIAS = {
    "removed": "units by that quantile; beside as many rows at random, without the luck of the best factor",
    "kept": "units by their largest deviation",
}

UNSURE_SHARE = 0.3
"""Share of the correction for few rows that is itself in doubt."""

SPLITS = 1
"""Partings of the rows in two that say how much a best factor owes to luck."""


@keeps_interval
class IRS(NamedTuple):
    """The score and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean robustness of units for the factor that keeps each best in place, weighted by how far units deviate
            from their means; with an interval from random halves if that is asked for.
        per_unit: ``(u,)``, robustness of every unit, within [0, 1]; 0 for a unit that never varies.
        matrix: ``(m, u)``, 1 − normalised deviation that is left while factor m is held, at least 0.
        n: number of rows.
        variant: quantile and weights in words.
    """

    score: Estimate
    per_unit: Float[np.ndarray, " u"]
    matrix: Float[np.ndarray, "m u"]
    n: int
    variant: str


class _Robustness(NamedTuple):
    """The score and its evidence, on some rows, and what was added to the score for few rows."""

    score: float
    per_unit: Float[np.ndarray, " u"]
    matrix: Float[np.ndarray, "m u"]
    correction: float


LAWS = (
    Laws(
        perfect=Near(1, 1e-9),
        chance=Near(0, 0.03),
        rescaled="units are weighted by how far they deviate",
        shuffled=SPLIT,
        refuses=("rare values",),
    ),
    Laws(
        variant="as published",
        options={"bias": "kept"},
        perfect=Near(1, 1e-9),
        # Noise does not score 0: 0.99 of it stays within so much less than its maximum.
        chance=Near(0.27, 0.07),
        rescaled="units are weighted by their largest deviation",
        refuses=("rare values",),
    ),
)


@metric(
    label="Interventional robustness (IRS)",
    formula="1 − deviation left in a unit while its best factor is held",
    source="Suter et al. 2019",
    needs="factors",
    variants=({"bias": "kept"}, {"quantile": 1.0}, {"quantile": 0.9}),
    laws=LAWS,
    order=50,
)
def irs(
    codes: Any,
    factors: Any,
    *,
    quantile: float = 0.99,
    bias: Bias = "removed",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> IRS:
    """Measure how well holding one factor holds a unit, whatever the other factors do.

    With ``d_v = Q(|c_j − mean(c_j | f_m = v)|)`` over the rows where factor m has value v, Q the quantile::

        matrix[m,j] = max(0, 1 − Σ_v P(f_m = v) d_v / w_j)
        score = Σ_j w_j max_m matrix[m,j] / Σ_j w_j     w_j = Q(|c_j − mean c_j|)

    In finite rows ``d_v`` is set beside what Q would be, on average, of as many rows drawn at random, so that values
    with few rows do not look robust; and what the best factor of a unit owes to luck, which halves of the rows show,
    is subtracted from the score. So units that know nothing count 0.

    With ``bias="kept"``, as published, ``w_j = max|c_j − mean c_j|`` and nothing is corrected. The largest of more rows
    is larger, so this score depends on n, and codes that know nothing score about 1 − quantile / maximum.

    Units that never vary have weight 0. Factors are taken to be independent, as in a full grid, so that no confounding
    has to be undone.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        quantile: 0.99 is what most published tables use; 1.0 is the paper's maximum, which one outlier decides.
        bias: ``"removed"``, or ``"kept"`` as published.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the halves of either.

    Raises:
        InputError: shapes that do not fit, NaN, a factor that never varies or whose values are too rare, a quantile
            outside (0, 1], an unknown ``bias``.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> irs(factors.astype(float), factors).score
    1
    """
    if not 0 < quantile <= 1:
        raise InputError(f"quantile must lie in (0, 1], got {quantile}")
    if bias not in BIAS:
        raise InputError(f"bias must be one of {', '.join(BIAS)}, got {bias!r}")
    c, f = codes_and_factors(codes, factors)
    check_learnable(f)
    seed = as_seed(generator)
    found, (score,) = measure_halves(
        lambda rows: _measure(c[rows], f[rows], quantile, bias, seed),
        lambda part: (part.score,),
        len(c),
        resamples=resamples,
        seed=seed,
    )
    if bias == "removed":
        score = _stretch(score, found.correction)
    kind = "maximum" if quantile == 1 else f"{quantile:g} quantile"
    variant = f"{kind} of deviations, values weighted by their frequency, {BIAS[bias]}{_few(f, quantile)}"
    return IRS(score, found.per_unit, found.matrix, len(c), variant)


def _few(factors: Int[np.ndarray, "n m"], quantile: float) -> str:
    """A word about values of so few rows that the quantile lies beyond them."""
    fewest = min(int(np.bincount(column).min()) for column in factors.T)
    if quantile == 1 or fewest * (1 - quantile) >= 1:
        return ""
    return f" (a value has {fewest} rows, too few to reach the {quantile:g} quantile)"


def _stretch(score: Estimate, correction: float) -> Estimate:
    """Move the end towards which the score was corrected by the share of the correction that is in doubt."""
    if score.low is None or score.high is None:
        return score
    more = UNSURE_SHARE * correction
    low, high = score.low + min(0.0, more), score.high + max(0.0, more)
    return Estimate(score, low=low, high=high, stderr=score.stderr, n=score.n)


def _measure(
    codes: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], quantile: float, bias: Bias, seed: int
) -> _Robustness:
    deviation = _deviation(codes)
    spread = deviation.max(0) if bias == "kept" else np.quantile(deviation, quantile, axis=0)
    held = _hold(codes, factors, quantile)
    plain = np.where(spread > 0, np.maximum(0, 1 - np.stack([_left(each) for each in held]) / _safe(spread)), 0.0)
    as_found = _weigh(plain.max(0), spread)
    if bias == "kept":
        return _Robustness(as_found, plain.max(0), plain, 0.0)
    signed = _compare(deviation, held, quantile)
    best = signed.max(0) - _luck(codes, factors, quantile, seed)
    score = _weigh(best, spread)
    return _Robustness(score, np.clip(best, 0, 1), np.maximum(0, signed), score - as_found)


def _weigh(per_unit: Float[np.ndarray, " u"], spread: Float[np.ndarray, " u"]) -> float:
    return float(np.clip(spread @ per_unit / spread.sum(), 0, 1)) if spread.any() else 0.0


def _deviation(codes: Float[np.ndarray, "n u"]) -> Float[np.ndarray, "n u"]:
    return np.where(np.ptp(codes, axis=0) > 0, np.abs(codes - codes.mean(0)), 0.0)


def _compare(deviation: Float[np.ndarray, "n u"], held: list["_Held"], quantile: float) -> Float[np.ndarray, "m u"]:
    """1 − deviation left while a factor is held, beside that of as many rows at random; noise is 0 on average."""
    ascending, factorials = np.sort(deviation, axis=0), _log_factorials(len(deviation))
    shares = [_left(each, fewest=2) / _safe(_expected(ascending, each.counts, quantile, factorials)) for each in held]
    return np.where(deviation.any(0), 1 - np.stack(shares), 0.0)


def _luck(
    codes: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], quantile: float, seed: int
) -> Float[np.ndarray, " u"]:
    """How much better every unit's best factor seems than it is, because it seemed best.

    In two halves of the rows, how much less the factor that is best in one does in the other: nothing where one factor
    is best by far. It falls with the root of the number of rows.
    """
    rng, found = np.random.default_rng(seed), []
    for _ in range(SPLITS):
        order = rng.permutation(len(codes))
        halves = [(codes[rows], factors[rows]) for rows in np.array_split(order, 2)]
        one, other = (_compare(_deviation(c), _hold(c, f, quantile), quantile) for c, f in halves)
        for own, fresh in ((one, other), (other, one)):
            best = own.argmax(0)[None]
            found.append(own.max(0) - np.take_along_axis(fresh, best, 0)[0])
    luck: Float[np.ndarray, " u"] = np.mean(found, axis=0) / 2**0.5
    return luck


def _safe(divisor: Float[np.ndarray, " u"]) -> Float[np.ndarray, " u"]:
    return np.where(divisor > 0, divisor, 1.0)


class _Held(NamedTuple):
    """What is left of units while one factor is held at each of its v values.

    Attributes:
        counts: rows of every value.
        deviations: quantile of the deviations of every unit from its mean over these rows.
    """

    counts: Int[np.ndarray, " v"]
    deviations: Float[np.ndarray, "v u"]


def _hold(codes: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], quantile: float) -> list[_Held]:
    units = np.ascontiguousarray(codes.T)  # rows of a value lie side by side, which quantiles take half the time for
    return [_hold_one(units, column, quantile) for column in factors.T]


def _hold_one(units: Float[np.ndarray, "u n"], factor: Int[np.ndarray, " n"], quantile: float) -> _Held:
    every = np.bincount(factor)
    sorted_units, counts = units[:, np.argsort(factor, kind="stable")], every[every > 0]
    groups = np.split(sorted_units, np.cumsum(counts)[:-1], axis=1)
    return _Held(counts, np.stack([_quantile(np.abs(g - g.mean(1, keepdims=True)), quantile) for g in groups]))


def _quantile(values: Float[np.ndarray, "u k"], quantile: float) -> Float[np.ndarray, " u"]:
    """Return ``np.quantile(values, quantile, axis=1)``, which takes longer for checks than for small groups."""
    place = quantile * (values.shape[1] - 1)
    rank, share = int(place), place - int(place)
    parted = np.partition(values, rank, axis=1)
    found: Float[np.ndarray, " u"] = parted[:, rank]
    return (1 - share) * found + share * parted[:, rank + 1 :].min(1) if share > 0 else found


def _left(held: _Held, *, fewest: int = 0) -> Float[np.ndarray, " u"]:
    """Deviation that is left in every unit while the factor is held, summed over its values by their frequency.

    Args:
        held: deviations for every value.
        fewest: 0 for deviations as they are; else values of fewer rows are left out, and deviations are taken to be
            from a mean that is known, ``√(k / (k − 1))`` times those from the mean of k rows.
    """
    used = held.counts >= fewest
    rows = held.counts[used]
    own_mean = np.sqrt(rows / (rows - 1)) if fewest else 1.0
    left: Float[np.ndarray, " u"] = (rows / held.counts.sum() * own_mean) @ held.deviations[used]
    return left


def _expected(
    ascending: Float[np.ndarray, "n u"],
    counts: Int[np.ndarray, " v"],
    quantile: float,
    factorials: Float[np.ndarray, " n1"],
) -> Float[np.ndarray, " u"]:
    """The same sum for rows that share nothing: what the quantile is on average of as many rows drawn at random."""
    n, expected = len(ascending), np.zeros(ascending.shape[1])
    for rows, values in zip(*np.unique(counts, return_counts=True), strict=True):
        if rows >= 2:
            first, weights = _quantile_weights(n, int(rows), quantile, factorials)
            expected += values * rows / n * (weights @ ascending[first : first + len(weights)])
    return expected


def mean_quantile_weights(n: int, k: int, quantile: float) -> Float[np.ndarray, " n"]:
    """Return weights of n ascending numbers whose sum is the mean, over all choices of k of them, of their quantile.

    The r-th of k is the i-th of n with probability ``C(i−1, r−1) C(n−i, k−r) / C(n, k)``; a quantile between two ranks
    is interpolated as numpy does.

    >>> mean_quantile_weights(3, 2, 1.0).round(4).tolist()  # the larger of two of three numbers
    [0.0, 0.3333, 0.6667]
    """
    first, weights = _quantile_weights(n, k, quantile, _log_factorials(n))
    return np.pad(weights, (first, n - first - len(weights)))


def _quantile_weights(
    n: int, k: int, quantile: float, factorials: Float[np.ndarray, " n1"]
) -> tuple[int, Float[np.ndarray, " w"]]:
    """The first number that has a weight, and the weights from there on, those below 1e-12 of all left out."""
    place = quantile * (k - 1)
    rank, share = int(place), place - int(place)
    reach = 8 * (quantile * (1 - quantile) / k) ** 0.5 + 30 / k
    middle = (rank + 1) / (k + 1)
    start, stop = max(1, int((middle - reach) * n)), min(n, int((middle + reach) * n) + 1) + 1
    weights = np.zeros(stop - start)
    for chosen, part in ((rank + 1, 1 - share), (rank + 2, share)):
        if part > 0:
            # The r-th of k has r − 1 numbers below and k − r above it.
            low, high = max(start, chosen), min(stop, n - k + chosen + 1)
            weights[low - start : high - start] += part * _rank_weights(low, high, n, k, chosen, factorials)
    return start - 1, weights


def _log_factorials(n: int) -> Float[np.ndarray, " n1"]:
    return np.concatenate([np.zeros(1), np.cumsum(np.log(np.arange(1, n + 1)))])


def _rank_weights(
    low: int, high: int, n: int, k: int, rank: int, factorials: Float[np.ndarray, " n1"]
) -> Float[np.ndarray, " w"]:
    """Chances that the one of this rank is the i-th of n, ``low ≤ i < high``, all of which are possible."""
    width, falling = high - low, factorials[::-1]  # falling[i] is that of n − i
    logs = factorials[low - 1 : high - 1] - factorials[low - rank : high - rank]
    logs += falling[low:high]
    logs -= falling[low + k - rank : low + k - rank + width]
    every = factorials[n] - factorials[k] - factorials[n - k]
    logs -= factorials[rank - 1] + factorials[k - rank] + every
    chances: Float[np.ndarray, " w"] = np.exp(np.minimum(logs, 0.0))
    return chances
