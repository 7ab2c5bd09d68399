"""Questions about spatial latents: channels, places, how far changes spread, and whether codes follow pictures."""

import torch
from torch import Tensor

from latentassay.assay.channels import ask_channels
from latentassay.assay.context import Context
from latentassay.assay.parts import Part, joined
from latentassay.assay.transform_equivariance import ask_moves, ask_spectrum
from latentassay.core.findings import Finding, Level, Score, Section
from latentassay.sampling import Codes
from latentassay.spatial import (
    ActivityMaps,
    GlobalPlaces,
    PlaceEffects,
    SpatialKernel,
    activity_maps,
    global_places,
    is_spatial,
    place_effects,
    spatial_response_kernel,
)

CHANNELS, PLACES = 32, 256
"""Channels that are changed at single places, and places that are changed in all channels, at most."""

FEWEST_CHANNELS, FEWEST_PLACES = 4, 32
"""And at least, if there are so many."""

SHARE = 4
"""Each of the four dear questions may take this part of ``Context.passes``, or its fewest rows if that is more."""

MOVES = 7
"""Passes that all moves of one picture take."""

LEAST, MOST = 8, 128
"""Rows of each question, at least and at most."""


def spatial_least(context: Context) -> int | None:
    """Passes that this question takes at least: effects of channels, the kernel, places, moves and spectra."""
    if not is_spatial(tuple(context.model.latent_shape)):
        return None
    channels = context.model.latent_shape[0]
    least = channels // 2 + 1 + min(channels, FEWEST_CHANNELS) + 1
    if _lies_above(context):
        places = min(FEWEST_PLACES, context.codes.mean[0, 0].numel())
        least += places // 2 + 1 + MOVES + 1
    return LEAST * least


def ask_spatial(context: Context) -> Section | None:
    """What are the places and channels of a spatial latent like? ``None`` for vectors."""
    if not is_spatial(tuple(context.model.latent_shape)):
        return None
    maps = activity_maps(Codes(context.codes.mean, context.codes.std, None))
    parts = [ask_channels(context, maps, _rows(context, context.model.latent_shape[0] // 2 + 1))]
    parts += [_reach(context), _activity(context, maps)]
    if _lies_above(context):
        parts.append(_places(context, maps))
        parts.append(ask_moves(context, context.rows[: _rows(context, MOVES)]))
        parts.append(ask_spectrum(context, context.rows[: _rows(context, 1)]))
    question = "How far does a change spread, which channels and places say what, and do codes follow their pictures?"
    return joined("spatial", "Spatial latents", question, parts)


def _lies_above(context: Context) -> bool:
    """Whether every place lies above a part of the picture."""
    sides, pixels = tuple(context.model.latent_shape[1:]), tuple(context.data.x_shape[1:])
    return len(sides) == len(pixels) and not any(many % few for many, few in zip(pixels, sides, strict=True))


def _rows(context: Context, passes: int) -> int:
    """How many rows can be afforded at so many passes each."""
    return min(context.n, max(LEAST, min(MOST, context.passes // SHARE // passes)))


def _drawn(context: Context, n: int, question: str) -> Tensor:
    return context.z[torch.randperm(context.n, generator=context.generator(question))[:n]]


def _plane(field: Tensor) -> Tensor:
    """A map of two dimensions: a row for one dimension, the mean over depth for three."""
    if field.ndim == 1:
        return field[None]
    return field.mean(0) if field.ndim == 3 else field


def _reach(context: Context) -> Part:
    c = context.model.latent_shape[0]
    generator = context.generator("kernel")
    affordable = max(FEWEST_CHANNELS, min(CHANNELS, context.passes // SHARE // LEAST - 1))
    channels = sorted(torch.randperm(c, generator=generator)[:affordable].tolist())
    z = _drawn(context, _rows(context, len(channels) + 1), "kernel rows")
    found = spatial_response_kernel(
        context.model, z, generator=generator, channels=channels, batch_size=context.batch_size
    )
    scores = (
        Score(
            "spatial.reach",
            "Reach of a change",
            found.reach,
            "least distance in places that holds 90 % of the squared response to a change of one place of one channel; "
            + found.variant,
            found.n,
            context.seed,
            int(found.reach_interval.low),
            int(found.reach_interval.high),
        ),
        Score(
            "spatial.away",
            "Response that leaves its place",
            found.away,
            "share of the squared response at other places than the one that was changed; " + found.variant,
            found.n,
            context.seed,
            found.away_interval.low,
            found.away_interval.high,
            unit="%",
        ),
    )
    return Part(scores, (_reach_finding(context, found, scores),), _kernel_arrays(found))


def _kernel_arrays(found: SpatialKernel) -> dict[str, Tensor]:
    """The kernel in units of spread, averaged over pairs of channels, and over those of a channel with itself."""
    sigma = torch.where(found.sigma > 0, found.sigma, torch.inf)
    shape = (-1, len(sigma), *(1 for _ in found.kernel.shape[2:]))
    changed = found.sigma[list(found.channels)]
    scaled = found.kernel * (changed[:, None] / sigma).square().reshape(shape)
    own = scaled[range(len(changed)), found.channels].mean(0)
    others = (scaled.sum((0, 1)) - own * len(changed)) / len(changed)
    return {
        "kernel_own": _plane(own),
        "kernel_others": _plane(others),
        "profile": found.profile,
        "overall": found.overall,
        "overall_stderr": found.overall_stderr,
    }


def _reach_finding(context: Context, found: SpatialKernel, scores: tuple[Score, ...]) -> Finding:
    names = tuple(score.name for score in scores)
    if found.reach < 0:
        return Finding("spatial.reach", "A change at one place comes back nowhere.", "warning", names)
    half = min(side for side in context.model.latent_shape[1:] if side > 1) / 2
    level: Level = "good" if found.reach <= 1 else "note" if found.reach <= half else "warning"
    within = f"within {found.reach} place{'s' if found.reach > 1 else ''}" if found.reach else "at the place itself"
    sentence = f"90 % of what a change at one place does comes back {within}; {scores[1]} leaves the place."
    remedy = None if level == "good" else "To edit one part of a picture, expect codes around it to move, too."
    return Finding("spatial.reach", sentence, level, names, remedy)


def _activity(context: Context, maps: ActivityMaps) -> Part:
    by_place = maps.by_place
    low, high = float(by_place.min()), float(by_place.max())
    score = Score(
        "spatial.uneven",
        "Liveliest place over the stillest",
        high / max(low, 1e-12),
        "variance of posterior means by place, mean over channels each in units of its own; " + maps.variant,
        maps.n,
        context.seed,
    )
    arrays = {
        "activity": _planes(maps.variance),
        "activity_by_place": _plane(by_place),
        "by_channel": maps.by_channel,
    }
    if bool(torch.isfinite(maps.log_noise).all()):
        arrays["certainty"] = _plane(maps.log_noise.median() - maps.log_noise)
    level: Level = "good" if low >= 0.25 and high <= 4 else "note"
    told = f"from {low:.2g} to {high:.2g} times the mean place"
    sentence = f"Codes vary at every place about equally, {told}."
    if level == "note":
        sentence = f"Codes vary unequally by place, {told}: most at {_at(int(by_place.argmax()), maps)}, least at "
        sentence += f"{_at(int(by_place.argmin()), maps)}."
    remedy = "Look whether the data do, too: a context in the middle is no fault." if level == "note" else None
    return Part((score,), (Finding("spatial.activity", sentence, level, (score.name,), remedy),), arrays)


def _planes(fields: Tensor) -> Tensor:
    return torch.stack([_plane(field) for field in fields])


def _at(place: int, maps: ActivityMaps) -> str:
    return place_name(place, tuple(maps.by_place.shape))


def place_name(place: int, sides: tuple[int, ...]) -> str:
    """Name a place by its coordinates.

    >>> place_name(11, (8, 8))
    '(1, 3)'
    """
    at = []
    for side in reversed(sides):
        place, index = divmod(place, side)
        at.append(str(index))
    return f"({', '.join(reversed(at))})"


def _places(context: Context, maps: ActivityMaps) -> Part:
    noise = maps.log_noise
    z = _drawn(context, min(_rows(context, 1), 2 * LEAST), "place rows")
    asked = _asked(context, noise, 2 * (context.passes // SHARE) // len(z))
    effects = place_effects(
        context.model, z, generator=context.generator("places"), places=asked, batch_size=context.batch_size
    )
    found = global_places(effects, noise)
    score = Score(
        "spatial.global",
        "Places that carry global information",
        len(found.reaching),
        f"of {len(asked)} places asked about, out of {noise.numel()}: {effects.variant}; cuts: {found.variant}",
        effects.n,
        context.seed,
    )
    times = torch.full((noise.numel(),), torch.nan, dtype=torch.float64)
    times[effects.places] = found.times
    arrays = {"far": _plane(times.reshape(noise.shape))}
    return Part((score,), _global_findings(found, effects, noise, score), arrays)


def _asked(context: Context, noise: Tensor, affordable: int) -> list[int]:
    """The places that say most, and others at random; all where that can be afforded."""
    count = min(noise.numel(), PLACES, max(FEWEST_PLACES, affordable))
    order = torch.randperm(noise.numel(), generator=context.generator("which places"))
    if bool(torch.isfinite(noise).all()):
        order = torch.cat([noise.flatten().argsort()[:LEAST], order])
    return sorted(list(dict.fromkeys(order.tolist()))[:count])


def _global_findings(found: GlobalPlaces, effects: PlaceEffects, noise: Tensor, score: Score) -> tuple[Finding, ...]:
    sides, findings = tuple(noise.shape), []
    quiet = [place for place in found.quiet if place not in found.reaching]
    if found.reaching:
        named = _listed([place_name(place, sides) for place in found.reaching])
        at = effects.places.tolist().index(found.reaching[0])
        sentence = (
            f"Global information is smuggled through {named}: a change there alters the whole picture, far away "
            f"{_times(float(found.times[at]))} times as much as one at the usual place"
        )
        low = set(found.reaching) & set(found.quiet)
        sentence += (
            f", and the posterior is abnormally certain there, {len(low)} of {len(found.reaching)}." if low else "."
        )
        remedy = "Never resample, crop or quantise these places alone; retrain with a norm that cannot see the whole."
        brief = f"{named} carr{'ies' if len(found.reaching) == 1 else 'y'} global information"
        findings.append(Finding("spatial.global", sentence, "problem", (score.name,), remedy, brief))
    if quiet:
        named = _listed([place_name(place, sides) for place in quiet])
        sentence = f"The posterior is abnormally certain at {named}: its variance is a tenth of the usual or less."
        remedy = "They may carry more than what lies beneath them; see whether codes are large there."
        findings.append(Finding("spatial.certain", sentence, "note", (score.name,), remedy))
    if not findings:
        asked = f"of {len(effects.places)} asked, none is felt far away more than others"
        sentence = f"No place carries global information: {asked}."
        findings.append(Finding("spatial.global", sentence, "good", (score.name,)))
    return tuple(findings)


def _times(times: float) -> str:
    """Nobody needs more than the order of a very large ratio."""
    return "more than 1000" if times > 1000 else f"{times:.3g}"


def _listed(names: list[str]) -> str:
    """Say where.

    >>> _listed(["(0, 1)"]), _listed(["(0, 1)", "(2, 2)"])
    ('place (0, 1)', 'places (0, 1) and (2, 2)')
    """
    if len(names) == 1:
        return f"place {names[0]}"
    if len(names) > 6:
        return f"{len(names)} places ({', '.join(names[:6])} …)"
    return f"places {', '.join(names[:-1])} and {names[-1]}"
