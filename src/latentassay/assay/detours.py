"""What ways through real codes save over straight lines, on many lines at once, so that it has an interval."""

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.assay.context import Context
from latentassay.core.estimate import Estimate
from latentassay.responses import respond
from latentassay.responses.paths import NEAR, SHARE
from latentassay.responses.response_error import ways_through
from latentassay.responses.spline import respace
from latentassay.stats.ratios import geometric_mean

STONES = 256
"""Real codes that ways may lead through, at most."""

FEWEST_STONES = 32
"""And at least, if there are as many."""

POINTS = 12
"""Points looked at on each way, and on each straight line."""

WAYS = 16
"""Pairs that are joined by ways, at most."""

FEWEST_WAYS = 6
"""And at least, if there are as many pairs."""

PER_STONE = 1 + round(0.6 * NEAR)
"""Passes that a stone takes, about: its own response, and those of lines to its neighbours, often shared."""

LEAST_PASSES = FEWEST_WAYS * 2 * POINTS + (FEWEST_STONES + 2 * FEWEST_WAYS) * PER_STONE
"""Passes that the fewest take."""


def cost_of_detours(
    context: Context, starts: Float[Tensor, "n d"], ends: Float[Tensor, "n d"], passes: int
) -> Estimate:
    """Return the cost of ways through real codes over that of straight lines, geometric mean over pairs.

    Costs are ``∫ (‖R(z) − z‖² + temperature) ds``, the temperature a tenth of the mean of ‖R(z) − z‖² on the straight
    lines; where a way costs more than the straight line, the straight line is the way, as in ``la.manifold_path``.

    Args:
        context: the model and real codes.
        starts: first ends of at least two pairs of real codes.
        ends: last ends.
        passes: how many decodings and encodings it may take.
    """
    pairs = min(len(starts), WAYS, max(FEWEST_WAYS, passes // 4 // (2 * POINTS)))
    own = torch.stack([starts[:pairs], ends[:pairs]], 1).flatten(0, 1)
    stones = min(STONES, max(FEWEST_STONES, passes // PER_STONE // 2))
    z = torch.cat([own, context.codes.mean.flatten(1)[:stones].to(own)])
    straight = torch.stack([respace(own[2 * k : 2 * k + 2], POINTS) for k in range(pairs)])
    of_straight = _squared_errors(context, straight)
    temperature = max(SHARE * float(of_straight.mean()), 1e-12)
    found = ways_through(context.model, z, pairs, temperature, neighbours=NEAR, batch_size=context.batch_size)
    ways = torch.stack([respace(way, POINTS) for way in found])
    line, way = (
        _integral(points, errors, temperature)
        for points, errors in ((straight, of_straight), (ways, _squared_errors(context, ways)))
    )
    return geometric_mean(torch.minimum(way, line) / line)


def _squared_errors(context: Context, z: Float[Tensor, "w p d"]) -> Float[Tensor, "w p"]:
    flat = z.flatten(0, 1)
    moved = respond(context.model, flat, batch_size=context.batch_size) - flat
    return moved.double().square().sum(1).view(z.shape[:2])


def _integral(z: Float[Tensor, "w p d"], errors: Float[Tensor, "w p"], temperature: float) -> Float[Tensor, " w"]:
    steps = (z[:, 1:] - z[:, :-1]).double().norm(dim=2)
    total: Tensor = (steps * ((errors[:, 1:] + errors[:, :-1]) / 2 + temperature)).sum(1)
    return total
