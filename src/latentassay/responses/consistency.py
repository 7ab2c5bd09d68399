"""Interventional consistency: invariance under interventions, and self-consistency without one (IC 2.1)."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, device_and_dtype
from latentassay.core.errors import InputError
from latentassay.core.units import Units, as_units
from latentassay.responses.interventions import Spread, intervene, plan, spread
from latentassay.responses.response import respond
from latentassay.responses.scaled import COLLAPSED, check_scale, inverse_power, numbers, pooled, scores
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.crossed import crossed_stderr, row_squares


class Invariance(NamedTuple):
    """Invariance of u units, row = unit intervened on, column = unit that should not care.

    Attributes:
        matrix: ``INV[m,i]``: 1 if i does not notice; on the diagonal near 0 for units that respond as they should.
        stderr: its standard error, from the values and from blocks of rows; Student's t is inside, so that 1.96 of them
            make a 95 % interval. With one value, that of the rows alone.
        score: mean off the diagonal over units that are not collapsed; ``None`` where there are fewer than two.
        stderr_score: standard error of the score, and ``None`` likewise.
        low: lower end of its 95 % interval, and ``None`` likewise.
        high: upper end, and ``None`` likewise.
        score_all: mean over all entries, diagonal and collapsed units among them, as the paper has it.
        collapsed: units that do not answer to a change of themselves: less than 1/8 of it, squared, comes back.
        mask: the same as one boolean per unit.
        sigma: standard deviation of the response of every unit, the root of its total variance.
        units: the units intervened on.
        n: number of latents.
        values: number of values each unit was set to.
        variant: scale, values and cut in words.
    """

    matrix: Float[Tensor, "u u"]
    stderr: Float[Tensor, "u u"]
    score: float | None
    stderr_score: float | None
    low: float | None
    high: float | None
    score_all: float
    collapsed: tuple[int, ...]
    mask: tuple[bool, ...]
    sigma: Float[Tensor, " u"]
    units: Units
    n: int
    values: int
    variant: str


class SelfConsistency(NamedTuple):
    """Self-consistency of u units.

    Attributes:
        scores: ``SCN[i]``, 1 if every latent is its own response.
        stderr: its standard error over the rows.
        score: mean over units that are not collapsed; ``None`` where all are.
        stderr_score: standard error of the score, and ``None`` likewise.
        low: lower end of its 95 % interval, and ``None`` likewise.
        high: upper end, and ``None`` likewise.
        score_all: mean over all units, as the paper has it.
        collapsed: units whose response varies by no more than 1/8 of what the latents do.
        mask: the same as one boolean per unit.
        sigma: standard deviation of the last response of every unit.
        units: what is scored.
        n: number of latents.
        steps: how many responses were taken.
        variant: scale, steps and cut in words.
    """

    scores: Float[Tensor, " u"]
    stderr: Float[Tensor, " u"]
    score: float | None
    stderr_score: float | None
    low: float | None
    high: float | None
    score_all: float
    collapsed: tuple[int, ...]
    mask: tuple[bool, ...]
    sigma: Float[Tensor, " u"]
    units: Units
    n: int
    steps: int
    variant: str


def invariance(
    model: Autoencoder,
    z: Tensor,
    *,
    generator: Generator,
    units: Units | Any = None,
    values: int = 20,
    scale: str = "free",
    donors: Tensor | None = None,
    batch_size: int = BATCH_SIZE,
) -> Invariance:
    """Measure ``INV[m,i] = 1 − E_v e[m,i]``: does unit i stay as it is when unit m of all latents is set to a value v?

    ``e[m,i] = E‖R_i(replace(z, m, v)) − R_i(z)‖² / (U_m σ_i²/σ_m²)`` with ``U_m = E‖z_m − v‖²`` and σ the standard
    deviations of the response: what i is changed by, in its own units, for what m is, in its own. The scale of latents
    does not matter. The paper divides by ``U_m σ_i`` instead, which it does.

    e is 0 by definition where i never responds (σ_i = 0), where m never does (``"free"`` only), and for a value that
    changes nothing. Costs ``1 + units · values`` decodings and encodings of z and streams.

    Args:
        model: any autoencoder.
        z: latents ``(n, *latent_shape)``, n at least 2: draws of ``la.sampling.draw``.
        generator: draws values, and deals rows into the blocks that standard errors are made from.
        units: what is intervened on; scalars or channels where left out.
        values: how many values each unit is set to.
        scale: ``"free"``, or ``"paper"`` for the formula as printed.
        donors: latents that values are taken from, each at most once while they last; z itself where left out. Values
            far outside the support of the latents are no error: little of so large a change comes back, and units
            count as collapsed.

    Raises:
        InputError: fewer than two latents, latents or donors of another shape, NaN or infinite values in or out, fewer
            than one value, an unknown scale, units that do not fit.

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
    z, units = as_latents(model, z, minimum=2), as_units(units, model.latent_shape)
    effects = intervene(model, z, plan(units, z, donors, values, generator), batch_size=batch_size)
    found = scores(effects, own=1, watched=1) if scale == "free" else scores(effects, own=0, watched=0.5)
    dead = effects.own < COLLAPSED
    entries = ~(dead[:, None] | dead | torch.eye(len(units), dtype=torch.bool))
    score = found.pooled(entries)
    variant = (
        f"{'scale-free' if scale == 'free' else 'divided by U_m σ_i as printed'}, {values} values for each unit from "
        f"{'the latents themselves' if donors is None else 'given donors'}, units collapsed below 1/8"
        f"{'; no score, as fewer than two are not collapsed' if score.score is None else ''}"
    )
    return Invariance(
        found.matrix,
        found.stderr,
        *score,
        float(found.matrix.mean()),
        numbers(dead),
        tuple(dead.tolist()),
        effects.response.variance.sqrt(),
        units,
        len(z),
        values,
        variant,
    )


def self_consistency(
    model: Autoencoder,
    z: Tensor,
    *,
    units: Units | Any = None,
    steps: int = 1,
    scale: str = "free",
    batch_size: int = BATCH_SIZE,
) -> SelfConsistency:
    """Measure ``SCN[i] = 1 − E‖R_i(z) − z_i‖² / σ_i²``: does every latent come back as it went?

    σ is the standard deviation of the response. The paper divides by σ_i instead, which lets the scale of latents
    matter. With several ``steps``, the error is that of the last, of ``R^steps(z)`` from ``R^(steps−1)(z)``, and σ is
    that of ``R^steps(z)``.

    The error is 0 by definition where σ_i is; such a unit is collapsed. The standard error is that of the ratio over
    rows (delta method), σ included.

    Args:
        model: any autoencoder.
        z: latents ``(n, *latent_shape)``, n at least 2: draws of ``la.sampling.draw``.
        units: what is scored as one; scalars or channels where left out.
        steps: how often to respond.
        scale: ``"free"``, or ``"paper"`` for the formula as printed.

    Raises:
        InputError: fewer than two latents, latents of another shape, NaN or infinite values in or out, fewer than one
            step, an unknown scale, units that do not fit.

    Source: IC 2.1, "Self-consistency score".

    >>> from latentassay import from_torch
    >>> halves = from_torch(lambda x: x, lambda z: z / 2, latent_shape=(1,))
    >>> self_consistency(halves, torch.tensor([[-1.0], [1.0], [-1.0], [1.0]])).scores.round(decimals=4)  # 1 − ¼ / ⅓
    tensor([0.2500], dtype=torch.float64)
    """
    check_scale(scale)
    if steps < 1:
        raise InputError(f"steps must be at least 1, got {steps}")
    z, units = as_latents(model, z, minimum=2), as_units(units, model.latent_shape)
    first = after = respond(model, z, batch_size=batch_size)
    before = z
    for _ in range(steps - 1):
        before, after = after, respond(model, after, batch_size=batch_size)
    epsilon = max(torch.finfo(dtype).eps for dtype in (z.dtype, device_and_dtype(model).dtype))
    there, once, last = (spread(units, row_squares(x), epsilon) for x in (z, first, after))
    dead = once.variance <= COLLAPSED * there.variance
    errors, rows = _errors(units.squared_norm(after.cpu().double() - before.cpu().double()), last, scale)
    score = pooled(1 - errors[~dead], rows[:, ~dead])
    variant = (
        f"{'scale-free' if scale == 'free' else 'divided by σ_i as printed'}, response {steps} from "
        f"{'the latent' if steps == 1 else f'response {steps - 1}'}, units collapsed below 1/8 of the variance"
        f"{'; no score, as all are' if score.score is None else ''}"
    )
    return SelfConsistency(
        1 - errors,
        crossed_stderr(rows),
        *score,
        float(1 - errors.mean()),
        numbers(dead),
        tuple(dead.tolist()),
        last.variance.sqrt(),
        units,
        len(z),
        steps,
        variant,
    )


def _errors(
    squares: Float[Tensor, "n u"], last: Spread, scale: str
) -> tuple[Float[Tensor, " u"], Float[Tensor, "n u"]]:
    """Mean errors, and what each row adds to them, less its share."""
    power = 1 if scale == "free" else 0.5
    errors = squares * inverse_power(last.variance, power)
    mean = errors.mean(0)
    return mean, errors - mean * (1 + power * last.blocks)
