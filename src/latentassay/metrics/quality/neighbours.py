"""Precision and recall (Kynkäänniemi et al. 2019), density and coverage (Naeem et al. 2020) of generated data."""

from dataclasses import replace
from math import inf
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.imports import importing
from latentassay.core.progress import track
from latentassay.metrics.laws import Near, SampleLaws
from latentassay.metrics.metric import ScoreOf, metric
from latentassay.metrics.quality.samples import blocks, two_samples
from latentassay.stats.intervals import proportion

BLOCK = 1024
"""Fake rows whose distances to all real ones are held at a time."""

ROUNDING = 1e-12
"""Squared distances are sums that cancel; so much of the largest squared length is taken as nothing."""


class PrecisionRecall(NamedTuple):
    """How far fake data lie among real data, and real among fake.

    Attributes:
        precision: share of fake rows inside a ball about a real row: are they realistic? Its interval is Wilson's, over
            draws of the fake rows: the real rows are taken as they are.
        recall: share of real rows inside a ball about a fake row: is all of the data generated? Its interval is the
            same over draws of the real rows, as is that of ``coverage``.
        density: mean number of real balls that a fake row lies in, over ``neighbours``; about 1 when nothing differs,
            and may be more. Unlike precision it is not raised by a few stray real rows with large balls.
        coverage: share of real rows whose own ball holds a fake row. When nothing differs, n = m, and about
            ``1 − 2^−neighbours`` then.
        n: number of real rows.
        m: number of fake rows.
        variant: balls and features in words.
    """

    precision: Estimate
    recall: Estimate
    density: Estimate
    coverage: Estimate
    n: int
    m: int
    variant: str


class _Falls(NamedTuple):
    """Who lies in whose balls."""

    fake_in_real: Int[np.ndarray, " m"]
    real_in_fake: Bool[np.ndarray, " n"]
    covered: Bool[np.ndarray, " n"]


SCORES = (
    ScoreOf("precision", "Precision", "share of fake rows inside a ball about a real row", "precision"),
    ScoreOf("recall", "Recall", "share of real rows inside a ball about a fake row", "recall"),
    ScoreOf("density", "Density", "mean number of real balls that a fake row lies in, over neighbours", "density"),
    ScoreOf("coverage", "Coverage", "share of real rows whose own ball holds a fake row", "coverage"),
)

SHARE = SampleLaws(
    equal=Near(1, 0),
    alike=Near(0.93, 0.04),
    apart=Near(0, 0),
    field="precision",
    swapped="of the sets in the other order it is recall",
)

OF_REAL = "balls are about the rows of one of the two sets"

LAWS = (
    SHARE,
    replace(SHARE, field="recall", swapped="of the sets in the other order it is precision"),
    replace(SHARE, field="coverage", alike=Near(0.88, 0.04), swapped=OF_REAL),
    # A row of a set beside itself lies in its own ball, and in those of its neighbours.
    replace(SHARE, field="density", highest=inf, equal=Near(4 / 3, 0.1), alike=Near(1, 0.1), swapped=OF_REAL),
)


@metric(
    label="Precision and recall",
    source="Kynkäänniemi et al. 2019; Naeem et al. 2020",
    needs="samples",
    scores=SCORES,
    laws=LAWS,
    order=220,
)
def precision_recall(real: Any, fake: Any, *, neighbours: int = 3) -> PrecisionRecall:
    """Measure how two sets of features overlap, whatever their shape.

    About every row lies a ball that reaches to its ``neighbours``-th nearest other row of the same set; a set's balls
    together stand for all the places where such data are found. All four numbers depend on n and m, so compare equal
    ones only.

    Args:
        real: features ``(n, k)``, array or tensor.
        fake: features ``(m, k)``.
        neighbours: 3 is what the papers' tables use for precision and recall, and 5 for density and coverage.

    Raises:
        InputError: shapes that do not fit, NaN, no more rows than neighbours.

    >>> real = np.random.default_rng(0).normal(size=(300, 2))
    >>> found = precision_recall(real, real * [1, 0.1])  # one direction is hardly used
    >>> found.precision > 0.95, found.recall < 0.7
    (True, True)
    """
    if not isinstance(neighbours, int) or neighbours < 1:
        raise InputError(f"neighbours must be a positive integer, got {neighbours!r}")
    x, y = two_samples(real, fake, fewest=neighbours + 1)
    # Distances come out of products of rows; from the mean these are smallest and so are rounding errors.
    middle = x.mean(0)
    falls = _falls(x - middle, y - middle, neighbours)
    n, m = len(x), len(y)
    return PrecisionRecall(
        precision=proportion(int((falls.fake_in_real > 0).sum()), m),
        recall=proportion(int(falls.real_in_fake.sum()), n),
        density=Estimate(float(falls.fake_in_real.sum() / (neighbours * m)), n=m),
        coverage=proportion(int(falls.covered.sum()), n),
        n=n,
        m=m,
        variant=f"balls to the {neighbours}. neighbour in {x.shape[1]} features as given, n = {n} real and {m} fake",
    )


def _falls(real: Float[np.ndarray, "n k"], fake: Float[np.ndarray, "m k"], neighbours: int) -> _Falls:
    lengths, fake_lengths = (np.square(rows).sum(1) for rows in (real, fake))
    slack = ROUNDING * max(float(lengths.max()), float(fake_lengths.max()))
    reach, fake_reach = (np.square(_radii(rows, neighbours)) + slack for rows in (real, fake))
    fake_in_real = np.zeros(len(fake), dtype=np.int64)
    real_in_fake, covered = np.zeros(len(real), dtype=bool), np.zeros(len(real), dtype=bool)
    for rows in track(blocks(len(fake), BLOCK), "precision and recall"):
        squared = fake[rows] @ real.T
        squared *= -2
        squared += fake_lengths[rows, None]
        squared += lengths
        inside = squared <= reach
        fake_in_real[rows] = inside.sum(1)
        covered |= inside.any(0)
        real_in_fake |= (squared <= fake_reach[rows, None]).any(0)
    return _Falls(fake_in_real, real_in_fake, covered)


def _radii(rows: Float[np.ndarray, "n k"], neighbours: int) -> Float[np.ndarray, " n"]:
    """Distance of every row to its ``neighbours``-th nearest other row."""
    with importing():
        from sklearn.neighbors import NearestNeighbors

    distances: Float[np.ndarray, "n j"] = NearestNeighbors(n_neighbors=neighbours).fit(rows).kneighbors()[0]
    return distances[:, -1]
