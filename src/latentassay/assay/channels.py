"""Questions about the channels of a spatial latent: which are dead, repeat one another, or leak into one another?"""

import torch
from torch import Tensor

from latentassay.assay.context import FAINT, Context
from latentassay.assay.parts import Part
from latentassay.core.estimate import Z95
from latentassay.core.findings import Finding, Score
from latentassay.core.units import Units
from latentassay.spatial import ActivityMaps, ChannelEffects, channel_correlations, channel_effects, twins

STILL = 1e-2
"""A channel says nothing, or does nothing, if its codes, or changes by it, are this small a share of the median's."""

LEAK, USUAL = 0.5, 3.0
"""A channel leaks into another if a change of it moves the other by this share of the other's own spread, and by so
many times what is usual between two alive channels."""


def ask_channels(context: Context, maps: ActivityMaps, rows: int) -> Part:
    """Name the dead, the duplicated and the leaking channels.

    Args:
        context: what every question shares.
        maps: where its codes vary.
        rows: rows on which effects of channels are compared.
    """
    n = context.model.latent_shape[0]
    correlations = channel_correlations(context.codes.mean)
    z = context.z[torch.randperm(context.n, generator=context.generator("effect rows"))[:rows]]
    effects = channel_effects(
        context.model, z, generator=context.generator("effects"), batch_size=max(1, context.batch_size // n)
    )
    dead = _dead(context, maps, effects)
    same = sorted(set(twins(correlations.matrix, correlations.stderr)) | set(twins(effects.cosine, effects.stderr)))
    pairs = [pair for pair in same if not set(pair) & set(dead)]
    leaks = [pair for pair in _leaks(context) if tuple(sorted(pair)) not in pairs]
    scores = (
        _count(
            context,
            "dead",
            "Dead channels",
            len(dead),
            n,
            "whose codes vary by less than 1 % of the median's, "
            f"whose move changes the picture by less than that, or with less than {FAINT:g} on the diagonal of the "
            "normalized response matrix beyond doubt",
        ),
        _count(
            context,
            "twins",
            "Pairs of channels that repeat each other",
            len(pairs),
            n * (n - 1) // 2,
            f"correlation of codes ({correlations.variant}) or cosine of effects ({effects.variant}) of size "
            "0.98 or more beyond doubt",
        ),
        _count(
            context,
            "leaks",
            "Channels that leak into another",
            len(leaks),
            n * (n - 1),
            f"ordered pairs of alive channels with M_jk / (√2 σ_k) beyond doubt ≥ {LEAK:g} and ≥ {USUAL:g} × the "
            "median of all; twins left out",
        ),
    )
    findings = _dead_finding(dead), _twin_finding(pairs, correlations.matrix, effects), _leak_finding(context, leaks)
    found = tuple(finding for finding in findings if finding)
    if not found:
        sentence = f"No channel of {n} is dead, repeats another, or leaks into another."
        found = (Finding("spatial.channels", sentence, "good", tuple(score.name for score in scores)),)
    arrays = {"correlations": correlations.matrix, "effects": effects.cosine, "effect_size": effects.size}
    return Part(scores, found, arrays)


def _count(context: Context, key: str, label: str, value: int, of: int, rule: str) -> Score:
    return Score(f"spatial.{key}", label, value, f"of {of}: {rule}", context.n, context.seed)


def _dead(context: Context, maps: ActivityMaps, effects: ChannelEffects) -> dict[int, str]:
    """Channels that say or do nothing, and why."""
    varies, moves = (values > STILL * values.median() for values in (maps.by_channel, effects.size.square()))
    responds = context.answers if _by_channel(context) else torch.ones_like(varies)
    reasons = {}
    for channel in range(len(varies)):
        why = [
            words
            for words, holds in (
                ("codes do not vary", varies),
                ("the decoder ignores them", moves),
            )
            if not bool(holds[channel])
        ]
        if not why and not bool(responds[channel]):
            why = ["what is changed does not come back"]
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
    live = torch.tensor(context.causal.mask)
    pairs = live[:, None] & live & ~torch.eye(len(live), dtype=torch.bool)
    usual = float(context.matrix.normalized[pairs].median()) if bool(pairs.any()) else 0.0
    leaking = pairs & (sure >= max(LEAK, USUAL * usual))
    return sorted(((int(j), int(k)) for j, k in leaking.nonzero().tolist()), key=lambda pair: -float(sure[pair]))


def _dead_finding(dead: dict[int, str]) -> Finding | None:
    if not dead:
        return None
    by_reason = {
        why: [f"c{channel}" for channel in dead if dead[channel] == why] for why in dict.fromkeys(dead.values())
    }
    told = "; ".join(f"{', '.join(names)}: {why}" for why, names in by_reason.items())
    sentence = f"{len(dead)} channel{' is' if len(dead) == 1 else 's are'} dead ({told})."
    return Finding("spatial.dead", sentence, "warning", ("spatial.dead",), "Drop them, or train with fewer channels.")


def _twin_finding(pairs: list[tuple[int, int]], correlations: Tensor, effects: ChannelEffects) -> Finding | None:
    if not pairs:
        return None
    told = "; ".join(
        f"c{a} and c{b} (codes correlate at {float(correlations[a, b]):.2f}, effects on the picture at "
        f"{float(effects.cosine[a, b]):.2f})"
        for a, b in pairs
    ).replace("-", "−")
    sentence = f"Channels repeat each other: {told}."
    remedy = "One of each pair is enough; changed alone, they contradict each other."
    return Finding("spatial.twins", sentence, "warning", ("spatial.twins",), remedy)


def _leak_finding(context: Context, leaks: list[tuple[int, int]]) -> Finding | None:
    if not leaks:
        return None
    matrix = context.matrix.normalized
    told = "; ".join(f"c{j} moves c{k} ({float(matrix[j, k]):.2f} of its spread)" for j, k in leaks[:6])
    more = f", and {len(leaks) - 6} more" if len(leaks) > 6 else ""
    sentence = f"A change of one channel comes back in another: {told}{more}."
    remedy = "Change these channels together, or train with objectives.Invariance."
    return Finding("spatial.leaks", sentence, "warning", ("spatial.leaks",), remedy)
