"""How sentences of findings are put: lists, places, counts and signs."""

from collections.abc import Sequence

from latentassay.core.estimate import HUGE

LISTED = 6
"""Names that a sentence lists before it counts the others."""


NAMED = 12
"""Units that a sentence names, at most, before it counts them."""


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


def name_units(names: Sequence[str]) -> str:
    """Name units inside a sentence; many are counted after the first.

    >>> name_units(["4"]), name_units(["4", "7"]), name_units([str(unit) for unit in range(40)])
    ('unit 4', 'units 4 and 7', '40 units (0, 1, 2, 3, 4, 5 …)')
    """
    if len(names) > NAMED:
        return f"{len(names)} units ({', '.join(names[:LISTED])} …)"
    return f"unit{'' if len(names) == 1 else 's'} {listing(names)}"


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


def percent_of(share: float, what: str) -> str:
    """Write a share of something in percent, as a factor where it is many times as much, and rounding errors as none.

    >>> percent_of(0.0823, "the variance"), percent_of(236.4, "the variance"), percent_of(1.6e-14, "the variance")
    ('8.23 % of the variance', '236 times the variance', '0 % of the variance')
    >>> percent_of(3.8e23, "the variance")
    '3.8e+23 times the variance'
    """
    if abs(share) >= HUGE:
        return f"{share:.1e} times {what}"
    if abs(share) >= 10:
        return f"{share:,.0f} times {what}"
    return f"{100 * share if abs(share) > 1e-6 else 0:.3g} % of {what}"
