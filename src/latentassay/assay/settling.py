"""What would settle a finding that is unsure."""

import math

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, grade

FAR = 10
"""Beyond so many times the rows, a reader should know that it is the bound that is near."""

HOPELESS = 1000
"""If it takes so many times the rows, an effect is as good as at the bound."""


def rows_needed(estimate: Estimate, bounds: Bounds) -> tuple[float, float] | None:
    """Return how many times the rows would tell, and the bound that is hardest to tell from.

    Intervals shrink with the root of the rows: one that reaches a bound at distance d with a half of width h needs
    (h/d)² times as many. ``None`` where the level is not unsure, or nothing is known of errors.
    """
    low, high = estimate.low, estimate.high
    if grade(estimate, bounds) != "unsure" or low is None or high is None or math.isnan(estimate):
        return None
    return max(
        (_times(estimate, low, high, bound), bound)
        for bound in (bounds.negligible, bounds.serious)
        if low <= bound <= high
    )


def how_to_settle(estimate: Estimate, bounds: Bounds) -> str | None:
    """Say how many times the rows would tell; ``None`` where the level is not unsure, or nothing is known of errors.

    >>> how_to_settle(Estimate(0.04, stderr=0.01), Bounds(0, 0.05, 0.25, "share of a change"))
    'About 4 × as many rows would tell.'
    >>> how_to_settle(Estimate(0.05, stderr=0.01), Bounds(0, 0.05, 0.25, "share of a change"))
    'It lies so near 0.05 that no number of rows would tell on which side.'
    """
    needed = rows_needed(estimate, bounds)
    if needed is None:
        return None
    times, nearest = needed
    if times > HOPELESS:
        return f"It lies so near {nearest:.3g} that no number of rows would tell on which side."
    if times > FAR:
        return f"About {_rounded(times)} × as many rows would tell, as it lies so near {nearest:.3g}."
    return f"About {_rounded(times)} × as many rows would tell."


def _times(estimate: Estimate, low: float, high: float, bound: float) -> float:
    away = bound - float(estimate)
    half = high - estimate if away >= 0 else estimate - low
    return math.inf if away == 0 else (half / away) ** 2


def _rounded(times: float) -> int:
    """Whole numbers up to ten, then one digit, always up; at least twice."""
    step = int(10 ** max(0, math.floor(math.log10(times))))
    return max(2, math.ceil(round(times / step, 6)) * step)
