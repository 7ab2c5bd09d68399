"""Do codes of a spatial latent vary at every place?"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import judge_family
from latentassay.assay.maps import flat_map
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import place_name
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import Bounds, exceeding
from latentassay.sampling import Codes
from latentassay.spatial import activity_maps
from latentassay.stats.extremes import exponential, extent, mirrored

UNEVEN = Bounds(
    null=1.0,
    negligible=4.0,
    serious=math.inf,
    reason="times that a place is livelier or stiller than the mean place: up to 4 none stands out; no size is "
    "serious, as data are uneven, too",
)
"""How far the activity of a place may lie from that of the mean place."""

REMEDY = "Look whether the data do, too: a subject in the middle is no fault."

STILLEST = 1e-4
"""Activity over that of the mean place below which nobody needs to know how much less."""


@dataclass(frozen=True)
class ActivityEvidence:
    """Where codes vary over the data.

    Attributes:
        variance: of posterior means by channel and place, ``(c, h, w)``.
        by_channel: mean over places, ``(c,)``.
        by_place: mean over channels, each in units of its own, relative to the mean place, ``(places,)``.
        by_place_stderr: its standard error over rows.
        map: the first as a map, ``(h, w)``.
        sides: places along each dimension.
        n: number of rows.
        variant: how it was measured.
    """

    variance: Float[np.ndarray, "c h w"]
    by_channel: Float[np.ndarray, " c"]
    by_place: Float[np.ndarray, " places"]
    by_place_stderr: Float[np.ndarray, " places"]
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
        by_place_stderr=maps.by_place_stderr.flatten().numpy(),
        map=flat_map(maps.by_place).numpy(),
        sides=tuple(maps.by_place.shape),
        n=maps.n,
        variant=maps.variant,
    )


def judge(evidence: ActivityEvidence, context: Context) -> Judgement:
    """Compare the liveliest and the stillest place with the mean place."""
    logs = _logarithms(evidence)
    score = Score.of(
        "spatial.uneven",
        "Liveliest place over the stillest",
        exponential(extent(logs)),
        "variance of posterior means by place, mean over channels each in units of its own; the interval knows that "
        "both places were chosen; " + evidence.variant,
        n=evidence.n,
        seed=context.seed,
    )
    return Judgement((score,), (_finding(evidence, logs, score),))


def _logarithms(evidence: ActivityEvidence) -> list[Estimate]:
    """Logarithm of the activity of every place, in which a place twice as lively is as far away as one half as much."""
    value = np.maximum(evidence.by_place, STILLEST)
    stderr = np.where(evidence.by_place > STILLEST, evidence.by_place_stderr / value, 0.0)
    return [Estimate(log, stderr=error, n=evidence.n) for log, error in zip(np.log(value), stderr, strict=True)]


def _times(log: Estimate) -> Estimate:
    """How many times a place is livelier or stiller than the mean place, whichever it is."""
    return exponential(log if log >= 0 else mirrored(log))


def _finding(evidence: ActivityEvidence, logs: list[Estimate], score: Score) -> Finding:
    times = [_times(log) for log in logs]
    found = judge_family(times, UNEVEN)
    stands_out = exceeding(times, UNEVEN.negligible)
    low, high = float(evidence.by_place.min()), float(evidence.by_place.max())
    most, least = (place_name(int(at), evidence.sides) for at in (np.argmax(logs), np.argmin(logs)))
    extent = f"from {low:.2g} to {high:.2g} times the mean place"
    says = {
        "good": f"Codes vary at every place about equally, {extent}.",
        "note": f"Codes vary unequally by place, {extent}: most at {most}, least at {least}.",
        "unsure": f"Whether codes vary about equally at every place is not sure: {extent}, most at {most}, least at "
        f"{least}.",
    }
    return Finding(
        "spatial.activity",
        says[found.level],
        found.level,
        (score.name,),
        subjects=tuple(place_name(k, evidence.sides) for k in range(len(times)) if stands_out[k]),
        direction="above",
        estimate=found.estimate,
        bounds=UNEVEN,
        remedy=REMEDY if found.level == "note" else None,
        settle=how_to_settle(found.estimate, UNEVEN),
    )


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
