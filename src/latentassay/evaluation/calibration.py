"""Posterior calibration: is the noise of q(z|x) as wide as the decoder's error justifies?"""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Generator, Tensor

from latentassay.core.autoencoder import Autoencoder, eval_mode, latent_shape_of, to_model
from latentassay.core.errors import ContractError
from latentassay.core.estimate import Estimate
from latentassay.core.guard import decode_batch, encode_batch
from latentassay.core.observations import Observations, as_observations, finite, select_rows
from latentassay.core.posteriors import FullCovarianceGaussian, Posterior
from latentassay.core.randomness import as_generator, as_seed
from latentassay.core.units import Units, as_units
from latentassay.sampling import BATCH_SIZE, beside
from latentassay.stats.intervals import jackknife_stderr, student, student_estimate

BLOCKS = 32
"""Blocks of rows of the jackknife, at most."""

STEP = 0.01
"""Smallest step over which the decoder's slope is taken, in spreads of the latent; below it rounding errors count."""

TINY = 1e-12
"""Share of the variance below which an error is rounding."""

VARIANT = (
    "each unit moved by ± its std alone, the others at the mean; decoder noise variance from the error at the means; "
    "jackknife over blocks of rows"
)


class PosteriorCalibration(NamedTuple):
    """What the noise of q(z|x) costs in the observation, and what that of a calibrated posterior would.

    Attributes:
        residual: share of the data's variance that is lost where the posterior means are decoded.
        noise: variance η² of one value that the decoder leaves unexplained.
        cost: share of the data's variance that samples of q lose beside the means, E‖D(z) − D(μ)‖² / Var x.
        excess: ``cost`` without what a calibrated posterior would lose.
        ratio: cost of the units' noise over that of a calibrated posterior; above 1 it is too wide.
        unit_cost: share of the data's variance that the noise of every unit loses, ``(u,)``.
        unit_expected: what it would lose if calibrated, ``(u,)``.
        unit_ratio: the one over the other; NaN for a unit that the decoder does not read.
        n: number of rows.
        variant: how it was measured.
    """

    residual: Estimate
    noise: Estimate
    cost: Estimate
    excess: Estimate
    ratio: Estimate
    unit_cost: Float[Tensor, " u"]
    unit_expected: Float[Tensor, " u"]
    unit_ratio: tuple[Estimate, ...]
    n: int
    variant: str


class _Rows(NamedTuple):
    """What every row says, ``(n, …)``, in double precision.

    Attributes:
        error: ‖x − D(μ)‖².
        spread: ‖x − x̄‖².
        moved: ‖D(z) − D(μ)‖² for one sample z of q.
        cost: what the noise of every unit moves, ``(n, u)``.
        slope: squared slope of the decoder along one latent of every unit, times the prior's variance, ``(n, u)``.
        size: number of latents in every unit, ``(u,)``.
        modes: the same squared slopes in directions that do not overlap, ``(n, u)``.
        offset: ‖mean of x − D(μ)‖² over all rows, and without every block of rows in turn, ``(1 + blocks,)``.
    """

    error: Tensor
    spread: Tensor
    moved: Tensor
    cost: Tensor
    slope: Tensor
    size: Tensor
    modes: Tensor
    offset: Tensor


def posterior_calibration(
    model: Autoencoder,
    data: Any,
    *,
    rows: Any = None,
    units: Units | Any = None,
    generator: Generator | int = 0,
    batch_size: int = BATCH_SIZE,
) -> PosteriorCalibration:
    """Compare what the noise of q(z|x) costs with what the best Gaussian posterior for this decoder would.

    A decoder that leaves noise of variance η² in every value and changes by J_j along latent j has as its best
    posterior of independent latents ``s_j² = η² / (J_j² + η²)`` under a prior N(0, 1). Its noise moves decodings by
    ``E‖D(z) − D(μ)‖² = η² Σ_j (1 − s_j²)``. The means leave ``E‖x − D(μ)‖² = (p − k) η²`` of p values, with k the
    number of values that the posterior fits, ``k = Σ λ / (λ + η²)`` over the eigenvalues λ of J's Gram matrix; that
    gives η². What all rows miss alike is set aside for that, since a constant error is no noise. All of it is exact
    where the decoder is linear, and holds row by row where it bends little within a std.

    Args:
        model: any autoencoder whose posteriors have width; N(0, 1) is replaced by N(0, std²) of its prior, or by the
            variance that codes have where there is none.
        data: an array or tensor ``(n, *x_shape)`` or ``Observations``.
        rows: numbers of the rows to use, at least 8; all where left out. Each takes ``units + 2`` decodings.
        units: scalars or channels where left out. Some of them stand for all.
        generator: for the samples.
        batch_size: rows per pass, at most.

    Raises:
        InputError: too few rows, NaN or infinite decodings.

    Source: the optimal linear VAE (Lucas et al. 2019, Don't blame the ELBO!, section 4; Dai & Wipf 2019); the
    comparison is this package's own.
    """
    observations = as_observations(data)
    index = select_rows(observations, rows, minimum=8)
    chosen = as_units(units, latent_shape_of(model))
    found = _measure(model, observations, index, chosen, as_generator(generator), batch_size)
    latents = torch.Size(latent_shape_of(model)).numel()
    values = observations.batch(index[:1]).numel()
    # Units that were not moved count as those that were; of more latents than values, only so many fit.
    stands_for = found.size * min(latents, values) / found.size.sum()
    return _summarise(found, values, stands_for)


def _measure(
    model: Autoencoder, data: Observations, index: Tensor, units: Units, generator: Generator, batch_size: int
) -> _Rows:
    """Decode means, samples, and means with one unit moved, a few rows at a time."""
    together = max(1, batch_size // (len(units) + 2))
    parts = [index[start : start + together] for start in range(0, len(index), together)]
    centre = sum((data.batch(part).double().sum(0) for part in parts), torch.zeros(())) / len(index)
    with eval_mode(model) as (device, _):
        local = beside(generator, device)
        # Two generators, so that neither sequence depends on how many rows pass at once.
        coin = torch.Generator(device).manual_seed(as_seed(generator))
        posteriors = [encode_batch(model, to_model(model, data.batch(part))) for part in parts]
        spread = _prior_std(model, posteriors)
        sums, found = torch.zeros(min(BLOCKS, len(index)), centre.numel()).double(), []
        blocks = [_blocks_of(len(index))[start : start + together] for start in range(0, len(index), together)]
        for part, of, q in zip(parts, blocks, posteriors, strict=True):
            columns, residual = _measure_part(
                model,
                data.batch(part).double() - centre,
                centre,
                q,
                units=units,
                spread=spread,
                generator=local,
                coin=coin,
            )
            sums.index_add_(0, of, residual)
            found.append(columns)
    size = torch.tensor([float(len(group)) for group in units.groups], dtype=torch.float64)
    error, away, moved, cost, slope, modes = (torch.cat(column) for column in zip(*found, strict=True))
    offset = _offsets(sums, len(index))
    return _Rows(error=error, spread=away, moved=moved, cost=cost, slope=slope, size=size, modes=modes, offset=offset)


def _blocks_of(n: int) -> Tensor:
    """The block of every row."""
    return torch.arange(n) % min(BLOCKS, n)


def _offsets(sums: Tensor, n: int) -> Tensor:
    """Squared mean residual of all rows and without each block, from sums by block."""
    counts = torch.bincount(_blocks_of(n)).double()
    kept = torch.cat([counts.sum()[None], n - counts])
    means = torch.cat([sums.sum(0, keepdim=True), sums.sum(0) - sums]) / kept[:, None]
    return means.square().sum(1)


def _prior_std(model: Autoencoder, posteriors: list[Posterior]) -> Tensor:
    """Standard deviation that every latent would have without data, flat."""
    mean = torch.cat([q.mean for q in posteriors]).flatten(1).double()
    if model.prior is not None:
        return torch.full_like(mean[0], float(model.prior.std))
    noise = torch.cat([q.std for q in posteriors]).flatten(1).double().square().mean(0)
    return (mean.var(0) + noise).sqrt().clamp(min=TINY)


def _own_std(q: Posterior) -> Tensor:
    """Standard deviation of every latent where all others are at their mean, flat."""
    if isinstance(q, FullCovarianceGaussian):
        precision: Tensor = torch.linalg.inv(q.scale_tril.double()).square().sum(-2)
        return precision.rsqrt()
    return q.std.flatten(1).double()


def _measure_part(
    model: Any,
    away: Tensor,
    centre: Tensor,
    q: Posterior,
    *,
    units: Units,
    spread: Tensor,
    generator: Generator,
    coin: Generator,
) -> tuple[tuple[Tensor, ...], Tensor]:
    """What every row says, and what its mean leaves, ``(n, values)``."""
    mean, std = q.mean.flatten(1).double(), _own_std(q)
    step = torch.maximum(std, STEP * spread)
    signs = 2.0 * torch.randint(2, mean.shape, generator=coin, device=coin.device) - 1
    moved = mean[:, None].repeat(1, len(units) + 2, 1)
    moved[:, 1] = q.sample(generator).flatten(1)
    for j, group in enumerate(units.groups):
        moved[:, 2 + j, list(group)] += (step * signs)[:, list(group)]
    latents = moved.to(q.mean).view(-1, *q.mean.shape[1:])
    decoded = finite(decode_batch(model, latents), "decodings").cpu().double().reshape(len(mean), len(units) + 2, -1)
    if decoded.shape[2] != centre.numel():
        raise ContractError(f"decode must return the {centre.numel()} values of an observation, got {decoded.shape[2]}")
    change = decoded[:, 1:] - decoded[:, :1]
    error = away.flatten(1) + centre.flatten() - decoded[:, 0]
    cost, slope, modes = _by_unit(change[:, 1:], std.cpu(), step.cpu(), spread.cpu(), units)
    squares = [part.square().sum(1) for part in (error, away.flatten(1), change[:, 0])]
    return (*squares, cost, slope, modes), error


def _by_unit(change: Tensor, std: Tensor, step: Tensor, spread: Tensor, units: Units) -> tuple[Tensor, Tensor, Tensor]:
    """Cost of every unit's noise, squared slopes along its latents, and the same in directions that do not overlap."""
    own, stepped = (torch.stack([part[:, list(g)].square().sum(1) for g in units.groups], 1) for part in (std, step))
    variance = torch.stack([spread[list(group)].square().mean() for group in units.groups])
    slope = change.square().sum(2) / stepped
    if max(map(len, units.groups)) > 1:  # latents of a unit are moved together, so that overlaps cannot be told
        return slope * own, slope * variance, slope * variance
    scaled = change / stepped.sqrt()[..., None] * variance.sqrt()[:, None]
    modes = torch.linalg.eigvalsh(scaled @ scaled.mT).clamp(min=0)
    return slope * own, slope * variance, modes


def _summarise(rows: _Rows, values: int, stands_for: Tensor) -> PosteriorCalibration:
    """Evaluate all rows, and all but those of every block in turn."""
    n = len(rows.error)
    blocks = min(BLOCKS, n)
    left_in = torch.ones(blocks + 1, n, dtype=torch.float64)
    left_in[1 + torch.arange(n) % blocks, torch.arange(n)] = 0
    found = _evaluate(rows, left_in / left_in.sum(1, keepdim=True), values, stands_for)
    plain = {name: _estimate(found[name], n) for name in ("residual", "noise", "cost", "excess")}
    ratios = [_ratio_estimate(column, n) for column in found["unit_ratio"].T]
    return PosteriorCalibration(
        **plain,
        ratio=_ratio_estimate(found["ratio"], n),
        unit_cost=found["unit_cost"][0],
        unit_expected=found["unit_expected"][0],
        unit_ratio=tuple(ratios),
        n=n,
        variant=VARIANT,
    )


def _evaluate(rows: _Rows, weight: Tensor, values: int, stands_for: Tensor) -> dict[str, Tensor]:
    """Every statistic for every weighting of the rows, ``(b, …)``; a unit stands for so many latents, ``(u,)``."""
    variance = (weight @ rows.spread).clamp(min=torch.finfo(torch.float64).tiny)
    rest = 1 - 1 / (weight > 0).sum(1)  # a mean of n rows takes one part in n of their variance with it
    left = torch.maximum((weight @ rows.error - rows.offset) / rest, TINY * variance)
    noise = _solve_noise(left, rows.modes, stands_for, weight, values)
    fits = _fitted(noise, rows.modes, stands_for, weight)
    share = torch.einsum("bn,bnu->bu", weight, rows.slope / (rows.slope + noise[:, None, None]))
    expected = noise[:, None] * share * rows.size
    cost = weight @ rows.cost
    return {
        "residual": weight @ rows.error / variance,
        "noise": noise,
        "cost": weight @ rows.moved / variance,
        "excess": (weight @ rows.moved - noise * fits) / variance,
        "ratio": cost.sum(1) / expected.sum(1),
        "unit_cost": cost / variance[:, None],
        "unit_expected": expected / variance[:, None],
        "unit_ratio": torch.where(cost > TINY * variance[:, None], cost / expected, torch.nan),
    }


def _fitted(noise: Tensor, modes: Tensor, size: Tensor, weight: Tensor) -> Tensor:
    """How many values the posterior fits, ``(b,)``."""
    return torch.einsum("bn,bnu,u->b", weight, modes / (modes + noise[:, None, None]), size)


def _solve_noise(left: Tensor, modes: Tensor, size: Tensor, weight: Tensor, values: int) -> Tensor:
    """Solve ``η² (p − k(η²)) = left`` by bisection; the left side grows with η²."""
    low, high = left / values, (left + torch.einsum("bn,nu,u->b", weight, modes, size)) / values
    for _ in range(60):
        middle = (low * high).sqrt()
        over = middle * (values - _fitted(middle, modes, size, weight)) > left
        low, high = torch.where(over, low, middle), torch.where(over, middle, high)
    return (low * high).sqrt()


def _estimate(values: Tensor, n: int) -> Estimate:
    return student_estimate(float(values[0]), float(jackknife_stderr(values[1:])), len(values) - 1, n=n)


def _ratio_estimate(values: Tensor, n: int) -> Estimate:
    """A ratio whose interval is even in its logarithm."""
    whole = float(values[0])
    if not bool((values > 0).all()) or not bool(torch.isfinite(values).all()):
        return Estimate(whole, n=n)
    stderr = float(jackknife_stderr(values[1:].log()))
    reach = float((student(torch.tensor([len(values) - 2.0])) * stderr).exp())
    return Estimate(whole, low=whole / reach, high=whole * reach, stderr=whole * stderr, n=n)
