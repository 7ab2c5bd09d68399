"""Do codes of a spatial latent vary at every place?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.maps import flat_map
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import place_name
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.sampling import Codes
from latentassay.spatial import activity_maps

EVEN = 0.25, 4.0
"""Activities of the stillest and the liveliest place, over that of the mean place, between which none stands out."""


@dataclass(frozen=True)
class ActivityEvidence:
    """Where codes vary over the data.

    Attributes:
        variance: of posterior means by channel and place, ``(c, h, w)``.
        by_channel: mean over places, ``(c,)``.
        by_place: mean over channels, each in units of its own, relative to the mean place, ``(places,)``.
        map: the same as a map, ``(h, w)``.
        sides: places along each dimension.
        n: number of rows.
        variant: how it was measured.
    """

    variance: Float[np.ndarray, "c h w"]
    by_channel: Float[np.ndarray, " c"]
    by_place: Float[np.ndarray, " places"]
    map: Float[np.ndarray, "h w"]
    sides: tuple[int, ...]
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """Codes are there; vectors have no places."""
    return 0 if context.is_spatial else None


def measure(context: Context) -> ActivityEvidence:
    """Read the codes of all rows; nothing is asked of the model."""
    maps = activity_maps(Codes(context.codes.mean, context.codes.std, None))
    return ActivityEvidence(
        variance=torch.stack([flat_map(channel) for channel in maps.variance]).numpy(),
        by_channel=maps.by_channel.numpy(),
        by_place=maps.by_place.flatten().numpy(),
        map=flat_map(maps.by_place).numpy(),
        sides=tuple(maps.by_place.shape),
        n=maps.n,
        variant=maps.variant,
    )


def judge(evidence: ActivityEvidence, context: Context) -> Judgement:
    """Compare the liveliest place with the stillest."""
    low, high = float(evidence.by_place.min()), float(evidence.by_place.max())
    score = Score(
        "spatial.uneven",
        "Liveliest place over the stillest",
        high / max(low, 1e-12),
        "variance of posterior means by place, mean over channels each in units of its own; " + evidence.variant,
        n=evidence.n,
        seed=context.seed,
    )
    level: Level = "good" if low >= EVEN[0] and high <= EVEN[1] else "note"
    extent = f"from {low:.2g} to {high:.2g} times the mean place"
    if level == "good":
        finding = Finding(
            "spatial.activity", f"Codes vary at every place about equally, {extent}.", level, (score.name,)
        )
        return Judgement((score,), (finding,))
    most, least = (
        place_name(int(at), evidence.sides) for at in (evidence.by_place.argmax(), evidence.by_place.argmin())
    )
    sentence = f"Codes vary unequally by place, {extent}: most at {most}, least at {least}."
    remedy = "Look whether the data do, too: a subject in the middle is no fault."
    return Judgement((score,), (Finding("spatial.activity", sentence, level, (score.name,), remedy=remedy),))


def figures(evidence: ActivityEvidence) -> Iterator[Picture]:
    """Yield a map of every channel."""
    yield Picture(
        "maps",
        "Where each channel varies",
        "Variance of posterior means over the data at every place, the liveliest channels first, with their mean. "
        "Borders that differ from the middle are an effect of padding or of the data.",
        partial(plots.channel_maps, evidence.variance, [f"c{channel}" for channel in range(len(evidence.variance))]),
    )


QUESTION = Question(
    key="spatial.activity",
    title="Activity by place",
    text="Do codes vary at every place?",
    evidence=ActivityEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
)
