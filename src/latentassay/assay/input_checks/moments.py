"""Moments of the aggregate posterior, by blocks of rows, with a jackknife over those."""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.autoencoder import Encoder, eval_mode, to_model
from latentassay.core.estimate import Estimate
from latentassay.core.guard import encode_batch
from latentassay.core.observations import Observations, finite
from latentassay.sampling import blocks
from latentassay.stats.intervals import jackknife_stderr, student, student_estimate

BLOCKS = 32
"""Most blocks of rows for the jackknife: enough for an interval, few enough to hold the moments of each."""


class Sums(NamedTuple):
    """Sums over the rows of every block, or of other leading dimensions, about a pivot.

    Attributes:
        values: how many values a channel has, ``(*b,)``.
        powers: sums of their first to fourth powers, ``(*b, 4, c)``.
        noise: sums of squared standard deviations of the posterior, ``(*b, c)``.
        extremes: least and greatest posterior mean of every channel over all rows, ``(2, c)``.
        pivot: what is subtracted first, ``(c,)``.
    """

    values: Float[Tensor, "*b"]
    powers: Float[Tensor, "*b 4 c"]
    noise: Float[Tensor, "*b c"]
    extremes: Float[Tensor, "2 c"]
    pivot: Float[Tensor, " c"]

    def total(self) -> "Sums":
        """Return the sums of all blocks together."""
        return self._replace(values=self.values.sum(), powers=self.powers.sum(0), noise=self.noise.sum(0))

    def without_each(self) -> "Sums":
        """Return the sums of all blocks but one, for each of them in turn."""
        whole = self.total()
        return self._replace(
            values=whole.values - self.values, powers=whole.powers - self.powers, noise=whole.noise - self.noise
        )


def add_up(model: Encoder, observations: Observations, index: Tensor, batch_size: int) -> Sums:
    """Encode the rows ``index`` and sum the powers of their codes; memory does not grow with the rows."""
    b, c = min(BLOCKS, len(index)), model.latent_shape[0]
    count, powers, noise = (torch.zeros(b, *shape, dtype=torch.float64) for shape in ((), (4, c), (c,)))
    low, high = (torch.full((c,), end, dtype=torch.float64) for end in (math.inf, -math.inf))
    pivot = None
    with eval_mode(model):
        for block in blocks(len(index), batch_size, "latent scale"):
            q = encode_batch(model, to_model(model, observations.batch(index[block])))
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
    return Sums(count, powers, noise, torch.stack([low, high]), low if pivot is None else pivot)


class Moments(NamedTuple):
    """Statistics of all rows, or of all rows but those of each of ``b`` blocks."""

    mean: Float[Tensor, "*b"]
    std: Float[Tensor, "*b"]
    channel_mean: Float[Tensor, "*b c"]
    channel_std: Float[Tensor, "*b c"]
    noise: Float[Tensor, "*b"]


def _moments(sums: Sums) -> Moments:
    first, second = (sums.powers[..., i, :] / sums.values[..., None] for i in (0, 1))
    channel_mean, variance = sums.pivot + first, (second - first.square()).clamp(min=0)
    mean, total = channel_mean.mean(-1), variance.sum(-1)
    whole = (variance + (channel_mean - mean[..., None]).square()).mean(-1)
    share = torch.where(total > 0, sums.noise.sum(-1) / sums.values / total, 0.0)
    return Moments(mean, whole.sqrt(), channel_mean, variance.sqrt(), share)


class Jackknife(NamedTuple):
    """Moments of all rows, and without each block in turn."""

    whole: Moments
    without: Moments
    n: int

    def t(self) -> float:
        """Student's t for as many blocks."""
        return float(student(torch.tensor([len(self.without.mean) - 1.0])))

    def estimate(self, statistic: Callable[[Moments], Tensor]) -> Estimate:
        """Return a statistic of the moments with Student's interval."""
        value, stderr = float(statistic(self.whole)), float(jackknife_stderr(statistic(self.without)))
        return student_estimate(value, stderr, len(self.without.mean), n=self.n)


def leave_blocks_out(sums: Sums, n: int) -> Jackknife:
    """Return the moments of all n rows, and those without each block, from sums alone."""
    return Jackknife(_moments(sums.total()), _moments(sums.without_each()), n)


def tails(sums: Sums, found: Moments) -> tuple[Float[Tensor, " c"], Float[Tensor, " c"]]:
    """Return the excess kurtosis of every channel, and its farthest posterior mean in stds."""
    a, second, third, fourth = sums.total().powers / sums.total().values
    central = fourth - 4 * a * third + 6 * a.square() * second - 3 * a**4
    std = torch.where(found.channel_std > 0, found.channel_std, torch.nan)
    far = torch.maximum(found.channel_mean - sums.extremes[0], sums.extremes[1] - found.channel_mean)
    return central / std**4 - 3, far / std
