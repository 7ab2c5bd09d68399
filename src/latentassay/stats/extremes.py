"""The largest and the smallest of several estimates, with intervals that know that it was chosen for its size."""

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from latentassay.core.errors import InputError
from latentassay.core.estimate import CONFIDENCE, Z95, Estimate


def largest(estimates: Sequence[Estimate | float], *, family: int | None = None) -> Estimate:
    """Return the largest of several estimates with a 95 % interval for the largest of the true values.

    The upper end is the highest of all upper ends, since one of them is that of the truly largest. The lower end is
    the highest of all lower ends, which are moved out (Bonferroni) for the number of values that could be the largest:
    else the one that chance favoured most would seem larger than any is.

    Args:
        estimates: at least one; a plain number counts as exact.
        family: number of values that the lower end is moved out for; where left out, those that could be the largest.

    Raises:
        InputError: none.

    >>> largest([Estimate(2.0, stderr=0.1), Estimate(0.0, stderr=0.1)])  # only one could be the largest
    2.00 ± 0.20
    >>> largest([Estimate(2.0, stderr=0.1)] * 64)
    2.00 (1.66 to 2.20)
    """
    if not len(estimates):
        raise InputError("the largest of no estimates was asked for; give at least one")
    value, low, high = (np.array([_end(each, name) for each in estimates]) for name in ("value", "low", "high"))
    with np.errstate(invalid="ignore"):
        stderr = np.nan_to_num((value - low) / Z95)  # infinite values are exact
    count = family or _count_contenders(value, stderr)
    found = estimates[int(value.argmax())]
    lower = float((value - _normal(count) * stderr).max())
    return Estimate(float(found), low=lower, high=float(high.max()), n=getattr(found, "n", None))


def smallest(estimates: Sequence[Estimate | float], *, family: int | None = None) -> Estimate:
    """Return the smallest of several estimates with its 95 % interval; see ``largest``.

    >>> smallest([Estimate(2.0, stderr=0.1), Estimate(1.0, stderr=0.1)])
    1.00 ± 0.20
    """
    return mirrored(largest([mirrored(each) for each in estimates], family=family))


def extent(estimates: Sequence[Estimate | float]) -> Estimate:
    """Return the largest of several independent estimates minus the smallest, with its 95 % interval.

    The lower end is moved out (Bonferroni) for the number of pairs that could be the largest and the smallest; the
    upper end holds for the pair that truly is.

    Raises:
        InputError: none.

    >>> extent([Estimate(2.0, stderr=0.3), Estimate(0.0, stderr=0.4)])
    2.00 ± 0.98
    """
    most, least = largest(estimates), smallest(estimates)
    value, low, high = (np.array([_end(each, name) for each in estimates]) for name in ("value", "low", "high"))
    below, above = value - low, high - value
    pairs = _count_contenders(value, below / Z95) * _count_contenders(-value, above / Z95)
    lower = float(np.hypot(below[value.argmax()], above[value.argmin()])) * _normal(pairs) / Z95
    upper = math.hypot(_end(most, "high") - most, least - _end(least, "low"))
    return Estimate(most - least, low=max(0.0, most - least - lower), high=most - least + upper, n=most.n)


def mirrored(estimate: Estimate | float) -> Estimate:
    """Return an estimate times −1.

    >>> mirrored(Estimate(1.0, low=0.5, high=3.0))
    -1.0 (-3.0 to -0.5)
    """
    low, high = _end(estimate, "high"), _end(estimate, "low")
    return Estimate(-float(estimate), low=-low, high=-high, n=getattr(estimate, "n", None))


def exponential(log: Estimate) -> Estimate:
    """Return the exponential of an estimate and of the ends of its interval.

    >>> exponential(Estimate(0.0, low=-1.0, high=1.0))
    1.0 (0.4 to 2.7)
    """
    return Estimate(math.exp(log), low=math.exp(_end(log, "low")), high=math.exp(_end(log, "high")), n=log.n)


def _end(estimate: Estimate | float, name: str) -> float:
    end = getattr(estimate, name, None)
    return float(estimate if end is None else end)


def _count_contenders(value: np.ndarray, stderr: np.ndarray) -> int:
    """How many could be the largest, told with intervals that hold for all of them together."""
    half = _normal(len(value)) * stderr
    return int((value + half >= (value - half).max()).sum())


def _normal(family: int) -> float:
    """Standard errors to one end of intervals that hold together for so many."""
    return NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / 2 / family)
