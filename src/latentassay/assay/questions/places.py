"""Which places of a spatial latent carry information about the whole picture?"""

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
from latentassay.assay.wording import list_places, place_name
from latentassay.core.findings import Finding, Picture, Score
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
        times: the same of the places that carry global information, ``(reaching,)``.
        reaching: places that carry global information.
        quiet: places where the posterior is abnormally certain.
        asked: how many places were asked about.
        sides: places along each dimension.
        n: number of rows.
        effects_variant: how effects were measured.
        cuts_variant: where the cuts lie.
    """

    activity: Float[np.ndarray, "h w"]
    certainty: Float[np.ndarray, "h w"] | None
    far: Float[np.ndarray, "h w"]
    times: Float[np.ndarray, " reaching"]
    reaching: tuple[int, ...]
    quiet: tuple[int, ...]
    asked: int
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
    z = context.sample(context.rows_at(1, least=LEAST, most=MOST), "place rows")
    asked = _choose_places(context, noise, 2 * context.passes // len(z))
    effects = place_effects(
        context.model, z, generator=context.generator("places"), places=asked, batch_size=context.batch_size
    )
    found = global_places(effects, noise)
    times = torch.full((noise.numel(),), torch.nan, dtype=torch.float64)
    times[effects.places] = found.times
    certain = bool(torch.isfinite(noise).all())
    return PlacesEvidence(
        activity=flat_map(maps.by_place).numpy(),
        certainty=flat_map(noise.median() - noise).numpy() if certain else None,
        far=flat_map(times.reshape(noise.shape)).numpy(),
        times=times[list(found.reaching)].numpy(),
        reaching=tuple(found.reaching),
        quiet=tuple(found.quiet),
        asked=len(asked),
        sides=tuple(noise.shape),
        n=effects.n,
        effects_variant=effects.variant,
        cuts_variant=found.variant,
    )


def _choose_places(context: Context, noise: Tensor, affordable: int) -> list[int]:
    """The places that say most, and others at random; all where that can be afforded."""
    count = min(noise.numel(), PLACES, max(FEWEST_PLACES, affordable))
    order = torch.randperm(noise.numel(), generator=context.generator("which places"))
    if bool(torch.isfinite(noise).all()):
        order = torch.cat([noise.flatten().argsort()[:CERTAIN], order])
    return sorted(list(dict.fromkeys(order.tolist()))[:count])


def judge(evidence: PlacesEvidence, context: Context) -> Judgement:
    """Name the places that are felt far away, and those that are abnormally certain."""
    score = Score(
        "spatial.global",
        "Places that carry global information",
        len(evidence.reaching),
        f"of {evidence.asked} places asked about, out of {evidence.far.size}: {evidence.effects_variant}; cuts: "
        f"{evidence.cuts_variant}",
        n=evidence.n,
        seed=context.seed,
    )
    found = tuple(filter(None, (_global_finding(evidence), _certain_finding(evidence))))
    if not found:
        sentence = (
            f"No place carries global information: of {evidence.asked} asked, none is felt far away more than others."
        )
        found = (Finding("spatial.global", sentence, "good", (score.name,)),)
    return Judgement((score,), found)


def _global_finding(evidence: PlacesEvidence) -> Finding | None:
    if not evidence.reaching:
        return None
    places = list_places([place_name(place, evidence.sides) for place in evidence.reaching])
    times = float(evidence.times[0])
    often = f"more than {MOST_TIMES:.0f}" if times > MOST_TIMES else f"{times:.3g}"
    certain = len(set(evidence.reaching) & set(evidence.quiet))
    also = f", and the posterior is abnormally certain there, {certain} of {len(evidence.reaching)}" if certain else ""
    sentence = (
        f"Global information is smuggled through {places}: a change there alters the whole picture, far away "
        f"{often} times as much as one at the usual place{also}."
    )
    remedy = "Never resample, crop or quantise these places alone; retrain with a norm that cannot see the whole."
    brief = f"{places} carr{'ies' if len(evidence.reaching) == 1 else 'y'} global information"
    return Finding("spatial.global", sentence, "problem", ("spatial.global",), remedy=remedy, brief=brief)


def _certain_finding(evidence: PlacesEvidence) -> Finding | None:
    quiet = [place for place in evidence.quiet if place not in evidence.reaching]
    if not quiet:
        return None
    places = list_places([place_name(place, evidence.sides) for place in quiet])
    sentence = f"The posterior is abnormally certain at {places}: its variance is a tenth of the usual or less."
    remedy = "They may carry more than what lies beneath them; see whether codes are large there."
    return Finding("spatial.certain", sentence, "note", ("spatial.global",), remedy=remedy)


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
