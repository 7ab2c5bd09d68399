"""The latent response matrix: what an intervention on one unit does to every other (LR 4.1, equation 5)."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.arrays import in_kind_of
from latentassay.core.autoencoder import Autoencoder, eval_mode, latent_shape_of
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.progress import bar
from latentassay.core.randomness import as_generator
from latentassay.core.threads import choose_threads
from latentassay.core.units import Units, as_units
from latentassay.responses.block_rows import BlockRows
from latentassay.responses.exchanges import ENOUGH, Base, Changes, Exchanges
from latentassay.responses.stopping import Stopping
from latentassay.sampling import BATCH_SIZE, as_latents
from latentassay.stats.blocks import BlockMoments, BlockRatio

CAUSAL = 0.5 / 2**0.5
"""A unit is alive if its normalized diagonal response reaches this: LR's cut M_jj ≥ 0.5 at σ = 1."""

FEWEST = 4
"""Latents that a matrix is measured on."""

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
        lost: share of the responses that were NaN or infinite; their rows are left out of all means.
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
    lost: float
    units: Units
    n: int
    used: tuple[int, ...]

    @property
    def coupling(self) -> Any:
        """Mean squared responses over twice the variance of the unit that responds, ``normalized²``, ``(u, u)``."""
        return self.normalized**2

    @property
    def coupling_stderr(self) -> Any:
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
        batch_size: rows per pass. Where decodings are small, several units share a pass of up to 16 times as many
            rows, as long as its decodings take less than half a megabyte.
        precision: stop a unit as soon as the 95 % interval of every entry in its row, normalized, is no wider to each
            side than this times its diagonal response (or times 0.354, below which a unit counts as dead).
        budget: seconds after which no further rows are measured; what came out differs with the speed of the machine.

    Raises:
        InputError: fewer than four latents or of another shape, NaN or infinite values in them, fewer than four
            whose responses are finite, precision or budget not positive.
    """
    latents, stopping = as_latents(model, z, minimum=FEWEST), Stopping(precision, budget)
    rows = BlockRows(latents, as_units(units, latent_shape_of(model)), as_generator(generator))
    moments = _Moments(len(rows.units))
    _measure(model, rows, moments, stopping, batch_size)
    return in_kind_of(_assemble(moments, rows), z)


class _Moments:
    """What is kept of the blocks.

    Attributes:
        responses: squared responses.
        decodings: squared changes of decodings, over twice the variance of the decodings.
        rows: how many rows every unit rests on.
    """

    def __init__(self, units: int):
        self.responses, self.decodings = BlockMoments(units), BlockRatio(units)
        self.rows = torch.zeros(units, dtype=torch.long)
        self._variances: list[Tensor] = []
        self._waiting: list[Changes] = []
        self._measured = self._lost = self._base_rows = 0

    def add_base(self, base: Base) -> None:
        """Count base latents; their decodings also where some units no longer use them."""
        self._variances.append(base.variance)
        self._measured += len(base.finite)
        self._base_rows += int(base.finite.sum())
        self._lost += int((~base.finite).sum())

    def add(self, base: Base, changes: Changes) -> None:
        """Take further blocks for the units that were exchanged in them."""
        if self._waiting and self._waiting[-1].units != changes.units:
            self.flush()
        self._waiting.append(changes)
        self.rows[changes.units] += changes.rows
        self._measured += len(changes.units) * len(base.z)
        self._lost += changes.lost
        if sum(each.responses.numel() for each in self._waiting) >= ENOUGH:
            self.flush()

    def flush(self) -> None:
        """Add what waits: blocks of the same units are added together, which takes a fraction of the time."""
        if self._waiting:
            units = self._waiting[0].units
            responses = torch.cat([each.responses for each in self._waiting], 1)
            decodings = torch.cat([each.decodings for each in self._waiting], 1)
            deviations = torch.cat([each.deviations for each in self._waiting])
            variance = torch.cat([each.variance for each in self._waiting])
            self.responses.add(units, responses, deviations)
            self.decodings.add(units, decodings, 2 * variance)
            self._waiting = []

    def check(self) -> None:
        """Refuse what is too little for a mean and its error."""
        left = min(self._base_rows, int(self.rows.min()))
        if left < FEWEST or int(self.responses.count.min()) < 2:
            raise InputError(
                f"only {left} latents have responses without NaN or infinite values, whichever unit is "
                f"exchanged; at least {FEWEST} are needed; run la.check_autoencoder(model, x) to see where they begin"
            )

    @property
    def decoded_variance(self) -> float:
        """Of all blocks, also those that some units no longer use."""
        return float(torch.cat(self._variances).nanmean())

    @property
    def lost(self) -> float:
        """Share of all responses that were not finite."""
        return self._lost / self._measured


def _measure(model: Autoencoder, rows: BlockRows, moments: _Moments, stopping: Stopping, batch_size: int) -> None:
    """Go through blocks in rounds until all units are precise enough, all blocks are used, or the time is spent."""
    units, size = len(rows.units), rows.size
    active, done = list(range(units)), 0
    with (
        bar(rows.n * (units + 1), "response matrix") as progress,
        eval_mode(model, rows.z) as where,
        choose_threads(where.device) as threads,
    ):
        exchanges = Exchanges(model, rows.units, where, batch_size=batch_size, passed=threads.count)
        while active and done < rows.total:
            blocks = stopping.next_round(done, rows.total, first=FIRST, least=LEAST, cost=size * (len(active) + 1))
            if not blocks:
                break
            for part in rows.parts(done, done + blocks, lambda: exchanges.part_rows):
                base = exchanges.base(part)
                moments.add_base(base)
                for changes in exchanges.changes(base, active):
                    moments.add(base, changes)
                    progress.update(len(base.z) * len(changes.units))
                progress.update(len(base.z) * (1 + units - len(active)))
                stopping.count(len(base.z) * (len(active) + 1))
            moments.flush()
            done += blocks
            if LEAST <= done < rows.total:
                active = _find_uncertain(moments.responses, rows, active, stopping)
                progress.update(0, certain=f"{units - len(active)} of {units} units")
    moments.check()


def _find_uncertain(moments: BlockMoments, rows: BlockRows, active: list[int], stopping: Stopping) -> list[int]:
    """Units whose widest interval is still too wide."""
    if stopping.precision is None:
        return active
    normalized = _normalize(moments.mean_square(rows.variance).sqrt(), rows.variance.sqrt())
    half = Z95 * (normalized * moments.relative_stderr(rows.total, normalized=True)).amax(1)
    sizes = normalized.diagonal().clamp(min=CAUSAL)
    return [j for j in active if not stopping.is_precise(float(half[j]), float(sizes[j]))]


def _normalize(matrix: Float[Tensor, "u u"], sigma: Float[Tensor, " u"]) -> Float[Tensor, "u u"]:
    """A column whose unit never varies in the data has no scale to be measured by: 0 by definition."""
    return torch.where(sigma > 0, matrix / (2**0.5 * sigma).clamp(min=1e-300), 0.0)


def _assemble(moments: _Moments, rows: BlockRows) -> ResponseMatrix:
    n, responses = rows.n, moments.responses
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
        lost=moments.lost,
        units=rows.units,
        n=n,
        used=tuple(moments.rows.tolist()),
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
