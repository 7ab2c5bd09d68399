"""Could the units of real data be drawn one by one?"""

import itertools
from dataclasses import dataclass

from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Finding, Score
from latentassay.metrics import independence

ROWS = 256
"""Rows of the test, at most; it compares all with all."""

FIRST = 99
"""Permutations that tell whether more are worth their time."""

PERMUTATIONS = 999
"""Permutations of the test, so that p can be as small as 0.001."""

UNDECIDED = 0.1
"""p-value of the first from which on no dependence would be found with all."""

FOR_CENTRE = 19
"""Permutations that tell the middle of the statistic for units that depend on each other in full."""

SMALLEST = 1e-12
"""Least statistic of full dependence that is divided by."""

SIGNIFICANT = 0.01
"""p-value below which units depend on each other."""


@dataclass(frozen=True)
class IndependenceEvidence:
    """A permutation test for dependence between the units of posterior samples.

    Attributes:
        value: the statistic.
        p_value: for no dependence.
        effect: the statistic in shares of what it would be if all latents rose and fell together.
        n: number of rows.
        variant: which statistic.
    """

    value: float
    p_value: float
    effect: float
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """Codes are there; one unit alone cannot depend on another."""
    return 0 if len(context.ledger.live) > 1 else None


def measure(context: Context) -> IndependenceEvidence:
    """Test the alive units of real data."""
    z = context.z[:ROWS].flatten(1)[:, context.active_latents]
    ends = [0, *itertools.accumulate(map(len, context.alive.groups))]
    units, generator = [range(*pair) for pair in itertools.pairwise(ends)], context.generator("independence")
    found = independence(z, units=units, permutations=FIRST, generator=generator)
    if found.p_value <= UNDECIDED:
        found = independence(z, units=units, permutations=PERMUTATIONS, generator=generator)
    # Sorted, every latent keeps its values, and all follow the first.
    most = independence(z.sort(dim=0).values, units=units, permutations=FOR_CENTRE, generator=generator)
    return IndependenceEvidence(
        value=float(found.value),
        p_value=float(found.p_value),
        effect=float(found.value) / max(float(most.value), SMALLEST),
        n=int(found.n),
        variant=found.variant,
    )


def judge(evidence: IndependenceEvidence, context: Context) -> Judgement:
    """Say whether a dependence was found."""
    score = Score(
        "consistency.independence",
        "Dependence of the alive latents",
        evidence.value,
        f"{evidence.variant}; p = {evidence.p_value:.3g} for no dependence (permutation); about "
        f"{100 * min(1.0, max(0.0, evidence.effect)):.0f} % of what it would be if all latents rose and fell together",
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
