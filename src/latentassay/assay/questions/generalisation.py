"""Does the model know its training rows by heart?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import mildest
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Bounds, Finding, Picture, Score
from latentassay.core.levels import grade
from latentassay.core.observations import Observations
from latentassay.evaluation.generalisation import Gap, generalisation_gap, shared_rows
from latentassay.sampling import decode, encode

LEAST = 32
"""Rows of each kind, at least."""

UNSEEN = 16
"""Of the assayed rows so many must be no training rows."""

RATIO = Bounds(1.0, 1.25, 2.0, "times the error of training rows")
"""How much worse other rows may be reconstructed."""

COST = Bounds(0.0, 1e-7, 1e-6, "share of the variance that is lost of other rows, but not of training rows")
"""Where that is next to nothing, a ratio of errors is of no interest."""

SHARED = Bounds(0.0, 0.04, 0.05, "share of the assayed rows")
"""How many of the assayed rows may be training rows."""

SEARCHED = 20_000
"""Training rows that are looked among, at most; of more, so many drawn ones stand for all."""

REPEATS = 0.01
"""If more of the training rows repeat each other, rows are alike by chance."""


@dataclass(frozen=True)
class GeneralisationEvidence:
    """Errors of training rows and others, and which of the others are training rows.

    Attributes:
        train_error: mean squared error of training rows, ``(m,)``.
        other_error: of assayed rows that are no training rows, ``(k,)``.
        ratio: mean of the second over that of the first; ``None`` where too few assayed rows are no training rows.
        difference: share of the variance that is lost of the second, but not of the first; ``None`` likewise.
        train: share of the variance of training rows that is lost; ``None`` likewise.
        other: of the others; ``None`` likewise.
        shared: share of assayed rows that are training rows.
        repeats: share of training rows that repeat others.
    """

    train_error: Float[np.ndarray, " m"]
    other_error: Float[np.ndarray, " k"]
    ratio: Estimate | None
    difference: Estimate | None
    train: Estimate | None
    other: Estimate | None
    shared: Estimate
    repeats: float


def passes_needed(context: Context) -> int | None:
    """Training rows must be given; a few of them, and as many others, are reconstructed."""
    return None if context.train is None else 2 * LEAST


def measure(context: Context) -> GeneralisationEvidence | None:
    """Reconstruct training rows and others, and look for the others among the training rows."""
    train = context.train
    if train is None:
        return None
    generator = context.generator("generalisation")
    drawn = torch.randperm(len(train), generator=generator)
    searched = drawn[:SEARCHED]
    found = shared_rows(context.data, train, rows=context.rows, other_rows=searched, generator=generator)
    n = context.rows_at(2, least=LEAST, most=context.n)
    unseen, seen = context.rows[torch.from_numpy(~found.mask)][:n], drawn[:n]
    train_error, train_spread = _errors(context, train, seen)
    other_error, other_spread = _errors(context, context.data, unseen)
    gap: Gap | None = None
    if len(unseen) >= UNSEEN and len(seen) >= UNSEEN:
        gap = generalisation_gap(train_error, train_spread, other_error, other_spread)
    return GeneralisationEvidence(
        train_error=train_error.numpy(),
        other_error=other_error.numpy(),
        ratio=gap and gap.ratio,
        difference=gap and gap.difference,
        train=gap and gap.train,
        other=gap and gap.other,
        shared=_of_all(found.share, len(searched) / len(train)),
        repeats=found.repeats,
    )


def _of_all(share: Estimate, searched: float) -> Estimate:
    """The share of rows that are among all training rows, of the share that is among this part of them."""
    value, low, high = (min(1.0, (end or 0.0) / searched) for end in (share, share.low, share.high))
    return Estimate(value, low=low, high=high, n=share.n)


def _errors(context: Context, data: Observations, rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean squared error of every row, and its mean squared distance to the mean of all."""
    parts = [rows[start : start + context.batch_size] for start in range(0, len(rows), context.batch_size)]
    centre = sum((data.batch(part).double().sum(0) for part in parts), torch.zeros(())) / max(1, len(rows))
    error, spread = [torch.zeros(0).double()], [torch.zeros(0).double()]
    for part in parts:
        x = data.batch(part)
        decoded = decode(context.model, encode(context.model, data, rows=part).mean, batch_size=context.batch_size)
        error.append((x - decoded).double().square().flatten(1).mean(1))
        spread.append((x.double() - centre).square().flatten(1).mean(1))
    return torch.cat(error), torch.cat(spread)


def judge(evidence: GeneralisationEvidence, context: Context) -> Judgement:
    """Say whether training rows are reconstructed better, and whether training rows were assayed."""
    scores = [
        Score.of(
            "generalisation.same_rows",
            "Assayed rows that are training rows",
            evidence.shared,
            "share of the assayed rows that are found among the training rows, up to rounding",
            n=context.n,
            seed=context.seed,
            unit="%",
        )
    ]
    findings = [_same_rows_finding(evidence)]
    if evidence.ratio is not None and evidence.difference is not None:
        scores.append(_ratio_score(evidence, evidence.ratio, context))
        findings.insert(0, _gap_finding(evidence, evidence.ratio, evidence.difference, context))
    kept = [finding for finding in findings if finding.level != "good" or finding.key == "generalisation.gap"]
    return Judgement(tuple(scores), tuple(kept or findings))


def _ratio_score(evidence: GeneralisationEvidence, ratio: Estimate, context: Context) -> Score:
    return Score.of(
        "generalisation.gap",
        "Error of other rows over that of training rows",
        ratio,
        f"ratio of mean squared errors ‖x − D(E(x))‖², {len(evidence.other_error)} rows that are no training rows over "
        f"{len(evidence.train_error)} that are",
        n=len(evidence.other_error),
        seed=context.seed,
    )


def _gap_finding(evidence: GeneralisationEvidence, ratio: Estimate, difference: Estimate, context: Context) -> Finding:
    estimate, bounds = mildest((ratio, RATIO), (difference, COST))
    level = grade(estimate, bounds)
    numbers = f"{ratio} times the error of training rows"
    if evidence.train is not None and evidence.other is not None:
        lost = f"{evidence.other.scaled(100)} % of their variance is lost, {evidence.train.scaled(100)} % of that of"
        numbers = f"{numbers} ({lost} training rows)"
    sentence = {
        "good": f"The model treats other rows as it does training rows: they have {numbers}.",
        "note": f"Training rows are reconstructed somewhat better than others, which have {numbers}.",
        "unsure": f"Whether training rows are known by heart is not sure: others have {numbers}.",
    }.get(level, f"The model has memorised its training rows: others have {numbers}.")
    grave = level in ("warning", "problem")
    return Finding(
        "generalisation.gap",
        sentence,
        level,
        ("generalisation.gap",),
        direction="above",
        estimate=estimate,
        bounds=bounds,
        remedy="More data narrows that, and so do early stopping and weight decay."
        if grave and context.is_trainable
        else None,
        settle=how_to_settle(estimate, bounds),
        brief="training rows are memorised" if grave else None,
    )


def _same_rows_finding(evidence: GeneralisationEvidence) -> Finding:
    if evidence.repeats > REPEATS:
        sentence = (
            f"Whether assayed rows are training rows cannot be told: {100 * evidence.repeats:.2g} % of the training "
            "rows repeat others of them, so that rows are alike by chance."
        )
        return Finding("generalisation.same_rows", sentence, "note", ("generalisation.same_rows",))
    level = grade(evidence.shared, SHARED)
    share = f"{evidence.shared.scaled(100)} % of the assayed rows are among the training rows"
    remedy = "Assay rows that were held out: what is said of these does not hold for others."
    return Finding(
        "generalisation.same_rows",
        f"{share}." if level != "unsure" else f"It is not sure how many assayed rows are training rows: {share}.",
        level,
        ("generalisation.same_rows",),
        direction="above",
        estimate=evidence.shared,
        bounds=SHARED,
        remedy=remedy if level in ("warning", "problem") else None,
        settle=how_to_settle(evidence.shared, SHARED),
        brief="the assayed rows are training rows" if level in ("warning", "problem") else None,
    )


def figures(evidence: GeneralisationEvidence) -> Iterator[Picture]:
    """Yield the errors of both kinds of rows."""
    errors = {"training rows": evidence.train_error, "other rows": evidence.other_error}
    yield Picture(
        "errors",
        "Errors of training rows and of others",
        "Share of the rows that are reconstructed with at most so large an error. A model that has memorised its "
        "training rows has two lines far apart; assayed rows that are training rows are left out of the others.",
        partial(plots.error_shares, {name: values for name, values in errors.items() if len(values)}),
    )


QUESTION = Question(
    key="generalisation",
    title="Training rows and others",
    text="Does the model know its training rows by heart?",
    evidence=GeneralisationEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
