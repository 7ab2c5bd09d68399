"""Disentanglement score DS: gap between the two best predictors of a factor ("VAEs and principal components")."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Generator

from latentassay.core.arrays import as_array
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.labels import encode_labels, refuse_row_numbers
from latentassay.core.randomness import as_seed
from latentassay.metrics.arrays import as_columns, check_learnable, codes_and_factors
from latentassay.metrics.disentanglement.gaps import best_gaps
from latentassay.metrics.disentanglement.splits import split_rows, standardise
from latentassay.metrics.halves import measure_halves
from latentassay.metrics.interval import keeps_interval
from latentassay.metrics.laws import Laws, Near, zero
from latentassay.metrics.metric import metric
from latentassay.stats.nearest import nearest

ONE_IN = 5
"""One row in so many is held out."""

NORMALISERS = {
    "bounded": "share of the best constant's error that is removed, never below 0",
    "paper": "as printed (3.37): gain in rmse / standard deviation, accuracy / best constant accuracy; may exceed 1",
}


@keeps_interval
class Separation(NamedTuple):
    """The gap and its evidence, ``m`` factors and ``u`` units.

    Attributes:
        score: mean over factors of the gap between the two units that predict it best, with an interval from random
            halves if that is asked for.
        per_factor: the gap of every factor, ``(m,)``.
        matrix: ``(m, u)``, how well unit j alone predicts factor m, A / M.
        n: number of rows.
        variant: neighbours, split, factors that are continuous and normaliser in words.
    """

    score: Estimate
    per_factor: Float[np.ndarray, " m"]
    matrix: Float[np.ndarray, "m u"]
    n: int
    variant: str


EQUALLY_FAR = 0.1
"""A unit's neighbours, if several are equally far, are those that come first."""

LAWS = Laws(
    perfect=Near(1, 0.01),
    chance=Near(0, 0.05),
    permuted=EQUALLY_FAR,
    negated=EQUALLY_FAR,
    rescaled=EQUALLY_FAR,
    shuffled=0.3,
    renamed=0.15,
    copies=zero,
    refuses=("one unit", "rare values"),
)


@metric(
    label="Disentanglement score (DS)",
    formula="gap between the two units whose neighbours predict a factor best",
    source="VAEs and principal components, 3.37",
    needs="factors",
    variants=({"normaliser": "paper"},),
    laws=LAWS,
    order=100,
)
def separation(
    codes: Any,
    factors: Any,
    *,
    continuous: Any = (),
    neighbours: int = 5,
    normaliser: str = "bounded",
    resamples: int = 0,
    generator: Generator | int = 0,
) -> Separation:
    """Measure ``DS = mean_m (A[m,1st] − A[m,2nd]) / M_m``, A how well single units predict factor m, best first.

    A unit predicts a held-out row from its k nearest rows among the other 80 %: the value most of them have, or the
    mean of their values if the factor is ``continuous``. No bins, and any shape of dependence counts. What divides::

        "bounded"   error                 M = error of the best constant, A = max(0, M − error)
        "paper"     √mse                  M = √var(f_m),                  A = √var(f_m) − √mse
                    1 − accuracy          M = accuracy of the constant,   A = accuracy

    The text says that M keeps every gap between 0 and 1. What it prints does so for no classification: of ten values
    that are all as frequent, a perfect unit gains 1 − 0.1 on a unit that knows nothing, which divided by 0.1 is 9. A
    perfect regression can exceed 1, too, as neighbours that know nothing err more than the constant. ``"bounded"``
    divides by all there is to gain over the constant, as the regression in print does already, and takes a unit that
    does worse for one that knows nothing. Constants are the best there are for the held-out rows. A constant unit
    predicts the best constant.

    Args:
        codes: ``(n, u)`` array or tensor, u at least 2; usually posterior means. Their scale does not matter.
        factors: ``(n, m)``, or labels ``(n,)``; integer codes, and any numbers in the columns that are ``continuous``.
        continuous: columns to be predicted as numbers, by regression.
        neighbours: k.
        normaliser: ``"bounded"`` or ``"paper"``.
        resamples: random halves for the interval; none by default.
        generator: a generator or a seed, for the split and the halves.

    Raises:
        InputError: shapes that do not fit, NaN, a single unit, a factor that never varies or whose values are too
            rare to learn, columns that do not exist, fewer rows than neighbours, an unknown normaliser.

    >>> factors = np.indices((9, 10)).reshape(2, -1).T
    >>> separation(factors.astype(float), factors).score
    1
    >>> separation(factors.astype(float), factors, continuous=(0, 1)).score
    1
    """
    if normaliser not in NORMALISERS:
        raise InputError(f"normaliser must be one of {', '.join(NORMALISERS)}, got {normaliser!r}")
    values, numbers = _values(factors, continuous)
    c, f = codes_and_factors(codes, _number(values, numbers), fewest=2, amounts=bool(numbers.any()))
    if not numbers.all():
        refuse_row_numbers(f[:, ~numbers])
    check_learnable(f[:, ~numbers])
    if not 1 <= neighbours <= len(c) // 2:
        raise InputError(f"neighbours must lie between 1 and half of {len(c)} rows, got {neighbours}")
    seed = as_seed(generator)
    # Counted from the least value on, so that whole numbers beyond 2⁵³ do not run together.
    targets = np.where(numbers, values - values.min(0), f).astype(np.float64)

    def measure(rows: Any) -> Float[np.ndarray, "m u"]:
        errors = _errors(standardise(c[rows]), targets[rows], numbers, neighbours, seed)
        return _skill(*errors, numbers, normaliser)

    matrix, (score,) = measure_halves(
        measure, lambda part: (best_gaps(part).mean(),), len(c), resamples=resamples, seed=seed
    )
    variant = (
        f"{neighbours} nearest neighbours on one unit, 1 row in {ONE_IN} held out; {_kinds(numbers)}; "
        f"{NORMALISERS[normaliser]}"
    )
    return Separation(score, best_gaps(matrix), matrix, len(c), variant)


def _values(factors: Any, continuous: Any) -> tuple[np.ndarray, Bool[np.ndarray, " m"]]:
    """The factors as an array, and which of them are continuous."""
    f = as_columns(as_array(factors, "factors"))
    columns = list(continuous)
    if not columns or f.ndim != 2:
        return encode_labels(f).codes, np.zeros(f.shape[-1] if f.ndim else 0, dtype=bool)
    if not set(columns) <= set(range(f.shape[1])):
        raise InputError(f"continuous must name columns 0 to {f.shape[1] - 1} of factors, got {columns}")
    numbers = np.isin(np.arange(f.shape[1]), columns)
    if f.dtype.kind not in "fiu" or not np.isfinite(f).all():
        raise InputError(f"factors must be finite numbers, got {f.dtype}{' with NaN' if f.dtype.kind == 'f' else ''}")
    if (f[:, ~numbers] % 1).any():
        raise InputError(f"factors must be whole numbers where they are not continuous ({columns}), got {f.dtype}")
    return f, numbers


def _number(values: np.ndarray, numbers: Bool[np.ndarray, " m"]) -> np.ndarray:
    """Integer codes of all factors, as every other metric asks for."""
    if not numbers.any():
        return values
    columns = [np.unique(column, return_inverse=True)[1] for column in values.T]
    return np.stack(columns, 1)


def _errors(
    seen: Float[np.ndarray, "n u"],
    targets: Float[np.ndarray, "n m"],
    numbers: Bool[np.ndarray, " m"],
    neighbours: int,
    seed: int,
) -> tuple[Float[np.ndarray, "m u"], Float[np.ndarray, " m"]]:
    """Error of every unit and of the best constant on held-out rows: rmse of numbers, share of wrong values else."""
    learned, tried = split_rows(np.zeros(len(seen), dtype=np.int64), seed, one_in=ONE_IN)
    constant = _error(_predict(targets[None, tried], numbers), targets[tried], numbers)
    errors = np.repeat(constant[:, None], seen.shape[1], axis=1)
    for j in np.flatnonzero(np.ptp(seen[learned], axis=0) > 0):
        column = torch.from_numpy(seen[:, [j]])
        near = nearest(column[learned], column[tried], neighbours).numpy()
        errors[:, j] = _error(_predict(targets[learned][near], numbers), targets[tried], numbers)
    return errors, constant


def _predict(around: Float[np.ndarray, "t k m"], numbers: Bool[np.ndarray, " m"]) -> Float[np.ndarray, "t m"]:
    """Each factor from k rows: the mean of numbers, else the value most of them have, the lowest of equals."""
    ordered, place = np.sort(around, axis=1), np.arange(around.shape[1])[None, :, None]
    begins = np.concatenate([np.ones_like(ordered[:, :1], dtype=bool), ordered[:, 1:] != ordered[:, :-1]], 1)
    # Equal values lie side by side, so the end of the longest run is the place furthest from where its value began.
    run = place - np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    most = np.take_along_axis(ordered, run.argmax(1, keepdims=True), 1)[:, 0]
    return np.where(numbers, around.mean(1), most)


def _error(
    predicted: Float[np.ndarray, "_ m"], truth: Float[np.ndarray, "t m"], numbers: Bool[np.ndarray, " m"]
) -> Float[np.ndarray, " m"]:
    error: Float[np.ndarray, " m"] = np.where(
        numbers, np.sqrt(np.square(predicted - truth).mean(0)), (predicted != truth).mean(0)
    )
    return error


def _skill(
    errors: Float[np.ndarray, "m u"],
    constant: Float[np.ndarray, " m"],
    numbers: Bool[np.ndarray, " m"],
    normaliser: str,
) -> Float[np.ndarray, "m u"]:
    """A / M of every unit; 0 for a factor that never varies among the held-out rows."""
    if normaliser == "bounded":
        best, gain = constant, np.maximum(0, constant[:, None] - errors)
    else:
        best = np.where(numbers, constant, 1 - constant)
        gain = np.where(numbers, constant, 1.0)[:, None] - errors
    skill: Float[np.ndarray, "m u"] = np.where(best > 0, gain.T / np.where(best > 0, best, 1), 0.0).T
    return skill


def _kinds(numbers: Bool[np.ndarray, " m"]) -> str:
    columns = np.flatnonzero(numbers).tolist()
    return f"factors {columns} by regression, others by classification" if columns else "classification"
