"""Disentanglement, completeness, informativeness (Eastwood and Williams 2018)."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from latentassay.errors import InputError
from latentassay.metrics.arrays import codes_and_factors, learnable
from latentassay.units import as_units

TREES, SPLIT, WORTH = 30, 10, 3
"""The forest: its trees, the rows a node needs to be split, and ``rows · Gini decrease`` that a split must bring."""

HELD_OUT = 4
"""One row in so many is held out to measure informativeness."""

LATENTS = 16
"""A unit of more latents than this is told to the predictors by as many principal components."""

PREDICTORS = {
    "forest": f"random forest, {TREES} trees, every unit a candidate at every split, no split of fewer than {SPLIT} "
    f"rows or a Gini decrease below {WORTH} / rows",
    "boosting": "gradient boosted trees, 100 of depth 3 for each value",
}


class DCI(NamedTuple):
    """The three scores and their evidence, ``m`` factors and ``u`` units.

    Attributes:
        disentanglement: does each unit predict one factor? Weighted by the units' share of all importance.
        completeness: is each factor predicted by one unit? Mean over factors.
        informativeness: share of held-out rows whose factor is predicted, mean over factors.
        importance: ``(m, u)``, how much unit j matters to the prediction of factor m; rows sum to 1 (to 0 where nothing
            predicts the factor).
        disentanglement_per_unit: ``(u,)``; 0 for a unit that predicts nothing.
        completeness_per_factor: ``(m,)``; 0 for a factor that nothing predicts.
        informativeness_per_factor: ``(m,)``.
        n: number of rows.
        variant: predictor, split and weights in words.
    """

    disentanglement: float
    completeness: float
    informativeness: float
    importance: Float[np.ndarray, "m u"]
    disentanglement_per_unit: Float[np.ndarray, " u"]
    completeness_per_factor: Float[np.ndarray, " m"]
    informativeness_per_factor: Float[np.ndarray, " m"]
    n: int
    variant: str


def dci(codes: Any, factors: Any, *, units: Any = None, predictor: str = "forest", seed: int = 0) -> DCI:
    """Measure how units share out the prediction of factors.

    A predictor of each factor m gives importances ``R[m,j]`` (mean decrease of impurity). With
    ``p[m,j] = R[m,j] / Σ_m R[m,j]``, ``q[m,j] = R[m,j] / Σ_j R[m,j]`` and ``ρ_j = Σ_m R[m,j] / Σ R``::

        D = Σ_j ρ_j D_j    D_j = 1 + Σ_m p[m,j] log p[m,j] / log M     M factors
        C = mean_m C_m     C_m = 1 + Σ_j q[m,j] log q[m,j] / log U     U units, dead ones among them

    Trees see each code stretched to [0, 1], so its scale does not matter. A greedy forest as it comes gives a perfect
    grid of 10 × 10 rows D between 0.95 and 1, by seed: in a node of few rows another unit tells two values apart by
    luck just as well. And where levels blur, it goes on to split noise. Hence the limits on splits, with which that
    grid scores 1. What noise they let pass still lowers D and C of blurred codes, so compare scores of one predictor
    and one n only.

    Args:
        codes: ``(n, d)`` array or tensor, d at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        units: groups of columns that count as one unit, their importances added up; single columns if left out.
        predictor: ``"forest"``, or ``"boosting"`` as in most published tables and many times slower.
        seed: seed of the split and of the predictor.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit or factor, a factor that never varies or whose values
            are too rare to learn, an unknown predictor.

    >>> factors = np.indices((5, 5, 5)).reshape(3, -1).T
    >>> found = dci(factors.astype(float), factors)
    >>> round(found.disentanglement, 3), round(found.completeness, 3), found.informativeness
    (1.0, 1.0, 1.0)
    """
    if predictor not in PREDICTORS:
        raise InputError(f"predictor must be one of {', '.join(PREDICTORS)}, got {predictor!r}")
    c, f = codes_and_factors(codes, factors)
    groups = as_units(units, c.shape[1:]).groups
    if len(groups) < 2 or f.shape[1] < 2:
        raise InputError(f"DCI needs at least 2 units and 2 factors, got {len(groups)} and {f.shape[1]}")
    state = int(np.random.default_rng(seed).integers(2**31))
    seen, owner = _seen(c, groups, state)
    told = [_predict(seen, column, predictor, state) for column in learnable(f).T]
    importance = np.stack([np.bincount(owner, weights, len(groups)) for weights, _ in told]).astype(float)
    return _scored(importance, np.array([accuracy for _, accuracy in told]), len(c), predictor)


def _scored(importance: Float[np.ndarray, "m u"], accuracy: Float[np.ndarray, " m"], n: int, predictor: str) -> DCI:
    total = importance.sum()
    share = importance.sum(0) / total if total else np.zeros(importance.shape[1])
    per_unit, per_factor = concentration(importance.T), concentration(importance)
    variant = (
        f"{PREDICTORS[predictor]}; 1 row in {HELD_OUT} held out; units weighted by their share of importance, "
        "factors alike"
    )
    scores = float(share @ per_unit), float(per_factor.mean()), float(accuracy.mean())
    return DCI(*scores, importance, per_unit, per_factor, accuracy, n, variant)


def concentration(shares: Float[np.ndarray, "rows k"]) -> Float[np.ndarray, " rows"]:
    """Return ``1 − H(row / Σ row) / log k`` of every row: 1 where one entry holds all, 0 where all are alike or empty.

    >>> concentration(np.array([[0.0, 2.0], [1.0, 1.0], [0.0, 0.0]])).tolist()
    [1.0, 0.0, 0.0]
    """
    total = shares.sum(1, keepdims=True)
    p = shares / np.where(total > 0, total, 1)
    entropy = -(p * np.log(np.where(p > 0, p, 1))).sum(1)
    return np.where(total[:, 0] > 0, np.clip(1 - entropy / np.log(shares.shape[1]), 0, 1), 0.0)


def _seen(
    codes: Float[np.ndarray, "n d"], groups: tuple[tuple[int, ...], ...], seed: int
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, " k"]]:
    """What the predictors see: all columns that vary, stretched to [0, 1], and the unit each belongs to.

    Columns that never vary are kept from them, so that where they stand cannot change a draw.
    """
    parts = [_told_by(codes[:, list(group)], seed) for group in groups]
    owner = np.repeat(np.arange(len(groups)), [part.shape[1] for part in parts])
    columns = np.concatenate(parts, 1)
    spread = np.ptp(columns, axis=0)
    varying = spread > 0
    return (columns - columns.min(0))[:, varying] / spread[varying], owner[varying]


def _told_by(part: Float[np.ndarray, "n k"], seed: int) -> Float[np.ndarray, "n c"]:
    """A unit's latents, or the principal components of a large unit that hold any variance."""
    if part.shape[1] <= LATENTS or np.ptp(part, axis=0).max() == 0:
        return part
    from sklearn.decomposition import PCA

    pca = PCA(min(LATENTS, *part.shape), svd_solver="randomized", random_state=seed)
    components: Float[np.ndarray, "n c"] = pca.fit_transform(part)[:, pca.explained_variance_ratio_ > 1e-9]
    return components


def _predict(
    seen: Float[np.ndarray, "n k"], factor: Int[np.ndarray, " n"], predictor: str, seed: int
) -> tuple[Float[np.ndarray, " k"], float]:
    """Importance of every column and accuracy on held-out rows, of which every value gets its share."""
    train, test = _split(factor, seed)
    if not seen.shape[1]:
        most = np.bincount(factor[train]).argmax()
        return np.zeros(0), float(np.mean(factor[test] == most))
    fitted = _unfitted(predictor, len(train), seed).fit(seen[train], factor[train])
    importance = fitted.feature_importances_
    total = importance.sum()
    return importance / (total if total else 1), float(np.mean(fitted.predict(seen[test]) == factor[test]))


def _split(factor: Int[np.ndarray, " n"], seed: int) -> tuple[Int[np.ndarray, " train"], Int[np.ndarray, " test"]]:
    """Rows to learn from and rows held out: every fourth row after a shuffle and a sort by value."""
    shuffled = np.random.default_rng(seed).permutation(len(factor))
    rows = shuffled[np.argsort(factor[shuffled], kind="stable")]
    held_out = np.arange(len(rows)) % HELD_OUT == HELD_OUT - 1
    return rows[~held_out], rows[held_out]


def _unfitted(predictor: str, rows: int, seed: int) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier

    if predictor == "boosting":
        return GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=seed)
    return RandomForestClassifier(
        TREES, max_features=None, min_samples_split=SPLIT, min_impurity_decrease=WORTH / rows, random_state=seed,
        n_jobs=1,
    )  # fmt: skip
