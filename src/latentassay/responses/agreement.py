"""How far responses are from their latents, in shares of the latents' own variance, and the parts of that error."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from latentassay.core.units import Units
from latentassay.stats.crossed import block_inflation, crossed_stderr
from latentassay.stats.ratios import ratio
from latentassay.stats.skewed import UNSEEN, skewed_interval


class Agreement(NamedTuple):
    """Squared differences between latents and responses, by unit, in shares of the variance of the latents.

    ``error = shift + scaling + rest``.

    Attributes:
        error: ``E‖R(z) − z‖² / Var z``, ``(u,)``; 0 where the unit does not vary. 1 if the response is constant, and
            also if every change comes back at twice its size.
        error_stderr: its standard error over rows, Student's t inside, ``(u,)``.
        error_low: lower end of its 95 % interval, which is longer to the side where few rows carry the error, ``(u,)``.
        error_high: upper end; it holds what 3 in n latents would add that come back as unrelated ones unseen, ``(u,)``.
        shift: ``‖E(R(z) − z)‖² / Var z``: what is the same for all latents, ``(u,)``.
        scaling: ``(b − 1)²`` with b the slope of responses over latents, ``(u,)``.
        slope: b, ``(u,)``; 1 where the unit does not vary.
        n: number of latents.
    """

    error: Float[Tensor, " u"]
    error_stderr: Float[Tensor, " u"]
    error_low: Float[Tensor, " u"]
    error_high: Float[Tensor, " u"]
    shift: Float[Tensor, " u"]
    scaling: Float[Tensor, " u"]
    slope: Float[Tensor, " u"]
    n: int

    @property
    def rest(self) -> Float[Tensor, " u"]:
        """What is neither the same for all latents nor in proportion to them."""
        return (self.error - self.shift - self.scaling).clamp(min=0)


def agreement(units: Units, z: Tensor, response: Tensor, *, block: Int[Tensor, " n"] | None = None) -> Agreement:
    """Measure ``E‖R(z) − z‖² / Var z`` in every unit, and its parts.

    Args:
        units: what is measured as one.
        z: latents ``(n, *latent_shape)``, n at least 2.
        response: their responses, likewise.
        block: number of the block of each latent, where those of a block depend on each other: ``hybrid_blocks``.

    >>> z = torch.tensor([[-1.0], [1.0], [-1.0], [1.0]])
    >>> found = agreement(Units.default((1,)), z, 2 * z + 3)
    >>> found.error.item(), found.shift.item(), found.scaling.item(), found.slope.item()
    (10.0, 9.0, 1.0, 2.0)
    """
    latents, after = z.flatten(1).cpu().double(), response.flatten(1).cpu().double()
    away, moved = latents - latents.mean(0), after - latents
    squares, spread = units.squared_norm(moved), units.squared_norm(away)
    found, variance = ratio(squares, spread), spread.mean(0)
    per = torch.where(variance > 0, 1 / variance.clamp(min=1e-300), 0.0)
    extra = units.total(moved * away).mean(0) * per  # slope − 1
    shift = units.squared_norm(moved.mean(0, keepdim=True))[0] * per
    rows = (squares - found.value * spread) * per
    rows = rows if block is None else rows * block_inflation(rows, block)
    interval = skewed_interval(found.value, rows, unseen=2 * UNSEEN / len(latents) * (variance > 0))
    return Agreement(
        error=found.value,
        error_stderr=crossed_stderr(rows),
        error_low=interval.low,
        error_high=interval.high,
        shift=shift,
        scaling=extra.square(),
        slope=1 + extra,
        n=len(latents),
    )


def expected_error(units: Units, mean: Tensor, std: Tensor) -> Float[Tensor, " u"]:
    """Return the error that posterior samples of an exact optimum have, in shares of their variance.

    A posterior N(μ, s²) that fits its decoder keeps the share ``a = Var μ / (Var μ + E s²)`` of a latent, as the best
    guess of a signal in noise does; then ``R(z) − E z = a (z − E z)`` and the error is ``(1 − a)²``.

    Args:
        units: what is measured as one; latents in a unit count by their variance.
        mean: posterior means of data, ``(n, *latent_shape)``.
        std: posterior standard deviations, likewise.

    >>> mean = torch.tensor([[-1.0], [1.0]])
    >>> expected_error(Units.default((1,)), mean, torch.ones(2, 1))  # half of the variance is noise
    tensor([0.2500], dtype=torch.float64)
    """
    noise = std.flatten(1).cpu().double().square().mean(0, keepdim=True)
    variance = mean.flatten(1).cpu().double().var(0, correction=0, keepdim=True) + noise
    lost = noise.square() / variance.clamp(min=1e-300)
    total = units.total(variance)[0]
    return torch.where(total > 0, units.total(lost)[0] / total.clamp(min=1e-300), 0.0)
