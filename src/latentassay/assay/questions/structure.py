"""How far are responses from the distribution that is sampled?"""

from dataclasses import dataclass

from latentassay.assay.context import FEWEST_DRAWN, Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Score
from latentassay.responses import structure_score
from latentassay.sampling import hybrid

PER_LATENT = 2
"""Passes that every latent drawn takes: responses of two samples."""

NEGLIGIBLE = 1e-6
"""A structure score below this is rounding."""

SIGNIFICANT = 0.01
"""p-value below which responses differ from samples."""


@dataclass(frozen=True)
class StructureEvidence:
    """Structure scores (LR equation 8) of all latents, and of the alive ones alone.

    Attributes:
        score: of all latents.
        causal: of the alive ones.
        p_values: of both, for no difference.
        variants: how each was measured.
        origin: ``"prior"`` or ``"hybrid"``: where the samples come from.
    """

    score: Estimate
    causal: Estimate
    p_values: tuple[float, float]
    variants: tuple[str, str]
    origin: str


def passes_needed(context: Context) -> int | None:
    """The fewest latents; without alive units there is no causal score."""
    return PER_LATENT * min(context.n, FEWEST_DRAWN) if context.causal.dimension else None


def measure(context: Context) -> StructureEvidence:
    """Draw samples and compare them with their responses, first in all latents, then in the alive ones."""
    generator, n = context.generator("structure"), context.latents_at(PER_LATENT)
    base = None
    if not context.model.prior:
        base = hybrid(context.z, n, generator=generator, units=context.matrix.units, pool=None)
    found = [
        structure_score(
            context.model, generator=generator, n=n, base=base, active=active, batch_size=context.batch_size
        )
        for active in (None, context.active_latents)
    ]
    return StructureEvidence(
        score=found[0].score,
        causal=found[1].score,
        p_values=(found[0].p_value, found[1].p_value),
        variants=(found[0].variant, found[1].variant),
        origin="prior" if context.model.prior else "hybrid",
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
    return Judgement(scores, (_finding(evidence),))


def _finding(evidence: StructureEvidence) -> Finding:
    causal = evidence.causal
    differs = evidence.p_values[1] < SIGNIFICANT and (causal.high or 0.0) > NEGLIGIBLE
    sentence = (
        f"Responses to {evidence.origin} samples {'differ from' if differs else 'cannot be told from'} the samples "
        f"themselves: causal structure score {1000 * causal:.2f} ± {1960 * (causal.stderr or 0.0):.2f} (× 1000)."
    )
    level: Level = "note" if differs else "good"
    remedy = f"The share of {evidence.origin} samples in holes says what that costs." if differs else None
    return Finding("structure", sentence, level, ("structure.causal",), remedy=remedy)


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
