"""Equivariance: to intervene and then respond, or to respond and then intervene (IC 2.1)."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, HasCauses
from latentassay.core.errors import InputError
from latentassay.core.units import Units
from latentassay.responses.interventions import intervene, plan
from latentassay.responses.scaled import COLLAPSED, check_scale, numbers, scores
from latentassay.sampling import BATCH_SIZE, as_latents


class Equivariance(NamedTuple):
    """Equivariance of the causes of u units, row = noise intervened on, column = cause.

    Attributes:
        matrix: ``EQV[m,i]``, 1 where the response follows the intervention, on the diagonal, too.
        stderr: its standard error, from the values and from blocks of rows; Student's t is inside, so that 1.96 of them
            make a 95 % interval. With one value, that of the rows alone.
        score: mean over units that are not collapsed, diagonal among them; ``None`` where all are.
        stderr_score: standard error of the score, and ``None`` likewise.
        low: lower end of its 95 % interval, and ``None`` likewise.
        high: upper end, and ``None`` likewise.
        score_all: mean over all entries.
        collapsed: units whose noise does not answer to a change of itself: less than 1/8 of it, squared, comes back.
        mask: the same as one boolean per unit.
        sigma: standard deviation of every cause of the response, the root of its total variance.
        units: the noises intervened on.
        n: number of latents.
        values: number of values each noise was set to.
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


def equivariance(
    model: Autoencoder,
    z: Tensor,
    *,
    generator: Generator,
    values: int = 20,
    scale: str = "free",
    donors: Tensor | None = None,
    batch_size: int = BATCH_SIZE,
) -> Equivariance:
    """Measure ``EQV[m,i] = 1 − E_v r[m,i]``: do causes follow when noise m of all latents is set to one value v?

    ``r[m,i] = E‖f_i(R(replace(z, m, v))) − f_i(replace(R(z), m, v))‖² / (U_m σ_i²/σ_m²)``, with f the model's causes,
    ``U_m = E‖z_m − v‖²``, σ_m the standard deviation of noise m in the response and σ_i that of cause i. The scale of
    latents and causes does not matter. The paper divides by ``U_m`` alone.

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
    z, units = as_latents(model, z, minimum=2), Units.default(model.latent_shape)
    planned = plan(units, z, donors, values, generator)
    effects = intervene(model, z, planned, causes=model.causes, batch_size=batch_size)
    power = 1 if scale == "free" else 0
    found, dead = scores(effects, own=power, watched=power), effects.own < COLLAPSED
    score = found.pooled(~(dead[:, None] | dead))
    variant = (
        f"{'scale-free' if scale == 'free' else 'divided by U_m as printed'}, {values} values for each noise from "
        f"{'the latents themselves' if donors is None else 'given donors'}, units collapsed below 1/8"
        f"{'; no score, as all are' if score.score is None else ''}"
    )
    return Equivariance(
        found.matrix,
        found.stderr,
        *score,
        float(found.matrix.mean()),
        numbers(dead),
        tuple(dead.tolist()),
        effects.watched.variance.sqrt(),
        units,
        len(z),
        values,
        variant,
    )
