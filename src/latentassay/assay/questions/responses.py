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
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.findings import Picture, Score


@dataclass(frozen=True)
class ResponsesEvidence:
    """The latent response matrix; row = unit intervened on, column = unit that responds.

    Attributes:
        matrix: root mean squared responses in the units of the latents, ``(u, u)``.
        normalized: the same over √2 σ of the responding unit, ``(u, u)``.
        normalized_stderr: its standard error.
        used: latents that every row rests on, ``(u,)``.
        alive: which units are, ``(u,)``.
        labels: name of every unit.
    """

    matrix: Float[np.ndarray, "u u"]
    normalized: Float[np.ndarray, "u u"]
    normalized_stderr: Float[np.ndarray, "u u"]
    used: Int[np.ndarray, " u"]
    alive: Bool[np.ndarray, " u"]
    labels: tuple[str, ...]


def passes_needed(context: Context) -> int | None:
    """The matrix is there; it says nothing where no unit is alive."""
    return 0 if context.causal.dimension else None


def measure(context: Context) -> ResponsesEvidence:
    """Return the matrix that was measured before all questions."""
    return ResponsesEvidence(
        matrix=context.matrix.matrix.numpy(),
        normalized=context.matrix.normalized.numpy(),
        normalized_stderr=context.matrix.normalized_stderr.numpy(),
        used=torch.tensor(context.matrix.used).numpy(),
        alive=np.array(context.causal.mask, dtype=bool),
        labels=tuple(context.labels),
    )


def judge(evidence: ResponsesEvidence, context: Context) -> Judgement:
    """Average the responses of other alive units; what they mean is said of the graph."""
    active = np.flatnonzero(evidence.alive)
    if len(active) < 2:
        return Judgement()
    # Summed by torch, whose order of summation the scores had from the start.
    inner, errors = (
        torch.from_numpy(m[np.ix_(active, active)]) for m in (evidence.normalized, evidence.normalized_stderr)
    )
    off = ~torch.eye(len(active), dtype=torch.bool)
    mean, stderr = float(inner[off].mean()), float(errors[off].square().mean().sqrt())
    leakage = Score.of(
        "responses.leakage",
        "Mean response of other units",
        Estimate(mean, low=max(0.0, mean - Z95 * stderr), high=mean + Z95 * stderr, stderr=stderr),
        "mean off-diagonal entry of M_jk / (√2 σ_k) over alive units: 0 if every unit moves alone "
        "(the interval is that of one entry, a bound for the mean)",
        n=context.n,
        seed=context.seed,
    )
    return Judgement((leakage,))


def figures(evidence: ResponsesEvidence) -> Iterator[Picture]:
    """Yield the matrix of the alive units, and the one of all."""
    alive = shown_units(evidence.alive)
    yield Picture(
        "matrix",
        "Latent response matrix of the alive units",
        "Each row intervenes on one unit and shows how far every unit moves after decoding and encoding again, "
        "in units of its own spread. Entries off the diagonal are interventions that reach other units.",
        partial(
            plots.response_matrix, evidence.normalized[np.ix_(alive, alive)], [evidence.labels[unit] for unit in alive]
        ),
    )
    if len(evidence.matrix) > 1:
        yield Picture(
            "full",
            "Full response matrix",
            "All units, raw. Alive units stand out on the diagonal; dead ones leave their row and column empty.",
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
