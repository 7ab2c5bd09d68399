"""How much of the data comes back, and is what does not a constant, or columns that are small beside others?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.residuals import Parts, sum_residuals, take_apart
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import LISTED, listing
from latentassay.core.autoencoder import HasCodebook
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.core.levels import GRAVE, Bounds, exceeding, grade
from latentassay.metrics.quality.reconstruction import reconstruction_of
from latentassay.sampling import decode

PICTURES = 12
"""Observations that are shown beside their reconstructions."""

KEPT = Bounds(1.0, 0.9, 0.6, "share of the variance of the data that reconstructions keep", problem=0.1)
"""What of the variance is kept: below 10 % a model says little more than the mean of the data."""

CONSTANT = Bounds(0.0, 0.01, 0.05, "share of the variance of the data; 5 % are 0.22 standard deviations of every value")
"""How large a constant may be in what reconstructions miss."""

DROWNED = Bounds(0.0, 0.1, 0.4, "share kept of all variance, less the mean of what every column keeps of its own")
"""How far the variance kept of all may exceed that kept of a mean column on its own scale."""

COLUMN_OFF = Bounds(0.0, 0.2, 0.4, "standard deviations of the column that its reconstructions are off by")
"""And how far a single column of a table may be off, which may be little of the variance of all."""

EVENLY = 0.5
"""A column is kept, or lost, if more, or less, than this share of its own variance comes back, beyond doubt."""

SOUND = 0.3
"""Without the constant a model must keep this share of the variance, or else the constant is not what is wrong."""

NO_WORSE = 1.01
"""And a column must not be worse than its mean, which is an error of 1; rounding and a few odd rows are forgiven."""

MATTERS = 0.1
"""And the constant must be this share of the squared error."""

ADD_BACK = (
    "Look for what is added or left out after the decoder, such as the bias of its last layer or the mean of the "
    "training data, or add the mean residual to every decoding."
)
"""What to do about a constant."""


@dataclass(frozen=True)
class ReconstructionEvidence:
    """Errors of all rows, what they consist of, and a few of them to look at.

    Attributes:
        originals: a few observations, ``(k, *x_shape)``.
        reconstructions: what the model makes of them, ``(k, *x_shape)``.
        error: mean squared error of every row, ``(n,)``.
        explained: share of the variance that comes back, in [−∞, 1].
        mse: mean squared error over rows and values.
        constant: squared mean residual as a share of the variance of the data.
        constant_of_error: the same as a share of the mean squared error.
        kept_without_constant: share of the variance that reconstructions would keep without it.
        bias: mean residual in standard deviations of the column (or channel), ``x_shape``.
        bias_stderr: its standard error.
        column_share: share of the variance in every column of a table or channel of a picture, ``(g,)``.
        column_kept: share of its own variance that each keeps, ``(g,)``; NaN where it has none.
        column_kept_stderr: its standard error.
        mean_kept: mean of ``column_kept`` over columns, at least 0 each.
        drowned: ``explained`` less ``mean_kept``.
        largest: share of the variance in the column that holds most.
        few: fewest columns that hold 95 % of the variance.
    """

    originals: Float[np.ndarray, "k *x_shape"]
    reconstructions: Float[np.ndarray, "k *x_shape"]
    error: Float[np.ndarray, " n"]
    explained: Estimate
    mse: Estimate
    constant: Estimate
    constant_of_error: Estimate
    kept_without_constant: Estimate
    bias: Float[np.ndarray, "*x_shape"]
    bias_stderr: Float[np.ndarray, "*x_shape"]
    column_share: Float[np.ndarray, " g"]
    column_kept: Float[np.ndarray, " g"]
    column_kept_stderr: Float[np.ndarray, " g"]
    mean_kept: Estimate
    drowned: Estimate
    largest: Estimate
    few: int


def measure(context: Context) -> ReconstructionEvidence:
    """Decode the codes of all rows, after a pass over the data for their mean; pictures are never all in memory."""
    starts = range(0, context.n, context.batch_size)
    parts = [slice(start, start + context.batch_size) for start in starts]
    mean = sum((context.x(part).double().sum(0) for part in parts), torch.zeros(())) / context.n
    error: list[Tensor] = []
    spread: list[Tensor] = []

    def pairs() -> Iterator[tuple[Tensor, Tensor]]:
        for part in parts:
            x, decoded = context.x(part), decode(context.model, context.codes.mean[part], batch_size=context.batch_size)
            error.append((x - decoded).double().square().flatten(1).mean(1))
            spread.append((x.double() - mean).square().flatten(1).mean(1))
            yield x, decoded

    taken = take_apart(sum_residuals(pairs(), mean, context.n))
    found = reconstruction_of(torch.cat(error), torch.cat(spread))
    return ReconstructionEvidence(
        originals=context.x(slice(PICTURES)).numpy(),
        reconstructions=decode(context.model, context.codes.mean[:PICTURES]).numpy(),
        error=found.per_sample.numpy(),
        explained=found.explained,
        mse=found.mse,
        constant=taken.constant,
        constant_of_error=taken.constant_of_error,
        kept_without_constant=taken.kept_without_constant,
        **_arrays(taken, tuple(mean.shape)),
        mean_kept=taken.mean_kept,
        drowned=taken.drowned,
        largest=taken.largest,
        few=taken.few,
    )


def _arrays(parts: Parts, x_shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {
        "bias": parts.bias.view(x_shape).numpy(),
        "bias_stderr": parts.bias_stderr.view(x_shape).numpy(),
        "column_share": parts.column_share.numpy(),
        "column_kept": parts.column_kept.numpy(),
        "column_kept_stderr": parts.column_kept_stderr.numpy(),
    }


SCORES: dict[str, tuple[str, str, str]] = {
    "explained": ("Variance explained", "1 − Σ(x − x̂)² / Σ(x − x̄)² with x̂ = D(E(x)), both mean coder outputs", "%"),
    "mse": ("Mean squared error", "mean over rows and values of (x − x̂)²", ""),
    "constant": (
        "Constant error",
        "‖E[x − x̂]‖² / Σ Var x, the numerator from products of residuals of different rows; jackknife over blocks",
        "%",
    ),
    "mean_kept": (
        "Variance explained, mean over columns",
        "mean over columns (channels of pictures) of max(0, 1 − Σ(x − x̂)² / Σ(x − x̄)²) in each; jackknife over blocks",
        "%",
    ),
}
"""Field of the evidence → label, definition and unit of its score."""


def judge(evidence: ReconstructionEvidence, context: Context) -> Judgement:
    """Say how much of the variance is kept, and what kind of thing is not."""
    scores = tuple(
        Score.of(
            f"reconstruction.{name}", label, getattr(evidence, name), definition, n=n, seed=context.seed, unit=unit
        )
        for n in (context.n,)
        for name, (label, definition, unit) in SCORES.items()
    )
    constant, columns = _constant_finding(evidence), _columns_finding(evidence, context)
    findings = (_kept_finding(evidence, context, [constant, columns]), constant, columns)
    return Judgement(scores, tuple(finding for finding in findings if finding))


def _kept_finding(evidence: ReconstructionEvidence, context: Context, causes: list[Finding | None]) -> Finding:
    level = grade(evidence.explained, KEPT)
    named = any(cause and cause.is_grave for cause in causes)
    return Finding(
        "reconstruction.kept",
        _say_kept(evidence.explained),
        level,
        ("reconstruction.explained",),
        direction="below" if level in GRAVE else None,
        estimate=evidence.explained,
        bounds=KEPT,
        remedy=None if named or level in ("good", "unsure") else _remedy(context),
        settle=how_to_settle(evidence.explained, KEPT),
        brief=_brief(evidence.explained),
    )


def _say_kept(kept: Estimate) -> str:
    """Below 0 the mean of the data would be a better reconstruction."""
    if kept < 0:
        lost = Estimate(1 - kept, stderr=kept.stderr)
        return (
            f"Reconstructions keep nothing of the data: their squared error is {lost} times the variance of the data."
        )
    return f"Reconstructions keep {kept.scaled(100)!s} % of the variance of the data."


def _brief(kept: Estimate) -> str:
    if kept < 0:
        return "reconstructions keep nothing of the data"
    share = f"{math.floor(1000 * kept) / 10:.1f}" if kept > 0.99 else f"{100 * kept:.0f}"
    return f"reconstructions keep {share} % of the variance"


def _remedy(context: Context) -> str | None:
    """Whoever cannot train the model is told nothing of training, and more units help only where all are in use."""
    if not context.is_trainable:
        return None
    live = len(context.ledger.live)
    if not live:
        return None  # why no unit is alive is said of the units
    if isinstance(context.model, HasCodebook):
        return "Give the codes more entries, or more places: what is lost is a matter of bits."
    if live == len(context.matrix.units):
        return "Give the latent more units: all of them are in use."
    return "Lower β if it is above 1: not all units are in use." if context.has_prior else None


def _constant_finding(evidence: ReconstructionEvidence) -> Finding | None:
    """Name a constant, but only where it is what is wrong: the reconstructions would do without it."""
    if not (evidence.kept_without_constant.low or 0.0) > SOUND:
        return None
    columns = _columns_off(evidence)
    if evidence.constant_of_error > MATTERS and grade(evidence.constant, CONSTANT) != "good":
        effect, bounds = evidence.constant, CONSTANT
    elif columns:
        # A column may be far off that holds little of the variance.
        effect, bounds = _off(evidence, columns[0]), COLUMN_OFF
    else:
        return None
    level = grade(effect, bounds)
    if level not in GRAVE and columns and grade(_off(evidence, columns[0]), COLUMN_OFF) in GRAVE:
        effect, bounds = _off(evidence, columns[0]), COLUMN_OFF
        level = grade(effect, bounds)
    grave = level in GRAVE
    if level == "note" and bounds is COLUMN_OFF and grade(evidence.constant, CONSTANT) == "good":
        return None
    return Finding(
        "reconstruction.bias",
        _say_constant(evidence, level, columns),
        level,
        ("reconstruction.constant",),
        subjects=tuple(map(str, sorted(columns))),
        direction="above" if grave else None,
        estimate=effect,
        bounds=bounds,
        remedy=ADD_BACK if grave else None,
        settle=how_to_settle(effect, bounds),
        brief="reconstructions are off by a constant" if grave else None,
    )


def _say_constant(evidence: ReconstructionEvidence, level: Level, columns: list[int]) -> str:
    words = {"unsure": "are perhaps off by a constant", "note": "are a little off by a constant"}
    share = f"{evidence.constant.scaled(100)!s} % of the variance of the data"
    return (
        f"Reconstructions {words.get(level, 'are off by a constant')}: the squared mean of x − D(E(x)) is {share} and "
        f"{100 * evidence.constant_of_error:.0f} % of the squared error; without it "
        f"{evidence.kept_without_constant.scaled(100)} % of the variance would be kept.{_say_off(evidence, columns)}"
    )


def _off(evidence: ReconstructionEvidence, column: int) -> Estimate:
    """By how many of its standard deviations a column is off, to either side."""
    value, stderr = abs(float(evidence.bias[column])), float(evidence.bias_stderr[column])
    low, high = max(0.0, value - Z95 * stderr), value + Z95 * stderr
    return Estimate(value, low=low, high=high, stderr=stderr, n=len(evidence.error))


def _columns_off(evidence: ReconstructionEvidence) -> list[int]:
    """Columns of a table that are off for sure, the worst first; pictures have too many values to name."""
    if evidence.bias.ndim != 1:
        return []
    # Where the constant is but a part of what a column misses, something else is wrong with it: pixels at the border
    # that are nearly always 0 are drawn a little grey, which is many of their standard deviations.
    lost, constant = np.where(np.isfinite(evidence.column_kept), 1 - evidence.column_kept, 0.0), evidence.bias**2
    matters = (constant > MATTERS * lost) & (lost - constant < NO_WORSE)
    sure = exceeding([_off(evidence, column) for column in range(len(matters))], COLUMN_OFF.negligible)
    named = np.flatnonzero(np.array(sure) & matters).tolist()
    return sorted(named, key=lambda column: -abs(float(evidence.bias[column])))


def _say_off(evidence: ReconstructionEvidence, columns: list[int]) -> str:
    if not columns:
        return ""
    # The residual is x − D(E(x)): what reconstructions have too much of is what it has too little of.
    named = listing([f"{column} ({-evidence.bias[column]:+.2g})" for column in columns[:LISTED]])
    are = "Column" if len(columns) == 1 else "Columns"
    by = "are off by this many of their" if len(columns) > 1 else "is off by this many of its"
    return f" {are} {named}{' …' if len(columns) > LISTED else ''} {by} standard deviations."


def _columns_finding(evidence: ReconstructionEvidence, context: Context) -> Finding | None:
    """Where few columns hold nearly all of the variance, say what becomes of the others."""
    varying = np.flatnonzero(evidence.column_share > 0)
    if len(varying) < 2 or evidence.few > max(1, len(varying) // 4):
        return None
    level = grade(evidence.drowned, DROWNED)
    pairs = zip(evidence.column_kept[varying].tolist(), evidence.column_kept_stderr[varying].tolist(), strict=True)
    each = [Estimate(value, stderr=stderr) for value, stderr in pairs]
    lost, kept = (varying[exceeding(each, EVENLY, side)] for side in ("below", "above"))
    grave = level in GRAVE
    return Finding(
        "reconstruction.columns",
        f"{_holders(evidence)} of the data, so that what is kept of all says little of the others. Each on its own "
        f"scale, {len(kept)} of {len(varying)} {_word(evidence)}s keep more than half of their variance, "
        f"{_say_lost(lost)}; the mean of what they keep is {evidence.mean_kept.scaled(100)} %.",
        level,
        ("reconstruction.mean_kept", "reconstruction.explained"),
        subjects=tuple(map(str, lost.tolist())) if grave else (),
        direction="above" if grave else None,
        estimate=evidence.drowned,
        bounds=DROWNED,
        remedy=f"Train on standardised {_word(evidence)}s if all of them count."
        if grave and context.is_trainable
        else None,
        settle=how_to_settle(evidence.drowned, DROWNED),
    )


def _word(evidence: ReconstructionEvidence) -> str:
    return "column" if evidence.bias.ndim == 1 else "channel"


def _holders(evidence: ReconstructionEvidence) -> str:
    """Which columns hold nearly all of the variance."""
    order = np.argsort(-evidence.column_share)[: evidence.few].tolist()
    if evidence.few == 1:
        return f"{_word(evidence).capitalize()} {order[0]} alone holds {_percent(evidence.largest)} of the variance"
    named = listing([str(column) for column in sorted(order)]) if len(order) <= LISTED else f"{len(order)}"
    return (
        f"{_word(evidence).capitalize()}s {named} hold {_percent(evidence.column_share[order].sum())} of the variance"
    )


def _percent(share: float) -> str:
    return "more than 99.9 %" if share > 0.999 else f"{100 * share:.1f} %"


def _say_lost(lost: np.ndarray) -> str:
    if not len(lost):
        return "none is lost for sure"
    named = ", ".join(map(str, lost[:LISTED].tolist())) + (" …" if len(lost) > LISTED else "")
    return f"{len(lost)} {'loses' if len(lost) == 1 else 'lose'} more than that ({named})"


def figures(evidence: ReconstructionEvidence) -> Iterator[Picture]:
    """Yield pairs of observations, and the histogram of errors."""
    yield Picture(
        "pairs",
        "Data and reconstructions",
        "Held-out data above what the model makes of them.",
        partial(plots.reconstruction_pairs, evidence.originals, evidence.reconstructions),
    )
    yield Picture(
        "errors",
        "Error of every sample",
        "A long tail means that some kinds of data are reconstructed much worse than most.",
        partial(plots.error_histogram, evidence.error),
    )


QUESTION = Question(
    key="reconstruction",
    title="Reconstruction",
    text="How much of the data comes back, and what does not?",
    evidence=ReconstructionEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
)
