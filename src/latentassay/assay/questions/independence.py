"""Could the units of real data be drawn one by one?"""

import itertools
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import listing
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Score
from latentassay.core.levels import discoveries, exceeding
from latentassay.stats.distance_correlation import FEWEST, distance_correlations
from latentassay.stats.extremes import largest

ROWS = 256
"""Rows of the test at first; it compares all with all."""

MOST_ROWS = 1024
"""And at most."""

MOST_UNITS = 16
"""Units that are compared, the most responsive, where there are more."""

NAMED = 3
"""Pairs that a sentence names, the most dependent first."""

NEGLIGIBLE = 0.05
"""Squared distance correlation that nobody needs to care about; that of normal numbers that correlate at 0.25.

More of it is no fault by itself, as data may be so, which is why all of this only informs: whether codes follow the
prior, and whether samples that mix units are recognised, are questions of their own.
"""


@dataclass(frozen=True)
class IndependenceEvidence:
    """Dependence of every pair of live units in posterior samples.

    Attributes:
        squared: squared distance correlation without bias, ``(u, u)``; 0 where independent, 1 where the same.
        low: lower ends of its 95 % intervals, ``(u, u)``.
        high: upper ends, ``(u, u)``.
        p_values: for no dependence, pair by pair, ``(u, u)``.
        labels: name of every unit.
        n: number of rows.
    """

    squared: Float[np.ndarray, "u u"]
    low: Float[np.ndarray, "u u"]
    high: Float[np.ndarray, "u u"]
    p_values: Float[np.ndarray, "u u"]
    labels: tuple[str, ...]
    n: int

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Numbers of all pairs of two units."""
        return list(itertools.combinations(range(len(self.labels)), 2))

    @property
    def estimates(self) -> list[Estimate]:
        """Squared distance correlation of every pair."""
        return [Estimate(self.squared[pair], low=self.low[pair], high=self.high[pair], n=self.n) for pair in self.pairs]


def passes_needed(context: Context) -> int | None:
    """Codes are there; one unit alone cannot depend on another."""
    return 0 if len(context.ledger.live) > 1 and context.n >= FEWEST else None


def measure(context: Context) -> IndependenceEvidence:
    """Measure the dependence of live units of real data."""
    units = context.ledger.strongest(context.ledger.live, MOST_UNITS)
    z = context.sample(min(context.at_most(ROWS), MOST_ROWS), "independence").flatten(1)
    found = distance_correlations([z[:, list(group)] for group in context.only(units).groups])
    return IndependenceEvidence(
        squared=found.squared.numpy(),
        low=found.low.numpy(),
        high=found.high.numpy(),
        p_values=found.p_values.numpy(),
        labels=tuple(context.ledger.labels(units)),
        n=found.n,
    )


def judge(evidence: IndependenceEvidence, context: Context) -> Judgement:
    """Name the pairs that surely depend on each other by more than a little."""
    estimates = evidence.estimates
    most = largest(estimates)
    score = Score.of(
        "consistency.independence",
        "Dependence of the most dependent pair of units",
        most,
        f"squared distance correlation without bias, the largest of {len(estimates)} pairs (0: independent, 1: the "
        "same but for place and size); interval by leaving out blocks of rows, the choice of the pair included",
        n=evidence.n,
        seed=context.seed,
    )
    named = [k for k, is_beyond in enumerate(exceeding(estimates, NEGLIGIBLE)) if is_beyond]
    named = sorted(named, key=lambda k: -float(estimates[k]))
    drawn = f"hybrids{', the prior' if context.has_prior else ''}"
    finding = Finding(
        "consistency.independence",
        _sentence(evidence, score, named),
        "note",
        (score.name,),
        subjects=tuple(_pair(evidence, k) for k in named),
        estimate=most,
        remedy=f"Draw them together: samples that mix units ({drawn}) hold combinations that data hardly have."
        if named
        else None,
    )
    return Judgement((score,), (finding,))


def _pair(evidence: IndependenceEvidence, k: int) -> str:
    first, second = (evidence.labels[unit] for unit in evidence.pairs[k])
    return f"{first}+{second}"


def _sentence(evidence: IndependenceEvidence, score: Score, named: list[int]) -> str:
    p_values = [float(evidence.p_values[pair]) for pair in evidence.pairs]
    least = min(1.0, len(p_values) * min(p_values))
    of_all = f" of {len(p_values)} pairs" if len(p_values) > 1 else ""
    most = f"the largest{of_all}, " if of_all else ""
    size = f"squared distance correlation {score}, {most}p = {least:.2g} for no dependence"
    if not named and not any(discoveries(p_values)):
        return f"No dependence between live units of real data was found ({size})."
    others = len(named) - NAMED
    more = [f"{others} other pair{'s' if others > 1 else ''}"] if others > 0 else []
    who = f": {listing([*(_pair(evidence, k) for k in named[:NAMED]), *more])}" if named else " a little"
    if not named and (score.high or 0.0) <= NEGLIGIBLE:
        return f"Live units of real data hardly depend on each other ({size})."
    return f"Live units of real data depend on each other{who} ({size})."


QUESTION = Question(
    key="consistency.independence",
    title="Independence of units",
    text="Could the units of real data be drawn one by one?",
    evidence=IndependenceEvidence,
    measure=measure,
    judge=judge,
    passes_needed=passes_needed,
)
