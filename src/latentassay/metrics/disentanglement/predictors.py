"""How much every column matters to a predictor of a factor, and how well it predicts: what DCI is made of."""

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from latentassay.core.imports import importing
from latentassay.metrics.disentanglement.boosting import BINS, boost
from latentassay.metrics.disentanglement.splits import split_rows, standardise

TREES, SPLIT, WORTH = 30, 10, 3
"""The forest: its trees, the rows a node needs to be split, and ``rows · Gini decrease`` that a split must bring."""

LATENTS, COLUMNS = 16, 96
"""A unit of more latents than the first is reduced to as many principal components; all units to so many columns."""

SHRINKAGE = 0.02
"""The lasso's weight, on codes and factors of unit variance; the authors' own."""

PREDICTORS = {
    "histogram": f"gradient boosted trees, 100 of depth 3 for each value, cut between {BINS} bins",
    "boosting": "gradient boosted trees, 100 of depth 3 for each value (scikit-learn)",
    "forest": f"random forest, {TREES} trees, every unit a candidate at every split, no split of fewer than {SPLIT} "
    f"rows or a Gini decrease below {WORTH} / rows",
    "lasso": f"lasso of weight {SHRINKAGE} on the values' numbers, both sides of unit variance; informativeness is R²",
}


def unit_columns(
    codes: Float[np.ndarray, "n d"], groups: tuple[tuple[int, ...], ...], seed: int
) -> tuple[Float[np.ndarray, "n k"], Int[np.ndarray, " k"]]:
    """Return what the predictors see: all columns that vary, stretched to [0, 1], and the unit each belongs to.

    Columns that never vary are kept from them, so that where they stand cannot change a draw.
    """
    most = min(LATENTS, max(1, COLUMNS // len(groups)))
    parts = [reduce_unit(codes[:, list(group)], most, seed) for group in groups]
    owner = np.repeat(np.arange(len(groups)), [part.shape[1] for part in parts])
    columns = np.concatenate(parts, 1)
    spread = np.ptp(columns, axis=0)
    varying = spread > 0
    return (columns - columns.min(0))[:, varying] / spread[varying], owner[varying]


def reduce_unit(part: Float[np.ndarray, "n k"], most: int, seed: int) -> Float[np.ndarray, "n c"]:
    """Return a unit's latents, or the principal components of a large unit that hold any variance."""
    if part.shape[1] <= most or np.ptp(part, axis=0).max() == 0:
        return part
    with importing():
        from sklearn.decomposition import PCA

    pca = PCA(min(most, *part.shape), svd_solver="randomized", random_state=seed)
    components: Float[np.ndarray, "n c"] = pca.fit_transform(part)[:, pca.explained_variance_ratio_ > 1e-9]
    return components


def predict(
    seen: Float[np.ndarray, "n k"], factor: Int[np.ndarray, " n"], predictor: str, seed: int
) -> tuple[Float[np.ndarray, " k"], float]:
    """Return the importance of every column, of sum 1 (0 where none helps), and success on held-out rows."""
    train, test = split_rows(factor, seed)
    if not seen.shape[1] or len(np.unique(factor[train])) < 2:
        most = np.bincount(factor[train]).argmax()
        return np.zeros(seen.shape[1]), float(np.mean(factor[test] == most))
    importance, success = _PREDICT[predictor](seen, factor, train, test, seed)
    total = importance.sum()
    return importance / (total if total else 1), success


Found = tuple[Float[np.ndarray, " k"], float]


def _by_histogram(seen: np.ndarray, factor: np.ndarray, train: np.ndarray, test: np.ndarray, _: int) -> Found:
    rows = np.concatenate([train, test])
    values, classes = np.unique(factor[train], return_inverse=True)
    found = boost(seen[rows], classes)
    return found.importance, float(np.mean(values[found.predict()[len(train) :]] == factor[test]))


def _by_trees(unfitted: Callable[[int, int], Any]) -> Callable[..., Found]:
    def by_trees(seen: np.ndarray, factor: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> Found:
        fitted = unfitted(len(train), seed).fit(seen[train], factor[train])
        return fitted.feature_importances_, float(np.mean(fitted.predict(seen[test]) == factor[test]))

    return by_trees


def _boosting(_: int, seed: int) -> Any:
    with importing():
        from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=100, max_depth=3, random_state=seed)


def _forest(rows: int, seed: int) -> Any:
    """A greedy forest, held back.

    As it comes it gives a perfect grid of 10 × 10 rows D between 0.95 and 1, by seed: in a node of few rows another
    unit tells two values apart by luck just as well. And where levels blur, it goes on to split noise. With these
    limits on splits that grid scores 1. All units must compete at every split, or a perfect code scores near 0.5.
    """
    with importing():
        from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(
        TREES,
        max_features=None,
        min_samples_split=SPLIT,
        min_impurity_decrease=WORTH / rows,
        random_state=seed,
        n_jobs=1,
    )


def _by_lasso(seen: np.ndarray, factor: np.ndarray, train: np.ndarray, test: np.ndarray, seed: int) -> Found:
    with importing():
        from sklearn.linear_model import Lasso

    # Scaled over all rows: the lasso learns nothing of the held-out ones that it could use.
    x, y = standardise(seen), standardise(factor[:, None].astype(float))[:, 0]
    # Coordinates are visited in turn, so the seed changes nothing; without one, numpy's global generator moves on.
    fitted = Lasso(alpha=SHRINKAGE, max_iter=100_000, random_state=seed).fit(x[train], y[train])
    left, spread = np.mean((y[test] - fitted.predict(x[test])) ** 2), y[test].var()
    return np.abs(fitted.coef_), float(max(0.0, 1 - left / spread)) if spread > 0 else 0.0


_PREDICT: dict[str, Callable[..., Found]] = {
    "histogram": _by_histogram,
    "boosting": _by_trees(_boosting),
    "forest": _by_trees(_forest),
    "lasso": _by_lasso,
}
