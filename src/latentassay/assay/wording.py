"""How sentences of findings are put: lists, places, counts and signs."""

import math
from collections.abc import Sequence

from latentassay.core.estimate import Estimate
from latentassay.core.levels import Bounds, grade

MOST_TIMES = 100
"""Times as many rows beyond which a level is not worth settling."""

LISTED = 6
"""Names that a sentence lists before it counts the others."""


def minus(text: str) -> str:
    """Write minus signs where numbers are negative."""
    return text.replace(" -", " −").replace("(-", "(−")


def listing(names: Sequence[str]) -> str:
    """List names as a sentence does.

    >>> listing(["a"]), listing(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def say_of_units(units: Sequence[str], what: str) -> str:
    """Say something of one or several units.

    >>> say_of_units(["4", "7"], "collapsed")
    'Units 4 and 7 are collapsed.'
    """
    return f"Unit {units[0]} is {what}." if len(units) == 1 else f"Units {listing(units)} are {what}."


def place_name(place: int, sides: tuple[int, ...]) -> str:
    """Name a place by its coordinates.

    >>> place_name(11, (8, 8))
    '(1, 3)'
    """
    at = []
    for side in reversed(sides):
        place, index = divmod(place, side)
        at.append(str(index))
    return f"({', '.join(reversed(at))})"


def list_places(names: Sequence[str]) -> str:
    """Say where.

    >>> list_places(["(0, 1)"]), list_places(["(0, 1)", "(2, 2)"])
    ('place (0, 1)', 'places (0, 1) and (2, 2)')
    """
    if len(names) == 1:
        return f"place {names[0]}"
    if len(names) > LISTED:
        return f"{len(names)} places ({', '.join(names[:LISTED])} …)"
    return f"places {listing(names)}"


def span(low: int, high: int) -> str:
    """Write a range of counts.

    >>> span(3, 3), span(3, 5)
    ('3', '3 to 5')
    """
    return f"{low}" if low == high else f"{low} to {high}"


def say_what_settles(estimate: Estimate, bounds: Bounds, what: str = "rows") -> str | None:
    """Say how much more data an unsure level needs; ``None`` where the level is sure, or no interval is known.

    An interval shrinks with the root of the rows, so it stops reaching across a bound at ``(reach / distance)²`` times
    as many, if the estimate stays where it is.

    >>> say_what_settles(Estimate(0.08, stderr=0.02), Bounds(0, 0.1, 0.3, "of the variance"))
    'About 4 × as many rows would tell.'
    >>> say_what_settles(Estimate(0.02, stderr=0.02), Bounds(0, 0.1, 0.3, "of the variance"))
    """
    low, high = estimate.low, estimate.high
    if grade(estimate, bounds) != "unsure" or low is None or high is None or not math.isfinite(estimate):
        return None
    crossed = [bound for bound in (bounds.negligible, bounds.serious) if low <= bound <= high]
    times = [_times(estimate, bound, low, high) for bound in crossed]
    most = max(times, default=math.inf)
    if most > MOST_TIMES:
        return f"The value lies so near to a bound that even {MOST_TIMES} × as many {what} might not tell."
    return f"About {math.ceil(most)} × as many {what} would tell."


def _times(estimate: Estimate, bound: float, low: float, high: float) -> float:
    reach = high - estimate if bound > estimate else estimate - low
    return (reach / abs(bound - estimate)) ** 2 if bound != estimate else math.inf
