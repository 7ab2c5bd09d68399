"""Are the latents on the scale that whoever uses them next expects?"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.assay.input_checks.moments import Jackknife, Moments, Sums, add_up, leave_blocks_out, tails
from latentassay.core.autoencoder import Encoder
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.levels import GRAVE, Bounds, Level, exceeding, grade
from latentassay.core.observations import as_observations, select_rows
from latentassay.sampling import BATCH_SIZE
from latentassay.stats.intervals import jackknife_stderr

SCALE = Bounds(1.0, 1.25, 1.5, "factor between the standard deviation of the latents and the expected one")
"""How far the std of all latents may be off."""

RATIO = Bounds(1.0, 2.0, 4.0, "factor between the standard deviations of two channels")
"""How much the stds of channels may differ."""

SHIFT = Bounds(0.0, 0.25, 0.5, "standard deviations of a channel between its mean and 0")
"""How far the mean of a channel may lie from 0."""

STILL = Bounds(1.0, 0.01, 1e-3, "standard deviation of a channel over the median one")
"""From which std on a channel does not vary."""

FARTHEST = 1e6
"""Factors are said to be no more than this."""

DEAD = 1e-3
"""A channel whose std is below this share of the median one says nothing of scale, and is left out of the ratio."""

VARIANT = "aggregate posterior q(z), its noise included, as exact moments given each row's mean and std"


ByChannel = Float[Tensor, " c"]
"""A number for every channel."""


class Verdict(NamedTuple):
    """One thing that is to be said of the scale.

    Attributes:
        word: the same in a few words.
        sentence: with its numbers.
        estimate: the effect.
        bounds: from which sizes on it counts.
        channels: whom it is about; none where it is about all.
    """

    word: str
    sentence: str
    estimate: Estimate
    bounds: Bounds
    channels: tuple[int, ...] = ()

    @property
    def level(self) -> Level:
        """What follows from the estimate and its bounds."""
        return grade(self.estimate, self.bounds)


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
        verdicts: what is to be said, each with its estimate, bounds and channels.
        words: the same in a few words, some of "unit variance", "scale factor needed", "scale unsure", "channel scales
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
    verdicts: tuple[Verdict, ...]
    n: int
    variant: str

    @property
    def words(self) -> tuple[str, ...]:
        """What is to be said, in a few words each."""
        return tuple(verdict.word for verdict in self.verdicts)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same as sentences with numbers."""
        return tuple(verdict.sentence for verdict in self.verdicts)


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
    word = "channel" if len(model.latent_shape) > 1 else "unit"
    alive = whole.channel_std > DEAD * whole.channel_std.median()
    ratio = _ratio(jackknife, alive)
    verdicts = (
        _overall(std, expected, prior is not None),
        _differing(whole, ratio, alive, word),
        _shifted(whole, jackknife.t() / Z95 * mean_stderr, alive, word),
        _still(whole.channel_std, alive, word),
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
        ratio=ratio,
        dead=tuple((~alive).nonzero().flatten().tolist()),
        verdicts=tuple(verdict for verdict in verdicts if verdict),
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


def _overall(std: Estimate, expected: float, has_prior: bool) -> Verdict:
    wanted = f"{expected:g} of the prior" if has_prior else f"{expected:g} that is usually expected"
    low, high = (float(std) if end is None else end for end in (std.low, std.high))
    measured = f"Latents have a standard deviation of {std:.3g} ({low:.3g} to {high:.3g})"
    off = _fold(std, expected)
    level = grade(off, SCALE)
    if level == "good":
        return Verdict("unit variance", f"{measured}, close to the {wanted}.", off, SCALE)
    if level == "unsure":
        words = f"{measured}; whether that is close enough to the {wanted} takes more rows."
        return Verdict("scale unsure", words, off, SCALE)
    factor = f"multiply by {expected / std:.4g}" if std > 0 else "they do not vary"
    return Verdict("scale factor needed", f"{measured}, not the {wanted}: {factor}.", off, SCALE)


def _fold(std: Estimate, expected: float) -> Estimate:
    """By which factor, to either side, the std is off."""
    ends = [float(std) if end is None else end for end in (std, std.low, std.high)]
    value, first, second = (min(max(end / expected, expected / max(end, 1e-300)), FARTHEST) for end in ends)
    low = 1.0 if ends[1] <= expected <= ends[2] else min(first, second)
    return Estimate(value, low=min(low, value), high=max(first, second, value), n=std.n)


def _differing(found: Moments, ratio: Estimate, alive: Tensor, word: str) -> Verdict | None:
    if int(alive.sum()) < 2 or grade(ratio, RATIO) not in GRAVE:
        return None
    stds, (most, least) = found.channel_std, _extremes(found.channel_std, alive)
    sentence = (
        f"Standard deviations of {word}s differ by a factor of {float(ratio):.3g} "
        f"({word} {most}: {float(stds[most]):.3g}, {word} {least}: {float(stds[least]):.3g})."
    )
    return Verdict("channel scales differ", sentence, ratio, RATIO, tuple(sorted((most, least))))


def _shifted(found: Moments, mean_stderr: ByChannel, alive: Tensor, word: str) -> Verdict | None:
    std = torch.where(alive, found.channel_std, torch.inf)
    pairs = zip((found.channel_mean.abs() / std).tolist(), (mean_stderr / std).tolist(), strict=True)
    away = [Estimate(value, stderr=stderr) for value, stderr in pairs]
    sure = [channel for channel, beyond in enumerate(exceeding(away, SHIFT.serious)) if beyond]
    if not sure:
        return None
    far = max(sure, key=lambda channel: away[channel])
    have, its = ("has", "its") if len(sure) == 1 else ("have", "their")
    sentence = (
        f"{len(sure)} of {len(alive)} {word}s {have} {its} mean more than {SHIFT.serious:g} of {its} standard "
        f"deviations away from 0 ({word} {far}: {float(away[far]):.3g} of them)."
    )
    return Verdict("shifted means", sentence, away[far], SHIFT, tuple(sure))


def _still(stds: ByChannel, alive: Tensor, word: str) -> Verdict | None:
    if bool(alive.all()):
        return None
    still = (~alive).nonzero().flatten().tolist()
    named = ", ".join(map(str, still[:8])) + (" …" if len(still) > 8 else "")
    sentence = f"{len(still)} of {len(alive)} {word}s {'does' if len(still) == 1 else 'do'} not vary ({named})."
    largest = float(stds[still].max() / stds.median()) if float(stds.median()) > 0 else 0.0
    exact = Estimate(largest, low=largest, high=largest, stderr=0.0)
    return Verdict("channels without variance", sentence, exact, STILL, tuple(still))
