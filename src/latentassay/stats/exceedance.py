"""Shares of samples above a quantile of a reference sample, with intervals that hold the quantile's own uncertainty."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.estimate import CONFIDENCE, Estimate
from latentassay.core.randomness import as_seed

DRAWS = 4096
"""Draws that an interval is read from: the level of an end has a standard error of a quarter of a percent."""

LARGEST = 1e150
"""Greatest distance that is reckoned with: models that explode give infinite ones."""

SMALLEST = 1e-300
"""Stands for 0 where distances are interpolated in their logarithm."""


class Threshold(NamedTuple):
    """A quantile of a distribution that only a sample is known of.

    Attributes:
        value: the quantile as estimated.
        draws: where it may lie: draws of its distribution given the sample, ``(k,)``.
    """

    value: float
    draws: Float[np.ndarray, " k"]


class Share(NamedTuple):
    """A share, or a function of shares, whose draws go with those of one threshold; so any two can be compared.

    Attributes:
        value: as counted.
        draws: where it may lie, ``(k,)``.
        n: number of samples.
    """

    value: float
    draws: Float[np.ndarray, " k"]
    n: int

    @property
    def estimate(self) -> Estimate:
        """The share with the 95 % interval of its draws."""
        low, high = (float(end) for end in np.quantile(self.draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]))
        # With no event, or nothing but events, the share itself is an end of the interval.
        return Estimate(self.value, low=min(low, self.value), high=max(high, self.value), n=self.n)

    def minus(self, other: "Share") -> "Share":
        """Return the difference of two shares above the same threshold, drawn together."""
        return Share(self.value - other.value, self.draws - other.draws, min(self.n, other.n))

    def drawn_again(self, times: int) -> Estimate:
        """Return the share that stays above where those above are replaced by new draws so often: ``p^(times+1)``."""
        found, power = self.estimate, times + 1
        ends = (float(found.low or 0.0), float(found.high or 0.0))
        return Estimate(self.value**power, low=ends[0] ** power, high=ends[1] ** power, n=self.n)

    def drawing_gain(self, times: int) -> Estimate:
        """Return how much less that is, ``p − p^(times+1)``, which is greatest at ``p = (times+1)^(−1/times)``."""
        found, power = self.estimate, times + 1
        ends = [float(found.low or 0.0), float(found.high or 0.0)]
        greatest = power ** (-1 / times)
        points = ends + ([greatest] if ends[0] < greatest < ends[1] else [])
        gains = [p - p**power for p in points]
        return Estimate(self.value - self.value**power, low=min(gains), high=max(gains), n=self.n)


def draw_threshold(
    reference: Float[Tensor, " n"], *, quantile: float, generator: Generator | int = 0, draws: int = DRAWS
) -> Threshold:
    """Estimate a quantile, and draw from where it may lie.

    The value is the ``(n+1)·quantile``-th smallest of the sample, interpolated, which a new member of the same
    distribution exceeds with probability 1 − quantile on average; the largest where that is beyond it.

    How many of the sample lie below the true quantile is binomial, whatever the distribution. So a draw of that number
    names the gap between two neighbours where the quantile lies; within it, it is drawn evenly in the logarithm. Beyond
    the largest, the tail is a power of the distance, with the exponent that the largest √n have and its error (Hill
    1975).

    Args:
        reference: distances, not negative, ``(n,)``, n at least 2.
        quantile: between 0 and 1.
        generator: draws.
        draws: how many.

    >>> found = draw_threshold(torch.arange(1.0, 1000.0), quantile=0.9)
    >>> found.value, [round(float(end)) for end in np.quantile(found.draws, [0.025, 0.975])]
    (900.0, [881, 918])
    """
    rng = np.random.default_rng(as_seed(generator))
    ordered = np.sort(reference.double().cpu().numpy())
    # Between an infinite distance and a finite one there is no number; between huge ones there is.
    value = float(np.quantile(np.minimum(ordered, LARGEST), quantile, method="weibull"))
    below, within = _ranks(len(ordered), quantile, draws, rng), rng.random(draws)
    floored = np.clip(ordered, SMALLEST, LARGEST)
    neighbours = np.concatenate([floored[:1], floored])
    low, high = neighbours[below], floored[np.minimum(below, len(ordered) - 1)]
    drawn = low * (high / low) ** within
    beyond = below == len(ordered)
    drawn[beyond] *= _excess(floored, 1 - quantile, int(beyond.sum()), rng)
    return Threshold(value, drawn)


def _ranks(n: int, quantile: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw how many of n lie below their quantile: stratified, so that few draws show the distribution well."""
    from scipy.special import gammaln

    k = np.arange(n + 1)
    log = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(quantile) + (n - k) * np.log1p(-quantile)
    cumulative = np.exp(log).cumsum()
    levels = (rng.permutation(draws) + rng.random(draws)) / draws
    return np.minimum(np.searchsorted(cumulative, levels), n)


def _excess(ordered: Float[np.ndarray, " n"], tail: float, draws: int, rng: np.random.Generator) -> np.ndarray:
    """Draw by how much a quantile that no member exceeds is larger than the largest."""
    n = len(ordered)
    largest = min(max(4, int(n**0.5)), n - 1)
    slope = float(np.log(ordered[-largest:] / ordered[-largest - 1]).mean())
    # The tail beyond the largest is that of a minimum of n uniform numbers, given that it is above ``tail``.
    beyond = 1 - (1 - tail) * rng.random(draws) ** (1 / n)
    return (beyond / tail) ** (slope * largest / rng.gamma(largest, size=draws))


def share_above(
    threshold: Threshold, sample: Float[Tensor, " m"], *, generator: Generator | int = 0, effective: float | None = None
) -> Share:
    """Return the share of a sample above a threshold, with draws of the share of its distribution.

    Given a draw of the threshold, the share is drawn from ``Beta(c, m − c + 1)`` or ``Beta(c + 1, m − c)``, one as
    often as the other, with c the number above: the ends are those of the exact test with the mid-p value. So no
    event in m means a share of up to 3/m.

    Args:
        threshold: what ``draw_threshold`` returned.
        sample: distances, ``(m,)``.
        generator: draws.
        effective: how many independent samples are worth these; m where left out.

    >>> sure = Threshold(0.5, np.full(4096, 0.5))
    >>> share_above(sure, torch.tensor([1.0] + 99 * [0.0])).estimate
    0.010 (0.001 to 0.048)
    """
    rng, m = np.random.default_rng(as_seed(generator)), len(sample)
    size = m if effective is None else effective
    ordered = np.sort(sample.double().cpu().numpy())
    above = (m - np.searchsorted(ordered, threshold.draws, side="right")) * (size / m)
    up = _halves(1, len(above))[0]
    inside, outside = rng.gamma(above + up), rng.gamma(size - above + 1 - up)
    return Share(float((ordered > threshold.value).mean()), inside / (inside + outside), m)


def paired_shares(
    threshold: Threshold,
    before: Float[Tensor, " m"],
    after: Float[Tensor, " m"],
    *,
    generator: Generator | int = 0,
    effective: float | None = None,
) -> tuple[Share, Share]:
    """Return the shares above a threshold of the same samples before and after, drawn together.

    Given a draw of the threshold, the shares above both times, before only and after only are drawn together, each as
    in ``share_above``, from the counts of the three kinds and of the rest.

    Args:
        threshold: what ``draw_threshold`` returned.
        before: distances, ``(m,)``.
        after: those of the same samples, ``(m,)``.
        generator: draws.
        effective: how many independent samples are worth these; m where left out.

    >>> sure, far = Threshold(0.5, np.full(4096, 0.5)), torch.tensor(9 * [1.0] + 91 * [0.0])
    >>> before, after = paired_shares(sure, far, 0 * far)
    >>> before.minus(after).estimate
    0.090 ± 0.060
    """
    rng, m = np.random.default_rng(as_seed(generator)), len(before)
    size = m if effective is None else effective
    one, other = (part.double().cpu().numpy() for part in (before, after))
    sides = np.stack([one, other, np.minimum(one, other)])
    first, second, both = (m - np.searchsorted(np.sort(side), threshold.draws, side="right") for side in sides)
    counts = np.stack([both, first - both, second - both, m - first - second + both]) * (size / m)
    drawn = rng.gamma(counts + _halves(4, len(both)))
    always, only_before, only_after, _ = drawn / drawn.sum(0)
    shares = ((one, always + only_before), (other, always + only_after))
    found = tuple(Share(float((side > threshold.value).mean()), draws, m) for side, draws in shares)
    return found[0], found[1]


def _halves(kinds: int, draws: int) -> Int[np.ndarray, "kinds draws"]:
    """0 in half of the draws and 1 in the others, in all combinations of the kinds as often."""
    return (np.arange(draws) >> np.arange(kinds)[:, None]) & 1
