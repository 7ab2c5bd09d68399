"""Does a mapping of the data win only because it keeps from the model what the model gets wrong?"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from latentassay.assay.input_checks.mappings import Mapping
from latentassay.core.autoencoder import eval_mode, to_model

SILENT = 0.1
"""A unit whose variance falls to less than this share of what it is, against all units, is no longer asked."""

VARIES = 0.25
"""Only units count whose variance as given is this share of the median or more: less may be stray."""


def silences(model: Any, observations: Any, rows: tuple[Tensor, ...], mapping: Mapping) -> bool:
    """Tell whether a unit that varies with the data as given hardly does with their values put elsewhere.

    The model that the mapping speaks for was made for the mapped data, in which its units vary. Where one falls silent
    instead, the mapping may lessen errors only since what that unit does wrong, such as moving others, is not seen.

    Args:
        model: an autoencoder.
        observations: data.
        rows: numbers of rows, batch by batch.
        mapping: one that leaves the values as they are.
    """
    plain, mapped = _variances(model, observations, rows, None), _variances(model, observations, rows, mapping)
    counted = plain >= VARIES * plain.quantile(0.5)
    left = mapped[counted] / plain[counted].clamp(min=1e-300)
    return bool((left < SILENT * left.quantile(0.5)).any())


def _variances(
    model: Any, observations: Any, rows: tuple[Tensor, ...], mapping: Mapping | None
) -> Float[Tensor, " units"]:
    """Variance of the means of every unit, or of every channel."""
    parts = []
    with eval_mode(model):
        for part in rows:
            x = to_model(model, observations.batch(part))
            parts.append(model.encode(x if mapping is None else mapping.there(x)).mean.cpu().double())
    mean = torch.cat(parts)
    spread = (mean - mean.mean(0)).square().mean(0)
    return spread.flatten(1).mean(1) if spread.ndim > 1 else spread
