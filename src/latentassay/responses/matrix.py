"""The latent response matrix: what an intervention on one unit does to every other (LR 4.1, equation 5)."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.autoencoder import Autoencoder, questioning
from latentassay.errors import InputError
from latentassay.math.chains import ChainMoments
from latentassay.math.intervals import Z95
from latentassay.progress import bar
from latentassay.responses.response import respond_once
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.units import Units, as_units

CAUSAL = 0.5 / 2**0.5
"""A unit is alive if its normalized diagonal response reaches this: LR's cut M_jj ≥ 0.5 at σ = 1."""


class ResponseMatrix(NamedTuple):
    """Root mean squared responses, row = unit intervened on, column = unit that responds.

    Attributes:
        matrix: ``M[j,k]``, in the units of the latents.
        stderr: its standard error.
        normalized: ``M[j,k] / (√2 σ_k)``; 1 on the diagonal is a perfect response, 0 where σ_k is 0.
        normalized_stderr: its standard error, that of σ included.
        sigma: marginal std σ of every unit over the base latents.
        units: the units intervened on.
        n: number of base latents.
    """

    matrix: Float[Tensor, "u u"]
    stderr: Float[Tensor, "u u"]
    normalized: Float[Tensor, "u u"]
    normalized_stderr: Float[Tensor, "u u"]
    sigma: Float[Tensor, " u"]
    units: Units
    n: int


class CausalUnits(NamedTuple):
    """Units whose intervention comes back (LR 4.1).

    Attributes:
        active: their numbers in ``units``.
        mask: the same as one boolean per unit.
        dimension: how many; the intrinsic dimension of the latent manifold.
        low: how many are alive beyond doubt (their 95 % interval lies above the threshold).
        high: how many may be alive.
        threshold: the cut on the diagonal that was used.
    """

    active: tuple[int, ...]
    mask: tuple[bool, ...]
    dimension: int
    low: int
    high: int
    threshold: float


def response_matrix(
    model: Autoencoder,
    z: Tensor,
    *,
    generator: Generator,
    units: Units | Any = None,
    batch_size: int = BATCH_SIZE,
) -> ResponseMatrix:
    """Measure ``M[j,k] = sqrt(mean |R_k(replace(z, j, v)) − R_k(z)|²)``.

    The replacement ``v`` is the same unit of another row: rows are shuffled once and each takes the value
    of the next, a random cycle in which no row meets itself, so v follows the marginal of the base latents.
    Costs ``(units + 1) · n`` decodings and encodings and streams: memory does not grow with n.

    Args:
        model: any autoencoder.
        z: base latents ``(n, *latent_shape)``, usually posterior samples of real data
            (``la.sampling.posterior``); any sampler will do.
        units: what is intervened on; scalars or channels where left out.
        generator: shuffles the rows.

    Raises:
        InputError: fewer than three latents, latents of another shape, NaN or infinite values in or out.
    """
    z = as_latents(model, z, minimum=3)
    units = as_units(units, model.latent_shape)
    z = z[torch.randperm(len(z), generator=generator)]
    values = z.roll(-1, 0)
    centre = z.double().mean(0)
    rows = [ChainMoments((len(units),)) for _ in range(len(units))]
    fourth = torch.zeros(len(units), dtype=torch.float64)
    variance = torch.zeros(len(units), dtype=torch.float64)
    with questioning(model) as (device, dtype), bar(len(z) * (len(units) + 1), "response matrix") as progress:
        for start in range(0, len(z), batch_size):
            block = slice(start, start + batch_size)
            base, new = z[block].to(device, dtype), values[block].to(device, dtype)
            spread, next_spread = (units.squared_norm(part.cpu().double() - centre) for part in (base, new))
            variance += spread.sum(0)
            fourth += spread.square().sum(0)
            response = respond_once(model, base)
            progress.update(len(base))
            for j in range(len(units)):
                change = respond_once(model, units.replace(base, j, new)) - response
                rows[j].add(units.squared_norm(change), spread, next_spread)
                progress.update(len(base))
    return _assemble(rows, variance / len(z), fourth / len(z), units)


def _assemble(
    rows: list[ChainMoments], variance: Float[Tensor, " u"], fourth: Float[Tensor, " u"], units: Units
) -> ResponseMatrix:
    matrix = torch.stack([row.mean.sqrt() for row in rows])
    if not torch.isfinite(matrix).all():
        raise InputError("responses hold NaN or infinite values; run la.check_autoencoder(model, x) to see where")
    n = rows[0].n
    sigma = (variance * n / (n - 1)).sqrt()
    scale = (2**0.5 * sigma).expand_as(matrix)
    # A column whose unit never varies in the data has no scale to be measured by: 0 by definition.
    normalized = torch.where(scale > 0, matrix / scale.clamp(min=1e-300), 0.0)
    relative = torch.stack([row.relative_stderr(variance, fourth) for row in rows])
    stderr = torch.stack([row.root_mean_stderr() for row in rows])
    normalized_stderr = torch.where(normalized > 0, normalized * relative, 0.0)
    return ResponseMatrix(matrix, stderr, normalized, normalized_stderr, sigma, units, n)


def causal_units(m: ResponseMatrix, *, threshold: float | None = None, raw: bool = False) -> CausalUnits:
    """Return the units that are alive: diagonal response at or above ``threshold``.

    Args:
        m: what ``response_matrix`` returned.
        threshold: 0.5/√2 ≈ 0.354 on the normalized diagonal where left out; 0.5 if ``raw``.
        raw: cut the raw diagonal instead, as LR does for priors of unit variance.
    """
    cut = threshold if threshold is not None else (0.5 if raw else CAUSAL)
    matrix, errors = (m.matrix, m.stderr) if raw else (m.normalized, m.normalized_stderr)
    response, stderr = matrix.diagonal(), errors.diagonal()
    mask = tuple(bool(alive) for alive in response >= cut)
    sure, possible = int((response - Z95 * stderr >= cut).sum()), int((response + Z95 * stderr >= cut).sum())
    return CausalUnits(tuple(j for j, alive in enumerate(mask) if alive), mask, sum(mask), sure, possible, cut)
