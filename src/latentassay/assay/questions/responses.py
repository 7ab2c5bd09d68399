"""What does a change of one unit do to the others?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.maps import shown_units
from latentassay.assay.question import Judgement, Question
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Picture, Score
from latentassay.responses.graph import COUPLED, STRONG


@dataclass(frozen=True)
class ResponsesEvidence:
    """The latent response matrix; row = unit intervened on, column = unit that responds.

    Attributes:
        matrix: root mean squared responses in the units of the latents, ``(u, u)``.
        normalized: the same over √2 σ of the responding unit, ``(u, u)``.
        normalized_stderr: its standard error.
        coupling: normalized responses squared, ``(u, u)``.
        coupling_stderr: its standard error.
        used: latents that every row rests on, ``(u,)``.
        live: which units answer when they are changed, ``(u,)``.
        labels: name of every unit.
    """

    matrix: Float[np.ndarray, "u u"]
    normalized: Float[np.ndarray, "u u"]
    normalized_stderr: Float[np.ndarray, "u u"]
    coupling: Float[np.ndarray, "u u"]
    coupling_stderr: Float[np.ndarray, "u u"]
    used: Int[np.ndarray, " u"]
    live: Bool[np.ndarray, " u"]
    labels: tuple[str, ...]


def passes_needed(context: Context) -> int | None:
    """The matrix is there; it says nothing where no unit answers."""
    return 0 if context.ledger.live else None


def measure(context: Context) -> ResponsesEvidence:
    """Return the matrix that was measured before all questions."""
    return ResponsesEvidence(
        matrix=context.matrix.matrix.numpy(),
        normalized=context.matrix.normalized.numpy(),
        normalized_stderr=context.matrix.normalized_stderr.numpy(),
        coupling=context.matrix.coupling.numpy(),
        coupling_stderr=context.matrix.coupling_stderr.numpy(),
        used=torch.tensor(context.matrix.used).numpy(),
        live=context.live_mask.numpy(),
        labels=tuple(context.ledger.labels()),
    )


def judge(evidence: ResponsesEvidence, context: Context) -> Judgement:
    """Give the mean and the worst coupling of live units; what they mean is said of the graph."""
    pairs = context.ledger.pairs
    if not pairs:
        return Judgement()
    couplings = context.ledger.couplings(pairs)
    worst = max(range(len(pairs)), key=lambda k: couplings[k])
    definition = (
        "M_jk² / (2 σ_k²), the share of a change of one unit that appears in another, squared and in units of spread, "
        f"over ordered pairs of live units; up to {COUPLED:g} is negligible, from {STRONG:g} on strong"
    )
    values = [float(each) for each in couplings]
    mean = Estimate(sum(values) / len(values), stderr=_mean_error(evidence), n=max(context.matrix.used))
    one, other = (evidence.labels[unit] for unit in pairs[worst])
    n, seed = max(context.matrix.used), context.seed
    return Judgement(
        (
            Score.of("responses.coupling", "Mean coupling", mean, f"mean of {definition}", n=n, seed=seed, unit="%"),
            Score.of(
                "responses.worst",
                f"Strongest coupling (unit {one} moves {other})",
                couplings[worst],
                f"greatest of {definition}; the greatest of many is too great by chance",
                n=n,
                seed=seed,
                unit="%",
            ),
        )
    )


def _mean_error(evidence: ResponsesEvidence) -> float:
    """Standard error of the mean; entries of one row share their rows, so they are taken as if they erred together."""
    live = np.flatnonzero(evidence.live)
    errors = evidence.coupling_stderr[np.ix_(live, live)].copy()
    np.fill_diagonal(errors, 0.0)
    count = len(live) * (len(live) - 1)
    return float(np.sqrt((errors.sum(1) ** 2).sum()) / count)


def figures(evidence: ResponsesEvidence) -> Iterator[Picture]:
    """Yield the matrix of the alive units, and the one of all."""
    live = shown_units(evidence.live)
    yield Picture(
        "matrix",
        "Who moves whom",
        "Each row intervenes on one unit and shows which share of the change, squared and in units of spread, appears "
        "in every unit after decoding and encoding again. The diagonal is what comes back; entries off it are "
        f"couplings: up to {COUPLED:g} is negligible, from {STRONG:g} on strong.",
        partial(
            plots.response_matrix,
            evidence.coupling[np.ix_(live, live)],
            [evidence.labels[unit] for unit in live],
            scale="share of the change, squared",
        ),
    )
    if len(evidence.matrix) > 1:
        yield Picture(
            "full",
            "Full response matrix",
            "All units, as root mean squares in the units of the latents (LR figure 11). Live units stand out on the "
            "diagonal; a unit that nothing comes back from leaves its row empty.",
            partial(plots.full_matrix, evidence.matrix, evidence.labels),
        )


QUESTION = Question(
    key="responses",
    title="Latent response matrix",
    text="What does a change of one unit do to the others?",
    evidence=ResponsesEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
