"""The latent response matrix: what an intervention on one unit does to every other (LR 4.1, equation 5)."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Autoencoder, eval_mode
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.core.units import Units, as_units
from latentassay.responses.response import prepare_responses
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.blocks import BlockMoments
from latentassay.stats.stratified import partners

CAUSAL = 0.5 / 2**0.5
"""A unit is alive if its normalized diagonal response reaches this: LR's cut M_jj ≥ 0.5 at σ = 1."""

BLOCK, BLOCKS = 16, 8
"""Most rows in a block of stratified partners, and fewest blocks if there are latents enough for blocks of two.

Partners come from a row's own block. So blocks stay independent of each other, and their differences tell the standard
error, though all rows of a block depend on each other.
"""

FIRST, LEAST = 2, 8
"""Blocks in the first round under a budget, and blocks before an interval is trusted enough to stop a unit."""


class ResponseMatrix(NamedTuple):
    """Root mean squared responses, row = unit intervened on, column = unit that responds; arrays of the kind z was.

    Attributes:
        matrix: ``M[j,k]``, in the units of the latents.
        matrix_stderr: its standard error.
        normalized: ``M[j,k] / (√2 σ_k)``; 1 on the diagonal is a perfect response, 0 where σ_k is 0.
        normalized_stderr: its standard error, that of σ included.
        sigma: marginal std σ of every unit over the base latents.
        units: the units intervened on.
        n: number of base latents.
        used: how many of them every row rests on; fewer than ``n`` where a row stopped early.
    """

    matrix: Float[Tensor, "u u"]
    matrix_stderr: Float[Tensor, "u u"]
    normalized: Float[Tensor, "u u"]
    normalized_stderr: Float[Tensor, "u u"]
    sigma: Float[Tensor, " u"]
    units: Units
    n: int
    used: tuple[int, ...]


class CausalUnits(NamedTuple):
    """Units whose intervention comes back (LR 4.1).

    Attributes:
        active: their numbers in ``units``.
        mask: the same as one boolean per unit.
        dimension: how many; the intrinsic dimension of the latent manifold. Its interval goes from those that are alive
            beyond doubt (their 95 % interval lies above the threshold) to those that may be.
        threshold: the cut on the diagonal that was used.
    """

    active: tuple[int, ...]
    mask: tuple[bool, ...]
    dimension: Estimate
    threshold: float


def response_matrix(
    model: Autoencoder,
    z: Tensor | np.ndarray,
    *,
    generator: Generator | int = 0,
    units: Units | Any = None,
    precision: float | int | None = None,
    budget: float | int | None = None,
    batch_size: int = BATCH_SIZE,
) -> ResponseMatrix:
    """Measure how far every unit responds to a change of every unit: ``sqrt(mean |R_k(replace(z, j, v)) − R_k(z)|²)``.

    The replacement ``v`` is the same unit of another row. Rows are shuffled and cut into blocks of up to 16; inside a
    block the ranks of bases and replacements are spread evenly over the square of all pairs, so every v follows the
    marginal of the base latents and the mean varies less than with unrelated pairs. Blocks give the standard errors.
    Costs at most ``(units + 1) · n`` decodings and encodings and streams: memory does not grow with n.

    Args:
        model: any autoencoder.
        z: base latents ``(n, *latent_shape)``, usually posterior samples of real data
            (``la.sampling.posterior``); any sampler will do.
        units: what is intervened on; scalars or channels where left out.
        generator: shuffles the rows and chooses the partners.
        precision: stop a unit as soon as the 95 % interval of every entry in its row, normalized, is no wider to each
            side than this times its diagonal response (or times 0.354, below which a unit counts as dead).
        budget: seconds after which no further rows are measured; what came out differs with the speed of the machine.

    Raises:
        InputError: fewer than four latents, latents of another shape, NaN or infinite values in or out,
            precision or budget not positive.
    """
    latents, stopping = as_latents(model, z, minimum=4), Stopping(precision, budget)
    rows = _Rows(latents, as_units(units, model.latent_shape), as_generator(generator), batch_size)
    moments = BlockMoments(len(rows.units))
    _measure(model, rows, moments, stopping)
    return in_kind_of(_assemble(moments, rows), z)


class _Rows:
    """Latents in a random order, cut into blocks.

    Attributes:
        total: how many blocks there are.
        size: rows in each.
        variance: variance of every unit over all latents, ``(u,)``.
    """

    def __init__(self, z: Tensor, units: Units, generator: Generator, batch_size: int):
        self.z, self.units, self.batch_size = z, units, batch_size
        self._generator, self._order = generator, torch.randperm(len(z), generator=generator)
        self.size = _block_size(len(z))
        self.total = len(z) // self.size
        variance, centre = torch.var_mean(z, 0, correction=0)
        self._centre, self.variance = centre.double(), units.total(variance[None].double())[0]

    def parts(self, done: int, blocks: int) -> Iterator[tuple[Tensor, Int[Tensor, "n u"]]]:
        """Yield the rows of further blocks, so many at a time as pass at once, and their partners for every unit."""
        per_pass = max(1, self.batch_size // self.size)
        for start in range(done, done + blocks, per_pass):
            base = self.z[self._order[start * self.size : min(start + per_pass, done + blocks) * self.size]]
            yield base, draw_partners(self.units, base, self.size, self._generator)

    def deviations(self, base: Tensor) -> Float[Tensor, "n u"]:
        """Squared distance of every unit from its mean over all latents."""
        return self.units.squared_norm(base.double() - self._centre)

    def means(self, values: Float[Tensor, "*r n u"]) -> Float[Tensor, "*r m u"]:
        """Means over blocks."""
        return _block_means(values, self.size)


def _measure(model: Autoencoder, rows: _Rows, moments: BlockMoments, stopping: Stopping) -> None:
    """Go through blocks in rounds until all units are precise enough, all blocks are used, or the time is spent."""
    units, size = rows.units, rows.size
    active, done = list(range(len(units))), 0
    with bar(len(rows.z) * (len(units) + 1), "response matrix") as progress:
        while active and done < rows.total:
            blocks = stopping.next_round(done, rows.total, first=FIRST, least=LEAST, cost=size * (len(active) + 1))
            if not blocks:
                break
            for base, partner in rows.parts(done, blocks):
                s = _changes(model, units, base, partner, active, rows.batch_size)
                # A row is its own partner once in a block, on average, which changes nothing: hence size/(size − 1).
                moments.add(active, rows.means(s) * size / (size - 1), rows.means(rows.deviations(base)))
                stopping.count(len(base) * (len(active) + 1))
                progress.update(len(base) * (len(units) + 1))
            done += blocks
            if LEAST <= done < rows.total:
                active = _find_uncertain(moments, rows, active, stopping)
                progress.update(0, certain=f"{len(units) - len(active)} of {len(units)} units")


def _block_size(n: int) -> int:
    """The largest power of two up to 16 that leaves enough blocks for a standard error."""
    size = BLOCK
    while size > 2 and n // size < BLOCKS:
        size //= 2
    return size


def _block_means(values: Float[Tensor, "*r n u"], size: int) -> Float[Tensor, "*r m u"]:
    *rows, n, columns = values.shape
    return values.reshape(*rows, n // size, size, columns).mean(-2)


def draw_partners(units: Units, z: Tensor, size: int, generator: Generator) -> Int[Tensor, "n u"]:
    """Partners of every row for every unit, drawn block by block, so that it does not matter how rows are batched."""
    blocks = torch.split(units.total(z), size)
    return torch.cat([partners(block, size, generator=generator) + k * size for k, block in enumerate(blocks)])


def _changes(
    model: Autoencoder, units: Units, z: Tensor, partner: Tensor, active: list[int], batch_size: int
) -> Float[Tensor, "r n u"]:
    """Squared response of every unit to an intervention on each of the ``active`` ones."""
    parts = []
    with eval_mode(model, z) as (device, dtype):
        for part in torch.split(torch.arange(len(z)), batch_size):
            response, respond_changed = prepare_responses(model, units, z[part].to(device, dtype))
            changed = (respond_changed(j, z[partner[part, j]].to(device, dtype)) for j in active)
            parts.append(torch.stack([units.squared_norm(new - response).cpu() for new in changed]))
    out = torch.cat(parts, 1).double()
    if not torch.isfinite(out).all():
        raise InputError("responses hold NaN or infinite values; run la.check_autoencoder(model, x) to see where")
    return out


def _find_uncertain(moments: BlockMoments, rows: _Rows, active: list[int], stopping: Stopping) -> list[int]:
    """Units whose widest interval is still too wide."""
    normalized = _normalize(moments.mean_square(rows.variance).sqrt(), rows.variance.sqrt())
    half = Z95 * normalized * moments.relative_stderr(rows.total, normalized=True)
    sizes = normalized.diagonal().clamp(min=CAUSAL)
    return [j for j in active if not stopping.is_precise(float(half[j].max()), float(sizes[j]))]


def _normalize(matrix: Float[Tensor, "u u"], sigma: Float[Tensor, " u"]) -> Float[Tensor, "u u"]:
    """A column whose unit never varies in the data has no scale to be measured by: 0 by definition."""
    return torch.where(sigma > 0, matrix / (2**0.5 * sigma).clamp(min=1e-300), 0.0)


def _assemble(moments: BlockMoments, rows: _Rows) -> ResponseMatrix:
    n = len(rows.z)
    matrix, sigma = moments.mean_square(rows.variance).sqrt(), (rows.variance * n / (n - 1)).sqrt()
    normalized = _normalize(matrix, sigma)
    matrix_stderr, normalized_stderr = (
        # A response of 0 has no relative error.
        torch.where(values > 0, values * moments.relative_stderr(rows.total, normalized=scaled), 0.0)
        for values, scaled in ((matrix, False), (normalized, True))
    )
    return ResponseMatrix(
        matrix=matrix,
        matrix_stderr=matrix_stderr,
        normalized=normalized,
        normalized_stderr=normalized_stderr,
        sigma=sigma,
        units=rows.units,
        n=n,
        used=tuple(int(count) * rows.size for count in moments.count),
    )


def causal_units(m: ResponseMatrix, *, threshold: float | None = None, raw: bool = False) -> CausalUnits:
    """Return the units that are alive: diagonal response at or above ``threshold``.

    Args:
        m: what ``response_matrix`` returned.
        threshold: 0.5/√2 ≈ 0.354 on the normalized diagonal where left out; 0.5 if ``raw``.
        raw: cut the raw diagonal instead, as LR does for priors of unit variance.
    """
    cut = threshold if threshold is not None else (0.5 if raw else CAUSAL)
    matrix, errors = (m.matrix, m.matrix_stderr) if raw else (m.normalized, m.normalized_stderr)
    response, stderr = matrix.diagonal(), errors.diagonal()
    mask = tuple(bool(alive) for alive in response >= cut)
    sure, possible = int((response - Z95 * stderr >= cut).sum()), int((response + Z95 * stderr >= cut).sum())
    return CausalUnits(
        active=tuple(j for j, alive in enumerate(mask) if alive),
        mask=mask,
        dimension=Estimate(sum(mask), low=sure, high=possible, n=m.n),
        threshold=cut,
    )
