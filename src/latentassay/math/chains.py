"""Means over a chain of neighbouring pairs, with standard errors that know that neighbours share a sample."""

import torch
from jaxtyping import Float
from torch import Tensor


class ChainMoments:
    """Streaming moments of ``s_i = s(z_i, z_{i+1})`` along a shuffled chain ``z_1 … z_n``.

    Every sample is used twice, once as base and once as replacement value, so neighbouring terms are
    correlated and the naive standard error is too small (by √1.5 for a squared difference of normals).
    The variance of the mean is ``(γ₀ + 2 γ₁)/n`` with γ₀, γ₁ the autocovariances at lag 0 and 1; there is
    no correlation beyond. ``w_i``, the squared deviation of ``z_i`` from its mean, is followed along with
    it, for the ratio of the two means.

    Args:
        shape: shape of one term; the chain runs along dimension 0 of what ``add`` is given.
    """

    def __init__(self, shape: tuple[int, ...]):
        self.n = 0
        self._sums = {name: torch.zeros(shape, dtype=torch.float64) for name in ("s", "ss", "lag", "sw", "sw_next")}
        self._last: Tensor | None = None

    def add(self, s: Float[Tensor, "b *u"], w: Float[Tensor, "b *u"], w_next: Float[Tensor, "b *u"]) -> None:
        """Take the next rows of the chain: terms, and the squared deviations of both samples in each."""
        s, w, w_next = (value.detach().cpu().double() for value in (s, w, w_next))
        before = s[:-1] if self._last is None else torch.cat([self._last[None], s[:-1]])
        self._sums["s"] += s.sum(0)
        self._sums["ss"] += s.square().sum(0)
        self._sums["lag"] += (before * s[len(s) - len(before) :]).sum(0)
        self._sums["sw"] += (s * w).sum(0)
        self._sums["sw_next"] += (s * w_next).sum(0)
        self._last, self.n = s[-1], self.n + len(s)

    @property
    def mean(self) -> Tensor:
        """Mean of s."""
        return self._sums["s"] / self.n

    def root_mean_stderr(self) -> Tensor:
        """Standard error of √mean(s), by the delta method; 0 where the mean is 0."""
        mean = self.mean
        gamma0 = self._sums["ss"] / self.n - mean.square()
        gamma1 = self._sums["lag"] / (self.n - 1) - mean.square()
        return _half_root(gamma0 + 2 * gamma1, self.n) / mean.sqrt().clamp(min=1e-300)

    def relative_stderr(self, v: Float[Tensor, "*u"], w_fourth: Float[Tensor, "*u"]) -> Tensor:
        """Standard error of √(mean(s)/v) relative to its value, v being the mean of w and ``w_fourth`` of w².

        The influence of row i on log(mean(s)/v) is ``s_i/mean − w_i/v``; its autocovariances are taken
        as above, so that what numerator and denominator share cancels.
        """
        m, n = self.mean.clamp(min=1e-300), self.n
        v = v.double().clamp(min=1e-300)
        gamma0 = self._sums["ss"] / n / m.square() - 2 * self._sums["sw"] / n / (m * v) + w_fourth / v.square()
        gamma1 = self._sums["lag"] / (n - 1) / m.square() - self._sums["sw_next"] / n / (m * v)
        return _half_root(gamma0 + 2 * gamma1, n)


def _half_root(variance: Tensor, n: int) -> Tensor:
    return 0.5 * (variance.clamp(min=0) / n).sqrt()
