"""What invariance and equivariance share: a score for every pair of units, its error, and one score for all of them."""

from typing import NamedTuple, TypeVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.units import Units
from latentassay.responses.interventions import Effects, Interventions
from latentassay.stats.crossed import crossed_stderr
from latentassay.stats.skewed import complement, say_if_rare, skewed_interval

COLLAPSED = 1 / 8
"""A unit is collapsed if less of a change comes back, squared: the cut (0.5/√2)² of ``causal_units``."""


class PairScores(NamedTuple):
    """Scores of every pair of u units, row = unit intervened on, column = unit watched; arrays of the kind that z was.

    Attributes:
        matrix: score of each pair, ``(u, u)``.
        matrix_stderr: its standard error, from the values and from blocks of rows; Student's t is inside, so that 1.96
            of them make a 95 % interval. With one value, that of the rows alone.
        score: mean over pairs of units that are not collapsed; ``None`` where there are none.
        score_all: mean over all pairs, those of a unit with itself among them unless they were left out on request.
        collapsed: units that do not answer to a change of themselves: less than 1/8 of it, squared, comes back.
        mask: the same as one boolean per unit.
        sigma: standard deviation of what is watched in every unit, the root of its total variance.
        units: the units intervened on.
        n: number of latents.
        values: number of values each unit was set to.
        variant: scale, values and cut in words.
    """

    matrix: Float[Tensor, "u u"]
    matrix_stderr: Float[Tensor, "u u"]
    score: Estimate | None
    score_all: Estimate
    collapsed: tuple[int, ...]
    mask: tuple[bool, ...]
    sigma: Float[Tensor, " u"]
    units: Units
    n: int
    values: int
    variant: str


Kind = TypeVar("Kind", bound=PairScores)


class ErrorScale(NamedTuple):
    """What changes are measured by: ``s_m^own / t_i^watched``, variances of the response in m, of what is watched in i.

    Attributes:
        own: power of the variance of the unit intervened on.
        watched: power of the variance of the unit watched.
        words: the scale in words.
    """

    own: float
    watched: float
    words: str


class Pooled(NamedTuple):
    """A mean of scores.

    Attributes:
        score: the mean, with its interval.
        words: what is to be said of the interval; empty where nothing is.
    """

    score: Estimate
    words: str


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

    def pool(self, entries: Bool[Tensor, "u u"], n: int) -> Pooled:
        """Return the mean over some entries of the matrix, which rests on n latents."""
        errors = 1 - self.values.transpose(0, 1)[:, entries]
        return pool(self.matrix[entries], errors, self.blocks[:, entries], n=n)


def score_pairs(
    kind: type[Kind],
    effects: Effects,
    interventions: Interventions,
    scale: ErrorScale,
    *,
    diagonal: bool,
    all_diagonal: bool = True,
) -> Kind:
    """Return the scores ``1 − e`` of all pairs of units from the effects of interventions.

    Args:
        kind: the record to return.
        effects: what ``intervene`` measured.
        interventions: what ``plan`` drew.
        scale: what changes are measured by.
        diagonal: whether the score of a unit with itself is one of those that ``score`` is a mean of.
        all_diagonal: whether it is one of those that ``score_all`` is a mean of; a single unit has no others.
    """
    found, dead, n = scale_effects(effects, scale), effects.own < COLLAPSED, len(interventions.block)
    entries = ~(dead[:, None] | dead)
    if not diagonal:
        entries &= ~torch.eye(len(dead), dtype=torch.bool)
    pooled = found.pool(entries, n) if entries.any() else None
    every = torch.ones_like(entries) if all_diagonal or len(dead) < 2 else ~torch.eye(len(dead), dtype=torch.bool)
    why = "all are" if diagonal else "fewer than two are not collapsed"
    return kind(
        matrix=found.matrix,
        matrix_stderr=found.stderr,
        score=None if pooled is None else pooled.score,
        score_all=found.pool(every, n).score,
        collapsed=numbers(dead),
        mask=tuple(dead.tolist()),
        sigma=effects.watched.variance.sqrt(),
        units=interventions.units,
        n=n,
        values=interventions.donors.shape[1],
        variant=f"{scale.words}, {interventions.words}, units collapsed below 1/8, what fewer than 3 in {n} latents do "
        "may be unseen and is in no interval"
        f"{'' if every.all() else ', the mean of all pairs off the diagonal'}"
        f"{f'; no score, as {why}' if pooled is None else pooled.words}",
    )


def scale_effects(effects: Effects, scale: ErrorScale) -> Scores:
    """ErrorScale changes; the error is 0 where the variance of what is watched is, if it matters.

    As variances come from the same rows, a block that varies more than others adds by that, too.
    """
    s, t = effects.response, effects.watched
    factor = s.variance[:, None] ** scale.own * inverse_power(t.variance, scale.watched)
    errors = effects.changes * factor[:, None]
    by_variance = scale.own * s.blocks[:, :, None] - scale.watched * t.blocks[:, None]
    return Scores(1 - errors, effects.blocks * factor + errors.mean(1) * by_variance)


def pool(
    entries: Float[Tensor, " e"],
    *replicates: Float[Tensor, "_ e"],
    n: int,
    unseen: Float[Tensor, " e"] | float = 0.0,
) -> Pooled:
    """Return the mean of some scores 1 − e, at least one, with its interval from replicates of every kind.

    Args:
        entries: scores.
        replicates: of their errors e, see ``skewed_interval``.
        n: number of latents.
        unseen: what events that no latent showed may add to each error.

    >>> pool(torch.tensor([0.2, 0.4]).double(), torch.zeros(5, 2), n=5).score
    0.3
    """
    score, more = float(entries.mean()), float(torch.as_tensor(unseen).mean())
    interval = skewed_interval(
        torch.tensor(1 - score, dtype=torch.float64), *(part.mean(1) for part in replicates), unseen=more
    )
    return Pooled(complement(score, interval, n=n), say_if_rare(interval))


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


def check_entries(entries: str) -> None:
    """Refuse entries to average other than ``"all"`` and ``"off-diagonal"``."""
    if entries not in ("all", "off-diagonal"):
        raise InputError(f"entries must be 'all' or 'off-diagonal' (as the authors average), got {entries!r}")


def check_scale(scale: str) -> None:
    """Refuse scales other than ``"free"`` and ``"paper"``."""
    if scale not in ("free", "paper"):
        raise InputError(f"scale must be 'free' (of the scale of latents) or 'paper' (as printed), got {scale!r}")
