"""How many rows an assay of a slow model can afford, learnt from a few of them before anything else is asked."""

import time
from typing import Any, NamedTuple

import torch

from latentassay.autoencoder import Autoencoder
from latentassay.contract import check_autoencoder
from latentassay.observations import as_observations
from latentassay.sampling import decode, encode

TRIED, FEWEST, FEWEST_PER_PASS = 8, 64, 8
"""Rows that are timed; rows, and rows per pass, that even a slow model is asked for."""

ROWS_SHARE, PASS_SHARE = 16, 60
"""Encoding and decoding all rows once may take one part in so many of the budget, and one batch one in so many."""


class Plan(NamedTuple):
    """Sizes of an assay that fits a budget.

    Attributes:
        samples: rows, and latents of each kind, at most.
        batch_size: rows per pass.
        seconds: what one row took to encode and decode.
    """

    samples: int
    batch_size: int
    seconds: float


def plan(model: Autoencoder, data: Any, *, samples: int, batch_size: int, budget: float) -> Plan:
    """Cut rows, and rows per pass, to what ``budget`` seconds afford; fast models keep both.

    The better of two tries on ``TRIED`` rows counts, since a model that has just been loaded is slow at first.

    Raises:
        ContractError: the model breaks the contract of the door.
        InputError: data that cannot be used.

    >>> from latentassay import from_torch
    >>> model = from_torch(lambda x: x, lambda z: z, latent_shape=(4,))
    >>> plan(model, torch.zeros(50, 4), samples=1024, batch_size=128, budget=60.0)[:2]
    (1024, 128)
    """
    observations = as_observations(data)
    rows = torch.arange(min(TRIED, len(observations)))
    check_autoencoder(model, observations.batch(rows))
    seconds = min(_once(model, observations, rows) for _ in range(2)) / len(rows)
    return Plan(
        _cut(samples, FEWEST, budget / ROWS_SHARE / seconds),
        _cut(batch_size, FEWEST_PER_PASS, budget / PASS_SHARE / seconds),
        seconds,
    )


def _once(model: Autoencoder, data: Any, rows: torch.Tensor) -> float:
    begun = time.perf_counter()
    decode(model, encode(model, data, rows=rows).mean)
    return max(time.perf_counter() - begun, 1e-9)


def _cut(wanted: int, least: int, affordable: float) -> int:
    """As many as wanted, or as affordable, if that is less; but not less than ``least`` for that."""
    return min(wanted, max(least, int(affordable)))
