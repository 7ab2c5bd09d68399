"""How much of the data comes back?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.metrics.quality.reconstruction import Reconstruction, reconstruction_of
from latentassay.sampling import decode

PICTURES = 12
"""Observations that are shown beside their reconstructions."""

GOOD, FAIR = 0.9, 0.6
"""Shares of the variance from which reconstructions are good, and no warning."""


@dataclass(frozen=True)
class ReconstructionEvidence:
    """Errors of all rows, and a few of them to look at.

    Attributes:
        originals: a few observations, ``(k, *x_shape)``.
        reconstructions: what the model makes of them, ``(k, *x_shape)``.
        error: mean squared error of every row, ``(n,)``.
        explained: share of the variance that comes back, in [−∞, 1].
        mse: mean squared error over rows and values.
    """

    originals: Float[np.ndarray, "k *x_shape"]
    reconstructions: Float[np.ndarray, "k *x_shape"]
    error: Float[np.ndarray, " n"]
    explained: Estimate
    mse: Estimate


def measure(context: Context) -> ReconstructionEvidence:
    """Decode the codes of all rows."""
    found = _stream(context)
    return ReconstructionEvidence(
        originals=context.x(slice(PICTURES)).numpy(),
        reconstructions=decode(context.model, context.codes.mean[:PICTURES]).numpy(),
        error=found.per_sample.numpy(),
        explained=found.explained,
        mse=found.mse,
    )


def _stream(context: Context) -> Reconstruction:
    """Reconstruction error in two passes over the rows, the first for their mean; pictures are never all in memory."""
    parts = [slice(start, start + context.batch_size) for start in range(0, context.n, context.batch_size)]
    mean = sum((context.x(part).double().sum(0) for part in parts), torch.zeros(())) / context.n
    error, spread = [], []
    for part in parts:
        x, decoded = context.x(part), decode(context.model, context.codes.mean[part], batch_size=context.batch_size)
        error.append((x - decoded).double().square().flatten(1).mean(1))
        spread.append((x.double() - mean).square().flatten(1).mean(1))
    return reconstruction_of(torch.cat(error), torch.cat(spread))


def judge(evidence: ReconstructionEvidence, context: Context) -> Judgement:
    """Say how much of the variance is kept."""
    explained = Score.of(
        "reconstruction.explained",
        "Variance explained",
        evidence.explained,
        "1 − Σ(x − x̂)² / Σ(x − x̄)² with x̂ = D(E(x)), both mean coder outputs",
        n=context.n,
        seed=context.seed,
        unit="%",
    )
    mse = Score.of(
        "reconstruction.mse",
        "Mean squared error",
        evidence.mse,
        "mean over rows and values of (x − x̂)²",
        n=context.n,
        seed=context.seed,
    )
    level: Level = "good" if explained.value >= GOOD else "note" if explained.value >= FAIR else "warning"
    remedy = "Train longer, give the latent more units, or lower β if it is above 1."
    sentence = f"Reconstructions keep {explained} of the variance of the data."
    finding = Finding(
        "reconstruction", sentence, level, ("reconstruction.explained",), remedy=None if level == "good" else remedy
    )
    return Judgement((explained, mse), (finding,))


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
    text="How much of the data comes back?",
    evidence=ReconstructionEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
)
