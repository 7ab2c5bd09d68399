"""Does a change of one unit leave the others alone?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Bool, Float, Int

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.interventions import LEAST_PASSES, affordable, base_latents
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import minus, say_of_units
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.responses import invariance

SURE = 2.0
"""Standard errors by which the worst of many pairs must miss a mark before it is blamed."""

GOOD = 0.95, 0.9
"""Invariance of all pairs on average, and of the worst for sure, from which it is good."""

FAIR = 0.8, 0.75
"""The same from which there is no warning."""

NAMED = 0.99
"""The worst pair is named where it is below this for sure."""


@dataclass(frozen=True)
class InvarianceEvidence:
    """How far every unit is left alone while another is set to several values.

    Attributes:
        matrix: row = unit that is set, column = unit that is watched, ``(u, u)``: 1 is untouched, 0 moves in full.
        matrix_stderr: its standard error.
        units: numbers of the units that were asked about, ``(u,)``.
        collapsed: to which of them no change of themselves comes back, ``(u,)``.
        labels: their names.
        score: mean over pairs of units that are not collapsed; ``None`` where there are no two.
        n: number of latents.
        variant: how it was measured.
    """

    matrix: Float[np.ndarray, "u u"]
    matrix_stderr: Float[np.ndarray, "u u"]
    units: Int[np.ndarray, " u"]
    collapsed: Bool[np.ndarray, " u"]
    labels: tuple[str, ...]
    score: Estimate | None
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest interventions; nothing can be said where no unit is alive."""
    return LEAST_PASSES if context.causal.dimension else None


def measure(context: Context) -> InvarianceEvidence:
    """Set the strongest units to several values, and see what the others do."""
    most, values = affordable(context)
    chosen = context.strongest(range(len(context.matrix.units)), most)
    found = invariance(
        context.model,
        base_latents(context, len(chosen) * values),
        units=context.only(chosen),
        values=values,
        generator=context.generator("invariance"),
        batch_size=context.batch_size,
    )
    return InvarianceEvidence(
        matrix=found.matrix.numpy(),
        matrix_stderr=found.matrix_stderr.numpy(),
        units=np.array(chosen),
        collapsed=np.array(found.mask, dtype=bool),
        labels=tuple(context.labels[unit] for unit in chosen),
        score=found.score,
        n=found.n,
        variant=found.variant,
    )


def judge(evidence: InvarianceEvidence, context: Context) -> Judgement:
    """Say how far units leave each other alone, and which pair does least."""
    collapsed = Score(
        "consistency.collapsed",
        "Collapsed units",
        int(evidence.collapsed.sum()),
        f"of {len(evidence.labels)}: units to which less than 1/8 of a change of themselves, squared, comes back "
        "(LR's cut)",
        n=evidence.n,
        seed=context.seed,
    )
    if evidence.score is None:
        sentence = f"There are no two units of which one could leave the other alone.{_left_out(evidence)}"
        return Judgement((collapsed,), (Finding("consistency.invariance", sentence, "note", (collapsed.name,)),))
    score = Score.of(
        "consistency.invariance",
        "Invariance",
        evidence.score,
        "IC equation 5, mean over pairs of units that are not collapsed: 1 if a change of one never reaches the other, "
        f"0 if it reaches it in full; {evidence.variant}",
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )
    return Judgement((score, collapsed), (_finding(evidence, score),))


def _left_out(evidence: InvarianceEvidence) -> str:
    dead = [evidence.labels[unit] for unit in np.flatnonzero(evidence.collapsed)]
    return f" {say_of_units(dead, 'collapsed, and left out: a change of one comes to nothing')}" if dead else ""


def _finding(evidence: InvarianceEvidence, score: Score) -> Finding:
    m, i = _worst_pair(evidence)
    moving, moved = evidence.labels[m], evidence.labels[i]
    least = float(evidence.matrix[m, i])
    sure = least + SURE * float(evidence.matrix_stderr[m, i])
    level: Level = "good" if score.value >= GOOD[0] and sure >= GOOD[1] else "note"
    if score.value < FAIR[0] or sure < FAIR[1]:
        level = "warning"
    only = "" if level == "good" else " only"
    worst = f"; most of all, unit {moving} moves unit {moved} ({100 * least:.0f} %)" if sure < NAMED else ""
    sentence = (
        f"A change of one unit leaves the others alone at {score}{only} (invariance){worst}.{_left_out(evidence)}"
    )
    remedy = f"Train with objectives.Invariance, or change units {moving} and {moved} together."
    return Finding("consistency.invariance", minus(sentence), level, (score.name,), remedy=remedy if only else None)


def _worst_pair(evidence: InvarianceEvidence) -> tuple[int, int]:
    """The pair of live units, moving and moved, that is least invariant beyond doubt."""
    live = ~evidence.collapsed
    pairs = live[:, None] & live & ~np.eye(len(live), dtype=bool)
    sure = np.where(pairs, evidence.matrix + SURE * evidence.matrix_stderr, np.inf)
    m, i = divmod(int(sure.argmin()), len(live))
    return m, i


def figures(evidence: InvarianceEvidence) -> Iterator[Picture]:
    """Yield the matrix."""
    yield Picture(
        "matrix",
        "Who is left alone",
        "Each row sets one unit to several values, the same for all samples, and shows how far every other unit is "
        "left alone: 1 is untouched, 0 moves as far as the unit itself was moved, in units of spread. Faint cells "
        "among strong ones are units that move with another. On the diagonal a unit should answer, so there low is "
        "good; one that does not is collapsed, and its row and column say nothing.",
        partial(plots.invariance_matrix, evidence.matrix, evidence.labels, evidence.collapsed),
    )


QUESTION = Question(
    key="consistency.invariance",
    title="Invariance",
    text="Does a change of one unit come back as that change, and nothing else?",
    evidence=InvarianceEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1.5,
)
