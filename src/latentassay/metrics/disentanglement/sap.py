"""Separated attribute predictability (Kumar et al. 2018, "Variational Inference of Disentangled Latent Concepts")."""

from typing import Any, NamedTuple, get_args

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.gaps import best_gaps
from latentassay.metrics.disentanglement.splits import HELD_OUT, split_rows, standardise
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import ORDER_COUNTS, SPLIT, Laws, Near, zero
from latentassay.metrics.metric import metric
from latentassay.stats.information import Bias

PENALTY = 0.01
"""The usual weight of the hinge losses against the squares of slope and intercept."""

PENALTY_ROWS = 10_000
"""Rows to learn from at which the penalty weighs as it does: what published tables learn from."""

STEPS = 100
"""More Newton steps than any fit takes; about five do."""

SCALES = {"raw": "as it is", "standard": "standardised"}

VARIANTS = {
    "discrete": "held-out accuracy of linear support vector machines of one unit, {scale} (squared hinge, one "
    f"value against the rest, C = {{penalty:g}}, balanced), 1 row in {HELD_OUT} held out",
    "continuous": "squared correlation of a unit with the factor's values numbered in order",
}


BIAS = {
    ("discrete", "removed"): f"C as of {PENALTY_ROWS} rows, best two units picked on the rows learned from",
    ("discrete", "kept"): "C as it is, best two units of the held-out rows",
    ("continuous", "removed"): "best two units as found",
    ("continuous", "kept"): "best two units as found",
}


@keeps_interval
class SAP(NamedTuple):
    """The gap and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors of the gap between the two units that predict it best, at least 0, with an interval
            from random halves if that is asked for.
        per_factor: the gap of every factor, ``(m,)``; a little below 0 where no unit predicts it better than the next.
        matrix: ``(m, u)``, how well unit j alone predicts factor m, from 0 to 1.
        n: number of rows.
        variant: how prediction is measured, in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    matrix: Float[np.ndarray, "m u"]
    n: int
    variant: str


LAWS = (
    Laws(
        # One line for each value cuts off the lowest and the highest, and hardly anything in between.
        perfect=Near(0.68, 0.02),
        chance=Near(0, 0.04),
        rescaled="the penalty weighs on the slope, which depends on the unit's scale",
        shuffled=SPLIT,
        copies=zero,
        dead=0.06,  # a unit of noise may predict worse than the most frequent value, which a dead unit predicts
        renamed=SPLIT,
        refuses=("one unit", "rare values"),
    ),
    Laws(
        variant="as published",
        options={"bias": "kept"},
        perfect=Near(0.48, 0.02),
        chance=Near(0, 0.04),
        rescaled="the penalty weighs on the slope, which depends on the unit's scale",
        shuffled=SPLIT,
        copies=zero,
        dead=0.06,
        renamed=SPLIT,
        refuses=("one unit", "rare values"),
    ),
    Laws(
        variant="standard",
        options={"scale": "standard"},
        perfect=Near(0.68, 0.02),
        chance=Near(0, 0.04),
        shuffled=SPLIT,
        copies=zero,
        dead=0.06,
        renamed=SPLIT,
        refuses=("one unit", "rare values"),
    ),
    Laws(
        variant="continuous",
        options={"factor_type": "continuous"},
        perfect=Near(1, 1e-9),
        chance=Near(0, 0.02),
        renamed=ORDER_COUNTS,
        copies=zero,
        refuses=("one unit",),
    ),
)


@metric(
    label="Separated predictability (SAP)",
    formula="gap between the two units that predict a factor best",
    source="Kumar et al. 2018",
    needs="factors",
    variants=({"bias": "kept"}, {"scale": "standard"}, {"penalty": 1.0}, {"factor_type": "continuous"}),
    laws=LAWS,
    order=40,
)
def sap(
    codes: Any,
    factors: Any,
    *,
    factor_type: str = "discrete",
    scale: str = "raw",
    penalty: float = PENALTY,
    bias: Bias = "removed",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> SAP:
    """Measure ``mean_m (S[m,1st] − S[m,2nd])``, S how well single units predict factor m, best unit first.

    - ``"discrete"``, the usual one: S is the held-out accuracy of a linear classifier of the unit.
      **One line for each value cannot cut a middle level out of an ordered code: a perfect code of ten levels scores
      only about 0.2.** Of two levels it scores 1 − 0.5. As usual the classifier sees the unit as it is, and what the
      penalty costs depends on scale: that perfect code scores 0.20 as 0 … 9, 0.10 if standardised, 0.30 where the
      penalty is weak (C = 1). Compare scores of one scale only (and of one n where the bias is kept), never with 1.
    - ``"continuous"``: S is the share of the factor's variance that a line through the unit explains (R²). A perfect
      code scores 1; a unit that orders the values otherwise, or a factor whose numbers mean nothing, scores low.

    Args:
        codes: ``(n, u)`` array or tensor, u at least 2; usually posterior means.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        factor_type: ``"discrete"`` or ``"continuous"``, where nothing is held out and ``bias`` changes nothing.
        scale: ``"raw"``, as published, or ``"standard"``, which makes the discrete score free of the units' scale.
        penalty: C of the discrete classifiers; 0.01 as published.
        bias: ``"removed"``: the penalty weighs as it does in 10 000 rows to learn from, and a factor's best two units
            are those that predict the rows learned from best, so that no luck with the held-out rows makes a gap; or
            ``"kept"``, as published: C as it is in any number of rows, and the best two of the held-out rows.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the split and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit, a factor that never varies or (discrete) whose values
            are too rare to learn, an unknown ``factor_type``, ``scale`` or ``bias``, a penalty that is not positive.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> round(sap(factors.astype(float), factors, factor_type="continuous").score, 6)
    1.0
    """
    if factor_type not in VARIANTS:
        raise InputError(f"factor_type must be one of {', '.join(VARIANTS)}, got {factor_type!r}")
    if scale not in SCALES:
        raise InputError(f"scale must be one of {', '.join(SCALES)}, got {scale!r}")
    if bias not in get_args(Bias):
        raise InputError(f"bias must be one of {', '.join(get_args(Bias))}, got {bias!r}")
    if not 0 < penalty < np.inf:
        raise InputError(f"penalty must be a positive number, got {penalty}")
    c, f = codes_and_factors(codes, factors, fewest=2, amounts=factor_type == "continuous")
    if factor_type == "discrete":
        check_learnable(f)
    seed = as_seed(generator)

    def measure(rows: Any) -> Predictability:
        if factor_type == "continuous":
            return _explain(standardise(c[rows]), f[rows])
        return _accuracies(c[rows] if scale == "raw" else standardise(c[rows]), f[rows], penalty, seed, bias)

    found, (score,) = measure_halves(
        measure, lambda part: (float(part.gaps(bias).mean()),), len(c), resamples=resamples, seed=seed
    )
    variant = VARIANTS[factor_type].format(scale=SCALES[scale], penalty=penalty)
    return SAP(_not_negative(score), found.gaps(bias), found.matrix, len(c), f"{variant}; {BIAS[factor_type, bias]}")


def _not_negative(score: Estimate) -> Estimate:
    """A mean gap below 0 is one of nothing: the unit that seemed to predict better does not."""
    if score >= 0:
        return score
    high = None if score.high is None else max(score.high, 0.0)
    return Estimate(0.0, low=score.low, high=high, stderr=score.stderr, n=score.n)


class Predictability(NamedTuple):
    """How well units predict factors.

    Attributes:
        matrix: how well unit j alone predicts factor m on held-out rows, ``(m, u)``.
        learned: the same on the rows that were learned from.
    """

    matrix: Float[np.ndarray, "m u"]
    learned: Float[np.ndarray, "m u"]

    def gaps(self, bias: str) -> Float[np.ndarray, " m"]:
        """The gap of every factor between its best two units."""
        if bias == "kept":
            return best_gaps(self.matrix)
        best_two = np.argsort(-self.learned, axis=1, kind="stable")[:, :2]
        first, second = np.take_along_axis(self.matrix, best_two, axis=1).T
        gaps: Float[np.ndarray, " m"] = first - second
        return gaps


def _explain(seen: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"]) -> Predictability:
    correlation = standardise(factors.astype(np.float64)).T @ seen / len(seen)
    explained: Float[np.ndarray, "m u"] = np.minimum(np.square(correlation), 1.0)
    return Predictability(explained, explained)


def _accuracies(
    seen: Float[np.ndarray, "n u"], factors: Int[np.ndarray, "n m"], penalty: float, seed: int, bias: str
) -> Predictability:
    found = [_accuracy(seen, column, penalty, seed, bias) for column in factors.T]
    return Predictability(*(np.stack(part) for part in zip(*found, strict=True)))


def _accuracy(
    seen: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], penalty: float, seed: int, bias: str
) -> tuple[Float[np.ndarray, " u"], Float[np.ndarray, " u"]]:
    """Shares of held-out rows, and of rows learned from, that every unit alone predicts.

    A constant unit predicts the most frequent value.
    """
    values = np.unique(factor, return_inverse=True)[1]
    train, test = split_rows(values, seed)
    weight = penalty if bias == "kept" else penalty * PENALTY_ROWS / len(train)
    shares = np.zeros((2, seen.shape[1]))
    for j, unit in enumerate(seen.T):
        slope, intercept = support_lines(unit[train], values[train], weight)
        predicted = (unit[:, None] * slope + intercept).argmax(1) == values
        shares[:, j] = predicted[test].mean(), predicted[train].mean()
    return shares[0], shares[1]


def support_lines(
    x: Float[np.ndarray, " n"], values: Int[np.ndarray, " n"], penalty: float = PENALTY
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Return slope and intercept of the linear support vector machine of each value against the rest.

    With ``t_i = 1`` where row i has the value and −1 elsewhere, they are the minimum of::

        ½ (w² + b²) + C Σ_i s_i max(0, 1 − t_i (w x_i + b))²

    ``s_i`` is ``n / (k n_v)`` for the value's own rows and 1 for the rest (their own ``n / (k n_v)`` if there are two
    values), as the usual library weighs them. The hinge is on for the rows on one side of a threshold. So sums
    over sorted rows, made once, turn each Newton step into look-ups, and the minimum is exact after a few.

    Args:
        x: one unit.
        values: numbers 0 … k − 1, each of which occurs.
        penalty: C.

    >>> slope, intercept = support_lines(np.array([-1.0, 1.0]), np.array([0, 1]))
    >>> slope.round(4).tolist(), intercept.tolist()  # ½ w² + 0.02 (1 − w)² is least at 0.04 / 1.04
    ([-0.0385, 0.0385], [0.0, 0.0])
    """
    count = np.bincount(values)
    k, everyone = np.arange(len(count)), np.full(len(count), len(count))
    balanced = len(x) / (len(count) * count)
    rest = balanced[::-1] if len(count) == 2 else np.ones(len(count))
    below = _Below(x, values)
    own, others = below(k, np.inf), below(everyone, np.inf) - below(k, np.inf)
    w, b = np.zeros(len(k)), np.zeros(len(k))
    for _ in range(STEPS):
        rising, slope = (w >= 0)[:, None], np.where(w == 0, 1e-300, w)
        with np.errstate(over="ignore"):  # beyond all rows is as good as infinitely far
            near, far = (1 - b) / slope, (-1 - b) / slope
        own_below, others_below = below(k, near), below(everyone, far) - below(k, far)
        own_on = np.where(rising, own_below, own - own_below) * balanced[:, None]
        others_on = np.where(rising, others - others_below, others_below) * rest[:, None]
        last, (w, b) = (w, b), _minimum(own_on, others_on, penalty)
        if np.array_equal(last, (w, b)):  # the same rows are on, so this is the minimum
            break
    return w, b


def _minimum(
    own: Float[np.ndarray, "k 3"], others: Float[np.ndarray, "k 3"], penalty: float
) -> tuple[Float[np.ndarray, " k"], Float[np.ndarray, " k"]]:
    """Slope and intercept that are best while the hinge stays on for the rows with these sums of 1, x, x²."""
    ones, x, xx = (2 * penalty * (own + others)).T
    t, tx, _ = (2 * penalty * (own - others)).T
    determinant = (1 + xx) * (1 + ones) - x**2
    return ((1 + ones) * tx - x * t) / determinant, ((1 + xx) * t - x * tx) / determinant


class _Below:
    """Sums of 1, x and x² over the rows of a group that lie below a threshold.

    Groups are the k values and, numbered k, all rows together. Each has its own stretch of one sorted line.
    """

    def __init__(self, x: Float[np.ndarray, " n"], values: Int[np.ndarray, " n"]):
        ascending = np.argsort(x)
        by_value = ascending[np.argsort(values[ascending], kind="stable")]
        rows = np.concatenate([by_value, ascending])
        group = np.concatenate([values[by_value], np.full(len(x), values.max() + 1)])
        self.reach = float(np.abs(x).max()) + 1
        self.line = 2 * self.reach * group + x[rows]
        moments = np.stack([np.ones(len(rows)), x[rows], x[rows] ** 2], 1)
        self.sums = np.concatenate([np.zeros((1, 3)), moments.cumsum(0)])
        self.start = np.searchsorted(group, np.arange(group[-1] + 1))

    def __call__(
        self, group: Int[np.ndarray, " k"], threshold: Float[np.ndarray, " k"] | float
    ) -> Float[np.ndarray, "k 3"]:
        """Sums of every group below its threshold."""
        at = np.searchsorted(self.line, 2 * self.reach * group + np.clip(threshold, -self.reach, self.reach))
        below: Float[np.ndarray, "k 3"] = self.sums[at] - self.sums[self.start[group]]
        return below
