"""Do values fall along their places? Spearman's rank correlation with a permutation test and an interval."""

from itertools import permutations
from math import factorial
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.stats.ranks import average_ranks

TIE = 1e-3
"""Values are compared to a thousandth; what is closer counts as equal, lest rounding errors be ranked."""

DRAWS = 9999
"""Orders drawn at random where there are more than can be gone through, and redrawn values behind an interval."""

EXACT = 8
"""Up to so many values, every order is gone through."""


class Order(NamedTuple):
    """How far values fall from the first place to the last.

    Attributes:
        score: 1 if every value is below the one before, −1 if every value is above it, 0 if places tell nothing; its
            interval holds errors of measurement, not the choice of places, and its n is the number of values. ``None``
            for fewer than three values, or if all are equal.
        p_value: share of all orders of the values with so great a score: one-sided; or ``None``.
        n: number of values.
    """

    score: Estimate | None
    p_value: float | None
    n: int


def falling(values: Float[np.ndarray, " n"], stderr: Float[np.ndarray, " n"], *, generator: Generator) -> Order:
    """Return minus Spearman's rank correlation of values, compared to a thousandth, with their places.

    The p-value goes through all orders of up to eight values, and through 9999 random ones of more. The interval
    redraws every value from a normal distribution about itself, with its standard error, 9999 times.

    Args:
        values: one for each place, finite.
        stderr: their standard errors.
        generator: draws orders and values.

    Raises:
        InputError: values or errors that are NaN or infinite.

    >>> found = falling(np.array([3.0, 2.0, 1.0]), np.zeros(3), generator=torch.Generator().manual_seed(0))
    >>> found.score, found.score.low, round(found.p_value, 3)
    (1, 1.0, 0.167)
    """
    v, s = (np.asarray(array, dtype=np.float64) for array in (values, stderr))
    if not np.isfinite([v, s]).all():
        raise InputError(f"values and their errors must be finite, got {v.tolist()} and {s.tolist()}")
    n = len(v)
    ranks = _ranks(v[None])[0]
    if n < 3 or not np.ptp(ranks):
        return Order(None, None, n)
    score = float(_falls(ranks[None])[0])
    p_value = _share(ranks, score, generator)
    noise = torch.randn(DRAWS, n, generator=generator, dtype=torch.float64).numpy()
    low, high = np.quantile(_falls(_ranks(v + s * noise)), [0.025, 0.975])
    return Order(Estimate(score, low=min(float(low), score), high=max(float(high), score), n=n), p_value, n)


def _ranks(values: Float[np.ndarray, "k n"]) -> Float[np.ndarray, "k n"]:
    return average_ranks(np.round(values / TIE), axis=1)


def _falls(ranks: Float[np.ndarray, "k n"]) -> Float[np.ndarray, " k"]:
    """Minus the correlation of each row with the places; 0 for a row that does not vary."""
    places = np.arange(ranks.shape[1]) - (ranks.shape[1] - 1) / 2
    away = ranks - ranks.mean(1, keepdims=True)
    size = np.sqrt(np.square(places).sum() * np.square(away).sum(1))
    return np.asarray(0.0 - (away @ places) / np.where(size > 0, size, 1.0))


def _share(ranks: Float[np.ndarray, " n"], score: float, generator: Generator) -> float:
    """Share of orders that fall as far; random ones count the order found among them (Phipson and Smyth 2010)."""
    n, slack = len(ranks), 1e-9
    if n <= EXACT:
        orders = np.fromiter(permutations(range(n)), dtype=(np.intp, (n,)), count=factorial(n))
        return float((_falls(ranks[orders]) >= score - slack).mean())
    orders = torch.rand(DRAWS, n, generator=generator).argsort(1).numpy()
    return float(((_falls(ranks[orders]) >= score - slack).sum() + 1) / (DRAWS + 1))
