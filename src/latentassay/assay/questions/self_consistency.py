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
from latentassay.assay.interventions import MOST_UNITS
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import listing, minus
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.responses import self_consistency
from latentassay.sampling import hybrid, prior, uniform

DRAWN = 256
"""Latents of each kind, at most."""

FEWEST_DRAWN = 32
"""And at least."""

GOOD = 0.9
"""Self-consistency of posterior samples and hybrids from which it is good."""

FAIR = {"posterior": 0.7, "hybrid": 0.5}
"""And from which there is no warning."""

KINDS = {"posterior": "posterior samples", "hybrid": "hybrids", "uniform": "uniform ones", "prior": "the prior's"}
"""Where latents come from, in the order of the bars, and what sentences call them."""


@dataclass(frozen=True)
class SelfConsistencyEvidence:
    """Agreement of latents with their responses, for ``k`` kinds of latents and ``u`` units that are not collapsed.

    Attributes:
        scores: 1 − E|R(z) − z|² / σ² by kind and unit, ``(k, u)``.
        scores_stderr: its standard error.
        kinds: where the latents of every row come from.
        labels: name of every unit.
        means: mean over units that are not collapsed, one of every kind; ``None`` where all are.
        variants: how each was measured.
        n: latents of each kind.
    """

    scores: Float[np.ndarray, "k u"]
    scores_stderr: Float[np.ndarray, "k u"]
    kinds: tuple[str, ...]
    labels: tuple[str, ...]
    means: tuple[Estimate | None, ...]
    variants: tuple[str, ...]
    n: int


def passes_needed(context: Context) -> int | None:
    """The fewest latents of every kind; nothing can be said where no unit is alive."""
    return len(KINDS) * FEWEST_DRAWN if context.causal.dimension else None


def measure(context: Context) -> SelfConsistencyEvidence | None:
    """Let latents of every kind respond (IC table 2)."""
    live = _live(context)
    if not live:
        return None
    n = min(context.n, max(FEWEST_DRAWN, min(DRAWN, context.passes // len(KINDS))))
    found = {
        kind: self_consistency(context.model, z, units=context.only(live), batch_size=context.batch_size)
        for kind, z in _latents(context, n).items()
    }
    return SelfConsistencyEvidence(
        scores=np.stack([of.scores.numpy() for of in found.values()]),
        scores_stderr=np.stack([of.scores_stderr.numpy() for of in found.values()]),
        kinds=tuple(found),
        labels=tuple(context.labels[unit] for unit in live),
        means=tuple(of.score for of in found.values()),
        variants=tuple(of.variant for of in found.values()),
        n=n,
    )


def _live(context: Context) -> list[int]:
    """Units that are not collapsed, as interventions have shown, or that are alive where none were made."""
    # A collapsed unit has no spread to be divided by, so its self-consistency would be noise.
    known = context.found.get("consistency.invariance")
    if known is None:
        return context.strongest(context.causal.active, MOST_UNITS)
    return [int(unit) for unit in known.units[~known.collapsed]]


def _latents(context: Context, n: int) -> dict[str, Tensor]:
    """Draw latents of every kind."""
    generator, units = context.generator("self-consistency"), context.matrix.units
    order = torch.randperm(context.n, generator=generator)
    drawn = {
        "posterior": context.z[order[:n]],
        "hybrid": hybrid(context.z, n, generator=generator, units=units),
        "uniform": uniform(context.z, n, generator=generator, units=units),
    }
    return drawn | ({"prior": prior(context.model, n, generator=generator)} if context.model.prior else {})


def judge(evidence: SelfConsistencyEvidence, context: Context) -> Judgement:
    """Compare the kinds of latents; what is not recognised even on data is graver than what is not beside them."""
    scores = {
        kind: _score(kind, mean, variant, evidence, context)
        for kind, mean, variant in zip(evidence.kinds, evidence.means, evidence.variants, strict=True)
        if mean is not None
    }
    if not set(FAIR) <= set(scores):
        return Judgement(tuple(scores.values()))
    return Judgement(tuple(scores.values()), (_finding(scores),))


def _score(kind: str, mean: Estimate, variant: str, evidence: SelfConsistencyEvidence, context: Context) -> Score:
    return Score.of(
        f"consistency.self.{kind}",
        f"Self-consistency, {kind} samples",
        mean,
        f"IC 2.1, mean over units that are not collapsed of 1 − E|R(z) − z|² / σ²; {variant}",
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )


def _finding(scores: dict[str, Score]) -> Finding:
    level: Level = "good" if min(scores[kind].value for kind in FAIR) >= GOOD else "note"
    if any(scores[kind].value < fair for kind, fair in FAIR.items()):
        level = "warning"
    agreement = listing([f"{score} for {KINDS[kind]}" for kind, score in scores.items()])
    sentence = f"Latents come back as they went at {agreement} (self-consistency)."
    remedy = None
    if level != "good" and _is_less(scores["hybrid"], scores["posterior"]):
        remedy = "Units are understood as they occur together, less so in new combinations: change few at a time."
    elif level != "good":
        remedy = "Train longer, or with objectives.AVAE, which asks for this."
    names = tuple(score.name for score in scores.values())
    return Finding("consistency.self", minus(sentence), level, names, remedy=remedy)


def _is_less(first: Score, second: Score) -> bool:
    """Whether the intervals of both say so."""
    return first.high is not None and second.low is not None and first.high < second.low


def figures(evidence: SelfConsistencyEvidence) -> Iterator[Picture]:
    """Yield bars of every unit, a colour for each kind."""
    yield Picture(
        "bars",
        "How truly latents come back",
        "1 − squared error of the response over the variance of the unit, without any intervention: of posterior "
        "samples, of hybrids, whose units come from different data, of values spread evenly over the range of the "
        "data, and of prior samples. What falls from left to right is understood only as it occurs in data. Bars end "
        "in 95 % intervals; those cut off have their number beside them. Collapsed units are left out.",
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
