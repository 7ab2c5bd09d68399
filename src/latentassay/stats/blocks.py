"""Root mean squares and ratios of means from independent blocks, with standard errors from how blocks differ."""

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.core.estimate import Z95
from latentassay.stats.intervals import student

_MOMENTS = ("s", "ss", "s_own", "s_other", "w", "w_own", "ww")
_RATIO = ("a", "b", "aa", "ab", "bb")


class BlockMoments:
    """Streaming moments of block means: ``s[j,k]``, what unit k did when j was changed, and ``w[k]``, k's own spread.

    The estimate is a ratio, ``M²[j,k] = W_j · Σ s[j,k] / Σ w_j``: where few blocks are used, the chance by which
    unit j varied more or less in them than in all latents (W_j, its mean) cancels, and where all are used it is the
    plain mean. Blocks being independent, its logarithm varies as the mean of ``a + f·b`` over blocks does, with
    ``a = s/S − w_j/W_j``, ``b = w_j/W_j`` (or ``w_j/W_j − w_k/W_k`` for M normalized by σ_k) and f the share of all
    blocks that were used; ``b`` counts by the uncertainty of W itself.

    Args:
        units: number of units u; rows may stop at different times, so each keeps moments of its own.
    """

    def __init__(self, units: int):
        self.count = torch.zeros(units, dtype=torch.long)
        self._sums = torch.zeros(len(_MOMENTS), units, units, dtype=torch.float64)

    def add(self, rows: list[int], s: Float[Tensor, "r m u"], w: Float[Tensor, "m u"]) -> None:
        """Take m more blocks for the given rows: block means of ``s`` for each of them, and of ``w``."""
        s, w = s.double().cpu(), w.double().cpu()
        own = w.T[rows]
        parts = {
            "s": s.sum(1),
            "ss": s.square().sum(1),
            "s_own": (own[:, None] @ s)[:, 0],
            "s_other": (s * w).sum(1),
            "w": w.sum(0).expand(len(rows), -1),
            "w_own": own @ w,
            "ww": w.square().sum(0).expand(len(rows), -1),
        }
        index = torch.tensor(rows)
        self.count[index] += len(w)
        self._sums[:, index] += torch.stack([parts[name] for name in _MOMENTS])

    def _mean(self, name: str) -> Float[Tensor, "u u"]:
        return self._sums[_MOMENTS.index(name)] / self.count[:, None]

    def mean_square(self, spread: Float[Tensor, " u"]) -> Float[Tensor, "u u"]:
        """M², ``spread`` being the mean of ``w`` over all latents; 0 in the row of a unit that never varies."""
        own = self._mean("w").diagonal()[:, None]
        return torch.where(own > 0, self._mean("s") * spread[:, None] / own.clamp(min=1e-300), 0.0)

    def relative_stderr(self, total: int, *, normalized: bool) -> Float[Tensor, "u u"]:
        """Standard error of M relative to M, such that 1.96 of them make a 95 % interval (Student's t inside).

        Args:
            total: how many blocks all latents make.
            normalized: of ``M[j,k]/σ_k`` instead of ``M[j,k]``.
        """
        s, w = (self._mean(name).clamp(min=1e-150) for name in ("s", "w"))
        own = w.diagonal()[:, None]
        ss, s_own = self._mean("ss") / s.square(), self._mean("s_own") / (s * own)
        jj = self._mean("ww").diagonal()[:, None] / own.square()
        variance = ss - 2 * s_own + jj
        if normalized:
            s_other, jk = self._mean("s_other") / (s * w), self._mean("w_own") / (own * w)
            kk = self._mean("ww") / w.square()
            rest = (jj - 2 * jk + kk) + 2 * (s_own - s_other - jj + jk)
        else:
            rest = (jj - 1) + 2 * (s_own - jj)
        used = self.count[:, None].double()
        variance = (variance + used / total * rest).clamp(min=0) / (used - 1)
        return 0.5 * variance.sqrt() * student(used - 1) / Z95


class BlockRatio:
    """Streaming ratio of two means, ``Σ a[j] / Σ b``, over the blocks that every row used.

    Args:
        rows: number of numerators; rows may stop at different times, so each keeps moments of its own.
    """

    def __init__(self, rows: int):
        self.count = torch.zeros(rows, dtype=torch.long)
        self._sums = torch.zeros(len(_RATIO), rows, dtype=torch.float64)

    def add(self, rows: list[int], a: Float[Tensor, "r m"], b: Float[Tensor, " m"]) -> None:
        """Take m more blocks for the given rows: block means of ``a`` for each of them, and of ``b``."""
        a, b = a.double().cpu(), b.double().cpu()
        index = torch.tensor(rows)
        own = (len(rows),)
        parts = {
            "a": a.sum(1),
            "b": b.sum().expand(own),
            "aa": a.square().sum(1),
            "ab": a @ b,
            "bb": b.square().sum().expand(own),
        }
        self.count[index] += len(b)
        self._sums[:, index] += torch.stack([parts[name] for name in _RATIO])

    def _mean(self, name: str) -> Float[Tensor, " u"]:
        return self._sums[_RATIO.index(name)] / self.count

    def ratio(self) -> Float[Tensor, " u"]:
        """Return the ratios; 0 where ``b`` vanishes."""
        a, b = self._mean("a"), self._mean("b")
        return torch.where(b > 0, a / b.clamp(min=1e-300), 0.0)

    def stderr(self) -> Float[Tensor, " u"]:
        """Standard errors of the ratios (delta method), such that 1.96 of them make a 95 % interval."""
        ratio, b = self.ratio(), self._mean("b")
        # In units of b, since squares of small decodings would vanish.
        aa, ab, bb = (self._mean(name) / b.clamp(min=1e-150).square() for name in ("aa", "ab", "bb"))
        variance = (aa - 2 * ratio * ab + ratio.square() * bb).clamp(min=0) / (self.count - 1)
        return torch.where(b > 0, variance.sqrt() * student(self.count.double() - 1) / Z95, 0.0)
