"""Interventional consistency: invariance under interventions, and self-consistency without one (IC 2.1)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Autoencoder, device_and_dtype, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.responses.interventions import Spread, intervene, plan, spread
from latentassay.responses.pairwise import (
    COLLAPSED,
    ErrorScale,
    PairScores,
    check_entries,
    check_scale,
    inverse_power,
    numbers,
    pool,
    score_pairs,
)
from latentassay.responses.response import respond
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.crossed import block_inflation, crossed_stderr, row_squares
from latentassay.stats.skewed import UNSEEN

POWER = {"free": 1, "paper": 0.5}
"""Power of the variance of a unit that its error is divided by: a square by σ², a distance by σ."""

Clamp = tuple[float, float]
"""Lower and upper end that scores are cut at."""

UNRELATED = {"free": 2.0, "paper": 2**0.5}
"""Error of a latent that comes back as an unrelated one, at most: two variances, or the root of that."""


class Invariance(PairScores):
    """Invariance of u units, row = unit intervened on, column = unit that should not care; see ``PairScores``.

    ``matrix`` is ``INV[m,i]``, 1 if i does not notice, on the diagonal near 0 for units that respond as they should;
    ``score`` leaves out the diagonal, and is ``None`` where fewer than two units are not collapsed; ``sigma`` is of the
    response.
    """

    __slots__ = ()


class SelfConsistency(NamedTuple):
    """Self-consistency of u units; arrays of the kind that z was.

    Attributes:
        scores: ``SCN[i]``, 1 if every latent is its own response, ``(u,)``.
        scores_stderr: its standard error over the rows, ``(u,)``.
        sigma: standard deviation of the last response of every unit, ``(u,)``.
        score: mean over units that are not collapsed; ``None`` where all are. Where a ``clamp`` was asked for, each
            unit is cut before the mean, and so it is in ``score_all``; ``scores`` are never cut.
        score_all: mean over all units, as the paper has it.
        collapsed: units whose response varies by no more than 1/8 of what the latents do.
        mask: the same as one boolean per unit.
        units: what is scored.
        n: number of latents.
        steps: how many responses were taken.
        variant: scale, steps and cut in words.
    """

    scores: Float[Tensor, " u"]
    scores_stderr: Float[Tensor, " u"]
    sigma: Float[Tensor, " u"]
    score: Estimate | None
    score_all: Estimate
    collapsed: tuple[int, ...]
    mask: tuple[bool, ...]
    units: Units
    n: int
    steps: int
    variant: str


def invariance(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    values: int = 20,
    scale: str = "free",
    donors: Any = None,
    entries: str = "all",
    batch_size: int = BATCH_SIZE,
) -> Invariance:
    """Measure ``INV[m,i] = 1 − E_v e[m,i]``: does unit i stay as it is when unit m of all latents is set to a value v?

    ``e[m,i] = E‖R_i(replace(z, m, v)) − R_i(z)‖² / (U_m σ_i²/σ_m²)`` with ``U_m = E‖z_m − v‖²`` and σ the standard
    deviations of the response: what i is changed by, in its own units, for what m is, in its own. The scale of latents
    does not matter. The paper has distances, ``e[m,i] = E‖R_i(replace(z, m, v)) − R_i(z)‖ / (E‖z_m − v‖ σ_i)``, which
    change with the scale of unit m.

    e is 0 by definition where i never responds (σ_i = 0), where m never does (``"free"`` only), and for a value that
    changes nothing. Costs ``1 + units · values`` decodings and encodings of z and streams.

    Args:
        model: any autoencoder.
        z: latents ``(n, *latent_shape)``, n at least 2: draws of ``la.sampling.draw``.
        generator: draws values, and deals rows into the blocks that standard errors are made from.
        units: what is intervened on; scalars, channels, or places of a single channel where left out.
        values: how many values each unit is set to.
        scale: ``"free"``, or ``"paper"`` for the formula as printed.
        donors: latents that values are taken from, each at most once while they last; z itself where left out. Values
            far outside the support of the latents are no error: little of so large a change comes back, and units
            count as collapsed.
        entries: what ``score_all`` averages: ``"all"`` entries of the matrix, or those ``"off-diagonal"``, as the
            authors' public code does, while the text says no more than that the matrix is averaged.

    Raises:
        InputError: fewer than two latents, latents or donors of another shape, NaN or infinite values in or out, fewer
            than one value, an unknown scale or choice of entries, units that do not fit.

    Source: IC equation 5.

    >>> from latentassay import from_torch
    >>> leak = torch.tensor([[1.0, 0.0], [0.5, 1.0]])  # the second latent moves the first, too
    >>> model = from_torch(lambda x: x, lambda z: z @ leak, latent_shape=(2,))
    >>> z = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    >>> invariance(model, z, generator=torch.Generator().manual_seed(0)).matrix.round(decimals=4)
    tensor([[0.0000, 1.0000],
            [0.8000, 0.0000]], dtype=torch.float64)
    """
    check_scale(scale)
    check_entries(entries)
    latents, units = as_latents(model, z, minimum=2), as_units(units, latent_shape_of(model))
    interventions, paper = plan(units, latents, donors, values, as_generator(generator)), scale == "paper"
    effects = intervene(model, latents, interventions, distances=paper, batch_size=batch_size)
    how = ErrorScale(0, 0.5, "distances over U_m σ_i as printed") if paper else ErrorScale(1, 1, "scale-free")
    every = entries == "all"
    return in_kind_of(score_pairs(Invariance, effects, interventions, how, diagonal=False, all_diagonal=every), z)


def self_consistency(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    units: Units | Any = None,
    steps: int = 1,
    scale: str = "free",
    clamp: Any = None,
    batch_size: int = BATCH_SIZE,
) -> SelfConsistency:
    """Measure ``SCN[i] = 1 − E‖R_i(z) − z_i‖² / σ_i²``: does every latent come back as it went?

    σ is the standard deviation of the response. The paper has distances, ``1 − E‖R_i(z) − z_i‖ / σ_i``; in neither
    scale does the scale of latents matter. With several ``steps``, the error is that of the last, of ``R^steps(z)``
    from ``R^(steps−1)(z)``, and σ is that of ``R^steps(z)``.

    The error is 0 by definition where σ_i is; such a unit is collapsed. The standard error is that of the ratio over
    rows (delta method), σ included. The interval of a mean score is longer towards low scores where few rows carry the
    error, and always holds what 3 in n unseen latents would add if they came back as unrelated ones (2 σ² each). What
    comes back still more wrongly, in fewer than 3 in n latents, it cannot tell.

    Args:
        model: any autoencoder.
        z: latents ``(n, *latent_shape)``, n at least 2: draws of ``la.sampling.draw``.
        units: what is scored as one; scalars, channels, or places of a single channel where left out.
        steps: how often to respond.
        scale: ``"free"``, or ``"paper"`` for the formula as printed.
        clamp: lower and upper end that the score of each unit is cut at before the means, within [0, 1]; none is
            printed, the authors' public code has (0, 1). What is cut has no error there, so intervals are too short
            where units lie near an end.

    Raises:
        InputError: fewer than two latents, latents of another shape, NaN or infinite values in or out, fewer than one
            step, an unknown scale, a clamp outside [0, 1] or without room, units that do not fit.

    Source: IC 2.1, "Self-consistency score".

    >>> from latentassay import from_torch
    >>> halves = from_torch(lambda x: x, lambda z: z / 2, latent_shape=(1,))
    >>> self_consistency(halves, torch.tensor([[-1.0], [1.0], [-1.0], [1.0]])).scores.round(decimals=4)  # 1 − ¼ / ⅓
    tensor([0.2500], dtype=torch.float64)
    """
    check_scale(scale)
    check_clamp(clamp)
    if steps < 1:
        raise InputError(f"steps must be at least 1, got {steps}")
    latents, units = as_latents(model, z, minimum=2), as_units(units, latent_shape_of(model))
    first = after = respond(model, latents, batch_size=batch_size)
    before = latents
    for _ in range(steps - 1):
        before, after = after, respond(model, after, batch_size=batch_size)
    epsilon = max(torch.finfo(dtype).eps for dtype in (latents.dtype, device_and_dtype(model, latents).dtype))
    found = score_responses(
        units, latents, first, last=(before, after), steps=steps, scale=scale, clamp=clamp, epsilon=epsilon
    )
    return in_kind_of(found, z)


def check_clamp(clamp: Any) -> None:
    """Refuse clamps that are not two ends within [0, 1], the lower first."""
    if clamp is None:
        return
    numbers_only = isinstance(clamp, tuple | list) and all(isinstance(end, int | float) for end in clamp)
    if not numbers_only or len(clamp) != 2 or not 0 <= clamp[0] < clamp[1] <= 1:
        raise InputError(
            f"clamp must be two ends within [0, 1], the lower first, such as (0, 1), or None for none, got {clamp!r}"
        )


def score_responses(
    units: Units,
    latents: Tensor,
    response: Tensor,
    *,
    last: tuple[Tensor, Tensor] | None = None,
    steps: int = 1,
    scale: str = "free",
    clamp: Clamp | None = None,
    epsilon: float = 0.0,
    block: Int[Tensor, " n"] | None = None,
) -> SelfConsistency:
    """Score responses that are known, see ``self_consistency``.

    Args:
        units: what is scored as one.
        latents: ``(n, *latent_shape)``.
        response: their responses, likewise.
        last: the last response but one and the last; the latents and their responses where left out.
        steps: how many responses were taken.
        scale: ``"free"`` or ``"paper"``.
        clamp: ends that the score of each unit is cut at before the means.
        epsilon: rounding of what the responses were computed in.
        block: number of the block of each latent, where those of a block depend on each other: ``hybrid_blocks``.
    """
    before, after = (latents, response) if last is None else last
    there, once, final = (spread(units, row_squares(x), epsilon) for x in (latents, response, after))
    dead = once.variance <= COLLAPSED * there.variance
    errors, rows = _errors(units.squared_norm(after.cpu().double() - before.cpu().double()), final, scale)
    n, scores, live = len(latents), 1 - errors, ~dead
    unseen = UNSEEN / n * UNRELATED[scale] * (final.variance > 0).double()
    rows = rows if block is None else rows * block_inflation(rows, block)
    cut, cut_rows = _cut_scores(scores, rows, clamp)
    unseen = torch.where(cut == scores, unseen, 0.0)
    pooled = pool(cut[live], cut_rows[:, live], n=n, unseen=unseen[live]) if live.any() else None
    return SelfConsistency(
        scores=scores,
        scores_stderr=crossed_stderr(rows),
        sigma=final.variance.sqrt(),
        score=None if pooled is None else pooled.score,
        score_all=pool(cut, cut_rows, n=n, unseen=unseen).score,
        collapsed=numbers(dead),
        mask=tuple(dead.tolist()),
        units=units,
        n=n,
        steps=steps,
        variant=f"{'scale-free' if scale == 'free' else 'distances over σ_i as printed'}, response {steps} from "
        f"{'the latent' if steps == 1 else f'response {steps - 1}'}, "
        f"{'' if clamp is None else f'each unit cut at {clamp[0]:g} and {clamp[1]:g}, '}"
        f"units collapsed below 1/8 of the variance, up to 3 in {n} latents may come back as unrelated ones unseen"
        f"{'; no score, as all are' if pooled is None else pooled.words}",
    )


def _errors(
    squares: Float[Tensor, "n u"], last: Spread, scale: str
) -> tuple[Float[Tensor, " u"], Float[Tensor, "n u"]]:
    """Mean errors, and what each row adds to them, less its share."""
    power, distances = POWER[scale], squares if scale == "free" else squares.sqrt()
    errors = distances * inverse_power(last.variance, power)
    mean = errors.mean(0)
    return mean, errors - mean * (1 + power * last.blocks)


def _cut_scores(
    scores: Float[Tensor, " u"], rows: Float[Tensor, "n u"], clamp: Clamp | None
) -> tuple[Float[Tensor, " u"], Float[Tensor, "n u"]]:
    """Scores within the clamp, and what each row adds: nothing where the score was cut."""
    if clamp is None:
        return scores, rows
    cut = scores.clamp(*clamp)
    return cut, torch.where(cut == scores, rows, 0.0)
