"""Linear probe (Alain and Bengio 2016, "Understanding intermediate layers using linear classifier probes")."""

from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int
from torch import Generator

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.core.threads import one_blas_thread
from latentassay.metrics.arrays import as_columns, check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.splits import HELD_OUT, split_rows, standardise
from latentassay.metrics.halves import allow_unseen, measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import FIT, ORDER_COUNTS, SPLIT, Laws, Near
from latentassay.metrics.metric import metric
from latentassay.stats.ranks import average_ranks

PENALTY = 1000.0
"""Weight of the losses against half the squares of the coefficients. The usual library's 1 shrinks so much that of a
perfect code of ten levels beside six units of noise, 1000 rows, 7 rows in 10 are predicted; with 1000 all are."""

TOLERANCE = 0.03
"""The fit ends where no coefficient, in about its own standard errors, has a gradient above this."""

VARIANTS = {
    "logistic": f"held-out accuracy of multinomial logistic regression on standardised units (C = {PENALTY:g}), 1 row "
    f"in {HELD_OUT} held out of every value",
    "linear": "held-out R² of ordinary least squares on the factor's values numbered in order, 1 row in "
    f"{HELD_OUT} held out among neighbours in value",
}


Split = tuple[Int[np.ndarray, " train"], Int[np.ndarray, " test"]]


@keeps_interval
class Probe(NamedTuple):
    """How well a linear map predicts ``m`` factors.

    Attributes:
        score: mean of ``per_factor``, with an interval from random halves if that is asked for; of an accuracy it holds
            what 3 in k rows would take away, k the rows tested of all factors together.
        per_factor: ``(m,)``; logistic: accuracy on held-out rows; linear: share of their variance that is explained,
            below 0 where the map is worse than the mean.
        baseline: ``(m,)``, the same for whoever never looks at the codes; logistic: share of the value that is most
            frequent among the rows learned from; linear: 0.
        n: number of rows.
        variant: predictor, penalty and split in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    baseline: Float[np.ndarray, " m"]
    n: int
    variant: str


LAWS = (
    Laws(
        perfect=Near(1, 1e-9),
        chance=Near((1 / 4 + 1 / 3 + 1 / 2) / 3, 0.05),
        permuted=FIT,
        negated=FIT,
        rescaled=FIT,
        renamed=FIT,
        shuffled=SPLIT,
        copied=0.02,
        refuses=("rare values",),
    ),
    Laws(
        variant="linear",
        options={"kind": "linear"},
        lowest=-inf,
        perfect=Near(1, 1e-9),
        chance=Near(0, 0.04),
        shuffled=0.2,
        renamed=ORDER_COUNTS,
    ),
)


@metric(
    label="Linear probe",
    formula="success of a linear map of all units on held-out rows",
    source="",
    needs="factors",
    variants=({"kind": "linear"},),
    laws=LAWS,
    order=110,
)
def linear_probe(
    codes: Any,
    factors: Any,
    *,
    test: tuple[Any, Any] | None = None,
    kind: str = "logistic",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> Probe:
    """Measure how well a linear map of all units predicts factors on rows it has not seen.

    - ``"logistic"``: ``accuracy = P(argmax_v (w_v · c + b_v) = f)``, multinomial logistic regression, for values that
      are names. It is linear: it separates all levels of an ordered code, but not two rings.
    - ``"linear"``: ``R² = 1 − Σ (f − w · c − b)² / Σ (f − mean f)²``, least squares, for values that are amounts.
      Values are taken as 0, 1, 2 … in order, so equally far apart.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means. Their scale does not matter.
        factors: ``(n, m)`` integer codes, or labels ``(n,)``.
        test: codes and factors of other rows to measure on; then all of ``codes`` are learned from.
        kind: ``"logistic"`` or ``"linear"``.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the split and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a factor that never varies or (logistic) whose values are too rare to
            learn, an unknown kind, halves asked for beside rows of their own to test on.

    Source: linear classifier probes, Alain and Bengio 2016, "Understanding intermediate layers".

    >>> labels = np.arange(200) % 4
    >>> found = linear_probe(labels[:, None] + 0.0, labels)
    >>> found.score, found.baseline.tolist()
    (1, [0.25])
    """
    if kind not in VARIANTS:
        raise InputError(f"kind must be one of {', '.join(VARIANTS)}, got {kind!r}")
    c, f, learned = _stack_rows(codes, factors, test, resamples, amounts=kind == "linear")
    skill = _explain if kind == "linear" else _accuracy
    if kind == "logistic":
        check_learnable(f[:learned])
    seed = as_seed(generator)

    def measure(rows: Any) -> Float[np.ndarray, "m 2"]:
        seen = standardise(c[rows])
        return np.array([skill(seen, column, _split(column, kind, learned, seed)) for column in f[rows].T])

    found, (score,) = measure_halves(measure, lambda part: (part[:, 0].mean(),), len(c), resamples=resamples, seed=seed)
    if kind == "logistic":
        score = allow_unseen(score, sum(len(_split(column, kind, learned, seed)[1]) for column in f.T))
    variant = VARIANTS[kind] if learned is None else f"{VARIANTS[kind].partition(', 1 row')[0]}, rows of their own"
    return Probe(score, found[:, 0], found[:, 1], len(c), variant)


def _stack_rows(
    codes: Any, factors: Any, test: tuple[Any, Any] | None, resamples: int, *, amounts: bool
) -> tuple[Float[np.ndarray, "n u"], Int[np.ndarray, "n m"], int | None]:
    """Return all codes and factors, those to test on last, and how many are learned from if that is said."""
    if test is None:
        return *codes_and_factors(codes, factors, amounts=amounts), None
    if resamples:
        raise InputError("resamples halves one table of rows; leave it out, or leave out test")
    own, other = as_array(codes, "codes"), as_array(test[0], "test codes")
    f, g = (as_columns(as_array(rows, "factors")) for rows in (factors, test[1]))
    if own.shape[1:] != other.shape[1:] or f.shape[1:] != g.shape[1:]:
        raise InputError(
            f"rows to test on must have shapes (k, {own.shape[-1]}) and (k, {f.shape[-1]}) as those to "
            f"learn from, got {other.shape} and {g.shape}"
        )
    codes_and_factors(own, f, amounts=amounts)
    return *codes_and_factors(np.concatenate([own, other]), np.concatenate([f, g]), amounts=amounts), len(own)


def _split(column: Int[np.ndarray, " n"], kind: str, learned: int | None, seed: int) -> Split:
    if learned is not None:
        return np.arange(learned), np.arange(learned, len(column))
    if kind == "logistic":
        return split_rows(column, seed)
    # Values may be amounts that never repeat, so one row is held out of every three neighbours in value.
    return split_rows(np.argsort(np.argsort(column, kind="stable")) // HELD_OUT, seed)


def _accuracy(seen: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], split: Split) -> tuple[float, float]:
    train, test = split
    scores = with_one(seen[test]) @ logistic(seen[train], factor[train]).T
    most = np.bincount(factor[train]).argmax()
    return float(np.mean(scores.argmax(1) == factor[test])), float(np.mean(factor[test] == most))


def _explain(seen: Float[np.ndarray, "n u"], factor: Int[np.ndarray, " n"], split: Split) -> tuple[float, float]:
    train, test = split
    if len(np.unique(factor[test])) < 2:  # nothing varies that could be explained
        return 0.0, 0.0
    weights = np.linalg.lstsq(with_one(seen[train]), factor[train].astype(np.float64), rcond=None)[0]
    left = factor[test] - with_one(seen[test]) @ weights
    return 1 - float(np.square(left).mean() / factor[test].var()), 0.0


def with_one(x: Float[np.ndarray, "n u"]) -> Float[np.ndarray, "n u1"]:
    """Append a column of ones, which takes the intercept."""
    return np.concatenate([x, np.ones((len(x), 1))], 1)


def logistic(
    x: Float[np.ndarray, "n u"],
    values: Int[np.ndarray, " n"],
    *,
    strength: float = PENALTY,
    tolerance: float = TOLERANCE,
) -> Float[np.ndarray, "k u1"]:
    """Return coefficients of multinomial logistic regression, one row for each value, the intercept last.

    They minimise ``−Σ_i log softmax(W x_i + b)[v_i] + |W|² / (2 C)``. L-BFGS goes down in coordinates in which
    ``Σ_i x_i x_iᵀ / 2k + 1 / C`` is the identity: about their own standard errors, so correlated codes cost no steps.

    Args:
        x: codes, standardised or nearly so.
        values: numbers 0 … k − 1; one that does not occur is predicted to be rare.
        strength: C, the weight of the losses.
        tolerance: largest gradient at which the fit ends, of coefficients in about their own standard errors.

    >>> x, values = np.repeat([-1.0, 1.0], 400)[:, None], np.repeat([0, 1, 0, 1], [300, 100, 100, 300])
    >>> abs(logistic(x, values)).round(2).tolist()  # odds of 3 to 1 and 1 to 3: 2 · 0.55 = log 3
    [[0.55, 0.0], [0.55, 0.0]]
    """
    from scipy.optimize import minimize

    with one_blas_thread():
        rows, k = with_one(x).T, int(values.max()) + 1
        penalty = np.append(np.full(x.shape[1], 1 / strength), 0.0)
        inverse = np.linalg.inv(np.linalg.cholesky(rows @ rows.T / (2 * k) + np.diag(penalty)))
        objective = _Objective(inverse @ rows, values, inverse * penalty @ inverse.T)
        found = minimize(
            objective,
            np.zeros(k * len(rows)),
            jac=True,
            method="L-BFGS-B",
            options={"gtol": tolerance, "ftol": 1e-10, "maxiter": 500},
        )
        coefficients: Float[np.ndarray, "k u1"] = found.x.reshape(k, -1) @ inverse
        return coefficients


def roc_areas(scores: Float[np.ndarray, "n k"], truth: Bool[np.ndarray, "n k"]) -> Float[np.ndarray, " k"]:
    """Return, for every column, the probability that a true row scores above a false one, ties counting half.

    It is ``(Σ ranks of true rows − p (p + 1) / 2) / (p q)`` for p true and q false rows; NaN where one kind is missing.

    >>> roc_areas(np.array([[0.1], [0.4], [0.4], [0.8]]), np.array([[False], [False], [True], [True]])).tolist()
    [0.875]
    """
    p = truth.sum(0)
    pairs = p * (len(truth) - p)
    above = (average_ranks(scores) * truth).sum(0) - p * (p + 1) / 2
    return np.where(pairs > 0, above / np.maximum(pairs, 1), np.nan)


class _Objective:
    """Penalised loss and its gradient. Values lie along the first axis, since sums over it are fast."""

    def __init__(
        self, rows: Float[np.ndarray, "p n"], values: Int[np.ndarray, " n"], penalty: Float[np.ndarray, "p p"]
    ):
        self.rows, self.columns, self.penalty = rows, np.ascontiguousarray(rows.T), penalty
        seen = np.zeros((int(values.max()) + 1, len(values)))
        seen[values, np.arange(len(values))] = 1
        self.wanted = seen @ self.columns
        self.scores = seen  # its memory is used again in every step

    def __call__(self, flat: Float[np.ndarray, " kp"]) -> tuple[float, Float[np.ndarray, " kp"]]:
        w = flat.reshape(len(self.wanted), -1)
        np.matmul(w, self.rows, out=self.scores)
        highest = self.scores.max(0)
        np.exp(np.subtract(self.scores, highest, out=self.scores), out=self.scores)
        total = self.scores.sum(0)
        loss = np.log(total).sum() + highest.sum() - (w * self.wanted).sum()
        np.divide(self.scores, total, out=self.scores)
        pull = w @ self.penalty
        return float(loss + (w * pull).sum() / 2), (self.scores @ self.columns - self.wanted + pull).ravel()
