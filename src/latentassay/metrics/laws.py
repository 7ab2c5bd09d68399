"""Laws: what a metric promises of its scores, declared beside it and tried on many codes by ``tests/laws``.

A law is a tolerance: under that change of the codes the score changes by no more than this. Where a metric does not
keep the law, the reason stands in its place, and a test looks for a code of which it is true.
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

Law = float | str
"""How far the score may move, or why no such law holds."""

Expected = Callable[[float, int], float]
"""The score of u units, and u → the score of the changed code."""

EXACT = 1e-9
"""Equal but for rounding."""

SPLIT = 0.15
"""The order of the rows decides which are held out, or drawn."""

EDGES = 0.15
"""A value on the edge of a bin belongs to the bin above, and with the other sign to the one below: this matters where
many codes are equal, as they are in mixtures of levels without noise."""

FIT = 0.01
"""A fit ends near its minimum, and where depends a little on where it began to look."""

ORDER_COUNTS = "values are amounts here, and other names are other amounts"

NO_FACTORS = "knows nothing of factors"


class Near(NamedTuple):
    """A number that a score must be within some distance of."""

    value: float
    within: float

    def holds(self, score: float) -> bool:
        """Say whether a score is near enough.

        >>> Near(1, within=0.1).holds(0.95), Near(1, within=0).holds(0.95)
        (True, False)
        """
        return bool(abs(score - self.value) <= self.within)


def unchanged(score: float, units: int) -> float:
    """Expect the score itself."""
    return score


def zero(score: float, units: int) -> float:
    """Expect 0: a copy is as good as its unit, so no gap is left between the best two."""
    return 0.0


def infinite(score: float, units: int) -> float:
    """Expect infinity: a copy is a linear function of its unit."""
    return inf


@dataclass(frozen=True, kw_only=True)
class Laws:
    """What one metric, or one variant of it, promises of codes and factors.

    Attributes:
        perfect: score of levels as they are, one unit for each factor.
        chance: mean score of four units of noise.
        lowest: least score there can be.
        highest: greatest.
        variant: which variant of the metric, or which of its scores; nothing where there is one.
        options: how the variant is called.
        field: the score's name in the result.
        permuted: units in another order.
        negated: some units with the other sign.
        rescaled: each unit stretched and moved.
        shuffled: rows in another order.
        renamed: other names for the factors' values.
        renumbered: other names that keep their order.
        copied: every unit twice; ``copies`` is what the score becomes.
        copies: the score and the number of units → the score with copies.
        dead: three units that never vary, one first, one in the midst, one last; ``buried`` is what the score becomes.
        buried: the score and the number of units → the score with dead units.
        falls: noise added to a perfect code lowers the mean score, but for this much.
        refuses: input that it has no answer to: ``"one unit"``, ``"one factor"``, ``"rare values"``, ``"few rows"``.
        examples: how many codes to try; few where it takes long.
    """

    perfect: Near
    chance: Near
    lowest: float = 0.0
    highest: float = 1.0
    variant: str = ""
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    field: str = "score"
    permuted: Law = EXACT
    negated: Law = EXACT
    rescaled: Law = EXACT
    shuffled: Law = EXACT
    renamed: Law = EXACT
    renumbered: Law = EXACT
    copied: Law = EXACT
    copies: Expected = unchanged
    dead: Law = EXACT
    buried: Expected = unchanged
    falls: Law = 0.005
    refuses: tuple[str, ...] = ()
    examples: int = 10


@dataclass(frozen=True, kw_only=True)
class SampleLaws:
    """What a distance between two sets of features promises.

    Attributes:
        equal: score of a set beside itself.
        alike: mean score of two sets from one distribution, 200 rows of 4 features each.
        apart: score of a set beside itself moved by 100 standard deviations.
        lowest: least score there can be.
        highest: greatest.
        field: the score's name in the result.
        swapped: the sets in the other order.
        shuffled: rows in another order.
        permuted: features in another order, the same for both sets.
        negated: some features with the other sign.
        moved: both sets moved alike.
        rescaled: both sets stretched alike.
        dead: a feature that never varies.
    """

    equal: Near
    alike: Near
    apart: Near
    lowest: float = 0.0
    highest: float = 1.0
    field: str = "score"
    swapped: Law = EXACT
    shuffled: Law = EXACT
    permuted: Law = EXACT
    negated: Law = EXACT
    moved: Law = EXACT
    rescaled: Law = EXACT
    dead: Law = EXACT
