"""Interventional consistency: does a change of one unit come back as that change, and nothing else (IC 2)?"""

import itertools
from collections.abc import Iterable

import torch
from torch import Tensor

from latentassay.assay.causes import ask_causes
from latentassay.assay.context import Context
from latentassay.assay.parts import Part, joined
from latentassay.core.autoencoder import HasCauses
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.core.units import Units
from latentassay.metrics import independence
from latentassay.responses import Invariance, SelfConsistency, invariance, respond, self_consistency
from latentassay.sampling import decode, hybrid, prior, uniform

MOST = 32
"""Units asked about, the liveliest, where there are more."""

VALUES, PASSES, SHARE = 10, 3200, 2
"""Values that each unit is set to, and decodings and encodings that all these interventions may take: so many, or this
part of ``Context.passes`` if that is less (with causes, to which as many interventions are made, half of it)."""

FEWEST, ROWS = 16, 128
"""Latents that are intervened on, at least and at most, whatever that takes."""

FEWEST_VALUES, FEWEST_UNITS = 4, 4
"""What a slow model is asked for at least: so many values, for so many of its liveliest units."""

DRAWN, FEWEST_DRAWN, PERMUTATIONS = 256, 32, 100
"""Latents of each kind that respond without an intervention, at most and at least, and permutations of their test for
independence; between, a sixteenth of ``Context.passes``."""

SAMPLES, FEWEST_SAMPLES, STEPS = 16, 4, 21
"""Lines of a traversal, at most and at least, and values on each."""

PAIRS, SHOWN = 4, 12
"""Pairs of samples that are mixed, and units taken over."""

SURE = 2.0
"""Standard errors by which the worst of many pairs must miss a mark before it is blamed."""

KINDS = {"posterior": "posterior samples", "hybrid": "hybrids", "uniform": "uniform ones", "prior": "the prior's"}


def consistency_least(context: Context) -> int:
    """Passes that this question takes at least; decoding alone is half of one."""
    interventions = FEWEST * (FEWEST_UNITS * FEWEST_VALUES + 1)
    if isinstance(context.model, HasCauses):
        interventions *= 3
    return interventions + len(KINDS) * FEWEST_DRAWN + FEWEST_SAMPLES * STEPS + PAIRS * SHOWN // 2


def ask_consistency(context: Context) -> Section:
    """Does a change of one unit leave the others alone, and do latents come back as they went?"""
    most, values = _affordable(context)
    chosen = _liveliest(context, range(len(context.matrix.units)), most)
    units = _only(context, chosen)
    labels = [context.labels[j] for j in chosen]
    z = _rows(context, len(units) * values)
    found = invariance(
        context.model,
        z,
        units=units,
        values=values,
        generator=context.generator("invariance"),
        batch_size=context.batch_size,
    )
    live = [unit for unit, collapsed in zip(chosen, found.mask, strict=True) if not collapsed]
    parts = [_invariance(context, labels, found), _self_consistency(context, live), _independence(context)]
    parts += [_traversal(context, chosen), _hybrids(context)]
    if isinstance(context.model, HasCauses):
        parts.append(ask_causes(context, context.model, z, values))
    question = "Does a change of one unit come back as that change, and nothing else?"
    return joined("consistency", "Interventional consistency", question, parts)


def _liveliest(context: Context, units: Iterable[int], most: int) -> list[int]:
    """The units that answer most to themselves, in the order of their numbers."""
    strength = context.matrix.normalized.diagonal()
    return sorted(sorted(units, key=lambda unit: -float(strength[unit]))[:most])


def _only(context: Context, units: list[int]) -> Units:
    return Units(tuple(context.matrix.units.groups[unit] for unit in units), context.matrix.units.latent_shape)


def _affordable(context: Context) -> tuple[int, int]:
    """How many units are asked about, and how many values each takes: fewer of both where the model is slow."""
    passes = _passes(context) // FEWEST
    values = VALUES if passes >= VALUES * min(MOST, len(context.matrix.units)) else FEWEST_VALUES
    return max(FEWEST_UNITS, min(MOST, passes // values)), values


def _passes(context: Context) -> int:
    return min(PASSES, context.passes // (2 * SHARE if isinstance(context.model, HasCauses) else SHARE))


def _rows(context: Context, interventions: int) -> Tensor:
    """As many posterior samples as so many interventions each can be afforded on."""
    affordable = _passes(context) // interventions
    order = torch.randperm(context.n, generator=context.generator("consistency"))
    return context.z[order[: min(ROWS, max(FEWEST, affordable))]]


def _invariance(context: Context, labels: list[str], found: Invariance) -> Part:
    dead = [labels[unit] for unit in found.collapsed]
    scores = [
        Score(
            "consistency.collapsed",
            "Collapsed units",
            len(dead),
            f"of {len(labels)}: units to which less than 1/8 of a change of themselves, squared, comes back (LR's cut)",
            found.n,
            context.seed,
        )
    ]
    if found.score is not None:
        scores.insert(
            0,
            Score(
                "consistency.invariance",
                "Invariance",
                found.score,
                "IC equation 5, mean over pairs of units that are not collapsed: 1 if a change of one never reaches "
                f"the other, 0 if it reaches it in full; {found.variant}",
                found.n,
                context.seed,
                found.low,
                found.high,
                unit="%",
            ),
        )
    arrays = {"invariance": found.matrix, "collapsed": torch.tensor(found.mask)}
    finding = _alone(labels, found, scores[0], dead)
    return Part(tuple(scores), (finding,), arrays, {"labels": labels})


def _alone(labels: list[str], found: Invariance, score: Score, dead: list[str]) -> Finding:
    left_out = f" {_named(dead, 'collapsed, and left out: a change of one comes to nothing')}" if dead else ""
    if found.score is None:
        sentence = f"There are no two units of which one could leave the other alone.{left_out}"
        return Finding("consistency.invariance", sentence, "note", (score.name,))
    m, i = _worst(found)
    least, sure = float(found.matrix[m, i]), float(found.matrix[m, i] + SURE * found.stderr[m, i])
    level: Level = "good" if score.value >= 0.95 and sure >= 0.9 else "note"
    if score.value < 0.8 or sure < 0.75:
        level = "warning"
    only = "" if level == "good" else " only"
    worst = f"; most of all, unit {labels[m]} moves unit {labels[i]} ({100 * least:.0f} %)" if sure < 0.99 else ""
    sentence = f"A change of one unit leaves the others alone at {score}{only} (invariance){worst}.{left_out}"
    remedy = f"Train with objectives.Invariance, or change units {labels[m]} and {labels[i]} together."
    return Finding("consistency.invariance", _minus(sentence), level, (score.name,), remedy if only else None)


def _worst(found: Invariance) -> tuple[int, int]:
    """The pair of live units, moved and moving with it, that is least invariant beyond doubt."""
    live = ~torch.tensor(found.mask)
    pairs = live[:, None] & live & ~torch.eye(len(live), dtype=torch.bool)
    sure = torch.where(pairs, found.matrix + SURE * found.stderr, torch.inf)
    m, i = divmod(int(sure.argmin()), len(live))
    return m, i


def _named(units: list[str], what: str) -> str:
    """Say something of one or several units.

    >>> _named(["4", "7"], "collapsed")
    'Units 4 and 7 are collapsed.'
    """
    if len(units) == 1:
        return f"Unit {units[0]} is {what}."
    return f"Units {', '.join(units[:-1])} and {units[-1]} are {what}."


def _self_consistency(context: Context, live: list[int]) -> Part:
    """Responses to latents of every kind, without an intervention (IC table 2), in units that are not collapsed."""
    if not live:
        return Part()
    affordable = max(FEWEST_DRAWN, min(DRAWN, context.passes // 16))
    n, g = min(context.n, affordable), context.generator("self-consistency")
    drawn = {
        "posterior": context.z[torch.randperm(context.n, generator=g)[:n]],
        "hybrid": hybrid(context.z, n, generator=g, units=context.matrix.units),
        "uniform": uniform(context.z, n, generator=g, units=context.matrix.units),
    }
    if context.model.prior:
        drawn["prior"] = prior(context.model, n, generator=g)
    found = {
        kind: self_consistency(context.model, z, units=_only(context, live), batch_size=context.batch_size)
        for kind, z in drawn.items()
    }
    scores = [score for kind, of_kind in found.items() if (score := _self_score(context, kind, of_kind))]
    arrays = {f"self_{kind}": of_kind.scores for kind, of_kind in found.items()}
    arrays |= {f"self_{kind}_stderr": of_kind.stderr for kind, of_kind in found.items()}
    return Part(tuple(scores), _falls(scores), arrays, {"live": [context.labels[unit] for unit in live]})


def _self_score(context: Context, kind: str, found: SelfConsistency) -> Score | None:
    if found.score is None:
        return None
    return Score(
        f"consistency.self.{kind}",
        f"Self-consistency, {kind} samples",
        found.score,
        f"IC 2.1, mean over units that are not collapsed of 1 − E|R(z) − z|² / σ²; {found.variant}",
        found.n,
        context.seed,
        found.low,
        found.high,
        unit="%",
    )


def _falls(scores: list[Score]) -> tuple[Finding, ...]:
    """Compare the kinds of samples; what is not recognised even on data is graver than what is not beside them."""
    by_kind = {score.name.rsplit(".", 1)[1]: score for score in scores}
    if not {"posterior", "hybrid"} <= set(by_kind):
        return ()
    posterior, mixed = by_kind["posterior"], by_kind["hybrid"]
    level: Level = "good" if min(posterior.value, mixed.value) >= 0.9 else "note"
    if posterior.value < 0.7 or mixed.value < 0.5:
        level = "warning"
    told = [f"{score} for {KINDS[kind]}" for kind, score in by_kind.items()]
    sentence = f"Latents come back as they went at {', '.join(told[:-1])} and {told[-1]} (self-consistency)."
    remedy = None
    if level != "good" and _less(mixed, posterior):
        remedy = "Units are understood as they occur together, less so in new combinations: change few at a time."
    elif level != "good":
        remedy = "Train longer, or with objectives.AVAE, which asks for this."
    return (Finding("consistency.self", _minus(sentence), level, tuple(score.name for score in scores), remedy),)


def _less(first: Score, second: Score) -> bool:
    """Whether the intervals of both say so."""
    return first.high is not None and second.low is not None and first.high < second.low


def _minus(text: str) -> str:
    return text.replace(" -", " −").replace("(-", "(−")


def _independence(context: Context) -> Part:
    """Whether the units of real data could be drawn one by one."""
    latents, alive = context.active_latents, context.alive.groups
    if len(alive) < 2:
        return Part()
    ends, n = [0, *itertools.accumulate(map(len, alive))], max(2 * FEWEST_DRAWN, min(DRAWN, context.passes // 4))
    found = independence(
        context.z[:n].flatten(1)[:, latents],
        units=[range(*pair) for pair in itertools.pairwise(ends)],
        permutations=PERMUTATIONS,
        generator=context.generator("independence"),
    )
    score = Score(
        "consistency.independence",
        "Dependence of the alive latents",
        found.value,
        f"{found.variant}; p = {found.p_value:.3g} for no dependence (permutation)",
        found.n,
        context.seed,
    )
    if found.p_value < 0.01:
        sentence = f"The alive latents of real data depend on each other (p = {found.p_value:.2g})."
        remedy = "Draw them together: samples that mix units (hybrids, the prior) hold combinations no data have."
        return Part((score,), (Finding("consistency.independence", sentence, "note", (score.name,), remedy),))
    sentence = f"No dependence between the alive latents of real data was found (p = {found.p_value:.2g})."
    return Part((score,), (Finding("consistency.independence", sentence, "good", (score.name,)),))


def _traversal(context: Context, units: list[int]) -> Part:
    """Signed errors of the response in every unit, while the liveliest one goes through its values."""
    groups = context.matrix.units.groups
    scalars = [unit for unit in units if len(groups[unit]) == 1]
    moved = max(
        set(scalars) & set(context.causal.active), key=lambda j: float(context.matrix.normalized[j, j]), default=None
    )
    if moved is None:
        return Part()
    latents = [groups[unit][0] for unit in scalars]
    order = torch.randperm(context.n, generator=context.generator("lines"))
    base = context.z[order[: max(FEWEST_SAMPLES, min(SAMPLES, context.passes // 8 // STEPS))]].flatten(1)
    low, high = context.z.flatten(1)[:, groups[moved][0]].quantile(base.new_tensor([0.01, 0.99]))
    values = torch.linspace(float(low), float(high), STEPS).to(base)
    z = base.repeat(STEPS, 1, 1)
    z[:, :, groups[moved][0]] = values[:, None]
    flat = z.flatten(0, 1)
    response = respond(context.model, flat.view(-1, *context.model.latent_shape), batch_size=context.batch_size)
    errors = (response.flatten(1) - flat)[:, latents].view(STEPS, len(base), len(latents)).permute(2, 1, 0)
    details = {"moved": scalars.index(moved), "scalars": [context.labels[unit] for unit in scalars]}
    return Part(arrays={"traversed": values, "traversal_errors": errors.contiguous()}, details=details)


def _hybrids(context: Context) -> Part:
    """Real samples, and what becomes of them when one unit comes from another (IC figure 34)."""
    rows = torch.randperm(context.n, generator=context.generator("hybrids"))[: 2 * PAIRS]
    base, other = context.z[rows].chunk(2)
    units, chosen = context.matrix.units, _liveliest(context, context.causal.active, SHOWN)
    mixed = torch.stack([units.replace(base, unit, other) for unit in chosen], 1)
    decoded = decode(context.model, torch.cat([base, other, mixed.flatten(0, 1)]), batch_size=context.batch_size)
    first, second, hybrids = torch.split(decoded, [len(base), len(other), len(base) * len(chosen)])
    hybrids = hybrids.reshape(len(base), len(chosen), *hybrids.shape[1:])
    arrays = {"base": first, "alternative": second, "hybrids": hybrids}
    return Part(arrays=arrays, details={"mixed": [context.labels[unit] for unit in chosen]})
