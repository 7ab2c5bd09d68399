"""Are the latents on the scale that whoever uses them next expects?"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.assay.input_checks.moments import Jackknife, Moments, Sums, add_up, leave_blocks_out, tails
from latentassay.core.autoencoder import Encoder
from latentassay.core.estimate import Estimate
from latentassay.core.observations import as_observations, select_rows
from latentassay.sampling import BATCH_SIZE
from latentassay.stats.intervals import jackknife_stderr

TOLERANCE = 1.25
"""The std of the latents may be off by this factor."""

RATIO = 3.0
"""Stds of channels differ if one is so many times another beyond doubt."""

SHIFT = 0.5
"""A channel's mean is shifted if it lies so many of its stds from 0 beyond doubt."""

DEAD = 1e-3
"""A channel whose std is below this share of the median one says nothing of scale, and is left out of the ratio."""

VARIANT = "aggregate posterior q(z), its noise included, as exact moments given each row's mean and std"


ByChannel = Float[Tensor, " c"]
"""A number for every channel."""


class LatentScale(NamedTuple):
    """Moments of the aggregate posterior q(z) = E_x q(z|x), the noise of q(z|x) included.

    Arrays are tensors in double precision; intervals and standard errors are over blocks of rows.

    Attributes:
        mean: of all latents together.
        std: of all latents together, about ``mean``.
        factor: what to multiply with for the expected std: ``expected / std``; infinite where nothing varies.
        expected: std that is wanted: the prior's, or 1 where the model has none.
        channel_mean: mean of every channel (or latent of a vector), ``(c,)``.
        channel_mean_stderr: its standard error.
        channel_std: std of every channel, ``(c,)``.
        channel_std_stderr: its standard error.
        noise: share of the variance that is the posterior's own, ``E[std²] / var``.
        kurtosis: excess kurtosis of every channel, ``(c,)``: 0 for a Gaussian, above it where few values are large;
            NaN for a channel that does not vary.
        extreme: greatest distance of a posterior mean from its channel's, in stds of the channel, ``(c,)``; NaN
            likewise.
        ratio: largest channel std over the smallest, dead channels left out; 1 for a single channel.
        dead: channels with a std below ``DEAD`` of the median.
        words: what is to be said, some of "unit variance", "scale factor needed", "scale unsure", "channel scales
            differ", "shifted means", "channels without variance"; the first three exclude each other.
        sentences: the same as sentences with numbers.
        n: number of rows.
        variant: what the moments are of and how the intervals came about.
    """

    mean: Estimate
    std: Estimate
    factor: Estimate
    expected: float
    channel_mean: ByChannel
    channel_mean_stderr: ByChannel
    channel_std: ByChannel
    channel_std_stderr: ByChannel
    noise: Estimate
    kurtosis: ByChannel
    extreme: ByChannel
    ratio: Estimate
    dead: tuple[int, ...]
    words: tuple[str, ...]
    sentences: tuple[str, ...]
    n: int
    variant: str


def latent_scale(model: Encoder, data: Any, *, rows: Any = None, batch_size: int = BATCH_SIZE) -> LatentScale:
    """Measure mean, std and shape of the latents, overall and per channel, against unit variance or the prior.

    A latent is what a sample z ~ q(z|x) is, and its moments are exact given q's mean m and std s: the variance is
    ``Var(m) + E[s²]``, the fourth moment about μ ``E[(m−μ)⁴ + 6 (m−μ)² s² + 3 s⁴]``. Intervals are a jackknife over
    up to 32 blocks of rows, every 32nd row in one, so that sorted data do no harm; memory does not grow with the rows.

    Args:
        model: any encoder; its channels are those of spatial latents or the latents of a vector.
        data: an array or tensor ``(n, *x_shape)`` or ``Observations``, at least 4 rows.
        rows: numbers of the rows to use; all where left out.
        batch_size: rows encoded at once.

    Raises:
        InputError: too few rows, NaN or infinite latents.

    Source: the scaling factor 1/std of latent diffusion (Rombach et al. 2022, appendix G), there from one batch.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: 5 * x, lambda z: z / 5, latent_shape=(2,))
    >>> found = latent_scale(model, torch.randn(999, 2, generator=torch.Generator().manual_seed(0)))
    >>> found.words, round(found.factor, 1)
    (('scale factor needed',), 0.2)
    """
    observations = as_observations(data)
    index = select_rows(observations, rows, minimum=4)
    return _summarise(model, add_up(model, observations, index, batch_size), len(index))


def _summarise(model: Any, sums: Sums, n: int) -> LatentScale:
    jackknife = leave_blocks_out(sums, n)
    whole, std = jackknife.whole, jackknife.estimate(lambda moments: moments.std)
    mean_stderr, std_stderr = map(jackknife_stderr, (jackknife.without.channel_mean, jackknife.without.channel_std))
    prior = getattr(model, "prior", None)
    expected = 1.0 if prior is None else float(prior.std)
    alive = whole.channel_std > DEAD * whole.channel_std.median()
    verdicts = dict(
        verdict
        for verdict in (
            _overall(std, expected, prior is not None),
            _differing(whole, jackknife.t() * std_stderr, alive),
            _shifted(whole, jackknife.t() * mean_stderr, alive),
            _dead(alive),
        )
        if verdict
    )
    kurtosis, extreme = tails(sums, whole)
    return LatentScale(
        mean=jackknife.estimate(lambda moments: moments.mean),
        std=std,
        factor=_factor(std, expected),
        expected=expected,
        channel_mean=whole.channel_mean,
        channel_mean_stderr=mean_stderr,
        channel_std=whole.channel_std,
        channel_std_stderr=std_stderr,
        noise=jackknife.estimate(lambda moments: moments.noise),
        kurtosis=kurtosis,
        extreme=extreme,
        ratio=_ratio(jackknife, alive),
        dead=tuple((~alive).nonzero().flatten().tolist()),
        words=tuple(verdicts),
        sentences=tuple(verdicts.values()),
        n=n,
        variant=f"{VARIANT}; jackknife over {len(sums.values)} blocks of rows",
    )


def _factor(std: Estimate, expected: float) -> Estimate:
    """What brings the std to the expected one; its interval is that of the std, turned over."""
    value, low, high = (
        expected / end if end is not None and end > 0 else math.inf for end in (float(std), std.high, std.low)
    )
    return Estimate(value, low=low, high=high, n=std.n)


def _extremes(stds: ByChannel, alive: Tensor) -> tuple[int, int]:
    """The channels with the largest and the smallest std among those that vary."""
    most, least = torch.where(alive, stds, -math.inf).argmax(), torch.where(alive, stds, math.inf).argmin()
    return int(most), int(least)


def _ratio(jackknife: Jackknife, alive: Tensor) -> Estimate:
    """Largest std over the smallest, of the same two channels in every sample of the jackknife."""
    if not bool(alive.any()):
        return Estimate(1.0, n=jackknife.n)
    most, least = _extremes(jackknife.whole.channel_std, alive)
    return jackknife.estimate(lambda moments: moments.channel_std[..., most] / moments.channel_std[..., least])


Verdict = tuple[str, str] | None
"""What is to be said, in a few words and in a sentence."""


def _overall(std: Estimate, expected: float, has_prior: bool) -> Verdict:
    wanted = f"{expected:g} of the prior" if has_prior else f"{expected:g} that is usually expected"
    low, high = (float(std) if end is None else end for end in (std.low, std.high))
    measured = f"Latents have a standard deviation of {std:.3g} ({low:.3g} to {high:.3g})"
    if expected / TOLERANCE <= low and high <= expected * TOLERANCE:
        return "unit variance", f"{measured}, close to the {wanted}."
    if high < expected / TOLERANCE or low > expected * TOLERANCE:
        factor = f"multiply by {expected / std:.4g}" if std > 0 else "they do not vary"
        return "scale factor needed", f"{measured}, not the {wanted}: {factor}."
    return "scale unsure", f"{measured}; whether that is close enough to the {wanted} takes more rows."


def _differing(found: Moments, width: ByChannel, alive: Tensor) -> Verdict:
    if int(alive.sum()) < 2:
        return None
    stds, (most, least) = found.channel_std, _extremes(found.channel_std, alive)
    if float(stds[most] - width[most]) <= RATIO * float(stds[least] + width[least]):
        return None
    return "channel scales differ", (
        f"Standard deviations of channels differ by a factor of {float(stds[most] / stds[least]):.3g} "
        f"(channel {most}: {float(stds[most]):.3g}, channel {least}: {float(stds[least]):.3g}): "
        "scale every channel by its own."
    )


def _shifted(found: Moments, width: ByChannel, alive: Tensor) -> Verdict:
    distance = found.channel_mean.abs() / torch.where(alive, found.channel_std, torch.inf)
    sure = alive & (found.channel_mean.abs() - width > SHIFT * found.channel_std)
    if not bool(sure.any()):
        return None
    far = int(torch.where(sure, distance, -1.0).argmax())
    return "shifted means", (
        f"{int(sure.sum())} of {len(sure)} channels have their mean more than {SHIFT:g} of their standard deviations "
        f"away from 0 (channel {far}: {float(distance[far]):.3g} of them): subtract the mean of every channel."
    )


def _dead(alive: Tensor) -> Verdict:
    if bool(alive.all()):
        return None
    dead = (~alive).nonzero().flatten().tolist()
    named = ", ".join(map(str, dead[:8])) + (" …" if len(dead) > 8 else "")
    return "channels without variance", f"{len(dead)} of {len(alive)} channels do not vary ({named})."
