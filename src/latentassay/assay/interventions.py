"""How many units, values and rows the interventions of an assay can afford."""

from typing import NamedTuple

from torch import Tensor

from latentassay.assay.context import Context

MOST_UNITS = 32
"""Units that are intervened on, the strongest, where there are more."""

FEWEST_UNITS = 4
"""And what a slow model is asked for at least."""

VALUES = 10
"""Values that each unit is set to."""

FEWEST_VALUES = 4
"""And of a slow model."""

PASSES = 3200
"""Decodings and encodings that all interventions of a question may take, at most."""

ROWS = 128
"""Latents that are intervened on, at most."""

FEWEST_ROWS = 16
"""And at least, whatever that takes."""

LEAST_PASSES = FEWEST_ROWS * (FEWEST_UNITS * FEWEST_VALUES + 1)
"""Passes that the fewest interventions take."""


class Affordable(NamedTuple):
    """What can be afforded: so many units, each set to so many values."""

    units: int
    values: int


def affordable(context: Context) -> Affordable:
    """Return how many units are asked about, and how many values each takes: fewer of both where the model is slow."""
    passes = _passes(context) // FEWEST_ROWS
    values = VALUES if passes >= VALUES * min(MOST_UNITS, len(context.matrix.units)) else FEWEST_VALUES
    return Affordable(max(FEWEST_UNITS, min(MOST_UNITS, passes // values)), values)


def base_latents(context: Context, interventions: int) -> Tensor:
    """Return as many posterior samples as so many interventions each can be afforded on."""
    rows = max(FEWEST_ROWS, _passes(context) // interventions)
    return context.sample(min(context.at_most(ROWS), rows), "consistency")


def _passes(context: Context) -> int:
    return min(context.at_most(PASSES), context.passes)
