"""Are the latents on the scale that whoever uses them next expects?"""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Encoder, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.observations import as_observations, finite
from latentassay.sampling import BATCH_SIZE, blocks
from latentassay.stats.intervals import Interval, student

BLOCKS = 32
"""Most blocks of rows for the jackknife: enough for an interval, few enough to hold the moments of each."""

TOLERANCE, RATIO, SHIFT = 1.25, 3.0, 0.5
"""Verdicts: the std may be off by this factor, those of channels differ by this one, means by so many stds."""

DEAD = 1e-3
"""A channel whose std is below this share of the median one says nothing of scale, and is left out of the ratio."""

VARIANT = "aggregate posterior q(z), its noise included, as exact moments given each row's mean and std"


class LatentScale(NamedTuple):
    """Moments of the aggregate posterior q(z) = E_x q(z|x), the noise of q(z|x) included.

    Attributes:
        mean: of all latents together.
        mean_interval: its 95 % interval over rows.
        std: of all latents together, about ``mean``.
        std_interval: its 95 % interval.
        factor: what to multiply with for the expected std: ``expected / std``; infinite where nothing varies.
        expected: std that is asked for: the prior's, or 1 where the model has none.
        channel_mean: mean of every channel (or latent of a vector), ``(c,)``.
        channel_mean_stderr: its standard error over rows.
        channel_std: std of every channel, ``(c,)``.
        channel_std_stderr: its standard error over rows.
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

    mean: float
    mean_interval: Interval
    std: float
    std_interval: Interval
    factor: float
    expected: float
    channel_mean: Float[Tensor, " c"]
    channel_mean_stderr: Float[Tensor, " c"]
    channel_std: Float[Tensor, " c"]
    channel_std_stderr: Float[Tensor, " c"]
    noise: float
    kurtosis: Float[Tensor, " c"]
    extreme: Float[Tensor, " c"]
    ratio: float
    dead: tuple[int, ...]
    words: tuple[str, ...]
    sentences: tuple[str, ...]
    n: int
    variant: str


class _Sums(NamedTuple):
    """Sums of every block of rows about a pivot: values a block, first to fourth powers, squared noise."""

    values: Float[Tensor, " b"]
    powers: Float[Tensor, "b 4 c"]
    noise: Float[Tensor, "b c"]
    low: Float[Tensor, " c"]
    high: Float[Tensor, " c"]
    pivot: Float[Tensor, " c"]


def latent_scale(model: Encoder, data: Any, *, rows: Any = None, batch_size: int = BATCH_SIZE) -> LatentScale:
    """Measure mean, std and shape of the latents, overall and per channel, against unit variance or the prior.

    A latent is what a sample z ~ q(z|x) is, and its moments are exact given q's mean m and std s: the variance is
    ``Var(m) + E[s²]``, the fourth moment about μ ``E[(m−μ)⁴ + 6 (m−μ)² s² + 3 s⁴]``. Intervals are a jackknife over
    up to 32 blocks of rows, every 32nd row in one, so that sorted data do no harm; memory does not grow with the rows.

    Args:
        model: any encoder; its channels are those of spatial latents or the latents of a vector.
        data: a tensor ``(n, *x_shape)`` or ``Observations``, at least 4 rows.
        rows: indices of the rows to use; all where left out.

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
    index = torch.arange(len(observations)) if rows is None else torch.as_tensor(rows)
    if len(index) < 4:
        raise InputError(f"needs at least 4 rows, got {len(index)}")
    return _assemble(model, _sums(model, observations, index, batch_size), len(index))


def _sums(model: Encoder, observations: Any, index: Tensor, batch_size: int) -> _Sums:
    b, c = min(BLOCKS, len(index)), model.latent_shape[0]
    count, powers, noise = (torch.zeros(b, *shape, dtype=torch.float64) for shape in ((), (4, c), (c,)))
    low, high = (torch.full((c,), end, dtype=torch.float64) for end in (math.inf, -math.inf))
    pivot = None
    with eval_mode(model) as (device, dtype):
        for block in blocks(len(index), batch_size, "latent scale"):
            q = model.encode(observations.batch(index[block]).to(device, dtype))
            m = finite(q.mean, "encoded means").cpu().double().reshape(len(q.mean), c, -1)
            v = finite(q.std, "encoded standard deviations").cpu().double().square().reshape(m.shape)
            # Sums of fourth powers keep their digits only near the mean.
            pivot = m.mean((0, 2)) if pivot is None else pivot
            d = m - pivot[:, None]
            moments = (d, d.square() + v, d**3 + 3 * d * v, d**4 + 6 * d.square() * v + 3 * v.square())
            of = torch.arange(block.start, block.stop) % b
            powers.index_add_(0, of, torch.stack([moment.sum(-1) for moment in moments], 1))
            noise.index_add_(0, of, v.sum(-1))
            count.index_add_(0, of, torch.full((len(m),), float(m.shape[-1]), dtype=torch.float64))
            low, high = torch.minimum(low, m.amin((0, 2))), torch.maximum(high, m.amax((0, 2)))
    return _Sums(count, powers, noise, low, high, pivot if pivot is not None else low)


class _Moments(NamedTuple):
    """Statistics of all rows, or of jackknife samples ``b`` of them."""

    mean: Float[Tensor, "*b"]
    std: Float[Tensor, "*b"]
    channel_mean: Float[Tensor, "*b c"]
    channel_std: Float[Tensor, "*b c"]


def _moments(count: Float[Tensor, "*b"], powers: Float[Tensor, "*b 4 c"], pivot: Float[Tensor, " c"]) -> _Moments:
    first, second = (powers[..., i, :] / count[..., None] for i in (0, 1))
    channel_mean, variance = pivot + first, (second - first.square()).clamp(min=0)
    mean = channel_mean.mean(-1)
    whole = (variance + (channel_mean - mean[..., None]).square()).mean(-1)
    return _Moments(mean, whole.sqrt(), channel_mean, variance.sqrt())


def _jackknife(sums: _Sums) -> tuple[_Moments, _Moments, float]:
    """Moments of all rows, their standard errors, and Student's t for as many blocks."""
    count, powers, b = sums.values.sum(), sums.powers.sum(0), len(sums.values)
    without = _moments(count - sums.values, powers - sums.powers, sums.pivot)
    errors = ((part - part.mean(0)).square().sum(0).mul((b - 1) / b).sqrt() for part in without)
    return _moments(count, powers, sums.pivot), _Moments(*errors), float(student(torch.tensor([b - 1.0])))


def _assemble(model: Any, sums: _Sums, n: int) -> LatentScale:
    found, error, t = _jackknife(sums)
    mean, std = (
        Interval(float(value - t * width), float(value + t * width))
        for value, width in ((found.mean, error.mean), (found.std, error.std))
    )
    prior = getattr(model, "prior", None)
    expected, variance = 1.0 if prior is None else float(prior.std), float(found.channel_std.square().sum())
    alive = found.channel_std > DEAD * found.channel_std.median()
    stds = found.channel_std[alive]
    verdicts = dict(
        verdict
        for verdict in (
            _overall(float(found.std), std, expected, prior is not None),
            _differing(found, error, t, alive),
            _shifted(found, error, t, alive),
            _dead(alive),
        )
        if verdict
    )
    kurtosis, extreme = _shape(sums, found)
    return LatentScale(
        float(found.mean),
        mean,
        float(found.std),
        std,
        expected / float(found.std) if float(found.std) > 0 else math.inf,
        expected,
        found.channel_mean,
        error.channel_mean,
        found.channel_std,
        error.channel_std,
        float(sums.noise.sum() / sums.values.sum()) / variance if variance > 0 else 0.0,
        kurtosis,
        extreme,
        float(stds.max() / stds.min()) if len(stds) else 1.0,
        tuple((~alive).nonzero().flatten().tolist()),
        tuple(verdicts),
        tuple(verdicts.values()),
        n,
        f"{VARIANT}; jackknife over {len(sums.values)} blocks of rows",
    )


def _shape(sums: _Sums, found: _Moments) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Excess kurtosis, and the farthest mean in stds."""
    a, second, third, fourth = sums.powers.sum(0) / sums.values.sum()
    central = fourth - 4 * a * third + 6 * a.square() * second - 3 * a**4
    std = torch.where(found.channel_std > 0, found.channel_std, torch.nan)
    far = torch.maximum(found.channel_mean - sums.low, sums.high - found.channel_mean)
    return central / std**4 - 3, far / std


Verdict = tuple[str, str] | None


def _overall(value: float, std: Interval, expected: float, has_prior: bool) -> Verdict:
    wanted = f"{expected:g} of the prior" if has_prior else f"{expected:g} that is usually expected"
    stated = f"Latents have a standard deviation of {value:.3g} ({std.low:.3g} to {std.high:.3g})"
    if expected / TOLERANCE <= std.low and std.high <= expected * TOLERANCE:
        return "unit variance", f"{stated}, close to the {wanted}."
    if std.high < expected / TOLERANCE or std.low > expected * TOLERANCE:
        factor = f"multiply by {expected / value:.4g}" if value > 0 else "they do not vary"
        return "scale factor needed", f"{stated}, not the {wanted}: {factor}."
    return "scale unsure", f"{stated}; whether that is close enough to the {wanted} takes more rows."


def _differing(found: _Moments, error: _Moments, t: float, alive: Tensor) -> Verdict:
    if int(alive.sum()) < 2:
        return None
    stds, width = found.channel_std, t * error.channel_std
    most = int(torch.where(alive, stds, -math.inf).argmax())
    least = int(torch.where(alive, stds, math.inf).argmin())
    if float(stds[most] - width[most]) <= RATIO * float(stds[least] + width[least]):
        return None
    return "channel scales differ", (
        f"Standard deviations of channels differ by a factor of {float(stds[most] / stds[least]):.3g} "
        f"(channel {most}: {float(stds[most]):.3g}, channel {least}: {float(stds[least]):.3g}): "
        "scale every channel by its own."
    )


def _shifted(found: _Moments, error: _Moments, t: float, alive: Tensor) -> Verdict:
    distance = found.channel_mean.abs() / torch.where(alive, found.channel_std, torch.inf)
    sure = alive & (found.channel_mean.abs() - t * error.channel_mean > SHIFT * found.channel_std)
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
