"""Equivariance: to intervene and then respond, or to respond and then intervene (IC 2.1)."""

from typing import Any

import numpy as np
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Autoencoder, HasCauses, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units
from latentassay.responses.interventions import intervene, plan
from latentassay.responses.pairwise import ErrorScale, PairScores, check_scale, score_pairs
from latentassay.sampling import BATCH_SIZE, as_latents


class EquivarianceScore(PairScores):
    """Equivariance of the causes of u units, row = noise intervened on, column = cause; see ``PairScores``.

    ``matrix`` is ``EQV[m,i]``, 1 where the response follows the intervention, on the diagonal, too; ``score`` includes
    the diagonal; ``sigma`` is of the causes of the response.
    """

    __slots__ = ()


def equivariance(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    values: int = 20,
    scale: str = "free",
    donors: Any = None,
    batch_size: int = BATCH_SIZE,
) -> EquivarianceScore:
    """Measure ``EQV[m,i] = 1 − E_v r[m,i]``: do causes follow when noise m of all latents is set to one value v?

    ``r[m,i] = E‖f_i(R(replace(z, m, v))) − f_i(replace(R(z), m, v))‖² / (U_m σ_i²/σ_m²)``, with f the model's causes,
    ``U_m = E‖z_m − v‖²``, σ_m the standard deviation of noise m in the response and σ_i that of cause i. The scale of
    latents and causes does not matter. The paper has distances instead of squares, and divides by U_m alone:
    ``r[m,i] = E‖·‖ / E‖z_m − v‖``, which is in the unit of the cause over that of the noise.

    r is 0 by definition for a value that changes nothing and, if ``"free"``, where a cause never varies or noise m
    never responds. Costs ``1 + units · values`` decodings and encodings of z and streams.

    Args:
        model: an autoencoder that has causes (``HasCauses``).
        z: noises ``(n, units)``, n at least 2: draws of ``la.sampling.draw``.
        generator: draws values, and deals rows into the blocks that standard errors are made from.
        values: how many values each noise is set to.
        scale: ``"free"``, or ``"paper"`` for the formula as printed.
        donors: noises that values are taken from, each at most once while they last; z itself where left out.

    Raises:
        InputError: a model without causes; fewer than two latents, latents or donors of another shape, NaN or infinite
            values in or out, fewer than one value, an unknown scale.
        ContractError: causes of another shape than ``(n, units, size)``.

    Source: IC 2.1, "Equivariance score".

    >>> from latentassay.models import build
    >>> model, z = build("xae-mlp", x_shape=(5,), latents=3), torch.randn(9, 3)
    >>> equivariance(model, z, generator=torch.Generator().manual_seed(0)).matrix.shape
    torch.Size([3, 3])
    """
    check_scale(scale)
    if not isinstance(model, HasCauses):
        raise InputError(
            f"{type(model).__name__} has no causes, which equivariance is about; build a model with an XBlock, such as "
            "la.models.build('xae-s', x_shape=(1, 28, 28)), or ask for la.invariance"
        )
    latents, units = as_latents(model, z, minimum=2), Units.default(latent_shape_of(model))
    interventions = plan(units, latents, donors, values, as_generator(generator), noun="noise")
    paper = scale == "paper"
    effects = intervene(model, latents, interventions, causes=model.causes, distances=paper, batch_size=batch_size)
    how = ErrorScale(0, 0, "distances over U_m as printed") if paper else ErrorScale(1, 1, "scale-free")
    return in_kind_of(score_pairs(EquivarianceScore, effects, interventions, how, diagonal=True), z)
