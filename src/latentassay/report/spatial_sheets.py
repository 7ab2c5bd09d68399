"""The figures of spatial latents and of fit: title, caption, and how a section's arrays become a picture."""

import numpy as np
from matplotlib.figure import Figure

from latentassay.core.findings import Section
from latentassay.plots.spatial import (
    channel_maps,
    channel_relations,
    channel_scales,
    kernel_maps,
    move_bars,
    place_maps,
    spectra,
)
from latentassay.report.sheet import Sheet, present

ACTIVITY, CERTAINTY, FAR = "activity", "certainty: ln s² below its median", "far change / median, log₁₀"

TOPS = {ACTIVITY: 1.0, CERTAINTY: 2.3, FAR: 1.0}
"""What has full colour: the mean place, a tenth of the usual variance, ten times the usual change far away."""

MOST = 3.0
"""Orders of magnitude after which changes far away are no longer told apart."""


def _channels(size: int) -> list[str]:
    return [f"c{channel}" for channel in range(size)]


def _kernel(section: Section) -> Figure:
    names = ("kernel_own", "kernel_others", "overall", "overall_stderr", "profile")
    own, others, overall, stderr, profile = (section.arrays[name] for name in names)
    return kernel_maps(own, others, overall, stderr, profile)


def _places(section: Section) -> Figure:
    maps = {ACTIVITY: section.arrays["activity_by_place"]}
    if present(section, "certainty"):
        maps[CERTAINTY] = section.arrays["certainty"]
    if present(section, "far"):
        maps[FAR] = np.minimum(np.log10(section.arrays["far"]), MOST)
    return place_maps(maps, TOPS)


def _activity(section: Section) -> Figure:
    variance = section.arrays["activity"]
    return channel_maps(variance, _channels(len(variance)))


def _relations(section: Section) -> Figure | None:
    correlations = section.arrays["correlations"]
    several = len(correlations) > 1
    return channel_relations(correlations, section.arrays["effects"], _channels(len(correlations))) if several else None


def _moves(section: Section) -> Figure:
    names = ("encoded", "encoded_stderr", "decoded", "decoded_stderr")
    encoded, encoded_stderr, decoded, decoded_stderr = (section.arrays[name] for name in names)
    return move_bars(section.details["moves"], encoded, encoded_stderr, decoded, decoded_stderr)


def _spectra(section: Section) -> Figure:
    arrays, scores = section.arrays, {score.name: score.value for score in section.scores}
    slopes = scores["spatial.slope.latent"], scores["spatial.slope.picture"]
    return spectra(
        arrays["spectrum_latent"],
        arrays["spectrum_latent_stderr"],
        arrays["spectrum_channels"],
        arrays["spectrum_picture"],
        arrays["spectrum_matched"],
        slopes,
    )


def _scales(section: Section) -> Figure:
    names = ("channel_mean", "channel_mean_stderr", "channel_std", "channel_std_stderr")
    mean, mean_stderr, std, std_stderr = (section.arrays[name] for name in names)
    labels = [str(channel) for channel in range(len(mean))]
    return channel_scales(mean, mean_stderr, std, std_stderr, section.details["expected"], labels)


FIT = (
    Sheet(
        "channels",
        "On which scale latents come",
        "Mean and standard deviation of samples of every channel, or latent of a vector, with the posterior's own "
        "noise. Who models these latents next mostly expects means of 0 and the standard deviation of the dashed line. "
        "Bars are 95 % intervals.",
        _scales,
        ("channel_mean", "channel_std"),
    ),
)

SPATIAL = (
    Sheet(
        "kernel",
        "How far a change at one place spreads",
        "One place of one channel is changed, decoded and encoded again. Left: where the change comes back in that "
        "channel, and in all others together, squared and relative to the change in units of spread; the place itself "
        "is in the middle, and what is fainter than 10⁻⁵ of the strongest is clear. Right: which share of the response "
        "lies within a distance. A tight kernel can be edited place by place.",
        _kernel,
        ("kernel_own", "kernel_others", "overall", "profile"),
    ),
    Sheet(
        "places",
        "What each place says and does",
        "Activity: how far codes vary there over the data, relative to the mean place. Certainty: how far ln s² of the "
        "posterior lies below its median; a dark place is abnormally certain. Far change: what a new value of the "
        "place does to the picture beyond its own part, over that of the median place; one dark place among pale ones "
        "carries information about the whole picture. Places with a cross were not asked about.",
        _places,
        ("activity_by_place",),
    ),
    Sheet(
        "activity",
        "Where each channel varies",
        "Variance of posterior means over the data at every place, the liveliest channels first, with their mean. "
        "Borders that differ from the middle are an effect of padding or of the data.",
        _activity,
        ("activity",),
    ),
    Sheet(
        "relations",
        "Channels that carry, or do, the same",
        "Left: correlation of codes over places and data. Right: how alike the changes are that the same move of two "
        "channels makes in the picture. Full red or blue off the diagonal is one channel twice.",
        _relations,
        ("correlations", "effects"),
    ),
    Sheet(
        "moves",
        "Do codes follow their pictures",
        "Pictures are moved and encoded, and compared with the moved codes; and codes are moved and decoded, and "
        "compared with the moved pictures. 0: the move is followed in full; 2: as far apart as two unrelated codes; "
        "more: as if turned to their opposite. Bars end in 95 % intervals.",
        _moves,
        ("encoded", "decoded"),
    ),
    Sheet(
        "spectra",
        "Fine and coarse detail",
        "Power by frequency, as share of what lies at frequencies that latents have. A latent that is much flatter "
        "than pictures of its own size (dashed) keeps fine detail that those do not have, often noise, "
        "which a diffusion model would have to learn.",
        _spectra,
        ("spectrum_latent", "spectrum_picture", "spectrum_matched"),
    ),
)
"""In the order of the page."""
