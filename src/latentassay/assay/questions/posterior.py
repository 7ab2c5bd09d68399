"""Does the noise of q(z|x) match what the decoder tolerates?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import mildest
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED, listing, percent_of
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import exceeding, grade
from latentassay.evaluation.calibration import posterior_calibration

LEAST, MOST = 16, 128
"""Rows whose posteriors are looked at, at least and at most."""

UNITS = 128
"""Units whose noise is looked at one by one, at most; they stand for the others."""

EXCESS = Bounds(0.0, 0.01, 0.1, "share of the data's variance lost beyond what a calibrated posterior loses")
"""What noise may cost before anybody needs to care."""

WIDE = Bounds(1.0, 1.25, 2.0, "times what a calibrated posterior's noise would cost")
"""How much too wide it is."""

NARROW = Bounds(1.0, 0.67, 0.33, "of what a calibrated posterior's noise would cost")
"""How much too narrow it is."""

RESIDUAL = Bounds(0.0, 0.0025, 0.005, "share of the data's variance that the decoder leaves unexplained")
"""A decoder that leaves less asks for noise so narrow that it makes no difference."""


@dataclass(frozen=True)
class PosteriorEvidence:
    """What the noise of posteriors costs, and what it would if it were calibrated; of ``u`` units.

    Attributes:
        cost: share of the data's variance that the noise of every unit loses, ``(u,)``.
        expected: the same of a calibrated posterior, ``(u,)``.
        labels: names of these units.
        unit_ratio: the one over the other; NaN for a unit that the decoder does not read.
        residual: share of the variance lost at the means.
        total: share of the variance that samples lose beside the means.
        excess: that, without what a calibrated posterior would lose.
        ratio: cost over calibrated cost of all units.
        units: how many units there are.
        n: number of rows.
        variant: how it was measured.
    """

    cost: Float[np.ndarray, " u"]
    expected: Float[np.ndarray, " u"]
    labels: tuple[str, ...]
    unit_ratio: tuple[Estimate, ...]
    residual: Estimate
    total: Estimate
    excess: Estimate
    ratio: Estimate
    units: int
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """Posteriors that are points have no noise."""
    if not bool((context.codes.std > 0).any()):
        return None
    return min(LEAST, context.n) * _passes(context)


def _passes(context: Context) -> int:
    return min(len(context.matrix.units), UNITS) + 3


def measure(context: Context) -> PosteriorEvidence:
    """Decode means, samples, and means with one unit moved by its noise."""
    generator = context.generator("posterior calibration")
    order = torch.randperm(len(context.matrix.units), generator=generator)[:UNITS]
    units = sorted(order.tolist())
    n = context.rows_at(_passes(context), least=LEAST, most=context.at_most(MOST))
    found = posterior_calibration(
        context.model,
        context.data,
        rows=context.rows[:n],
        units=context.only(units),
        generator=generator,
        batch_size=context.batch_size,
    )
    return PosteriorEvidence(
        cost=found.unit_cost.numpy(),
        expected=found.unit_expected.numpy(),
        labels=tuple(context.ledger.labels(units)),
        unit_ratio=found.unit_ratio,
        residual=found.residual,
        total=found.cost,
        excess=found.excess,
        ratio=found.ratio,
        units=len(context.matrix.units),
        n=found.n,
        variant=found.variant,
    )


def judge(evidence: PosteriorEvidence, context: Context) -> Judgement:
    """Say whether the noise is wider or narrower than the decoder's error justifies."""
    scores = _scores(evidence, context)
    if evidence.residual >= 1 or not np.isfinite(evidence.ratio):
        return Judgement(scores, (_unjudged_finding(evidence),))
    wide, narrow = _wide_finding(evidence, context), _narrow_finding(evidence, context)
    found = tuple(finding for finding in (wide, narrow) if finding.level != "good")
    return Judgement(scores, found or (_good_finding(evidence),))


def _scores(evidence: PosteriorEvidence, context: Context) -> tuple[Score, ...]:
    named = (
        (
            "ratio",
            "Cost of the noise over a calibrated one's",
            evidence.ratio,
            "Σ_j cost of unit j over η² Σ_j (1 − s_j²)",
            "",
        ),
        ("cost", "Variance lost to the noise", evidence.total, "E‖D(z) − D(μ)‖² / Var x with z ~ q(z|x)", "%"),
        ("excess", "of which beyond a calibrated one's", evidence.excess, "that, without η² k / Var x", "%"),
        ("residual", "Variance lost at the means", evidence.residual, "E‖x − D(μ)‖² / Var x", "%"),
    )
    return tuple(
        Score.of(
            f"posterior.{name}",
            label,
            value,
            f"{definition}; {evidence.variant}",
            n=evidence.n,
            seed=context.seed,
            unit=unit,
        )
        for name, label, value, definition, unit in named
    )


def _units_beyond(evidence: PosteriorEvidence, bounds: Bounds, costs: np.ndarray) -> tuple[str, ...]:
    """Units whose ratio lies beyond doubt on the bad side, and that matter; those that cost most first."""
    known = [k for k, ratio in enumerate(evidence.unit_ratio) if np.isfinite(ratio)]
    beyond = exceeding([evidence.unit_ratio[k] for k in known], bounds.serious, bounds.direction)
    guilty = [k for k, out in zip(known, beyond, strict=True) if out and costs[k] >= EXCESS.negligible / len(costs)]
    return tuple(evidence.labels[k] for k in sorted(guilty, key=lambda k: -costs[k]))


def _among(units: Sequence[str]) -> str:
    if not units:
        return ""
    shown = list(units[:LISTED])
    more = f" and {len(units) - LISTED} more" if len(units) > LISTED else ""
    return (
        f" (unit {units[0]})" if len(units) == 1 else f" (units {', '.join(shown) + more if more else listing(shown)})"
    )


def _wide_finding(evidence: PosteriorEvidence, context: Context) -> Finding:
    estimate, bounds = mildest((evidence.excess, EXCESS), (evidence.ratio, WIDE))
    level = grade(estimate, bounds)
    subjects = _units_beyond(evidence, WIDE, evidence.cost - evidence.expected) if level in ("warning", "note") else ()
    beta = f", as training with β = {evidence.ratio:.2g} would do" if context.has_prior else ""
    sentence = (
        f"Posterior noise{_among(subjects)} costs {evidence.ratio} times what the decoder's squared error "
        f"justifies{beta}: {evidence.total.scaled(100)} % of the variance is lost to it, "
        f"{evidence.excess.scaled(100)} % more than to a calibrated posterior."
    )
    remedy = "Lower β by that factor, or let the decoder learn its noise variance."
    return Finding(
        "posterior.underconfident",
        sentence,
        level,
        ("posterior.ratio", "posterior.excess"),
        subjects=subjects,
        direction="above",
        estimate=estimate,
        bounds=bounds,
        remedy=remedy if level == "warning" and context.has_prior and context.is_trainable else None,
        settle=how_to_settle(estimate, bounds),
        brief="posteriors are wider than the decoder's error justifies" if level == "warning" else None,
    )


def _narrow(context: Context) -> Bounds:
    """Only a model with a prior has promised that its noise means something; without one it is never serious."""
    return NARROW if context.has_prior else NARROW._replace(serious=0.0)


def _narrow_finding(evidence: PosteriorEvidence, context: Context) -> Finding:
    estimate, bounds = mildest((evidence.residual, RESIDUAL), (evidence.ratio, _narrow(context)))
    level = grade(estimate, bounds)
    subjects = _units_beyond(evidence, NARROW, evidence.expected) if level in ("warning", "note") else ()
    calibrated = 100 * (evidence.total - evidence.excess)
    sentence = (
        f"Posterior noise{_among(subjects)} costs {evidence.ratio} times what the decoder's squared error would justify"
        f": means lose {evidence.residual.scaled(100)} % of the variance, samples {evidence.total.scaled(100)} % more, "
        f"where a calibrated posterior would lose {calibrated:.3g} %. Codes claim to be surer than they are."
    )
    remedy = f"Raise β towards {1 / evidence.ratio:.2g} times what it is, or let the decoder learn its noise variance."
    return Finding(
        "posterior.overconfident",
        sentence,
        level,
        ("posterior.ratio", "posterior.residual"),
        subjects=subjects,
        direction="below",
        estimate=estimate,
        bounds=bounds,
        remedy=remedy if level == "warning" and context.has_prior and context.is_trainable else None,
        settle=how_to_settle(estimate, bounds),
        brief="posteriors are narrower than the decoder's error justifies" if level == "warning" else None,
    )


def _unjudged_finding(evidence: PosteriorEvidence) -> Finding:
    sentence = (
        f"Whether posterior noise fits was not judged: means lose "
        f"{percent_of(float(evidence.residual), 'the variance')}, so that what they miss is no noise of the decoder's."
    )
    return Finding("posterior", sentence, "note", ("posterior.residual",))


def _good_finding(evidence: PosteriorEvidence) -> Finding:
    """Both sides are negligible: say which of the two reasons holds."""
    if grade(evidence.ratio, WIDE) == grade(evidence.ratio, NARROW) == "good":
        sentence = f"Posterior noise is as wide as the decoder's error justifies: it costs {evidence.ratio} times that."
        return Finding("posterior", sentence, "good", ("posterior.ratio",), estimate=evidence.ratio, bounds=WIDE)
    estimate, bounds = mildest((evidence.excess, EXCESS), (evidence.ratio, WIDE))
    sentence = (
        f"Posterior noise makes little difference: {evidence.total.scaled(100)} % of the variance is lost to it, and "
        f"{evidence.residual.scaled(100)} % without it."
    )
    return Finding(
        "posterior", sentence, "good", ("posterior.cost", "posterior.residual"), estimate=estimate, bounds=bounds
    )


def figures(evidence: PosteriorEvidence) -> Iterator[Picture]:
    """Yield the cost of every unit's noise."""
    yield Picture(
        "costs",
        "What the noise of every unit costs",
        "Share of the data's variance that is lost where one unit alone is drawn from its posterior, and a line where "
        "the best posterior for this decoder and its error would lie. Bars above their lines are noise wider than "
        "that; units without a bar are not read by the decoder, or are nearly without noise.",
        partial(plots.noise_costs, evidence.cost, evidence.expected, evidence.labels),
    )


QUESTION = Question(
    key="posterior",
    title="Posterior calibration",
    text="Does the noise of the posterior match what the decoder tolerates?",
    evidence=PosteriorEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
