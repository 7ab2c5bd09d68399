"""The aggregate posterior beside the prior, unit by unit: mean, spread, tails, and which units are correlated."""

import math
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Generator, Tensor

from latentassay.core.arrays import as_float_tensor
from latentassay.core.errors import InputError
from latentassay.core.estimate import Z95, Estimate
from latentassay.core.observations import finite
from latentassay.core.randomness import as_generator

NORMAL = 30 / math.pi * math.atan(2**0.5) - 9
"""L-kurtosis of a normal distribution, 0.1226."""

DRAWS = 200
"""Bootstrap draws of the L-kurtosis."""

CANDIDATES = 20_000
"""Pairs of units whose correlation gets an interval: the strongest, where there are more."""

STILL = 1e-6
"""A unit whose std is below this share of the prior's does not vary."""

TOGETHER = 256
"""Pairs whose errors are computed at once."""


class Correlations(NamedTuple):
    """Pearson correlations of pairs of units, the strongest first.

    Attributes:
        pairs: numbers of the units of every pair, ``(k, 2)``, the smaller first.
        value: correlation, in [−1, 1].
        strength: its size with its interval.
        pairs_in_all: how many pairs there are.
    """

    pairs: Int[Tensor, "k 2"]
    value: Float[Tensor, " k"]
    strength: tuple[Estimate, ...]
    pairs_in_all: int


class AggregateShape(NamedTuple):
    """How codes of every unit are distributed beside a prior of mean 0; estimates are NaN for units that are still.

    Attributes:
        mean: over the prior's std, ``(u,)``.
        shift: size of that mean.
        std: over the prior's, ``(u,)``.
        spread: factor by which the std is off, to either side; 1 where it is the prior's.
        tails: L-kurtosis: 0.123 of a normal distribution, more where tails are heavy (Laplace 0.236), less where they
            are light (uniform 0).
        correlations: of pairs of units that vary.
        n: number of rows.
    """

    mean: Float[Tensor, " u"]
    shift: tuple[Estimate, ...]
    std: Float[Tensor, " u"]
    spread: tuple[Estimate, ...]
    tails: tuple[Estimate, ...]
    correlations: Correlations
    n: int


def aggregate_shape(samples: Any, *, prior_std: float = 1.0, generator: Generator | int = 0) -> AggregateShape:
    """Compare samples of the aggregate posterior q(z) = E_x q(z|x) with a prior N(0, std²) of independent units.

    Standard errors: of a mean ``σ/√n``; of a log std ``√((κ − 1) / 4n)`` with κ the kurtosis; of tails a bootstrap of
    the L-kurtosis λ₄/λ₂, which outliers move far less than a kurtosis; of a correlation the one that holds whatever the
    distribution, ``√(E[(xy − r (x² + y²)/2)²] / n)`` of standardised x and y.

    Args:
        samples: one sample for every row and unit, ``(n, u)``, at least 16 rows, rows independent of each other.
        prior_std: standard deviation of the prior.
        generator: for the bootstrap.

    Raises:
        InputError: too few rows, NaN, or a standard deviation that is not positive.

    Source: Hosking, L-moments, 1990; the comparison is this package's own.

    >>> z = torch.randn(4000, 3, generator=torch.Generator().manual_seed(0))
    >>> found = aggregate_shape(torch.stack([z[:, 0] + 1, 2 * z[:, 1], z[:, 2] ** 3], 1))
    >>> [round(x, 1) for x in (found.shift[0], found.spread[1], found.tails[0], found.tails[2])]
    [1.0, 2.0, 0.1, 0.6]
    """
    z = finite(as_float_tensor(samples, "samples"), "samples").double()
    if z.ndim != 2 or len(z) < 16:
        raise InputError(f"samples must have shape (n, units) with n at least 16, got {tuple(z.shape)}")
    if not prior_std > 0:
        raise InputError(f"prior_std must be positive, got {prior_std}")
    z, n = z / prior_std, len(z)
    std, moving = z.std(0), z.std(0) > STILL
    scaled = (z - z.mean(0)) / torch.where(moving, std, 1.0)
    kurtosis = scaled.pow(4).mean(0)
    tails = _tails(z, as_generator(generator))
    return AggregateShape(
        mean=z.mean(0),
        shift=tuple(_folded(float(m), float(s) / n**0.5, n) for m, s in zip(z.mean(0), std, strict=True)),
        std=std,
        spread=tuple(_factor(s, k, n) for s, k in zip(std.tolist(), kurtosis.tolist(), strict=True)),
        tails=tuple(
            found if one else Estimate(float("nan"), n=n) for found, one in zip(tails, moving.tolist(), strict=True)
        ),
        correlations=_correlate(scaled[:, moving], moving.nonzero().flatten()),
        n=n,
    )


def _folded(value: float, stderr: float, n: int) -> Estimate:
    """The size of a value that may have either sign."""
    half = Z95 * stderr
    return Estimate(abs(value), low=max(0.0, abs(value) - half), high=abs(value) + half, stderr=stderr, n=n)


def _factor(std: float, kurtosis: float, n: int) -> Estimate:
    """By which factor a std is off to either side of 1; its interval is even in the logarithm."""
    if std <= STILL:
        return Estimate(float("nan"), n=n)
    log = torch.tensor(std).double().log()
    size = _folded(float(log), max((kurtosis - 1) / (4 * n), 1e-12) ** 0.5, n)
    value, low, high = (float(torch.tensor(end).double().exp()) for end in (size, size.low, size.high))
    return Estimate(value, low=low, high=high, n=n)


def _tails(z: Float[Tensor, "n u"], generator: Generator) -> list[Estimate]:
    """The L-kurtosis of every unit with its bootstrap interval.

    L-moments weigh ordered values by their rank alone, and which ranks a bootstrap draw takes does not depend on the
    values: one matrix of weights, ``(draws, n)``, serves every unit.
    """
    n, ordered = len(z), z.sort(0).values
    draws = torch.cat([torch.arange(n)[None], torch.randint(n, (DRAWS, n), generator=generator).sort(1).values])
    second, fourth = (
        torch.zeros(len(draws), n, dtype=torch.float64).scatter_add(1, draws, weight.expand(len(draws), n)) @ ordered
        for weight in _weights(n)
    )
    ratio = fourth / torch.where(second > 0, second, torch.nan)
    return [
        Estimate(float(column[0]), stderr=float(column[1:].std()), n=n)
        if bool(column.isfinite().all())
        else Estimate(float("nan"), n=n)
        for column in ratio.T
    ]


def _weights(n: int) -> tuple[Float[Tensor, " n"], Float[Tensor, " n"]]:
    """Weights of ordered values in the second and fourth L-moment (Hosking 1990, section 3)."""
    i = torch.arange(n, dtype=torch.float64)
    first = i / (n - 1)
    second = first * (i - 1) / (n - 2)
    third = second * (i - 2) / (n - 3)
    return (2 * first - 1) / n, (20 * third - 30 * second + 12 * first - 1) / n


def _correlate(scaled: Float[Tensor, "n m"], units: Int[Tensor, " m"]) -> Correlations:
    """Correlations of the strongest pairs of standardised columns."""
    n, m = scaled.shape
    first, second = torch.triu_indices(m, m, 1)
    every = (scaled.T @ scaled / (n - 1))[first, second]
    order = every.abs().argsort(descending=True, stable=True)[:CANDIDATES]
    pairs, value = torch.stack([first[order], second[order]], 1), every[order].clamp(-1, 1)
    parts = [slice(start, start + TOGETHER) for start in range(0, len(order), TOGETHER)]
    stderr = [_correlation_stderr(scaled, pairs[part], value[part]) for part in parts]
    flat = torch.cat(stderr) if stderr else value
    strength = tuple(_bounded(r, s, n) for r, s in zip(value.tolist(), flat.tolist(), strict=True))
    return Correlations(units[pairs], value, strength, len(every))


def _correlation_stderr(scaled: Tensor, pairs: Tensor, value: Tensor) -> Tensor:
    x, y = scaled[:, pairs[:, 0]], scaled[:, pairs[:, 1]]
    return (x * y - value * (x.square() + y.square()) / 2).square().mean(0).div(len(scaled)).sqrt()


def _bounded(value: float, stderr: float, n: int) -> Estimate:
    found = _folded(value, stderr, n)
    return Estimate(found, low=found.low, high=min(1.0, found.high or 1.0), stderr=stderr, n=n)
