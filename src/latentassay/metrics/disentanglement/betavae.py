"""β-VAE score (Higgins et al. 2017, "β-VAE: Learning Basic Visual Concepts …")."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.probe import logistic, with_one
from latentassay.metrics.disentanglement.splits import standardise
from latentassay.metrics.draws import draw_pairs, share_groups
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import FIT, SPLIT, Laws, Near
from latentassay.metrics.metric import metric

TOLERANCE = 0.003
"""The classifier is fitted until it predicts what it would at its optimum, but for one point in thousands."""


@keeps_interval
class BetaVAEScore(NamedTuple):
    """The score and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: share of held-out points whose factor is predicted; chance is 1 / m. With an interval from random halves
            if that is asked for.
        per_factor: the same for the points of every factor, ``(m,)``.
        matrix: ``(m, u)``, mean |z₁ − z₂| in unit j while factor m is held, in standard deviations; a unit that factor
            m alone decides has 0, one that it does not touch about 1.1.
        n: number of rows.
        variant: numbers of points and pairs, and the classifier, in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    matrix: Float[np.ndarray, "m u"]
    n: int
    variant: str


class _Accuracy(NamedTuple):
    """Share of held-out points whose factor is predicted, and the evidence, from the points of some rows."""

    score: float
    per_factor: Float[np.ndarray, " m"]
    matrix: Float[np.ndarray, "m u"]


LAWS = Laws(
    options={"points": 600, "held_out": 600},
    perfect=Near(1, 0),
    chance=Near(1 / 3, 0.05),
    permuted=FIT,
    negated=FIT,
    rescaled=FIT,
    shuffled=SPLIT,
    renamed=SPLIT,
    copied=0.03,
    dead=0.01,
    refuses=("one factor", "rare values"),
)


@metric(
    label="β-VAE score",
    formula="how surely differences of pairs name the factor they share",
    source="Higgins et al. 2017",
    needs="factors",
    variants=({"batch": 16},),
    laws=LAWS,
    order=90,
)
def beta_vae(
    codes: Any,
    factors: Any,
    *,
    points: int = 10_000,
    held_out: int = 5_000,
    batch: int = 64,
    resamples: int = 0,
    generator: Generator | int = 0,
) -> BetaVAEScore:
    """Measure how accurately a linear classifier predicts, from differences of codes, which factor was held.

    A point holds a factor m, each as often: ``batch`` pairs of rows, each of which agrees on it::

        point = mean_pairs |z₁ − z₂|        z the standardised codes
        score = share of held-out points whose m a logistic regression predicts

    It forgives much: the classifier weighs all units together, so an entangled code can score 1, too, as long as
    every factor leaves a pattern of its own. It says whether factors can be separated rather than whether each has a
    unit. If every unit is constant, the classifier can only guess, and scores about 1 / m.

    Args:
        codes: ``(n, u)`` array or tensor; usually posterior means.
        factors: ``(n, m)`` integer codes, m at least 2.
        points: number of points that the classifier learns from.
        held_out: number of points that it is tried on.
        batch: pairs behind each point.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the pairs and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single factor, a factor that never varies or whose values are too
            rare, numbers of points or pairs that are too small.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> beta_vae(factors.astype(float), factors, points=200, held_out=100).score
    1
    """
    c, f = codes_and_factors(codes, factors)
    check_learnable(f)
    _check(f, points, held_out, batch)
    seed = as_seed(generator)

    def measure(rows: Any) -> _Accuracy:
        rng, seen = np.random.default_rng(seed), standardise(c[rows])
        learned = differences(seen, f[rows], points, batch, rng)
        return _classify(learned, differences(seen, f[rows], held_out, batch, rng))

    found, (score,) = measure_halves(measure, lambda part: (part.score,), len(c), resamples=resamples, seed=seed)
    return BetaVAEScore(
        score=score,
        per_factor=found.per_factor,
        matrix=found.matrix,
        n=len(c),
        variant=f"{points} points to learn from and {held_out} held out, each of {batch} pairs drawn from {len(c)} "
        "encoded rows, factors alike; standardised codes; logistic regression, C = 1",
    )


def differences(
    codes: Float[np.ndarray, "n u"],
    factors: Int[np.ndarray, "n m"],
    points: int,
    batch: int,
    rng: np.random.Generator,
) -> tuple[Float[np.ndarray, "points u"], Int[np.ndarray, " points"]]:
    """Draw points: the mean |z₁ − z₂| of ``batch`` pairs that share a factor, and which factor it was.

    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> x, held = differences(factors.astype(float), factors, 6, 8, np.random.default_rng(0))
    >>> bool((x[np.arange(6), held] == 0).all())
    True
    """
    columns, x, held = np.ascontiguousarray(codes.T), [], []
    for factor, many in share_groups(factors.shape[1], points, batch):
        first, second = draw_pairs(factors, factor, many, batch, rng)
        # Unit by unit: one unit's codes stay in the fast memory, and no group is ever gathered whole.
        x.append(np.stack([_mean_distance(column, first, second) for column in columns], 1))
        held.append(np.full(many, factor))
    return np.concatenate(x), np.concatenate(held)


def _mean_distance(column: Any, first: Any, second: Any) -> Float[np.ndarray, " points"]:
    apart = column.take(first)
    apart -= column.take(second)
    mean: Float[np.ndarray, " points"] = np.abs(apart, out=apart).mean(1)
    return mean


def _check(factors: Int[np.ndarray, "n m"], points: int, held_out: int, batch: int) -> None:
    many = factors.shape[1]
    if many < 2:
        raise InputError("the β-VAE score needs at least 2 factors to choose from, got 1")
    if min(points, held_out) < many or batch < 1:
        raise InputError(
            f"points and held_out must be at least {many}, one for each factor, and batch at least 1, "
            f"got {points}, {held_out} and {batch}"
        )


def _classify(learned: tuple[Any, Any], tried: tuple[Any, Any]) -> _Accuracy:
    (x, held), (x_tried, held_tried) = learned, tried
    many = int(held.max()) + 1
    # Two factors are told apart by w = w₁ − w₂ alone, whose penalty |w|² / 2 is |w₁|² + |w₂|²: C = ½ in our terms.
    strength = 1.0 if many > 2 else 0.5
    weights = logistic(x, held, strength=strength, tolerance=TOLERANCE)
    right = (with_one(x_tried) @ weights.T).argmax(1) == held_tried
    per_factor = np.array([right[held_tried == factor].mean() for factor in range(many)])
    return _Accuracy(float(right.mean()), per_factor, np.stack([x[held == factor].mean(0) for factor in range(many)]))
