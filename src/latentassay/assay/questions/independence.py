"""Could the units of real data be drawn one by one?"""

import itertools
from dataclasses import dataclass

from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Finding, Score
from latentassay.metrics import independence

ROWS = 256
"""Rows of the test, at most; it compares all with all."""

PERMUTATIONS = 100
"""Permutations of the test."""

SIGNIFICANT = 0.01
"""p-value below which units depend on each other."""


@dataclass(frozen=True)
class IndependenceEvidence:
    """A permutation test for dependence between the units of posterior samples.

    Attributes:
        value: the statistic.
        p_value: for no dependence.
        n: number of rows.
        variant: which statistic.
    """

    value: float
    p_value: float
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """Codes are there; one unit alone cannot depend on another."""
    return 0 if len(context.causal.active) > 1 else None


def measure(context: Context) -> IndependenceEvidence:
    """Test the alive units of real data."""
    ends = [0, *itertools.accumulate(map(len, context.alive.groups))]
    found = independence(
        context.z[:ROWS].flatten(1)[:, context.active_latents],
        units=[range(*pair) for pair in itertools.pairwise(ends)],
        permutations=PERMUTATIONS,
        generator=context.generator("independence"),
    )
    return IndependenceEvidence(float(found.value), float(found.p_value), int(found.n), found.variant)


def judge(evidence: IndependenceEvidence, context: Context) -> Judgement:
    """Say whether a dependence was found."""
    score = Score(
        "consistency.independence",
        "Dependence of the alive latents",
        evidence.value,
        f"{evidence.variant}; p = {evidence.p_value:.3g} for no dependence (permutation)",
        n=evidence.n,
        seed=context.seed,
    )
    if evidence.p_value < SIGNIFICANT:
        sentence = f"The alive latents of real data depend on each other (p = {evidence.p_value:.2g})."
        remedy = "Draw them together: samples that mix units (hybrids, the prior) hold combinations no data have."
        return Judgement(
            (score,), (Finding("consistency.independence", sentence, "note", (score.name,), remedy=remedy),)
        )
    sentence = f"No dependence between the alive latents of real data was found (p = {evidence.p_value:.2g})."
    return Judgement((score,), (Finding("consistency.independence", sentence, "good", (score.name,)),))


QUESTION = Question(
    key="consistency.independence",
    title="Independence of units",
    text="Could the units of real data be drawn one by one?",
    evidence=IndependenceEvidence,
    measure=measure,
    judge=judge,
    passes_needed=passes_needed,
)
