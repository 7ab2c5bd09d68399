"""How far does a change at one place of a spatial latent spread?"""

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
from latentassay.assay.maps import flat_map
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import span
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import GRAVE, Bounds, grade
from latentassay.spatial import SpatialKernel, spatial_response_kernel
from latentassay.spatial.kernel import SHARE

NEAR = 1
"""Places around the one that is changed which everybody expects to change a little, too."""

ANSWERS = Bounds(
    null=1.0,
    negligible=0.04,
    serious=0.01,
    reason="of a change, squared and in units of spread: below a tenth of its size it is lost, as with a dead unit",
)
"""How much of a change at one place must come back for its reach to mean something."""

REMEDY = "To edit one part of a picture, expect codes around it to move, too."

CHANNELS = 32
"""Channels that are changed at single places, at most."""

FEWEST_CHANNELS = 4
"""And at least, if there are so many."""

LEAST = 8
"""Rows, at least."""

MOST = 128
"""And at most."""


@dataclass(frozen=True)
class ReachEvidence:
    """Where a change at one place comes back, seen from that place.

    Attributes:
        own: squared response in the channel that was changed, relative to the change in units of spread, ``(h, w)``.
        others: the same in all others together, ``(h, w)``.
        profile: share of the response within a distance, ``(channels, r)``.
        overall: the same over all channels, ``(r,)``.
        overall_stderr: its standard error.
        reach: least distance in places that holds 90 % of the response; negative where nothing comes back.
        away: share of the squared response at other places than the one changed.
        answer: squared response everywhere over the squared change, in units of spread.
        half: half of the shortest side of the latent, in places.
        n: number of rows.
        variant: how it was measured.
    """

    own: Float[np.ndarray, "h w"]
    others: Float[np.ndarray, "h w"]
    profile: Float[np.ndarray, "channels r"]
    overall: Float[np.ndarray, " r"]
    overall_stderr: Float[np.ndarray, " r"]
    reach: Estimate
    away: Estimate
    answer: Estimate
    half: float
    n: int
    variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest channels on the fewest rows; vectors have no places."""
    if not context.is_spatial:
        return None
    return LEAST * (min(int(context.model.latent_shape[0]), FEWEST_CHANNELS) + 1)


def measure(context: Context) -> ReachEvidence:
    """Change single places of some channels, decode and encode."""
    generator = context.generator("kernel")
    affordable = max(FEWEST_CHANNELS, min(context.at_most(CHANNELS), context.passes // LEAST - 1))
    order = torch.randperm(int(context.model.latent_shape[0]), generator=generator)
    channels = sorted(order[:affordable].tolist())
    z = context.sample(context.rows_at(len(channels) + 1, least=LEAST, most=context.at_most(MOST)), "kernel rows")
    found = spatial_response_kernel(
        context.model, z, generator=generator, channels=channels, batch_size=context.batch_size
    )
    own, others = _in_units_of_spread(found)
    return ReachEvidence(
        own=flat_map(own).numpy(),
        others=flat_map(others).numpy(),
        profile=found.profile.numpy(),
        overall=found.overall.numpy(),
        overall_stderr=found.overall_stderr.numpy(),
        reach=found.reach,
        away=found.away,
        answer=found.answer,
        half=min(side for side in context.model.latent_shape[1:] if side > 1) / 2,
        n=found.n,
        variant=found.variant,
    )


def _in_units_of_spread(found: SpatialKernel) -> tuple[Tensor, Tensor]:
    """The kernel in units of spread, averaged over pairs of channels, and over those of a channel with itself."""
    sigma = torch.where(found.sigma > 0, found.sigma, torch.inf)
    shape = (-1, len(sigma), *(1 for _ in found.kernel.shape[2:]))
    changed = found.sigma[list(found.channels)]
    scaled = found.kernel * (changed[:, None] / sigma).square().reshape(shape)
    own = scaled[range(len(changed)), found.channels].mean(0)
    others = (scaled.sum((0, 1)) - own * len(changed)) / len(changed)
    return own, others


def judge(evidence: ReachEvidence, context: Context) -> Judgement:
    """Say within which distance a change comes back, if it does."""
    answer = Score.of(
        "spatial.answer",
        "Response to a change of one place",
        evidence.answer,
        "squared response of all channels everywhere over the squared change, each channel in units of its spread; "
        + evidence.variant,
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )
    if evidence.reach < 0 or grade(evidence.answer, ANSWERS) in GRAVE:
        return Judgement((answer,), (_lost_finding(evidence, answer, context),))
    reach, away = _scores(evidence, context)
    return Judgement((reach, away, answer), (_finding(evidence, away),))


def _scores(evidence: ReachEvidence, context: Context) -> tuple[Score, Score]:
    low, high = evidence.reach.low, evidence.reach.high
    reach = Score(
        "spatial.reach",
        "Reach of a change",
        int(evidence.reach),
        "least distance in places that holds 90 % of the squared response to a change of one place of one channel; "
        + evidence.variant,
        n=evidence.n,
        seed=context.seed,
        low=None if low is None else int(low),
        high=None if high is None else int(high),
    )
    away = Score.of(
        "spatial.away",
        "Response that leaves its place",
        evidence.away,
        "share of the squared response at other places than the one that was changed; " + evidence.variant,
        n=evidence.n,
        seed=context.seed,
        unit="%",
    )
    return reach, away


def _lost_finding(evidence: ReachEvidence, answer: Score, context: Context) -> Finding:
    why = ", though changes of whole units do" if context.ledger.live else ", as no unit answers"
    how = "hardly at all" if evidence.answer > 0 else "nowhere"
    return Finding(
        "spatial.reach",
        f"A change at one place comes back {how} ({answer} of it, squared){why}.",
        grade(evidence.answer, ANSWERS),
        (answer.name,),
        direction="below",
        estimate=evidence.answer,
        bounds=ANSWERS,
    )


def _finding(evidence: ReachEvidence, away: Score) -> Finding:
    bounds = Bounds(
        null=0.0,
        negligible=NEAR,
        serious=max(evidence.half, NEAR + 0.5),
        reason="places: the nearest neighbours are expected to change; half of the shortest side is no part of a whole",
    )
    level, reach = grade(evidence.reach, bounds), int(evidence.reach)
    low, high = (reach if end is None else int(end) for end in (evidence.reach.low, evidence.reach.high))
    within = f"within {span(low, high)} place{'s' if high > 1 else ''}" if high else "at the place itself"
    return Finding(
        "spatial.reach",
        f"At least 90 % of what a change at one place does comes back {within}; {away} leaves the place.",
        level,
        ("spatial.reach", away.name),
        direction="above",
        estimate=evidence.reach,
        bounds=bounds,
        remedy=REMEDY if level in ("note", *GRAVE) else None,
        settle=_settle(evidence, NEAR if low <= NEAR else math.floor(bounds.serious)) if level == "unsure" else None,
    )


def _settle(evidence: ReachEvidence, distance: int) -> str | None:
    """What would settle whether a distance holds enough; a reach is a whole number, and its errors tell nothing."""
    share = Estimate(evidence.overall[distance], stderr=evidence.overall_stderr[distance])
    return how_to_settle(share, Bounds(1.0, SHARE, 0.0, "share of the response within a distance"))


def figures(evidence: ReachEvidence) -> Iterator[Picture]:
    """Yield the kernel and its profile."""
    yield Picture(
        "kernel",
        "How far a change at one place spreads",
        "One place of one channel is changed, decoded and encoded again. Left: where the change comes back in that "
        "channel, and in all others together, squared and relative to the change in units of spread; the place itself "
        "is in the middle, and what is fainter than 10⁻⁵ of the strongest is clear. Right: which share of the response "
        "lies within a distance. A tight kernel can be edited place by place.",
        partial(
            plots.kernel_maps,
            evidence.own,
            evidence.others,
            evidence.overall,
            evidence.overall_stderr,
            evidence.profile,
        ),
    )


QUESTION = Question(
    key="spatial.reach",
    title="Reach of a change",
    text="How far does a change at one place spread?",
    evidence=ReachEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
