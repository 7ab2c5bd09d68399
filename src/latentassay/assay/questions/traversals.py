"""What does each alive unit control?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.core.findings import Picture
from latentassay.responses import traversals

STEPS = 11
"""Pictures of a traversal."""

TAIL = 0.01
"""Share of a unit's values beyond each end."""

MOST = 24
"""Units that are traversed, at most."""

FEWEST = 4
"""And at least."""


@dataclass(frozen=True)
class TraversalsEvidence:
    """Decodings while one unit changes and all others stay, the most responsive unit first.

    Attributes:
        images: by unit and step, ``(u, s, *x_shape)``.
        values: of the unit at every step, ``(u, s)``.
        labels: name of every unit.
    """

    images: Float[np.ndarray, "u s *x_shape"]
    values: Float[np.ndarray, "u s"]
    labels: tuple[str, ...]


def passes_needed(context: Context) -> int | None:
    """The fewest units; decoding alone is half a pass. Channels are not traversed."""
    scalars = _scalars(context)
    return min(len(scalars), FEWEST) * STEPS // 2 if scalars else None


def _scalars(context: Context) -> list[int]:
    """Alive units of one latent."""
    return [unit for unit in context.ledger.live if len(context.matrix.units.groups[unit]) == 1]


def measure(context: Context) -> TraversalsEvidence:
    """Decode the most central real code while one unit after another changes."""
    order = sorted(_scalars(context), key=lambda unit: -context.ledger.entries[unit].response)
    order = order[: max(FEWEST, min(MOST, 2 * context.passes // STEPS))]
    found = traversals(
        context.model,
        context.z,
        units=[context.matrix.units.groups[unit] for unit in order],
        base=context.centre,
        steps=STEPS,
        tail=TAIL,
        batch_size=context.batch_size,
    )
    labels = tuple(context.ledger.labels(order))
    return TraversalsEvidence(found.images.numpy(), found.values.numpy(), labels)


def judge(evidence: TraversalsEvidence, context: Context) -> Judgement:
    """Leave it to the eye."""
    return Judgement()


def figures(evidence: TraversalsEvidence) -> Iterator[Picture]:
    """Yield a row of pictures for every unit."""
    yield Picture(
        "grid",
        "What each alive unit does",
        "Decodings while one unit goes from left to right and all others stay where they are.",
        partial(plots.traversals, evidence.images, evidence.values, evidence.labels),
    )


QUESTION = Question(
    key="traversals",
    title="Traversals",
    text="What does each alive unit control, from its 1 % to its 99 % quantile, around the most central real code?",
    evidence=TraversalsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=0.5,
)
