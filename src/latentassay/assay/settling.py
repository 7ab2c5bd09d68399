"""What would settle a finding that is unsure."""

import math

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, grade

FAR = 10
"""Beyond so many times the rows, a reader should know that it is the bound that is near."""

HOPELESS = 1000
"""If it takes so many times the rows, an effect is as good as at the bound."""

WIDE, NARROW = 0.25, 0.125
"""An interval that reaches further than this share of the way between both bounds is wide; so far, it tells mostly."""


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
    >>> how_to_settle(Estimate(0.05, stderr=0.1), Bounds(0, 0.05, 0.25, "share of a change"))
    'About 70 × as many rows would most likely tell.'
    """
    needed = rows_needed(estimate, bounds)
    if needed is None:
        return None
    times, nearest = needed
    likely = _times_to_narrow(estimate, bounds)
    if likely > (WIDE / NARROW) ** 2 and times > FAR:
        # So wide an interval lies near a bound by chance: with more rows the estimate itself will move.
        most = " most likely" if times > likely else ""
        return f"About {_rounded(min(times, likely))} × as many rows would{most} tell."
    if times > HOPELESS:
        return f"It lies so near {nearest:.3g} that no number of rows would tell on which side."
    if times > FAR:
        return f"About {_rounded(times)} × as many rows would tell, as it lies so near {nearest:.3g}."
    return f"About {_rounded(times)} × as many rows would tell."


def _times_to_narrow(estimate: Estimate, bounds: Bounds) -> float:
    """How many times the rows make the interval narrow beside the way between both bounds."""
    low, high = (float(estimate) if end is None else end for end in (estimate.low, estimate.high))
    half, gap = max(high - estimate, estimate - low), abs(bounds.serious - bounds.negligible)
    return (half / (NARROW * gap)) ** 2 if gap > 0 else 1.0


def _times(estimate: Estimate, low: float, high: float, bound: float) -> float:
    away = bound - float(estimate)
    half = high - estimate if away >= 0 else estimate - low
    return math.inf if away == 0 else (half / away) ** 2


def _rounded(times: float) -> int:
    """Whole numbers up to ten, then one digit, always up; at least twice."""
    step = int(10 ** max(0, math.floor(math.log10(times))))
    return max(2, math.ceil(round(times / step, 6)) * step)
