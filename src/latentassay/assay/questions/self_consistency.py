"""Do latents come back as they went, without any intervention?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import add_doubtful, judge_family
from latentassay.assay.interventions import MOST_UNITS
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import listing, percent_of
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import Level
from latentassay.responses import respond
from latentassay.responses.agreement import Agreement, agreement, expected_error
from latentassay.responses.consistency import SelfConsistency, score_responses
from latentassay.sampling import HybridBlocks, hybrid_blocks, prior, uniform

DRAWN = 256
"""Latents of each kind, at most."""

FEWEST_DRAWN = 32
"""And at least."""

KINDS = {"posterior": "posterior samples", "hybrid": "hybrids", "uniform": "uniform ones", "prior": "the prior's"}
"""Where latents come from, in the order of the bars, and what sentences call them."""

BOUNDS = Bounds(
    0,
    0.1,
    0.3,
    "squared error of a unit over its variance, beyond what the width of the posterior allows: at 0.1 responses still "
    "correlate with latents at 0.95, at 0.3 more than a quarter of what the unit says is lost",
)
"""Overshoot counts as undershoot does: the error is 0.25 where changes come back at half or at 1.5 of their size."""

RETURNS: dict[Level, str] = {
    "good": "come back as they went",
    "note": "come back a little changed",
    "unsure": "come back, perhaps changed",
    "warning": "come back as others",
    "problem": "come back as others",
}
"""What sentences say of latents whose error is of this level."""

MIXED = Bounds(
    0,
    0.1,
    0.3,
    "squared error of hybrids beyond that of posterior samples, over the unit's variance; bounds as for these",
)

NO_MORE = 1e-6
"""A smaller difference is rounding, or none."""


@dataclass(frozen=True)
class SelfConsistencyEvidence:
    """Agreement of latents with their responses, for ``k`` kinds of latents and ``u`` units that respond.

    Attributes:
        scores: 1 − E|R(z) − z|² / σ² by kind and unit, ``(k, u)``, σ² the variance of the responses.
        scores_stderr: its standard error.
        errors: E|R(z) − z|² / Var z by kind and unit, ``(k, u)``.
        errors_low: lower end of its 95 % interval.
        errors_high: upper end.
        expected: the error of posterior samples that the posterior's own width allows, ``(u,)``.
        shift: part of the error of posterior samples that is the same for all of them, ``(u,)``.
        slope: of responses to posterior samples over these, ``(u,)``.
        kinds: where the latents of every row come from.
        labels: name of every unit.
        means: mean score over the units, one of every kind.
        variants: how each was measured.
        n: latents of each kind.
    """

    scores: Float[np.ndarray, "k u"]
    scores_stderr: Float[np.ndarray, "k u"]
    errors: Float[np.ndarray, "k u"]
    errors_low: Float[np.ndarray, "k u"]
    errors_high: Float[np.ndarray, "k u"]
    expected: Float[np.ndarray, " u"]
    shift: Float[np.ndarray, " u"]
    slope: Float[np.ndarray, " u"]
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    means: tuple[Estimate, ...]
    variants: tuple[str, ...]
    n: int

    def excess(self, kind: str, over: str | None = None) -> list[Estimate]:
        """Error of every unit beyond what is expected, or beyond that of another kind of latents."""
        row = self.kinds.index(kind)
        found, low, high = (ends[row] for ends in (self.errors, self.errors_low, self.errors_high))
        if over is None:
            less, down, up = self.expected, found - low, high - found
        else:
            other = self.kinds.index(over)
            less = self.errors[other]
            # Both errors have uneven intervals: their ends are combined as squares (MOVER, Zou and Donner 2008).
            down = np.hypot(found - low, self.errors_high[other] - less)
            up = np.hypot(high - found, less - self.errors_low[other])
        rows = zip(found - less, down, up, strict=True)
        return [Estimate(value, low=value - below, high=value + above, n=self.n) for value, below, above in rows]


def passes_needed(context: Context) -> int | None:
    """The fewest latents of every kind; nothing can be said where no unit responds."""
    return len(KINDS) * FEWEST_DRAWN if context.ledger.live else None


def measure(context: Context) -> SelfConsistencyEvidence:
    """Let latents of every kind respond (IC table 2)."""
    live = context.ledger.strongest(context.ledger.live, MOST_UNITS)
    units = context.only(live)
    n = min(context.n, max(FEWEST_DRAWN, min(context.at_most(DRAWN), context.passes // len(KINDS))))
    drawn, mixed = _latents(context, n)
    responses = {kind: respond(context.model, z, batch_size=context.batch_size) for kind, z in drawn.items()}
    epsilon = max(torch.finfo(z.dtype).eps for z in (context.z, *responses.values()))
    scored: list[SelfConsistency] = [
        score_responses(
            units, drawn[kind], responses[kind], epsilon=epsilon, block=mixed.block if kind == "hybrid" else None
        )
        for kind in drawn
    ]
    agreed = {
        kind: agreement(units, drawn[kind], responses[kind], block=mixed.block if kind == "hybrid" else None)
        for kind in drawn
    }
    real: Agreement = agreed["posterior"]
    return SelfConsistencyEvidence(
        scores=np.stack([of.scores.numpy() for of in scored]),
        scores_stderr=np.stack([of.scores_stderr.numpy() for of in scored]),
        errors=np.stack([of.error.numpy() for of in agreed.values()]),
        errors_low=np.stack([of.error_low.numpy() for of in agreed.values()]),
        errors_high=np.stack([of.error_high.numpy() for of in agreed.values()]),
        expected=expected_error(units, context.codes.mean, context.codes.std).numpy(),
        shift=real.shift.numpy(),
        slope=real.slope.numpy(),
        kinds=tuple(drawn),
        labels=tuple(context.ledger.labels(live)),
        means=tuple(of.score_all for of in scored),
        variants=tuple(
            f"{of.variant}{f', {mixed.words}' if kind == 'hybrid' else ''}"
            for kind, of in zip(drawn, scored, strict=True)
        ),
        n=n,
    )


def _latents(context: Context, n: int) -> tuple[dict[str, Tensor], HybridBlocks]:
    """Draw latents of every kind, and say which hybrids depend on each other."""
    generator, units = context.generator("self-consistency"), context.variables
    order = torch.randperm(context.n, generator=generator)
    mixed = hybrid_blocks(context.z, n, generator=generator, units=units)
    drawn = {"posterior": context.z[order[:n]]}
    drawn |= {"hybrid": mixed.latents} if context.mixes else {}
    drawn["uniform"] = uniform(context.z, n, generator=generator, units=units)
    return drawn | ({"prior": prior(context.model, n, generator=generator)} if context.model.prior else {}), mixed


def judge(evidence: SelfConsistencyEvidence, context: Context) -> Judgement:
    """Compare posterior samples with what their width allows, and hybrids with posterior samples; others only tell."""
    scores = {
        kind: _score(kind, mean, variant, evidence, context)
        for kind, mean, variant in zip(evidence.kinds, evidence.means, evidence.variants, strict=True)
    }
    of_hybrids = [_finding_of_hybrids(evidence, scores)] if "hybrid" in scores else []
    return Judgement(tuple(scores.values()), (_finding(evidence, scores, context), *of_hybrids))


def _score(kind: str, mean: Estimate, variant: str, evidence: SelfConsistencyEvidence, context: Context) -> Score:
    allowed = ""
    if kind in ("posterior", "hybrid"):
        left = f"{100 * _left_by_width(evidence):.3g} %"
        allowed = f"; {left} is what the posterior's own width leaves of 100 %"
    return Score.of(
        f"consistency.self.{kind}",
        f"Self-consistency, {kind} samples",
        mean,
        "IC 2.1, mean over units that respond of 1 − E|R(z) − z|² / σ², σ² the variance of responses"
        f"{allowed}; {variant}",
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )


def _left_by_width(evidence: SelfConsistencyEvidence) -> float:
    """What the score could be at best where posteriors are so wide: below 0 it says nothing any more."""
    # E R² = a² Var z where the optimum is exact, and the expected error is (1 − a)² Var z.
    kept = 1 - np.sqrt(evidence.expected)
    return float(np.mean(1 - evidence.expected / np.maximum(kept, 1e-6) ** 2))


def _finding(evidence: SelfConsistencyEvidence, scores: dict[str, Score], context: Context) -> Finding:
    excess = evidence.excess("posterior")
    verdict = judge_family(excess, BOUNDS)
    level, guilty = verdict.level, list(verdict.named)
    worst = max(guilty or range(len(excess)), key=lambda unit: float(excess[unit]))
    error = percent_of(float(evidence.errors[evidence.kinds.index("posterior"), worst]), "the variance")
    allowed = 100 * evidence.expected[worst]
    width = f", and the posterior's own width explains {allowed:.3g} %" if allowed > 0 else ""
    told = f"Self-consistency is {listing([_say_score(kind, score) for kind, score in scores.items()])}."
    if _left_by_width(evidence) < 0:
        told = "Self-consistency says nothing of posteriors so wide: by their width alone it lies below 0."
    sentence = (
        f"Posterior samples {RETURNS[level]}: in unit {evidence.labels[worst]}, the worst, the squared error of the "
        f"response is {error}{width}. {told}"
    )
    if guilty:
        sentence += f" {_cause(evidence, guilty)}"
    finding = Finding(
        "consistency.self",
        sentence,
        level,
        tuple(score.name for score in scores.values()),
        subjects=tuple(evidence.labels[unit] for unit in guilty),
        direction="above",
        estimate=verdict.estimate,
        bounds=BOUNDS,
        remedy=_remedy(evidence, guilty, context) if guilty else None,
        settle=how_to_settle(verdict.estimate, BOUNDS),
    )
    return add_doubtful(finding, [evidence.labels[unit] for unit in verdict.doubtful])


def _say_score(kind: str, score: Score) -> str:
    """Below −100 % a latent is further from its response than from a random one, and how far says nothing more."""
    return f"{score if score.value >= -1 else 'below -100 %'} for {KINDS[kind]}"


def _parts(evidence: SelfConsistencyEvidence, units: list[int]) -> tuple[str, float]:
    """What most of the error of these units is: ``"shift"``, ``"slope"`` or ``"scatter"``, and their mean slope."""
    whole = float(evidence.errors[evidence.kinds.index("posterior"), units].sum())
    shift, slope = float(evidence.shift[units].sum()), float(evidence.slope[units].mean())
    scaling = float(np.square(evidence.slope[units] - 1).sum())
    name = max({"shift": shift, "slope": scaling, "scatter": whole - shift - scaling}.items(), key=lambda part: part[1])
    return name[0], slope


def _cause(evidence: SelfConsistencyEvidence, units: list[int]) -> str:
    who = f"unit{'s' if len(units) > 1 else ''} {listing([evidence.labels[unit] for unit in units])}"
    part, slope = _parts(evidence, units)
    return {
        "shift": f"Most of it is one shift of {who} that all samples share.",
        "slope": f"Most of it is that {who} came back at {slope:.2f} of {'their' if len(units) > 1 else 'its'} size.",
        "scatter": f"Most of it in {who} is neither a common shift nor a matter of size.",
    }[part]


def _remedy(evidence: SelfConsistencyEvidence, units: list[int], context: Context) -> str | None:
    if _parts(evidence, units)[0] == "shift":
        return "Take the mean error of the reconstructions off the decodings, or the shift off the codes."
    return "Train the encoder to return what was decoded, as objectives.AVAE does." if context.is_trainable else None


def _finding_of_hybrids(evidence: SelfConsistencyEvidence, scores: dict[str, Score]) -> Finding:
    excess = evidence.excess("hybrid", over="posterior")
    verdict = judge_family(excess, MIXED)
    estimate = verdict.estimate
    worst = max(verdict.named or range(len(excess)), key=lambda unit: float(excess[unit]))
    more = f"{percent_of(float(estimate), 'the variance')} more"
    if abs(estimate) < 10:
        more = f"{estimate.scaled(100)} % of the variance more"
    size = f"by {more} than posterior samples do in unit {evidence.labels[worst]}, the worst"
    if verdict.level == "good" and estimate < NO_MORE:
        size = "no more than posterior samples do"
    sentence = f"Hybrids, whose units come from different data, differ from their responses {size}."
    remedy = "Units are understood as they occur together, less so in new combinations: change few at a time."
    finding = Finding(
        "consistency.self.hybrid",
        sentence,
        verdict.level,
        (scores["hybrid"].name, scores["posterior"].name),
        subjects=tuple(evidence.labels[unit] for unit in verdict.named),
        direction="above",
        estimate=estimate,
        bounds=MIXED,
        remedy=remedy if verdict.named else None,
        settle=how_to_settle(estimate, MIXED),
    )
    return add_doubtful(finding, [evidence.labels[unit] for unit in verdict.doubtful])


def figures(evidence: SelfConsistencyEvidence) -> Iterator[Picture]:
    """Yield bars of every unit, a colour for each kind."""
    yield Picture(
        "bars",
        "How truly latents come back",
        "1 − squared error of the response over the variance of the responses of the unit, without any intervention: "
        "of posterior samples, of hybrids, whose units come from different data, of values spread evenly over the "
        "range of the data, and of prior samples. What falls from left to right is understood only as it occurs in "
        "data. Bars end in 95 % intervals; those cut off have their number beside them. Units that do not respond "
        "are left out. Wide posteriors shrink responses, so that 100 % is not to be reached: the scores' definitions "
        "say what is.",
        partial(
            plots.self_consistency_bars,
            dict(zip(evidence.kinds, evidence.scores, strict=True)),
            dict(zip(evidence.kinds, evidence.scores_stderr, strict=True)),
            evidence.labels,
            [False] * len(evidence.labels),
        ),
    )


QUESTION = Question(
    key="consistency.self",
    title="Self-consistency",
    text="Do latents come back as they went, and of which kind only some?",
    evidence=SelfConsistencyEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=0.5,
)
