"""Which units a response matrix can ask about in the time that there is: all, or some that are drawn."""

import time

import torch
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units
from latentassay.responses.block_rows import block_size
from latentassay.responses.matrix import FIRST, LEAST
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE

FEWEST_UNITS = 8
"""Units that are asked about whatever they cost; fewer would say little of the others."""

MOST_UNITS = 2048
"""Units that are asked about whatever the time, at most: everything that is kept of their pairs takes 2 GB."""

FEWEST_ROWS, TRIAL = 8, 0.02
"""Rows that passes are timed on at least, and the share of the budget that timing them may take, about."""


def affordable_units(
    model: Autoencoder,
    z: Tensor,
    units: Units,
    budget: float,
    *,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> Units:
    """Return the units that ``response_matrix`` can measure in ``budget`` seconds: all, or some drawn at random.

    All are returned, up to 2048, where its first round, which always runs, ends in time. Otherwise as many are drawn,
    without replacement, as leave time for 8 blocks of rows, from which on intervals can be trusted; 8 units at least.

    Args:
        model: any autoencoder.
        z: base latents ``(n, *latent_shape)`` that the matrix will be measured on; some of them are passed once or
            twice to learn how long a pass takes.
        units: what could be intervened on.
        budget: seconds.
        generator: draws the units.
        batch_size: rows per pass, at most.

    >>> from latentassay import from_torch
    >>> model, z = from_torch(lambda x: x, lambda z: z, latent_shape=(500,)), torch.zeros(64, 500)
    >>> len(affordable_units(model, z, Units.default((500,)), 1e-9))
    8
    """
    if len(units) <= FEWEST_UNITS:
        return units
    rows = budget / _seconds_per_row(model, z, budget, batch_size)
    size = block_size(len(z))
    if (len(units) + 1) * FIRST * size <= rows:
        count = MOST_UNITS
    else:
        count = min(MOST_UNITS, max(FEWEST_UNITS, int(rows / (LEAST * size)) - 1))
    if count >= len(units):
        return units
    order = torch.randperm(len(units), generator=as_generator(generator))
    return Units(tuple(units.groups[j] for j in sorted(order[:count].tolist())), units.latent_shape)


def _seconds_per_row(model: Autoencoder, z: Tensor, budget: float, batch_size: int) -> float:
    """Time few rows, and as many as pass at once if those are affordable: large batches take less for each row."""
    few = min(FEWEST_ROWS, batch_size, len(z))
    seconds = _time_pass(model, z[:few])
    many = min(len(z), batch_size, int(TRIAL * budget / seconds * few))
    return _time_pass(model, z[:many]) / many if many > few else seconds / few


def _time_pass(model: Autoencoder, z: Tensor) -> float:
    with eval_mode(model, z) as (device, dtype):
        begun = time.perf_counter()
        # What a GPU computes has only been computed when it is back.
        respond_once(model, z.to(device, dtype)).cpu()
        return max(time.perf_counter() - begun, 1e-9)
