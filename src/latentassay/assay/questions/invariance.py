"""Does a change of one unit leave the others alone?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float, Int

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import add_doubtful, judge_family
from latentassay.assay.interventions import LEAST_PASSES, affordable, base_latents
from latentassay.assay.ledger import COUPLING, Ledger
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import GRAVE, Level
from latentassay.responses import invariance


@dataclass(frozen=True)
class InvarianceEvidence:
    """How far every unit is left alone while another is set to several values.

    Attributes:
        matrix: row = unit that is set, column = unit that is watched, ``(u, u)``: 1 is untouched, 0 moves in full.
        matrix_stderr: its standard error.
        units: numbers of the live units that were asked about, ``(u,)``.
        labels: their names.
        score: mean over pairs.
        n: number of latents.
        variant: how it was measured.
    """

    matrix: Float[np.ndarray, "u u"]
    matrix_stderr: Float[np.ndarray, "u u"]
    units: Int[np.ndarray, " u"]
    labels: tuple[str, ...]
    score: Estimate
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest interventions; one unit alone leaves nobody to be left alone."""
    return LEAST_PASSES if context.ledger.pairs else None


def measure(context: Context) -> InvarianceEvidence:
    """Set the strongest units to several values, and see what the others do."""
    most, values = affordable(context)
    chosen = context.ledger.strongest(context.ledger.live, most)
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
        labels=tuple(context.ledger.labels(chosen)),
        score=_mean(found.matrix.numpy(), found.matrix_stderr.numpy(), found.n),
        n=found.n,
        variant=found.variant,
    )


def _mean(matrix: np.ndarray, stderr: np.ndarray, n: int) -> Estimate:
    """Mean over pairs; entries share their latents, so they are taken as if they erred together."""
    off = ~np.eye(len(matrix), dtype=bool)
    return Estimate(matrix[off].mean(), stderr=stderr[off].mean(), n=n)


def judge(evidence: InvarianceEvidence, context: Context) -> Judgement:
    """Say how far live units leave each other alone, and which pair does least."""
    score = Score.of(
        "consistency.invariance",
        "Invariance",
        evidence.score,
        "IC equation 5, mean over pairs of live units: 1 if a change of one never reaches the other, 0 if it does "
        f"in full; {evidence.variant}",
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )
    return Judgement((score,), (_finding(evidence, score, context.ledger),))


def _finding(evidence: InvarianceEvidence, score: Score, ledger: Ledger) -> Finding:
    """Grade by the ledger's couplings, which rest on more latents; where these interventions differ, say so."""
    numbers = set(evidence.units.tolist())
    pairs = [pair for pair in ledger.pairs if set(pair) <= numbers]
    couplings = ledger.couplings(pairs)
    graded, own = judge_family(couplings, COUPLING), _own_grade(evidence, pairs)
    moving, moved = ledger.labels(pairs[graded.worst])
    left = graded.estimate
    level: Level = graded.level if not _contradict(graded.level, own) else "unsure"
    asked, live = len(evidence.units), len(ledger.live)
    among = f"Among the {asked} strongest of {live} live units a change of one"
    one = "A change of one unit" if asked == live else among
    sentence = f"{one} leaves the others alone at {score} on average (invariance)"
    follows = f"When you change unit {moving}, expect unit {moved} to follow."
    together = {pairs[graded.worst], pairs[graded.worst][::-1]} & set(ledger.mutual)
    if score.value < 0:
        sentence = (
            f"{one} moves the others by more than the unit itself on average (invariance {score}), "
            f"most of all unit {moved} when unit {moving} is changed"
        )
    elif level != "good":
        alone = Estimate(1 - left, low=1 - (left.high or left), high=min(1.0, 1 - (left.low or left)))
        sentence += f", but unit {moved} at {alone.scaled(100)} % when unit {moving} is changed"
    settle = (how_to_settle(left, COUPLING) or "More rows would tell.") if level == "unsure" else None
    if _contradict(graded.level, own):
        settle = "Setting units to fixed values and exchanging them between samples tell different things here."
    finding = Finding(
        "consistency.invariance",
        f"{sentence}.",
        level,
        (score.name,),
        subjects=tuple(">".join(ledger.labels(pairs[k])) for k in graded.noted),
        direction=None if level == "good" else "below",
        estimate=left,
        bounds=COUPLING,
        remedy=(f"Change units {moving} and {moved} together." if together else follows)
        if level in ("note", *GRAVE)
        else None,
        settle=settle,
    )
    return add_doubtful(finding, [">".join(ledger.labels(pairs[k])) for k in graded.doubtful])


def _own_grade(evidence: InvarianceEvidence, pairs: list[tuple[int, int]]) -> Level:
    """What the interventions of this question say by themselves of these pairs."""
    place = {unit: k for k, unit in enumerate(evidence.units.tolist())}
    at = [(place[m], place[i]) for m, i in pairs]
    return judge_family(
        [Estimate(1 - evidence.matrix[entry], stderr=evidence.matrix_stderr[entry]) for entry in at], COUPLING
    ).level


def _contradict(one: Level, other: Level) -> bool:
    """Whether one is good and the other accuses."""
    return {one, other} in ({"good", "warning"}, {"good", "problem"})


def figures(evidence: InvarianceEvidence) -> Iterator[Picture]:
    """Yield the matrix."""
    yield Picture(
        "matrix",
        "Who is left alone",
        "Each row sets one unit to several values, the same for all samples, and shows how far every other unit is "
        "left alone: 1 is untouched, 0 moves as far as the unit itself was moved, in units of spread. Faint cells "
        "among strong ones are units that move with another. On the diagonal a unit should answer, so there low is "
        "good.",
        partial(plots.invariance_matrix, evidence.matrix, evidence.labels, [False] * len(evidence.labels)),
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
