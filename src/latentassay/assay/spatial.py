"""Questions about spatial latents: channels, places, how far changes spread, and whether codes follow pictures."""

import torch
from torch import Tensor

from latentassay.assay.channels import ask_channels
from latentassay.assay.moves import ask_moves, ask_spectrum
from latentassay.assay.parts import Part, joined
from latentassay.assay.subject import Subject
from latentassay.findings import Finding, Level, Score, Section
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
"""Each of the four dear questions may take this part of ``Subject.passes``, or its fewest rows if that is more."""

MOVES = 7
"""Passes that all moves of one picture take."""

LEAST, MOST = 8, 128
"""Rows of each question, at least and at most."""


def spatial_least(subject: Subject) -> int | None:
    """Passes that this question takes at least: effects of channels, the kernel, places, moves and spectra."""
    if not is_spatial(tuple(subject.model.latent_shape)):
        return None
    channels = subject.model.latent_shape[0]
    least = channels // 2 + 1 + min(channels, FEWEST_CHANNELS) + 1
    if _lies_above(subject):
        places = min(FEWEST_PLACES, subject.codes.mean[0, 0].numel())
        least += places // 2 + 1 + MOVES + 1
    return LEAST * least


def ask_spatial(subject: Subject) -> Section | None:
    """What are the places and channels of a spatial latent like? ``None`` for vectors."""
    if not is_spatial(tuple(subject.model.latent_shape)):
        return None
    maps = activity_maps(Codes(subject.codes.mean, subject.codes.std, None))
    parts = [ask_channels(subject, maps, _rows(subject, subject.model.latent_shape[0] // 2 + 1))]
    parts += [_reach(subject), _activity(subject, maps)]
    if _lies_above(subject):
        parts.append(_places(subject, maps))
        parts.append(ask_moves(subject, subject.rows[: _rows(subject, MOVES)]))
        parts.append(ask_spectrum(subject, subject.rows[: _rows(subject, 1)]))
    question = "How far does a change spread, which channels and places say what, and do codes follow their pictures?"
    return joined("spatial", "Spatial latents", question, parts)


def _lies_above(subject: Subject) -> bool:
    """Whether every place lies above a part of the picture."""
    sides, pixels = tuple(subject.model.latent_shape[1:]), tuple(subject.data.x_shape[1:])
    return len(sides) == len(pixels) and not any(many % few for many, few in zip(pixels, sides, strict=True))


def _rows(subject: Subject, passes: int) -> int:
    """How many rows can be afforded at so many passes each."""
    return min(subject.n, max(LEAST, min(MOST, subject.passes // SHARE // passes)))


def _drawn(subject: Subject, n: int, question: str) -> Tensor:
    return subject.z[torch.randperm(subject.n, generator=subject.generator(question))[:n]]


def _plane(field: Tensor) -> Tensor:
    """A map of two dimensions: a row for one dimension, the mean over depth for three."""
    if field.ndim == 1:
        return field[None]
    return field.mean(0) if field.ndim == 3 else field


def _reach(subject: Subject) -> Part:
    c = subject.model.latent_shape[0]
    generator = subject.generator("kernel")
    affordable = max(FEWEST_CHANNELS, min(CHANNELS, subject.passes // SHARE // LEAST - 1))
    channels = sorted(torch.randperm(c, generator=generator)[:affordable].tolist())
    z = _drawn(subject, _rows(subject, len(channels) + 1), "kernel rows")
    found = spatial_response_kernel(
        subject.model, z, generator=generator, channels=channels, batch_size=subject.batch_size
    )
    scores = (
        Score(
            "spatial.reach",
            "Reach of a change",
            found.reach,
            "least distance in places that holds 90 % of the squared response to a change of one place of one channel; "
            + found.variant,
            found.n,
            subject.seed,
            int(found.reach_interval.low),
            int(found.reach_interval.high),
        ),
        Score(
            "spatial.away",
            "Response that leaves its place",
            found.away,
            "share of the squared response at other places than the one that was changed; " + found.variant,
            found.n,
            subject.seed,
            found.away_interval.low,
            found.away_interval.high,
            unit="%",
        ),
    )
    return Part(scores, (_reach_finding(subject, found, scores),), _kernel_arrays(found))


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


def _reach_finding(subject: Subject, found: SpatialKernel, scores: tuple[Score, ...]) -> Finding:
    names = tuple(score.name for score in scores)
    if found.reach < 0:
        return Finding("spatial.reach", "A change at one place comes back nowhere.", "warning", names)
    half = min(side for side in subject.model.latent_shape[1:] if side > 1) / 2
    level: Level = "good" if found.reach <= 1 else "note" if found.reach <= half else "warning"
    within = f"within {found.reach} place{'s' if found.reach > 1 else ''}" if found.reach else "at the place itself"
    sentence = f"90 % of what a change at one place does comes back {within}; {scores[1]} leaves the place."
    remedy = None if level == "good" else "To edit one part of a picture, expect codes around it to move, too."
    return Finding("spatial.reach", sentence, level, names, remedy)


def _activity(subject: Subject, maps: ActivityMaps) -> Part:
    by_place = maps.by_place
    low, high = float(by_place.min()), float(by_place.max())
    score = Score(
        "spatial.uneven",
        "Liveliest place over the stillest",
        high / max(low, 1e-12),
        "variance of posterior means by place, mean over channels each in units of its own; " + maps.variant,
        maps.n,
        subject.seed,
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
    remedy = "Look whether the data do, too: a subject in the middle is no fault." if level == "note" else None
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


def _places(subject: Subject, maps: ActivityMaps) -> Part:
    noise = maps.log_noise
    z = _drawn(subject, min(_rows(subject, 1), 2 * LEAST), "place rows")
    asked = _asked(subject, noise, 2 * (subject.passes // SHARE) // len(z))
    effects = place_effects(
        subject.model, z, generator=subject.generator("places"), places=asked, batch_size=subject.batch_size
    )
    found = global_places(effects, noise)
    score = Score(
        "spatial.global",
        "Places that carry global information",
        len(found.reaching),
        f"of {len(asked)} places asked about, out of {noise.numel()}: {effects.variant}; cuts: {found.variant}",
        effects.n,
        subject.seed,
    )
    times = torch.full((noise.numel(),), torch.nan, dtype=torch.float64)
    times[effects.places] = found.times
    arrays = {"far": _plane(times.reshape(noise.shape))}
    return Part((score,), _global_findings(found, effects, noise, score), arrays)


def _asked(subject: Subject, noise: Tensor, affordable: int) -> list[int]:
    """The places that say most, and others at random; all where that can be afforded."""
    count = min(noise.numel(), PLACES, max(FEWEST_PLACES, affordable))
    order = torch.randperm(noise.numel(), generator=subject.generator("which places"))
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
