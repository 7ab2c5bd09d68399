"""What becomes of an observation when one of its units comes from another?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Picture
from latentassay.sampling import decode

PAIRS = 4
"""Pairs of samples that are mixed."""

SHOWN = 12
"""Units that are taken over, the strongest."""


@dataclass(frozen=True)
class HybridsEvidence:
    """Decodings of pairs of samples, and of the first of each pair with one unit of the second (IC figure 34).

    Attributes:
        base: the first of every pair, ``(p, *x_shape)``.
        alternative: the second, ``(p, *x_shape)``.
        hybrids: by pair and unit, ``(p, u, *x_shape)``.
        labels: name of every unit.
    """

    base: Float[np.ndarray, "p *x_shape"]
    alternative: Float[np.ndarray, "p *x_shape"]
    hybrids: Float[np.ndarray, "p u *x_shape"]
    labels: tuple[str, ...]


def passes_needed(context: Context) -> int | None:
    """Decodings of all hybrids, each half a pass; only alive units are worth a look, and one alone is all there is."""
    return PAIRS * SHOWN // 2 if context.ledger.live and context.mixes else None


def measure(context: Context) -> HybridsEvidence:
    """Exchange single units between real samples, and decode."""
    base, other = context.sample(2 * PAIRS, "hybrids").chunk(2)
    units, chosen = context.matrix.units, context.ledger.strongest(context.ledger.live, SHOWN)
    mixed = torch.stack([units.replace(base, unit, other) for unit in chosen], 1)
    decoded = decode(context.model, torch.cat([base, other, mixed.flatten(0, 1)]), batch_size=context.batch_size)
    first, second, hybrids = torch.split(decoded, [len(base), len(other), len(base) * len(chosen)])
    return HybridsEvidence(
        base=first.numpy(),
        alternative=second.numpy(),
        hybrids=hybrids.reshape(len(base), len(chosen), *hybrids.shape[1:]).numpy(),
        labels=tuple(context.ledger.labels(chosen)),
    )


def judge(evidence: HybridsEvidence, context: Context) -> Judgement:
    """Leave it to the eye."""
    return Judgement()


def figures(evidence: HybridsEvidence) -> Iterator[Picture]:
    """Yield all hybrids in one sheet."""
    yield Picture(
        "sheet",
        "One unit from another sample",
        "Every picture is the base with a single unit from the alternative. It should differ from the base in one "
        "respect, one that the alternative has. What does not change is alike in both, or hardly read by the decoder.",
        partial(plots.hybridisation, evidence.base, evidence.alternative, evidence.hybrids, evidence.labels),
    )


QUESTION = Question(
    key="consistency.hybrids",
    title="Hybrids",
    text="What becomes of an observation when one of its units comes from another?",
    evidence=HybridsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
