"""Which channels of a spatial latent are dead, repeat one another, or leak into one another?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.question import Judgement, Question
from latentassay.assay.wording import LISTED
from latentassay.core.estimate import Z95
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.units import Units
from latentassay.sampling import Codes
from latentassay.spatial import (
    ActivityMaps,
    ChannelEffects,
    activity_maps,
    channel_correlations,
    channel_effects,
    twins,
)

STILL = 1e-2
"""A channel says nothing, or does nothing, if its codes, or changes by it, are this small a share of the median's."""

LEAK = 0.5
"""A channel leaks into another if a change of it moves the other by this share of the other's own spread …"""

USUAL = 3.0
"""… and by so many times what is usual between two alive channels."""

LEAST = 8
"""Rows on which effects are compared, at least."""

MOST = 128
"""And at most."""

Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class ChannelsEvidence:
    """How channels relate to each other.

    Attributes:
        correlations: of codes over places and data, ``(c, c)``.
        effects: cosine between what the same change of two channels does to the picture, ``(c, c)``.
        effect_size: how much a change of a channel changes the picture, ``(c,)``.
        leakage: normalized response of the second channel of every leak to a change of the first, ``(leaks,)``.
        dead: channels that say or do nothing, and why.
        twins: pairs of channels that repeat each other.
        leaks: ordered pairs of which the first moves the second, the strongest first.
        correlations_variant: how correlations were measured.
        effects_variant: how effects were measured.
    """

    correlations: Float[np.ndarray, "c c"]
    effects: Float[np.ndarray, "c c"]
    effect_size: Float[np.ndarray, " c"]
    leakage: Float[np.ndarray, " leaks"]
    dead: tuple[tuple[int, str], ...]
    twins: Pairs
    leaks: Pairs
    correlations_variant: str
    effects_variant: str


def passes_needed(context: Context) -> int | None:
    """Effects of every channel on the fewest rows; vectors have no channels."""
    return LEAST * _per_row(context) if context.is_spatial else None


def _per_row(context: Context) -> int:
    """Decodings of a row, as it is and with every channel changed; decoding alone is half a pass."""
    return int(context.model.latent_shape[0]) // 2 + 1


def measure(context: Context) -> ChannelsEvidence:
    """Compare what channels say and do."""
    maps = activity_maps(Codes(context.codes.mean, context.codes.std, None))
    correlations = channel_correlations(context.codes.mean)
    z = context.sample(context.rows_at(_per_row(context), least=LEAST, most=MOST), "effect rows")
    size = max(1, context.batch_size // int(context.model.latent_shape[0]))
    effects = channel_effects(context.model, z, generator=context.generator("effects"), batch_size=size)
    dead = _dead(context, maps, effects)
    same = sorted(
        set(twins(correlations.matrix, correlations.matrix_stderr)) | set(twins(effects.cosine, effects.cosine_stderr))
    )
    pairs = tuple(pair for pair in same if not set(pair) & set(dead))
    leaks = tuple(pair for pair in _leaks(context) if tuple(sorted(pair)) not in pairs)
    return ChannelsEvidence(
        correlations=correlations.matrix.numpy(),
        effects=effects.cosine.numpy(),
        effect_size=effects.size.numpy(),
        leakage=np.array([float(context.matrix.normalized[pair]) for pair in leaks]),
        dead=tuple(dead.items()),
        twins=pairs,
        leaks=leaks,
        correlations_variant=correlations.variant,
        effects_variant=effects.variant,
    )


def _dead(context: Context, maps: ActivityMaps, effects: ChannelEffects) -> dict[int, str]:
    """Channels that say or do nothing, and why."""
    varies, moves = (values > STILL * values.median() for values in (maps.by_channel, effects.size.square()))
    idle = context.ledger.of("dead", "collapsed") if _by_channel(context) else None
    if idle is not None:
        return dict.fromkeys(idle, "the decoder ignores them")
    reasons = {}
    for channel in range(len(varies)):
        checks = (("codes do not vary", varies), ("the decoder ignores them", moves))
        why = [words for words, holds in checks if not bool(holds[channel])]
        if why:
            reasons[channel] = " and ".join(why)
    return reasons


def _by_channel(context: Context) -> bool:
    return context.matrix.units == Units.default(context.model.latent_shape)


def _leaks(context: Context) -> list[tuple[int, int]]:
    """Ordered pairs of alive channels, the strongest first."""
    if not _by_channel(context):
        return []
    sure: Tensor = context.matrix.normalized - Z95 * context.matrix.normalized_stderr
    live = context.live_mask
    pairs = live[:, None] & live & ~torch.eye(len(live), dtype=torch.bool)
    usual = float(context.matrix.normalized[pairs].median()) if bool(pairs.any()) else 0.0
    leaking = pairs & (sure >= max(LEAK, USUAL * usual))
    return sorted(((int(j), int(k)) for j, k in leaking.nonzero().tolist()), key=lambda pair: -float(sure[pair]))


def judge(evidence: ChannelsEvidence, context: Context) -> Judgement:
    """Name the dead, the duplicated and the leaking channels."""
    n = len(evidence.effect_size)
    counts = (
        (
            "dead",
            "Dead channels",
            len(evidence.dead),
            f"of {n}: whose codes vary by less than 1 % of the median's, or whose move changes the picture by less "
            "than that",
        ),
        (
            "twins",
            "Pairs of channels that repeat each other",
            len(evidence.twins),
            f"of {n * (n - 1) // 2}: correlation of codes ({evidence.correlations_variant}) or cosine of effects "
            f"({evidence.effects_variant}) of size 0.98 or more beyond doubt",
        ),
        (
            "leaks",
            "Channels that leak into another",
            len(evidence.leaks),
            f"of {n * (n - 1)}: ordered pairs of alive channels with M_jk / (√2 σ_k) beyond doubt ≥ {LEAK:g} and ≥ "
            f"{USUAL:g} × the median of all; twins left out",
        ),
    )
    scores = tuple(
        Score(f"spatial.{key}", label, value, definition, n=context.n, seed=context.seed)
        for key, label, value, definition in counts
    )
    found = tuple(filter(None, (_dead_finding(evidence), _twin_finding(evidence), _leak_finding(evidence))))
    if not found:
        sentence = f"No channel of {n} is dead, repeats another, or leaks into another."
        found = (Finding("spatial.channels", sentence, "good", tuple(score.name for score in scores)),)
    return Judgement(scores, found)


def _dead_finding(evidence: ChannelsEvidence) -> Finding | None:
    if not evidence.dead:
        return None
    by_reason: dict[str, list[str]] = {}
    for channel, why in evidence.dead:
        by_reason.setdefault(why, []).append(f"c{channel}")
    which = "; ".join(f"{', '.join(names)}: {why}" for why, names in by_reason.items())
    sentence = f"{len(evidence.dead)} channel{' is' if len(evidence.dead) == 1 else 's are'} dead ({which})."
    return Finding(
        "spatial.dead", sentence, "warning", ("spatial.dead",), remedy="Drop them, or train with fewer channels."
    )


def _twin_finding(evidence: ChannelsEvidence) -> Finding | None:
    if not evidence.twins:
        return None
    which = "; ".join(
        f"c{a} and c{b} (codes correlate at {evidence.correlations[a, b]:.2f}, effects on the picture at "
        f"{evidence.effects[a, b]:.2f})"
        for a, b in evidence.twins
    ).replace("-", "−")
    remedy = "One of each pair is enough; changed alone, they contradict each other."
    return Finding(
        "spatial.twins", f"Channels repeat each other: {which}.", "warning", ("spatial.twins",), remedy=remedy
    )


def _leak_finding(evidence: ChannelsEvidence) -> Finding | None:
    if not evidence.leaks:
        return None
    pairs = list(zip(evidence.leaks, evidence.leakage, strict=True))[:LISTED]
    which = "; ".join(f"c{j} moves c{k} ({size:.2f} of its spread)" for (j, k), size in pairs)
    more = f", and {len(evidence.leaks) - LISTED} more" if len(evidence.leaks) > LISTED else ""
    sentence = f"A change of one channel comes back in another: {which}{more}."
    remedy = "Change these channels together, or train with objectives.Invariance."
    return Finding("spatial.leaks", sentence, "warning", ("spatial.leaks",), remedy=remedy)


def figures(evidence: ChannelsEvidence) -> Iterator[Picture]:
    """Yield correlations beside effects, if there are several channels."""
    size = len(evidence.correlations)
    if size > 1:
        yield Picture(
            "relations",
            "Channels that carry, or do, the same",
            "Left: correlation of codes over places and data. Right: how alike the changes are that the same move of "
            "two channels makes in the picture. Full red or blue off the diagonal is one channel twice.",
            partial(
                plots.channel_relations,
                evidence.correlations,
                evidence.effects,
                [f"c{channel}" for channel in range(size)],
            ),
        )


QUESTION = Question(
    key="spatial.channels",
    title="Channels",
    text="Which channels say nothing, repeat one another, or leak into one another?",
    evidence=ChannelsEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
