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
from latentassay.responses.response import prepare_decodings
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.blocks import BlockMoments, BlockRatio
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
        effect: ``E‖D(replace(z,j,v)) − D(z)‖² / (2 Σ Var D(z))``, the share of the variance of the decodings that
            exchanging unit j moves; these sum to 1 for independent units that add up, and to more where units work
            together. 0 where decodings do not vary.
        effect_stderr: its standard error.
        decoded_variance: variance of the decodings, summed over all their numbers.
        units: the units intervened on.
        n: number of base latents.
        used: how many of them every row rests on; fewer than ``n`` where a row stopped early.
    """

    matrix: Float[Tensor, "u u"]
    matrix_stderr: Float[Tensor, "u u"]
    normalized: Float[Tensor, "u u"]
    normalized_stderr: Float[Tensor, "u u"]
    sigma: Float[Tensor, " u"]
    effect: Float[Tensor, " u"]
    effect_stderr: Float[Tensor, " u"]
    decoded_variance: float
    units: Units
    n: int
    used: tuple[int, ...]

    @property
    def coupling(self) -> Float[Tensor, "u u"]:
        """Mean squared responses over twice the variance of the unit that responds: ``normalized²``."""
        return self.normalized**2

    @property
    def coupling_stderr(self) -> Float[Tensor, "u u"]:
        """Standard error of ``coupling``: that of the mean square itself, of which ``normalized`` is the root."""
        return 2 * self.normalized * self.normalized_stderr


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
        units: what is intervened on; scalars, channels, or places of a single channel where left out.
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
    moments = _Moments(len(rows.units))
    _measure(model, rows, moments, stopping)
    return in_kind_of(_assemble(moments, rows), z)


class _Moments:
    """What is kept of the blocks: squared responses, and squared changes of decodings against their own variance."""

    def __init__(self, units: int):
        self.responses, self.decodings = BlockMoments(units), BlockRatio(units)
        self._variances: list[Tensor] = []

    def add(self, active: list[int], changes: "_Changes", deviations: Float[Tensor, "m u"], size: int) -> None:
        """Take further blocks, for the units in ``active``."""
        # A row is its own partner once in a block, on average, which changes nothing: hence size/(size − 1).
        scale = size / (size - 1)
        self.responses.add(active, scale * changes.responses, deviations)
        self.decodings.add(active, scale * changes.decodings, 2 * changes.variance)
        self._variances.append(changes.variance)

    @property
    def decoded_variance(self) -> float:
        """Of all blocks, also those that some rows no longer used."""
        return float(torch.cat(self._variances).mean())


class _Changes(NamedTuple):
    """What interventions on the active units changed, as means over m blocks.

    Attributes:
        responses: squared change of every unit's response.
        decodings: squared change of the decoding, summed over its numbers.
        variance: unbiased variance of the decodings inside every block, summed over their numbers.
    """

    responses: Float[Tensor, "r m u"]
    decodings: Float[Tensor, "r m"]
    variance: Float[Tensor, " m"]


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
        *rows, n, columns = values.shape
        return values.reshape(*rows, n // self.size, self.size, columns).mean(-2)


def _measure(model: Autoencoder, rows: _Rows, moments: _Moments, stopping: Stopping) -> None:
    """Go through blocks in rounds until all units are precise enough, all blocks are used, or the time is spent."""
    units, size = rows.units, rows.size
    active, done = list(range(len(units))), 0
    with bar(len(rows.z) * (len(units) + 1), "response matrix") as progress:
        while active and done < rows.total:
            blocks = stopping.next_round(done, rows.total, first=FIRST, least=LEAST, cost=size * (len(active) + 1))
            if not blocks:
                break
            for base, partner in rows.parts(done, blocks):
                changes = _measure_changes(model, rows, base, partner, active)
                moments.add(active, changes, rows.means(rows.deviations(base)), size)
                stopping.count(len(base) * (len(active) + 1))
                progress.update(len(base) * (len(units) + 1))
            done += blocks
            if LEAST <= done < rows.total:
                active = _find_uncertain(moments.responses, rows, active, stopping)
                progress.update(0, certain=f"{len(units) - len(active)} of {len(units)} units")


def _block_size(n: int) -> int:
    """The largest power of two up to 16 that leaves enough blocks for a standard error."""
    size = BLOCK
    while size > 2 and n // size < BLOCKS:
        size //= 2
    return size


def draw_partners(units: Units, z: Tensor, size: int, generator: Generator) -> Int[Tensor, "n u"]:
    """Partners of every row for every unit, drawn block by block, so that it does not matter how rows are batched."""
    blocks = torch.split(units.total(z), size)
    return torch.cat([partners(block, size, generator=generator) + k * size for k, block in enumerate(blocks)])


def _measure_changes(model: Autoencoder, rows: _Rows, z: Tensor, partner: Tensor, active: list[int]) -> _Changes:
    """Squared changes of all responses and of the decoding by an intervention on each of the ``active`` units."""
    responses, decodings, decoded = [], [], []
    with eval_mode(model, z) as (device, dtype):
        for part in torch.split(torch.arange(len(z)), rows.batch_size):
            x, decode_changed = prepare_decodings(model, rows.units, z[part].to(device, dtype))
            response = model.encode(x).mean
            decoded.append(x.flatten(1))
            moved, changed = [], []
            for j in active:
                x_new = decode_changed(j, z[partner[part, j]].to(device, dtype))
                moved.append((x_new - x).flatten(1).square().sum(1).cpu())
                changed.append(rows.units.squared_norm(model.encode(x_new).mean - response).cpu())
            responses.append(torch.stack(changed))
            decodings.append(torch.stack(moved))
        variance = torch.cat(decoded).reshape(len(z) // rows.size, rows.size, -1).double().var(1).sum(1).cpu()
    s, d = torch.cat(responses, 1).double(), torch.cat(decodings, 1).double()
    if not (torch.isfinite(s).all() and torch.isfinite(d).all()):
        raise InputError("responses hold NaN or infinite values; run la.check_autoencoder(model, x) to see where")
    return _Changes(rows.means(s), rows.means(d[..., None])[..., 0], variance)


def _find_uncertain(moments: BlockMoments, rows: _Rows, active: list[int], stopping: Stopping) -> list[int]:
    """Units whose widest interval is still too wide."""
    normalized = _normalize(moments.mean_square(rows.variance).sqrt(), rows.variance.sqrt())
    half = Z95 * normalized * moments.relative_stderr(rows.total, normalized=True)
    sizes = normalized.diagonal().clamp(min=CAUSAL)
    return [j for j in active if not stopping.is_precise(float(half[j].max()), float(sizes[j]))]


def _normalize(matrix: Float[Tensor, "u u"], sigma: Float[Tensor, " u"]) -> Float[Tensor, "u u"]:
    """A column whose unit never varies in the data has no scale to be measured by: 0 by definition."""
    return torch.where(sigma > 0, matrix / (2**0.5 * sigma).clamp(min=1e-300), 0.0)


def _assemble(moments: _Moments, rows: _Rows) -> ResponseMatrix:
    n, responses = len(rows.z), moments.responses
    matrix, sigma = responses.mean_square(rows.variance).sqrt(), (rows.variance * n / (n - 1)).sqrt()
    normalized = _normalize(matrix, sigma)
    matrix_stderr, normalized_stderr = (
        # A response of 0 has no relative error.
        torch.where(values > 0, values * responses.relative_stderr(rows.total, normalized=scaled), 0.0)
        for values, scaled in ((matrix, False), (normalized, True))
    )
    return ResponseMatrix(
        matrix=matrix,
        matrix_stderr=matrix_stderr,
        normalized=normalized,
        normalized_stderr=normalized_stderr,
        sigma=sigma,
        effect=moments.decodings.ratio(),
        effect_stderr=moments.decodings.stderr(),
        decoded_variance=moments.decoded_variance,
        units=rows.units,
        n=n,
        used=tuple(int(count) * rows.size for count in responses.count),
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
