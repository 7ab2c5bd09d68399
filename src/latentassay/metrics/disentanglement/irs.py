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
from latentassay.metrics.laws import Laws, Near
from latentassay.metrics.metric import metric


@keeps_interval
class IRS(NamedTuple):
    """The score and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean of ``per_unit``, weighted by each unit's largest deviation from its mean; with an interval from
            random halves if that is asked for.
        per_unit: ``(u,)``, robustness for the factor that keeps the unit best in place; 0 for a unit that never varies.
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
    """The score and its evidence, on some rows."""

    score: float
    per_unit: Float[np.ndarray, " u"]
    matrix: Float[np.ndarray, "m u"]


LAWS = Laws(
    perfect=Near(1, 1e-9),
    # Noise does not score 0: 0.99 of it stays within so much less than its maximum.
    chance=Near(0.27, 0.07),
    rescaled="units are weighted by their largest deviation",
    refuses=("rare values",),
)


@metric(
    label="Interventional robustness (IRS)",
    formula="1 − deviation left in a unit while its best factor is held",
    source="Suter et al. 2019",
    needs="factors",
    variants=({"quantile": 1.0}, {"quantile": 0.9}),
    laws=LAWS,
    order=50,
)
def irs(codes: Any, factors: Any, *, quantile: float = 0.99, resamples: int = 0, generator: Generator | int = 0) -> IRS:
    """Measure how well holding one factor holds a unit, whatever the other factors do.

    With ``d_v = Q(|c_j − mean(c_j | f_m = v)|)`` over the rows where factor m has value v, Q the quantile::

        matrix[m,j] = max(0, 1 − Σ_v P(f_m = v) d_v / max|c_j − mean c_j|)
        score = Σ_j w_j max_m matrix[m,j] / Σ_j w_j     w_j = max|c_j − mean c_j|

    Units that never vary have weight 0. Codes that know nothing do not score 0 but about 1 − quantile / maximum
    of their spread; values with few rows look more robust than they are. Factors are taken to be independent,
    as in a full grid, so that no confounding has to be undone.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        quantile: 0.99 is what most published tables use; 1.0 is the paper's maximum, which one outlier decides.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a factor that never varies or whose values are too rare, a quantile
            outside (0, 1].

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> irs(factors.astype(float), factors).score
    1
    """
    if not 0 < quantile <= 1:
        raise InputError(f"quantile must lie in (0, 1], got {quantile}")
    c, f = codes_and_factors(codes, factors)
    check_learnable(f)
    found, (score,) = measure_halves(
        lambda rows: _measure(c[rows], f[rows], quantile),
        lambda part: (part.score,),
        len(c),
        resamples=resamples,
        seed=as_seed(generator),
    )
    variant = (
        f"{'maximum' if quantile == 1 else f'{quantile:g} quantile'} of deviations, values weighted by their "
        "frequency, units by their largest deviation"
    )
    return IRS(score, found.per_unit, found.matrix, len(c), variant)


def _measure(codes: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], quantile: float) -> _Robustness:
    spread = np.where(np.ptp(codes, axis=0) > 0, np.abs(codes - codes.mean(0)).max(0), 0.0)
    left = np.stack([_left(codes, column, quantile) for column in factors.T])
    matrix = np.where(spread > 0, np.maximum(0, 1 - left / np.where(spread > 0, spread, 1)), 0.0)
    per_unit = matrix.max(0)
    return _Robustness(float(spread @ per_unit / spread.sum()) if spread.any() else 0.0, per_unit, matrix)


def _left(codes: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], quantile: float) -> Float[np.ndarray, " u"]:
    """Deviation that is left in every unit while the factor is held, mean over its values."""
    left = np.zeros(codes.shape[1])
    for value in np.unique(factor):
        group = codes[factor == value]
        left += len(group) / len(codes) * np.quantile(np.abs(group - group.mean(0)), quantile, axis=0)
    return left
