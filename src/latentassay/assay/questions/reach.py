"""How far does a change at one place of a spatial latent spread?"""

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
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Level, Picture, Score
from latentassay.spatial import SpatialKernel, spatial_response_kernel

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
    affordable = max(FEWEST_CHANNELS, min(CHANNELS, context.passes // LEAST - 1))
    order = torch.randperm(int(context.model.latent_shape[0]), generator=generator)
    channels = sorted(order[:affordable].tolist())
    z = context.sample(context.rows_at(len(channels) + 1, least=LEAST, most=MOST), "kernel rows")
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
    """Say within which distance a change comes back."""
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
    return Judgement((reach, away), (_finding(evidence, away),))


def _finding(evidence: ReachEvidence, away: Score) -> Finding:
    names, reach = ("spatial.reach", "spatial.away"), int(evidence.reach)
    if reach < 0:
        return Finding("spatial.reach", "A change at one place comes back nowhere.", "warning", names)
    level: Level = "good" if reach <= 1 else "note" if reach <= evidence.half else "warning"
    within = f"within {reach} place{'s' if reach > 1 else ''}" if reach else "at the place itself"
    sentence = f"90 % of what a change at one place does comes back {within}; {away} leaves the place."
    remedy = None if level == "good" else "To edit one part of a picture, expect codes around it to move, too."
    return Finding("spatial.reach", sentence, level, names, remedy=remedy)


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
