"""Disentanglement, completeness, informativeness (Eastwood and Williams 2018)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from math import log
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.core.threads import cores
from latentassay.core.units import as_units
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.predictors import PREDICTORS, predict, unit_columns
from latentassay.metrics.disentanglement.splits import HELD_OUT
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import ORDER_COUNTS, SPLIT, Laws, Near
from latentassay.metrics.metric import ScoreOf, metric


@partial(keeps_interval, field="disentanglement")
class DCI(NamedTuple):
    """The three scores and their evidence, ``m`` factors and ``u`` units.

    Attributes:
        disentanglement: does each unit predict one factor? Weighted by the units' share of all importance. All three
            scores have intervals from the same random halves if that is asked for.
        completeness: is each factor predicted by one unit? Mean over factors.
        informativeness: share of held-out rows whose factor is predicted, mean over factors; R² for the lasso.
        importance: ``(m, u)``, how much unit j matters to the prediction of factor m; rows sum to 1 (to 0 where nothing
            predicts the factor).
        disentanglement_per_unit: ``(u,)``; 0 for a unit that predicts nothing.
        completeness_per_factor: ``(m,)``; 0 for a factor that nothing predicts.
        informativeness_per_factor: ``(m,)``.
        n: number of rows.
        variant: predictor, split and weights in words.
    """

    disentanglement: Estimate
    completeness: Estimate
    informativeness: Estimate
    importance: Float[np.ndarray, "m u"]
    disentanglement_per_unit: Float[np.ndarray, " u"]
    completeness_per_factor: Float[np.ndarray, " m"]
    informativeness_per_factor: Float[np.ndarray, " m"]
    n: int
    variant: str


class _Importance(NamedTuple):
    """How much every unit matters to the prediction of every factor on some rows, and how well it is predicted."""

    matrix: Float[np.ndarray, "m u"]
    accuracy: Float[np.ndarray, " m"]

    def scores(self) -> tuple[float, float, float]:
        """Disentanglement, completeness, informativeness."""
        total = self.matrix.sum()
        share = self.matrix.sum(0) / total if total else np.zeros(self.matrix.shape[1])
        disentanglement = share @ concentration(self.matrix.T)
        return float(disentanglement), float(concentration(self.matrix).mean()), float(self.accuracy.mean())


SCORES = (
    ScoreOf("dci", "DCI disentanglement", "1 − entropy of each unit's importance over factors", "disentanglement"),
    ScoreOf("completeness", "DCI completeness", "1 − entropy of each factor's importance over units", "completeness"),
    ScoreOf("informativeness", "DCI informativeness", "success on held-out rows, mean over factors", "informativeness"),
)


def _complete_copies(score: float, units: int) -> float:
    """Every share of importance falls in two halves: entropies rise by ln 2, and 2 u units are compared."""
    return 1 - ((1 - score) * log(units) + log(2)) / log(2 * units)


def _complete_dead(score: float, units: int) -> float:
    """Entropies stay, and are measured against u + 3 units."""
    return 1 - (1 - score) * log(units) / log(units + 3)


REFUSES = ("one unit", "one factor", "rare values")

TIES = 0.02
"""A column that ties with another is cut first if it comes first; the gain is shared, but not what follows the cut."""

OF_TREES = Laws(
    perfect=Near(1, 1e-9),
    chance=Near(0, 0.02),
    field="disentanglement",
    permuted=TIES,
    negated=TIES,
    renamed=TIES,
    shuffled=SPLIT,
    refuses=REFUSES,
)

OF_FOREST = replace(
    OF_TREES, options={"predictor": "forest"}, permuted=0.05, negated=0.05, renamed=0.1, shuffled=0.2, copied=0.04
)

LAWS = (
    replace(OF_TREES, examples=3),
    replace(OF_TREES, variant="completeness", field="completeness", copies=_complete_copies, buried=_complete_dead),
    replace(OF_FOREST, variant="forest", examples=3),
    replace(
        OF_FOREST,
        variant="completeness by forest",
        field="completeness",
        copies=_complete_copies,
        buried=_complete_dead,
    ),
    Laws(
        variant="lasso",
        options={"predictor": "lasso"},
        perfect=Near(1, 1e-9),
        # A lasso that finds next to nothing finds it in few places.
        chance=Near(0.35, 0.2),
        field="disentanglement",
        permuted=1e-3,
        shuffled="of the few weights that noise leaves above 0, other rows to learn from leave others",
        renamed=ORDER_COUNTS,
        copied="copies may share a weight in any way, for one factor so and for another otherwise",
        refuses=REFUSES,
    ),
)


@metric(
    label="DCI",
    source="Eastwood and Williams 2018",
    needs="factors",
    takes_units=True,
    scores=SCORES,
    variants=({"predictor": "forest"}, {"predictor": "lasso"}),
    laws=LAWS,
    costly=True,
    order=30,
)
def dci(
    codes: Any,
    factors: Any,
    *,
    units: Any = None,
    predictor: str = "histogram",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> DCI:
    """Measure how units share out the prediction of factors.

    A predictor of each factor m gives importances ``R[m,j]``, rows of sum 1: decreases of squared error or impurity
    (trees), absolute weights (lasso). With ``p[m,j] = R[m,j] / Σ_m R[m,j]``, ``q[m,j] = R[m,j] / Σ_j R[m,j]`` and
    ``ρ_j = Σ_m R[m,j] / Σ R``::

        D = Σ_j ρ_j D_j    D_j = 1 + Σ_m p[m,j] log p[m,j] / log M     M factors
        C = mean_m C_m     C_m = 1 + Σ_j q[m,j] log q[m,j] / log U     U units, dead ones among them

    The predictor is the metric: on one mixed code D was 0.27 by boosting and 0.03 by a forest. Compare scores of one
    predictor and about the same n only.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        units: groups of columns that count as one unit, their importances added up; single columns if left out.
        predictor: ``"histogram"``, boosting as in most published tables, on binned codes; ``"boosting"``, the same by
            scikit-learn, without bins and many times slower; ``"forest"``; ``"lasso"``, which sees straight lines only.
        resamples: random halves for the interval, each as long as half a run; none by default.
        generator: a generator or a seed, for the split, the predictor and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit or factor, a factor that never varies or whose values
            are too rare to learn, an unknown predictor.

    >>> factors = np.indices((5, 5, 5)).reshape(3, -1).T
    >>> found = dci(factors.astype(float), factors)
    >>> round(found.disentanglement, 3), round(found.completeness, 3), round(found.informativeness, 3)
    (1.0, 1.0, 1.0)
    """
    if predictor not in PREDICTORS:
        raise InputError(f"predictor must be one of {', '.join(PREDICTORS)}, got {predictor!r}")
    c, f = codes_and_factors(codes, factors)
    groups = as_units(units, c.shape[1:]).groups
    if len(groups) < 2 or f.shape[1] < 2:
        raise InputError(f"DCI needs at least 2 units and 2 factors, got {len(groups)} and {f.shape[1]}")
    check_learnable(f)
    seed = as_seed(generator)
    found, scores = measure_halves(
        lambda rows: _measure(c[rows], f[rows], groups, predictor, seed),
        _Importance.scores,
        len(c),
        resamples=resamples,
        seed=seed,
    )
    return DCI(
        disentanglement=scores[0],
        completeness=scores[1],
        informativeness=scores[2],
        importance=found.matrix,
        disentanglement_per_unit=concentration(found.matrix.T),
        completeness_per_factor=concentration(found.matrix),
        informativeness_per_factor=found.accuracy,
        n=len(c),
        variant=f"{PREDICTORS[predictor]}; 1 row in {HELD_OUT} held out; units weighted by their share of importance, "
        "factors alike",
    )


def _measure(
    codes: Float[np.ndarray, "n d"],
    factors: Int[np.ndarray, "n m"],
    groups: tuple[tuple[int, ...], ...],
    predictor: str,
    seed: int,
) -> _Importance:
    state = int(np.random.default_rng(seed).integers(2**31))
    seen, owner = unit_columns(codes, groups, state)

    def predict_factor(column: Int[np.ndarray, " n"]) -> tuple[Float[np.ndarray, " k"], float]:
        return predict(seen, column, predictor, state)

    # One thread a factor, and no thread waits for another before the end: a busy core costs no more than its share.
    with ThreadPoolExecutor(min(factors.shape[1], cores())) as pool:
        found = list(pool.map(predict_factor, factors.T))
    matrix = np.stack([np.bincount(owner, weights, len(groups)) for weights, _ in found]).astype(float)
    return _Importance(matrix, np.array([accuracy for _, accuracy in found]))


def concentration(shares: Float[np.ndarray, "rows k"]) -> Float[np.ndarray, " rows"]:
    """Return ``1 − H(row / Σ row) / log k`` of every row: 1 where one entry holds all, 0 where all are alike or empty.

    >>> concentration(np.array([[0.0, 2.0], [1.0, 1.0], [0.0, 0.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    total = shares.sum(1, keepdims=True)
    p = shares / np.where(total > 0, total, 1)
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(1)
    return np.where(total[:, 0] > 0, np.clip(1 - entropy / np.log(shares.shape[1]), 0, 1), 0.0)
