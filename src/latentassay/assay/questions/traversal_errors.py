"""What comes back wrong while one unit goes through its values?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.interventions import MOST_UNITS
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Picture
from latentassay.responses import respond

SAMPLES = 16
"""Lines of a traversal, at most."""

FEWEST_SAMPLES = 4
"""And at least."""

STEPS = 21
"""Values on each line."""

TAIL = 0.01
"""Share of the unit's values beyond each end of a line."""


@dataclass(frozen=True)
class TraversalErrorsEvidence:
    """Signed errors of the response in every unit of one latent, while the strongest goes through its values.

    Attributes:
        values: that the unit takes, ``(s,)``.
        errors: response minus latent by unit, sample and value, ``(u, k, s)``.
        labels: name of every unit.
        moved: which of them goes through its values.
    """

    values: Float[np.ndarray, " s"]
    errors: Float[np.ndarray, "u k s"]
    labels: tuple[str, ...]
    moved: int


def passes_needed(context: Context) -> int | None:
    """The fewest lines; some unit of one latent must be alive."""
    return FEWEST_SAMPLES * STEPS if set(_scalars(context)) & set(context.ledger.live) else None


def _scalars(context: Context) -> list[int]:
    """Units of one latent, the strongest where there are many."""
    chosen = context.ledger.strongest(range(len(context.matrix.units)), MOST_UNITS)
    return [unit for unit in chosen if len(context.matrix.units.groups[unit]) == 1]


def measure(context: Context) -> TraversalErrorsEvidence:
    """Move the strongest unit of some posterior samples, and let them respond."""
    scalars, groups = _scalars(context), context.matrix.units.groups
    (moved,) = context.ledger.strongest(set(scalars) & set(context.ledger.live), 1)
    latents, latent = [groups[unit][0] for unit in scalars], groups[moved][0]
    samples = max(FEWEST_SAMPLES, min(SAMPLES, context.passes // STEPS))
    base = context.sample(samples, "lines").flatten(1)
    low, high = context.z.flatten(1)[:, latent].quantile(base.new_tensor([TAIL, 1 - TAIL]))
    values = torch.linspace(float(low), float(high), STEPS).to(base)
    z = base.repeat(STEPS, 1, 1)
    z[:, :, latent] = values[:, None]
    flat = z.flatten(0, 1)
    response = respond(context.model, flat.view(-1, *context.model.latent_shape), batch_size=context.batch_size)
    errors = (response.flatten(1) - flat)[:, latents].view(STEPS, len(base), len(latents)).permute(2, 1, 0)
    return TraversalErrorsEvidence(
        values=values.numpy(),
        errors=errors.contiguous().numpy(),
        labels=tuple(context.ledger.labels(scalars)),
        moved=scalars.index(moved),
    )


def judge(evidence: TraversalErrorsEvidence, context: Context) -> Judgement:
    """Leave it to the eye; invariance has judged the same interventions."""
    return Judgement()


def figures(evidence: TraversalErrorsEvidence) -> Iterator[Picture]:
    """Yield a panel of every unit."""
    yield Picture(
        "lines",
        "What comes back wrong along a traversal",
        "The liveliest unit goes from its 1 % to its 99 % quantile: a thin line for each real sample, a bold one for "
        "their mean. A flat line at zero is a unit that keeps what it had; in the framed panel a falling line is a "
        "change that comes back smaller than it was made.",
        partial(plots.traversal_errors, evidence.values, evidence.errors, evidence.labels, evidence.moved),
    )


QUESTION = Question(
    key="consistency.traversal_errors",
    title="Errors along a traversal",
    text="What comes back wrong while one unit goes through its values?",
    evidence=TraversalErrorsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=0.5,
)
