"""Which places of a spatial latent carry information about the whole picture?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from latentassay import plots
from latentassay.assay.context import Context
from latentassay.assay.families import FamilyVerdict, add_doubtful, judge_family
from latentassay.assay.maps import flat_map
from latentassay.assay.question import Judgement, Question
from latentassay.assay.settling import how_to_settle
from latentassay.assay.wording import list_places, place_name
from latentassay.core.estimate import Estimate
from latentassay.core.findings import Finding, Picture, Score
from latentassay.core.levels import Bounds
from latentassay.sampling import Codes
from latentassay.spatial import activity_maps, global_places, place_effects

PLACES = 256
"""Places that are changed in all channels, at most."""

FEWEST_PLACES = 32
"""And at least, if there are so many."""

CERTAIN = 8
"""Of these, so many are the places where the posterior is most certain."""

LEAST = 8
"""Rows, at least."""

MOST = 16
"""And at most."""

GLOBAL = Bounds(
    null=0.0,
    negligible=0.05,
    serious=0.25,
    problem=0.25,
    reason="share of what a change at a place does that lies far away, beyond what is usual between places: a quarter "
    "is felt in the whole picture",
)
"""How far a place may be felt."""

MOST_TIMES = 1000.0
"""Ratio beyond which nobody needs more than its order."""

ACTIVITY, CERTAINTY, FAR = "activity", "certainty: ln s² below its median", "far change / median, log₁₀"

TOPS = {ACTIVITY: 1.0, CERTAINTY: 2.3, FAR: 1.0}
"""What has full colour: the mean place, a tenth of the usual variance, ten times the usual change far away."""

MOST_ORDERS = 3.0
"""Orders of magnitude after which changes far away are no longer told apart."""


@dataclass(frozen=True)
class PlacesEvidence:
    """What each place says, and what it does to the picture beyond its own part.

    Attributes:
        activity: variance of posterior means by place over that of the mean place, ``(h, w)``.
        certainty: how far ln s² of the posterior lies below its median, ``(h, w)``; ``None`` without a posterior.
        far: change far away over that of the median place, ``(h, w)``; NaN at places that were not asked about.
        excess: share of what each place that was asked about does that lies far away and beyond what is usual,
            ``(asked,)``.
        excess_low: lower end of its 95 % interval.
        excess_high: upper end.
        times: change far away over that of the median place, ``(asked,)``.
        times_stderr: its standard error.
        asked: the places that were asked about.
        quiet: places where the posterior is abnormally certain.
        sides: places along each dimension.
        n: number of rows.
        effects_variant: how effects were measured.
        cuts_variant: where the cuts lie.
    """

    activity: Float[np.ndarray, "h w"]
    certainty: Float[np.ndarray, "h w"] | None
    far: Float[np.ndarray, "h w"]
    excess: Float[np.ndarray, " asked"]
    excess_low: Float[np.ndarray, " asked"]
    excess_high: Float[np.ndarray, " asked"]
    times: Float[np.ndarray, " asked"]
    times_stderr: Float[np.ndarray, " asked"]
    asked: tuple[int, ...]
    quiet: tuple[int, ...]
    sides: tuple[int, ...]
    n: int
    effects_variant: str
    cuts_variant: str


def passes_needed(context: Context) -> int | None:
    """The fewest places on the fewest rows; only where every place lies above a part of the picture."""
    if not context.places_lie_above:
        return None
    places = min(FEWEST_PLACES, context.codes.mean[0, 0].numel())
    return LEAST * (places // 2 + 1)


def measure(context: Context) -> PlacesEvidence:
    """Change all channels of single places, and decode."""
    maps = activity_maps(Codes(context.codes.mean, context.codes.std, None))
    noise = maps.log_noise
    z = context.sample(context.rows_at(1, least=LEAST, most=context.at_most(MOST)), "place rows")
    asked = _choose_places(context, noise, 2 * context.passes // len(z))
    effects = place_effects(
        context.model, z, generator=context.generator("places"), places=asked, batch_size=context.batch_size
    )
    found = global_places(effects, noise, maps.log_noise_stderr)
    far = torch.full((noise.numel(),), torch.nan, dtype=torch.float64)
    far[effects.places] = found.times
    certain = bool(torch.isfinite(noise).all())
    return PlacesEvidence(
        activity=flat_map(maps.by_place).numpy(),
        certainty=flat_map(noise.median() - noise).numpy() if certain else None,
        far=flat_map(far.reshape(noise.shape)).numpy(),
        excess=found.excess.numpy(),
        excess_low=found.excess_low.numpy(),
        excess_high=found.excess_high.numpy(),
        times=found.times.numpy(),
        times_stderr=found.times_stderr.numpy(),
        asked=tuple(asked),
        quiet=tuple(found.quiet),
        sides=tuple(noise.shape),
        n=effects.n,
        effects_variant=effects.variant,
        cuts_variant=found.variant,
    )


def _choose_places(context: Context, noise: Tensor, affordable: int) -> list[int]:
    """The places that say most, and others at random; all where that can be afforded."""
    count = min(noise.numel(), context.at_most(PLACES), max(FEWEST_PLACES, affordable))
    order = torch.randperm(noise.numel(), generator=context.generator("which places"))
    if bool(torch.isfinite(noise).all()):
        order = torch.cat([noise.flatten().argsort()[:CERTAIN], order])
    return sorted(list(dict.fromkeys(order.tolist()))[:count])


def judge(evidence: PlacesEvidence, context: Context) -> Judgement:
    """Name the places that are felt far away, and those that are abnormally certain."""
    # Below what is usual nobody needs to know how far.
    ends = zip(*(np.maximum(part, 0).tolist() for part in _intervals(evidence)), strict=True)
    excess = [Estimate(value, low=low, high=high, n=evidence.n) for value, low, high in ends]
    found = judge_family(excess, GLOBAL)
    score = Score(
        "spatial.global",
        "Places that carry global information",
        len(found.named),
        f"of {len(evidence.asked)} places asked about, out of {evidence.far.size}: {evidence.effects_variant}; cuts: "
        f"{evidence.cuts_variant}; from those beyond doubt to those that are not ruled out",
        n=evidence.n,
        seed=context.seed,
        low=len(found.named),
        high=max(len(found.named), sum((each.high or 0.0) > GLOBAL.serious for each in excess)),
    )
    certain = _certain_finding(evidence, found)
    if certain and found.level == "good":  # all is not well where a place may carry more than its own part
        return Judgement((score,), (certain,))
    return Judgement((score,), tuple(filter(None, (_global_finding(evidence, found, context), certain))))


def _intervals(evidence: PlacesEvidence) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return evidence.excess, evidence.excess_low, evidence.excess_high


def _global_finding(evidence: PlacesEvidence, found: FamilyVerdict, context: Context) -> Finding:
    named = [evidence.asked[k] for k in found.named]
    finding = Finding(
        "spatial.global",
        _say_of_named(evidence, found) if named else _say_of_none(evidence, found),
        found.level,
        ("spatial.global",),
        subjects=tuple(place_name(place, evidence.sides) for place in named),
        direction="above",
        estimate=found.estimate,
        bounds=GLOBAL,
        remedy=_remedy(context) if named else None,
        settle=how_to_settle(found.estimate, GLOBAL),
        brief=f"{_list(evidence, named)} carr{'ies' if len(named) == 1 else 'y'} global information" if named else None,
    )
    return add_doubtful(finding, [place_name(evidence.asked[k], evidence.sides) for k in found.doubtful])


def _list(evidence: PlacesEvidence, places: Sequence[int]) -> str:
    return list_places([place_name(place, evidence.sides) for place in places])


def _say_of_named(evidence: PlacesEvidence, found: FamilyVerdict) -> str:
    named = [evidence.asked[k] for k in found.named]
    k = max(found.named, key=lambda k: float(evidence.excess[k]))
    times = Estimate(evidence.times[k], stderr=evidence.times_stderr[k])
    often = f"more than {MOST_TIMES:.0f}" if times > MOST_TIMES else f"{times}"
    certain = len(set(named) & set(evidence.quiet))
    also = f", and the posterior is abnormally certain there, {certain} of {len(named)}" if certain else ""
    return (
        f"Global information is smuggled through {_list(evidence, named)}: a change there alters the whole picture, "
        f"far away {often} times as much as one at the usual place{also}."
    )


def _say_of_none(evidence: PlacesEvidence, found: FamilyVerdict) -> str:
    asked = f"of {len(evidence.asked)} asked"
    if found.level == "good":
        return f"No place carries global information: {asked}, none is felt far away more than others."
    k = int(np.argmax(evidence.excess))
    return (
        f"{asked.capitalize()} places, none surely carries global information; the one felt most, "
        f"{place_name(evidence.asked[k], evidence.sides)}, has {found.estimate.scaled(100)} % of its effect far away "
        "and beyond what is usual."
    )


def _remedy(context: Context) -> str:
    advice = "Never resample, crop or quantise these places alone"
    cause = "; normalisation over the whole picture is the usual way in, so look there before training anew"
    return f"{advice}{cause if context.is_trainable else ''}."


def _certain_finding(evidence: PlacesEvidence, found: FamilyVerdict) -> Finding | None:
    reaching = {evidence.asked[k] for k in found.named}
    quiet = [place for place in evidence.quiet if place not in reaching]
    if not quiet:
        return None
    where = _list(evidence, quiet)
    sentence = f"The posterior is abnormally certain at {where}: its variance is a tenth of the usual or less."
    remedy = "They may carry more than what lies beneath them; see whether codes are large there."
    names = tuple(place_name(place, evidence.sides) for place in quiet)
    return Finding("spatial.certain", sentence, "note", ("spatial.global",), subjects=names, remedy=remedy)


def figures(evidence: PlacesEvidence) -> Iterator[Picture]:
    """Yield maps of what each place says and does."""
    maps = {ACTIVITY: evidence.activity}
    if evidence.certainty is not None:
        maps[CERTAINTY] = evidence.certainty
    maps[FAR] = np.minimum(np.log10(evidence.far), MOST_ORDERS)
    yield Picture(
        "maps",
        "What each place says and does",
        "Activity: how far codes vary there over the data, relative to the mean place. Certainty: how far ln s² of the "
        "posterior lies below its median; a dark place is abnormally certain. Far change: what a new value of the "
        "place does to the picture beyond its own part, over that of the median place; one dark place among pale ones "
        "carries information about the whole picture. Places with a cross were not asked about.",
        partial(plots.place_maps, maps, TOPS),
    )


QUESTION = Question(
    key="spatial.places",
    title="Places",
    text="Which places carry information about the whole picture?",
    evidence=PlacesEvidence,
    measure=measure,
    judge=judge,
    figures=figures,
    passes_needed=passes_needed,
    weight=1,
)
