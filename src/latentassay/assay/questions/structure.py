"""How far are responses from the distribution that is sampled?"""

from dataclasses import dataclass

from latentassay.assay.context import FEWEST_DRAWN, Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Score
from latentassay.core.levels import GRAVE, grade
from latentassay.responses import structure_score
from latentassay.sampling import hybrid

PER_LATENT = 2
"""Passes that every latent drawn takes: responses of two samples."""

MOST = 2048
"""Latents drawn, at most: they are compared all with all."""

SIGNIFICANT = 0.01
"""p-value below which responses differ from samples."""

BOUNDS = Bounds(
    0,
    0.01,
    0.06,
    "share of the variance of samples and responses together that lies between the two, in the kernel's feature space: "
    "Cohen's small and medium effects; normal samples whose responses have 0.7 of their size are at 0.01, half their "
    "size at 0.04, a third at 0.09",
)


@dataclass(frozen=True)
class StructureEvidence:
    """Structure scores (LR equation 8) of all latents, and of the alive ones alone.

    Attributes:
        score: of all latents.
        causal: of the alive ones.
        effect: share of the variance that lies between samples and responses, of the alive ones.
        p_values: of both, for no difference.
        variants: how each was measured.
        origin: ``"prior"``, ``"hybrid"`` or, where there is one variable alone to mix, ``"posterior"``: where the
            samples come from.
    """

    score: Estimate
    causal: Estimate
    effect: Estimate
    p_values: tuple[float, float]
    variants: tuple[str, str]
    origin: str


def passes_needed(context: Context) -> int | None:
    """The fewest latents; without alive units there is no causal score."""
    return PER_LATENT * min(context.n, FEWEST_DRAWN) if context.ledger.live else None


def measure(context: Context) -> StructureEvidence:
    """Draw samples and compare them with their responses, first in all latents, then in the alive ones."""
    generator = context.generator("structure")
    n = min(context.at_most(context.first), MOST, max(FEWEST_DRAWN, context.passes // PER_LATENT))
    base, origin = None, "prior"
    if not context.model.prior:
        base = hybrid(context.z, n, generator=generator, units=context.variables, pool=None)
        origin = "hybrid" if context.mixes else "posterior"
    found = [
        structure_score(
            context.model, generator=generator, n=n, base=base, active=active, batch_size=context.batch_size
        )
        for active in (None, context.active_latents)
    ]
    return StructureEvidence(
        score=found[0].score,
        causal=found[1].score,
        effect=found[1].effect,
        p_values=(found[0].p_value, found[1].p_value),
        variants=(found[0].variant, found[1].variant),
        origin=origin,
    )


def judge(evidence: StructureEvidence, context: Context) -> Judgement:
    """Say whether responses can be told from samples."""
    rows = (
        ("structure.score", "Structure score", evidence.score),
        ("structure.causal", "Causal structure score", evidence.causal),
    )
    scores = tuple(
        Score.of(
            name,
            label,
            estimate,
            f"LR equation 8: {variant}; p = {p_value:.3g} for no difference (permutation)",
            n=estimate.n or context.n,
            seed=context.seed,
        )
        for (name, label, estimate), variant, p_value in zip(rows, evidence.variants, evidence.p_values, strict=True)
    )
    effect = Score.of(
        "structure.effect",
        "Difference of responses from samples",
        evidence.effect,
        "share of the variance of samples and responses together that lies between the two, (MMD²/4) / (W + MMD²/4) "
        f"with W the variance within; {evidence.variants[1]}",
        n=evidence.effect.n or context.n,
        seed=context.seed,
        unit="%",
    )
    return Judgement((*scores, effect), (_finding(evidence, effect),))


def _finding(evidence: StructureEvidence, effect: Score) -> Finding:
    level, p_value = grade(evidence.effect, BOUNDS), evidence.p_values[1]
    if p_value >= SIGNIFICANT:
        differ = "cannot be told from"
    else:
        # A distribution may stay the same while single samples move far; that is for the question of holes.
        differ = "hardly differ from" if level == "good" else "differ from"
    sentence = (
        f"Responses to {evidence.origin} samples {differ} the samples as a whole: {effect} of the variance of both "
        f"together lies between them (p = {p_value:.2g} for no difference)."
    )
    return Finding(
        "structure",
        sentence,
        level,
        (effect.name, "structure.causal"),
        direction="above",
        estimate=evidence.effect,
        bounds=BOUNDS,
        remedy=f"How many {evidence.origin} samples fall in holes says what that costs (question “holes”)."
        if level in (*GRAVE, "note") and evidence.origin != "posterior"
        else None,
        settle=how_to_settle(evidence.effect, BOUNDS),
    )


QUESTION = Question(
    key="structure",
    title="Structure score",
    text="How far are responses from the distribution that is sampled?",
    evidence=StructureEvidence,
    measure=measure,
    judge=judge,
    passes_needed=passes_needed,
    weight=1,
)
