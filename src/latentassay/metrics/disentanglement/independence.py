"""Test of independence of units: latents against hybrids of them, whose units come from different rows."""

from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Generator

from latentassay.core.errors import InputError
from latentassay.core.estimate import Estimate
from latentassay.core.progress import track
from latentassay.core.randomness import as_generator
from latentassay.core.threads import one_blas_thread
from latentassay.core.units import Units, as_units
from latentassay.metrics.arrays import codes_only
from latentassay.metrics.disentanglement.splits import standardise
from latentassay.stats.mmd import SCALES, of_squared_distances

SUBSET, TILE = 500, 32
"""Rows that are compared all with all, more being dealt into subsets so that the time grows with n rather than n², and
rows whose kernel is held at a time: so few that it stays in the cache, and that torch starts no second thread, which
takes ten times as long where another program holds a core."""

TIE = 1e-12
"""Values of the discrepancy that differ by less are the same but for rounding."""


class Independence(NamedTuple):
    """How far latents are from their hybrids.

    Attributes:
        value: squared discrepancy, 0 for independent units; a little negative about every other time. What chance does
            is in ``p_value``: it has no interval.
        p_value: probability of such a value or a greater one if units are independent, by permutation.
        null_quantile: 95 % of values are below this if they are.
        n: number of rows.
        variant: estimator, kernel, hybrids and scale in words.
    """

    value: Estimate
    p_value: float
    null_quantile: float
    n: int
    variant: str


def independence(
    z: Any,
    *,
    units: Units | Any = None,
    permutations: int = 200,
    pool: int | None = None,
    generator: Generator | int = 0,
) -> Independence:
    """Measure the squared maximum mean discrepancy between latents z and hybrids, and test whether it is 0.

    ``MMD² = E k(z, z') − 2 E k(z, h) + E k(h, h')`` for hybrids h, whose units are independent draws from those of z.
    The kernel is that of the structure score (LR 4.2), ``k(a, b) = mean_s C_s / (C_s + ‖a − b‖²)`` with ``C_s = 2 d s``
    and s from 0.1 to 10, for d latents that are first scaled to variance 1.

    It is estimated as ``T(z) − mean_b T(h_b)``. Here h_b is z with every unit shuffled on its own, and
    ``T(a) = mean_{i≠j} k(a_i, a_j) − 2 mean_ij k(a_i, y_j)`` with one set y of hybrids for all. If units are
    independent, z is a shuffle like any other, and y does not favour it: so the estimate has no bias, and
    ``p = (1 + #{T(h_b) ≥ T(z)}) / (1 + permutations)`` is exact.

    Args:
        z: latents ``(n, d)``, array or tensor, n at least 4; rows must be independent of one another.
        units: latents that are shuffled as one; each on its own where left out. Those in no unit are left out.
        permutations: how many h_b; p is at least 1 / (1 + permutations).
        pool: y is drawn with replacement from so many values of every unit (128 in SA 2.2); if left out, y is z with
            every unit shuffled.
        generator: a generator or a seed, for the shuffles.

    Raises:
        InputError: another shape, NaN, fewer than 4 rows or 2 units, units that do not fit, no permutations, a pool of
            fewer than 2.

    Source: IC figure 8; Gretton et al. 2012, "A Kernel Two-Sample Test".

    >>> z = torch.randn(300, 2, generator=torch.Generator().manual_seed(0))
    >>> z[:, 1] = z[:, 0].square()  # depends on the other, and is not correlated with it
    >>> found = independence(z, generator=torch.Generator().manual_seed(0))
    >>> found.value > 5 * found.null_quantile, round(found.p_value, 4)
    (True, 0.005)
    """
    parts, g = _scaled_units(z, units, permutations, pool), as_generator(generator)
    n, d = len(z), sum(part.shape[1] for part in parts)
    variant = (
        f"unbiased MMD² from {f'hybrids of {pool} values of each unit' if pool else 'rows with every unit shuffled'}, "
        f"latents scaled to variance 1, IMQ kernel of {len(SCALES)} scales, {permutations} permutations"
        f"{f', subsets of about {SUBSET} rows' if n > SUBSET else ''}"
    )
    if len(parts) < 2:
        return Independence(Estimate(0.0, n=n), 1.0, 0.0, n, variant + "; fewer than two units vary")
    y = _shuffle(parts, g) if pool is None else _hybrids(parts, pool, g)
    widths = [2 * d * s for s in SCALES]
    with one_blas_thread():
        # Rows may come sorted, which subsets must not see.
        observed = _discrepancy(np.concatenate(parts, 1)[_order(n, g)], y, widths)
        rounds = track(range(permutations), "independence")
        null = np.array([_discrepancy(_shuffle(parts, g), y, widths) for _ in rounds])
    p_value = (1 + int((null >= observed - TIE).sum())) / (1 + permutations)
    centre = float(null.mean())
    value = Estimate(observed - centre, n=n)
    return Independence(value, p_value, float(np.quantile(null, 0.95)) - centre, n, variant)


def _scaled_units(z: Any, units: Units | Any, permutations: int, pool: int | None) -> list[Float[np.ndarray, "n _"]]:
    """Latents of each unit that varies, scaled."""
    codes = codes_only(z, fewest=2)
    groups = as_units(units, codes.shape[1:]).groups
    if len(codes) < 4 or len(groups) < 2:
        raise InputError(f"independence needs at least 4 rows and 2 units, got {len(codes)} and {len(groups)}")
    if permutations < 1 or (pool is not None and pool < 2):
        raise InputError(f"permutations must be at least 1 and pool at least 2, got {permutations} and {pool}")
    scaled = standardise(codes)
    kept = [[latent for latent in group if scaled[:, latent].any()] for group in groups]
    return [scaled[:, latents] for latents in kept if latents]


def _order(n: int, generator: Generator) -> Int[np.ndarray, " n"]:
    order: Int[np.ndarray, " n"] = torch.randperm(n, generator=generator).numpy()
    return order


def _shuffle(parts: list[Float[np.ndarray, "n _"]], generator: Generator) -> Float[np.ndarray, "n d"]:
    return np.concatenate([part[_order(len(part), generator)] for part in parts], 1)


def _hybrids(parts: list[Float[np.ndarray, "n _"]], pool: int, generator: Generator) -> Float[np.ndarray, "n d"]:
    """Every unit from a pool of its own rows: if two shared them, y would know which of their values go together."""
    drawn = []
    for part in parts:
        stored = part[_order(len(part), generator)[:pool]]
        drawn.append(stored[torch.randint(len(stored), (len(part),), generator=generator).numpy()])
    return np.concatenate(drawn, 1)


def _discrepancy(a: Float[np.ndarray, "n d"], y: Float[np.ndarray, "n d"], widths: list[float]) -> float:
    """T(a), mean over subsets of rows."""
    cuts = np.array_split(np.arange(len(a)), -(-len(a) // SUBSET))
    return sum(_discrepancy_of(a[rows], y[rows], widths) for rows in cuts) / len(cuts)


def _discrepancy_of(a: Float[np.ndarray, "n d"], y: Float[np.ndarray, "n d"], widths: list[float]) -> float:
    n, both = len(a), np.concatenate([a, y])
    power, sums = np.square(both).sum(1), torch.zeros(2, dtype=torch.float64)
    for start in range(0, n, TILE):
        rows = slice(start, min(start + TILE, n))
        squared = np.maximum(power[rows, None] + power - 2 * both[rows] @ both.T, 0)
        kernel = of_squared_distances(torch.from_numpy(squared), widths)
        sums += kernel.view(-1, 2, n).sum((0, 2))
    within, across = sums.tolist()
    return float((within - n) / (n * (n - 1)) - 2 * across / n**2)
