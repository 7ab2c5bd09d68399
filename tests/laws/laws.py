"""What every metric promises, in one table.

A law is a tolerance: the score changes by no more than this. Where a metric does not obey, the reason stands in
its place, and a test looks for a code of which it is true.
"""

from collections.abc import Callable
from functools import partial
from math import inf, log
from typing import Any, NamedTuple

import numpy as np
import pytest

import latentassay as la

SIZES = (4, 3, 2)
ROWS = 480
GRID = np.tile(np.indices(SIZES).reshape(3, -1).T, (ROWS // 24, 1))

EXACT = 1e-9
FEW_VOTES = {"votes": 600, "held_out": 600}
FEW_POINTS = {"points": 600, "held_out": 600}
SPLIT = 0.15  # the order of the rows decides which are held out, or drawn
ORDER_COUNTS = "values are amounts here, and other names are other amounts"
FEW_WEIGHTS = "of the few weights that noise leaves above 0, other rows to learn from leave others"
NO_FACTORS = "knows nothing of factors"

near = partial(pytest.approx, rel=0)
Law = float | str
Expected = Callable[[float, int], float]  # the score of u units → that of the changed code


class Laws(NamedTuple):
    """One metric's laws.

    Attributes:
        function: ``(codes, factors)`` → result.
        lowest, highest: bounds of the score.
        perfect: score of levels as they are, one unit for each factor.
        chance: mean score of four units of noise.
        field: the score's name in the result.
        permuted, negated, rescaled: units in another order, some with the other sign, each stretched and moved.
        shuffled: rows in another order.
        renamed: other names for the factors' values; ``renumbered`` keeps their order.
        copied: every unit twice; ``copies`` is what the score becomes, from the score and the number of units.
        dead: three units that never vary, one first, one in the midst, one last; ``buried`` is what the score becomes.
        falls: noise added to a perfect code lowers the mean score, but for this much.
        examples: how many codes to try; few where it takes long.
    """

    function: Callable[[Any, Any], Any]
    lowest: float
    highest: float
    perfect: Any
    chance: Any
    field: str = "score"
    permuted: Law = EXACT
    negated: Law = EXACT
    rescaled: Law = EXACT
    shuffled: Law = EXACT
    renamed: Law = EXACT
    renumbered: Law = EXACT
    copied: Law = EXACT
    copies: Expected = lambda score, units: score
    dead: Law = EXACT
    buried: Expected = lambda score, units: score
    falls: Law = 0.005
    examples: int = 10


def gone(score: float, units: int) -> float:
    """A copy is as good as its unit, so no gap is left between the best two."""
    return 0.0


def endless(score: float, units: int) -> float:
    """A copy is a linear function of its unit."""
    return inf


def copies_complete(score: float, units: int) -> float:
    """Every share of importance falls in two halves: entropies rise by ln 2, and 2 u units can tell."""
    return 1 - ((1 - score) * log(units) + log(2)) / log(2 * units)


def dead_complete(score: float, units: int) -> float:
    """Entropies stay, and are measured against u + 3 units."""
    return 1 - (1 - score) * log(units) / log(units + 3)


def diluted(score: float, units: int) -> float:
    """Three units more that count 0."""
    return score * units / (units + 3)


def doubled(score: float, units: int) -> float:
    """Each copy counts."""
    return 2 * score


FOREST, LASSO = (partial(la.metrics.dci, predictor=name) for name in ("forest", "lasso"))
FACTOR_VAE = partial(la.metrics.factor_vae, **FEW_VOTES)

# A value on the edge of a bin belongs to the bin above, and with the other sign to the one below: matters where many
# codes are equal, as they are in mixtures of levels without noise.
EDGES = 0.15
# A column that ties with another is cut first if it comes first; the gain is shared, but not what follows the cut.
TIES = 0.02
# A fit ends near its minimum, and where depends a little on where it began to look.
STEPS = 0.01
# A unit's neighbours, if several are equally far, are those that come first.
EQUALLY_FAR = 0.1

LAWS = {
    "mig": Laws(la.metrics.mig, 0, 1, near(1, abs=1e-9), near(0, abs=0.02), negated=EDGES, copies=gone),
    "mig, equal width": Laws(
        partial(la.metrics.mig, binning="width"), 0, 1, near(1, abs=1e-9), near(0, abs=0.02), copies=gone
    ),
    "dcimig": Laws(la.metrics.dcimig, 0, 1, near(1, abs=1e-9), near(0, abs=0.03), negated=EDGES),
    "dci": Laws(
        la.metrics.dci,
        0,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.02),
        "disentanglement",
        permuted=TIES,
        negated=TIES,
        renamed=TIES,
        shuffled=SPLIT,
        examples=3,
    ),
    "dci, completeness": Laws(
        la.metrics.dci,
        0,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.02),
        "completeness",
        permuted=TIES,
        negated=TIES,
        renamed=TIES,
        shuffled=SPLIT,
        copies=copies_complete,
        buried=dead_complete,
    ),
    "dci, forest": Laws(
        FOREST,
        0,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.02),
        "disentanglement",
        permuted=0.05,
        negated=0.05,
        renamed=0.1,
        shuffled=0.2,
        copied=0.04,
        examples=3,
    ),
    "dci, completeness by forest": Laws(
        FOREST,
        0,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.02),
        "completeness",
        permuted=0.05,
        negated=0.05,
        renamed=0.1,
        shuffled=0.2,
        copied=0.04,
        copies=copies_complete,
        buried=dead_complete,
    ),
    # A lasso that finds next to nothing finds it in few places.
    "dci, lasso": Laws(
        LASSO,
        0,
        1,
        near(1, abs=1e-9),
        near(0.35, abs=0.2),
        "disentanglement",
        permuted=1e-3,
        shuffled=FEW_WEIGHTS,
        renamed=ORDER_COUNTS,
        copied="copies may share a weight in any way, for one factor so and for another otherwise",
    ),
    # One line for each value cuts off the lowest and the highest, and hardly anything in between.
    "sap": Laws(
        la.metrics.sap,
        0,
        1,
        near(0.48, abs=0.02),
        near(0, abs=0.04),
        rescaled="the penalty weighs on the slope, which depends on the unit's scale",
        shuffled=SPLIT,
        copies=gone,
        dead=0.06,  # a unit of noise may tell less than the most frequent value, which a dead unit tells
        renamed=SPLIT,
    ),
    "sap, standard": Laws(
        partial(la.metrics.sap, scale="standard"),
        0,
        1,
        near(0.50, abs=0.02),
        near(0, abs=0.04),
        shuffled=SPLIT,
        copies=gone,
        dead=0.06,
        renamed=SPLIT,
    ),
    "sap, continuous": Laws(
        partial(la.metrics.sap, factor_type="continuous"),
        0,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.02),
        renamed=ORDER_COUNTS,
        copies=gone,
    ),
    # Noise does not score 0: 0.99 of it stays within so much less than its maximum.
    "irs": Laws(
        la.metrics.irs,
        0,
        1,
        near(1, abs=1e-9),
        near(0.27, abs=0.07),
        rescaled="units are weighted by their largest deviation",
    ),
    # Noise does not score 0: what little it seems to know falls to factors of many values.
    "modularity": Laws(
        la.metrics.modularity, 0, 1, near(1, abs=1e-9), near(0.6, abs=0.15), negated=EDGES, buried=diluted
    ),
    "explicitness": Laws(
        la.metrics.explicitness,
        -1,
        1,
        near(1, abs=1e-3),
        near(0, abs=0.06),
        permuted=STEPS,
        negated=STEPS,
        rescaled=STEPS,
        renamed=STEPS,
        shuffled=0.2,
        copied=0.01,
    ),
    "factor_vae": Laws(
        FACTOR_VAE,
        0,
        1,
        1.0,
        near(1 / 3, abs=0.06),
        shuffled=SPLIT,
        renamed=SPLIT,
        rescaled="units of less than a twentieth of the largest deviation do not vote",
    ),
    "factor_vae, nobody pruned": Laws(
        partial(FACTOR_VAE, threshold=0), 0, 1, 1.0, near(1 / 3, abs=0.06), shuffled=SPLIT, renamed=SPLIT
    ),
    "beta_vae": Laws(
        partial(la.metrics.beta_vae, **FEW_POINTS),
        0,
        1,
        1.0,
        near(1 / 3, abs=0.05),
        permuted=STEPS,
        negated=STEPS,
        rescaled=STEPS,
        shuffled=SPLIT,
        renamed=SPLIT,
        copied=0.03,
        dead=0.01,
    ),
    "separation": Laws(
        la.metrics.separation,
        0,
        1,
        near(1, abs=0.01),
        near(0, abs=0.05),
        permuted=EQUALLY_FAR,
        negated=EQUALLY_FAR,
        rescaled=EQUALLY_FAR,
        shuffled=0.3,
        renamed=0.15,
        copies=gone,
    ),
    "linear_probe": Laws(
        la.metrics.linear_probe,
        0,
        1,
        near(1, abs=1e-9),
        near((1 / 4 + 1 / 3 + 1 / 2) / 3, abs=0.05),
        permuted=STEPS,
        negated=STEPS,
        rescaled=STEPS,
        renamed=STEPS,
        shuffled=SPLIT,
        copied=0.02,
    ),
    "linear_probe, linear": Laws(
        partial(la.metrics.linear_probe, kind="linear"),
        -inf,
        1,
        near(1, abs=1e-9),
        near(0, abs=0.04),
        shuffled=0.2,
        renamed=ORDER_COUNTS,
    ),
    "active_units": Laws(
        lambda codes, factors: la.metrics.active_units(codes),
        0,
        inf,
        3,
        4,
        rescaled="the variance is taken in the codes' own scale",
        copies=doubled,
        falls=NO_FACTORS,
    ),
    # Finite rows add d (d − 1) / 4n.
    "total_correlation": Laws(
        lambda codes, factors: la.metrics.total_correlation(codes),
        0,
        inf,
        near(0, abs=1e-9),
        near(4 * 3 / (4 * ROWS), abs=0.006),
        copies=endless,
        falls=NO_FACTORS,
    ),
    "gaussian_information": Laws(
        lambda codes, factors: la.metrics.gaussian_information(codes),
        0,
        inf,
        near(0, abs=1e-9),
        near(1 / (2 * ROWS), abs=0.001),
        copies=endless,
        falls=NO_FACTORS,
    ),
}
