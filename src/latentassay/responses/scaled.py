"""Consistency scores: what interventions changed, in a scale, with its error, and pooled over units that are alive."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.responses.interventions import Effects
from latentassay.stats.crossed import crossed_stderr
from latentassay.stats.intervals import normal

COLLAPSED = 1 / 8
"""A unit is collapsed if less of a change comes back, squared: the cut (0.5/√2)² of ``causal_units``."""


class Pooled(NamedTuple):
    """One score for several entries, its standard error and its 95 % interval; all ``None`` where there are none."""

    score: float | None
    stderr: float | None
    low: float | None
    high: float | None


class Scores(NamedTuple):
    """Scores 1 − e from both kinds of replicates.

    Attributes:
        values: one for each value, ``(u, v, u)``.
        blocks: what each block of rows adds to the error, less its share, ``(b, u, u)``.
    """

    values: Float[Tensor, "u v u"]
    blocks: Float[Tensor, "b u u"]

    @property
    def matrix(self) -> Float[Tensor, "u u"]:
        """Mean over the values."""
        return self.values.mean(1)

    @property
    def stderr(self) -> Float[Tensor, "u u"]:
        """Its standard error, over draws of values and of rows."""
        return crossed_stderr(self.values.transpose(0, 1), self.blocks)

    def pooled(self, entries: Bool[Tensor, "u u"]) -> Pooled:
        """Mean over some entries of the matrix."""
        return pooled(self.matrix[entries], self.values.transpose(0, 1)[:, entries], self.blocks[:, entries])


def scores(effects: Effects, *, own: float | int, watched: float | int) -> Scores:
    """Scale changes by ``s_m^own / t_i^watched``: variances s of the response in m, and t of what is watched in i.

    The error is 0 where t_i is, if it matters. As variances come from the same rows, a block that varies more than
    others adds by that, too.
    """
    s, t = effects.response, effects.watched
    scale = s.variance[:, None] ** own * inverse_power(t.variance, watched)
    errors = effects.changes * scale[:, None]
    blocks = effects.blocks * scale + errors.mean(1) * (own * s.blocks[:, :, None] - watched * t.blocks[:, None])
    return Scores(1 - errors, blocks)


def pooled(entries: Float[Tensor, " e"], *replicates: Float[Tensor, "_ e"]) -> Pooled:
    """Mean of some scores, with its error from replicates of every kind.

    >>> pooled(torch.ones(3), torch.zeros(5, 3)).score, pooled(torch.ones(0), torch.zeros(5, 0)).score
    (1.0, None)
    """
    if not len(entries):
        return Pooled(None, None, None, None)
    score, stderr = float(entries.mean()), float(crossed_stderr(*(part.mean(1, keepdim=True) for part in replicates)))
    return Pooled(score, stderr, *normal(score, stderr))


def inverse_power(variance: Float[Tensor, " u"], power: float | int) -> Float[Tensor, " u"]:
    """Return ``variance^(−power)``, and 0 for a variance of 0, if it matters: nothing is counted where nothing varies.

    >>> inverse_power(torch.tensor([4.0, 0.0]).double(), 0.5)
    tensor([0.5000, 0.0000], dtype=torch.float64)
    """
    counted = (variance > 0) | (power == 0)
    return torch.where(counted, variance.clamp(min=1e-300) ** -power, 0.0)


def numbers(mask: Bool[Tensor, " u"]) -> tuple[int, ...]:
    """Return which entries are true.

    >>> numbers(torch.tensor([False, True, True]))
    (1, 2)
    """
    return tuple(mask.nonzero().flatten().tolist())


def check_scale(scale: str) -> None:
    """Refuse scales other than ``"free"`` and ``"paper"``."""
    if scale not in ("free", "paper"):
        raise InputError(f"scale must be 'free' (of the scale of latents) or 'paper' (as printed), got {scale!r}")
